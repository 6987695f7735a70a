"""Whether a word is used as a noun where it stands, by its neighbours. English only. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from core.domain.text.bare_word import DASHES, strip_punctuation
from core.domain.text.english.stopwords import word_set

BEFORE_NOUNS = word_set(
    "a an the this these those my your his her its our their every each some any no all both another other what which "
    "whose one two three four five six seven eight nine ten first second third last next much many few several enough "
    "more less most of in on at by for from with without about into onto over under between among through against "
    "during within toward towards per like than via behind beyond above below across around near own new"
)
"""What stands before a noun, if nothing else stands between: articles and their kin, numbers, prepositions."""
BEFORE_VERBS = word_set(
    "i you he she we they who to can could will would shall should may might must do does did don't doesn't didn't "
    "can't cannot couldn't won't wouldn't shouldn't let's i'll you'll he'll she'll it'll we'll they'll i'd you'd he'd "
    "she'd we'd they'd i've you've we've they've 'll 'd 've n't not never always also just please gonna wanna gotta "
    "help let"
)
BEFORE_ADJECTIVES = word_set(
    "is are was were be been being am i'm you're we're they're he's she's it's that's there's isn't aren't wasn't "
    "weren't 'm 're 's very so too quite really pretty rather fairly extremely as get gets got become becomes became "
    "feel feels felt look looks looked seem seems seemed something anything nothing everything"
)
OF_ONE = word_set("this that each every another a an one")
"""What stands before one thing: a word in ``-s`` behind it is a verb (``this works``), unless it is `SINGULAR`."""
SINGULAR = re.compile(r"(?:[suiao]|ic)s$|^(?:lens|news|series|species)$")
"""Nouns of one thing that end in ``-s``: glass, virus, basis, gas, chaos, physics."""
BEHIND_VERBS = word_set(
    "the a an this these those my your his her our their its me you him us them it himself herself themselves myself"
)
"""What follows a verb that itself follows its subject: ``the engine reaches the orbit``."""
NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions trillion"
)
ED_NOUNS = word_set("bobsled hundred infrared moped sacred watershed")
"""Words in ``-ed`` that are no participles; those in ``-eed`` are none either."""
LY_NOUNS = word_set(
    "ally anomaly assembly belly bully butterfly doily family fly gully jelly lily monopoly poly rally reply supply"
)
"""Words in ``-ly`` that are no adverbs."""


def _graded(adjective: str) -> tuple[str, ...]:
    """An adjective with its comparatives and superlatives in both spellings (``biger``, ``bigger``)."""
    stem = adjective[:-1] + "i" if adjective.endswith("y") else adjective.removesuffix("e")
    return adjective, *(f"{form}{end}" for form in (stem, stem + stem[-1]) for end in ("er", "est"))


ADJECTIVES = frozenset(
    form
    for adjective in word_set(
        "able angry available awful bad beautiful big bigger bitter boring brave brief bright broad busy careful cheap "
        "clear clever close complicated crazy crude dangerous dear dense difficult dirty dull eager early easy "
        "effective efficient empty enormous expensive false familiar famous fast fine flexible funny fuzzy gentle glad "
        "grateful great guilty handy happy hard harsh healthy heavy helpful high hot huge hungry important impossible "
        "interesting large lazy likely long loose loud low lucky messy narrow nasty neat necessary nervous nice noisy "
        "obvious odd old particular polite poor popular powerful proper proud pure quick quiet rare rich rough sad "
        "safe sensible serious severe shallow sharp shiny short shy sick silent silly simple slight slow small smart "
        "smooth soft sorry specific spongy squishy steep sticky strange strong stupid subtle successful sudden sure "
        "tall terrible thick thin tidy tight tiny tired tough true typical ugly unable unlikely useful useless usual "
        "vague valid various vast warm weak weird wet wide wild willing wise wonderful worse worst worth young"
    )
    for form in _graded(adjective)
)
"""Words that tell what something is like and hardly ever are its name, by hand, in all three degrees."""

ADVERBS = word_set(
    "together apart alone aside away ahead abroad again already always often soon still yet today tonight tomorrow "
    "yesterday maybe perhaps instead indeed otherwise anymore anyway forever everywhere somewhere nowhere"
)
"""Words that tell how, when or where, not by the form of adverbs."""


def used_as_noun(words: Sequence[str], places: Sequence[tuple[int, int]], carries: Callable[[str], bool]) -> bool:
    """Whether a run of words is a noun phrase at most of its places ``(first, end)``, or at one a name.

    ``words`` are those of the whole text, lower case, with the mark that ends them; ``carries`` says whether a word
    may say what is spoken of.
    """
    first, end = places[0]
    run = [bare(word) for word in words[first:end]]
    if (
        set(run[-1].split("-")) <= NUMBERS
        or run[-1] in ADJECTIVES
        or run[-1] in ADVERBS
        or participle(run[-1])
        or adverb(run[0])
        or adverb(run[-1])
    ):
        return False
    votes = [_vote(words, first, end, carries) for first, end in places]
    return votes.count(1) > 0 and votes.count(1) >= votes.count(-1)


def bare(word: str) -> str:
    """A word without the marks around it; an apostrophe stays (``'ll``)."""
    return strip_punctuation(word, DASHES)


def adverb(word: str) -> bool:
    """Whether a word is an adverb by its form."""
    return len(word) > 4 and word.endswith("ly") and word not in LY_NOUNS


def participle(word: str) -> bool:
    """Whether a word is a past participle by its form."""
    return len(word) > 4 and word.endswith("ed") and not word.endswith("eed") and word not in ED_NOUNS


def _of_several(word: str) -> bool:
    """Whether a word in ``-s`` is several things, or what one thing does."""
    return word.endswith("s") and not SINGULAR.search(word)


def _vote(words: Sequence[str], first: int, end: int, carries: Callable[[str], bool]) -> int:
    """1: a noun phrase, -1: not one, 0: its neighbours do not tell."""
    before = words[first - 1] if first else "."
    before = bare(before) if before[-1:].isalnum() else ""
    after = bare(words[end]) if end < len(words) and words[end - 1][-1:].isalnum() else ""
    if after and carries(after) and not adverb(after) and after not in BEFORE_ADJECTIVES:
        return -1
    if before in BEFORE_VERBS or (end == first + 1 and before in BEFORE_ADJECTIVES):
        return -1
    if end == first + 1 and before in OF_ONE and _of_several(bare(words[first])):
        return -1
    if end > first + 1 or before in BEFORE_NOUNS:
        return 1
    if before and carries(before):
        return -1 if after in BEHIND_VERBS or adverb(before) else 1
    return 0
