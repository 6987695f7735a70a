"""Word lists the text signals look things up in, by language. Data only; a language without a list has no such signal.

Lists are lower case and closed by hand: short enough to read, so that a score can be explained by pointing at a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec


class Lexicon(msgspec.Struct, frozen=True, kw_only=True):
    """What one language offers to the text signals."""

    stop: frozenset[str]
    leaning: frozenset[str]
    """First words that lean on the sentence before: conjunctions and consequences."""
    pointing: frozenset[str]
    """Pronouns that point at something said before."""
    fresh: frozenset[str]
    """First words that open a new thought."""
    address: frozenset[str]
    contrast: frozenset[str]
    strong: frozenset[str]
    denying: frozenset[str]
    """Words that say no."""
    numbers: frozenset[str]
    fillers: frozenset[str]
    self_: frozenset[str]
    people: frozenset[str]
    """Those of daily life: jokes and stories are about them."""
    weakness: frozenset[str]
    """Human weakness and mishap, said lightly."""
    outcries: frozenset[str]
    together: frozenset[str]
    resolve: frozenset[str]
    values: frozenset[str]
    """What people clap for."""
    courtesy: re.Pattern[str]
    """Greetings, thanks and housekeeping: said in every meeting, worth nobody's clip."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = Lexicon(
    stop=_words(
        "a about above after again all almost also am an and any are as at be because been before being below "
        "between both but by can can't could did didn't do does doesn't doing don't down during each even few "
        "for from further get gets go going gonna got had has have haven't having he her here hers herself "
        "him himself his how i i'd i'll i'm i've if in into is isn't it it's its itself just kind know let "
        "let's like lot make many may me mean might more most much must my myself no nor not now of off oh ok "
        "okay on once one only onto or other our ours out over own quite really right said same say see she "
        "should so some something sort still such than that that's the their theirs them themselves then "
        "there there's these they they're thing things think this those through to too uh um under until up "
        "us use used using very want wants was wasn't way we we're we've well were what what's when where "
        "which while who whom why will with won't would yeah yes you you'd you'll you're you've your yours "
        "yourself"
    ),
    leaning=_words(
        "and so but or nor because which then also therefore thereby thus hence plus except although though "
        "whereas while unless otherwise instead still too as than that's provided including especially"
    ),
    pointing=_words(
        "he she it they him her them his their theirs its this that these those there such it's he's she's they're"
    ),
    fresh=_words(
        "now imagine look listen today first suppose consider here how what why when who where let let's i we you if"
    ),
    address=_words("you your you're you'll you've you'd yourself imagine look listen let's remember"),
    contrast=_words(
        "but instead however although though yet actually contrary unlike despite rather whereas except until"
    ),
    strong=_words(
        "never always must impossible nobody everybody everyone everything nothing only best worst biggest "
        "greatest most least every dead die dies died kill kills killed life death alive danger dangerous "
        "secret truth lie wrong love hate fear afraid believe trust amazing incredible unbelievable shocking "
        "crazy terrible terrifying beautiful brilliant genius huge enormous massive destroy demolish crush "
        "break breaks breaking fail failed failure win won free freedom war power revolution disaster miracle "
        "extreme extremely absolutely completely exactly guarantee promise mistake mistakes problem changed "
        "change first last forever"
    ),
    denying=_words(
        "no not never nobody nothing none neither nor nowhere cannot can't don't doesn't didn't won't wouldn't "
        "shouldn't couldn't isn't aren't wasn't weren't haven't hasn't hadn't without"
    ),
    numbers=_words(
        "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred hundreds thousand thousands million millions billion billions trillion half "
        "double twice percent"
    ),
    fillers=_words("um uh er erm hmm uhm"),
    self_=_words("i i'm i've i'd i'll me my mine myself"),
    people=_words(
        "man men woman women guy guys girl girls boy boys kid kids child children baby wife husband mother mom mum "
        "mommy father dad daddy son daughter brother sister parents grandmother grandma grandfather grandpa uncle aunt "
        "cousin friend friends girlfriend boyfriend boss teacher doctor neighbor neighbour roommate dog cat"
    ),
    weakness=_words(
        "stupid silly dumb idiot idiots fool foolish drunk beer lazy fat ugly mad weird ridiculous awful horrible bad "
        "worse childish nonsense rubbish hell damn crap sorry joke jokes joking funny kidding scared guilty "
        "embarrassing embarrassed broke boring bored ignorant clumsy naked pants toilet nerd nerds geek creepy awkward "
        "pathetic hate sucks trouble confused jealous cheat cheated lied lying"
    ),
    outcries=_words("oh ooh wow ah aha ha haha hey god gosh jeez whoa ouch yay hooray hallelujah"),
    together=_words("we us our ours we're we've we'll we'd ourselves together everyone everybody"),
    resolve=_words("must will shall should need can let's want deserve won't can't cannot fight build stand choose"),
    values=_words(
        "proud pride honor honour grateful believe hope dream dreams future children justice freedom free peace equal "
        "equality rights dignity courage brave heroes hero change world humanity human generation generations love "
        "faith democracy nation country truth together support deserve possible impossible inspire inspired "
        "congratulate congratulations applause celebrate volunteers teachers soldiers veterans"
    ),
    courtesy=re.compile(
        r"\b(thank(s| you)\b|good (morning|afternoon|evening|day)\b|welcome\b|ladies and gentlemen"
        r"|have a (nice|good|great)\b"
        r"|(next|first|last) question|open the line|press (\*|star|the )|conference call|stand(ing)? by|operator\b"
        r"|subscribe\b|see you (next|later|soon)|turn it over to|bye\b|can you hear me|over to you|on mute\b)",
        re.IGNORECASE,
    ),
)

BY_LANGUAGE: Mapping[str, Lexicon] = {"en": ENGLISH}

POLITE = _words("thank thanks please welcome kind kindly like well okay ok yes yeah sure dear")
"""Words of politeness and habit that a sentiment lexicon takes for feeling."""
_BEFORE, _BEHIND = re.compile(r"^[^\w%$€£]+"), re.compile(r"(?<![^\w%])[^\w%]+$")
"""Punctuation of a word; behind it a run is looked at from its first sign only, else long ones take quadratic time."""
DIGIT = re.compile(r"\d")


def bare(word: str) -> str:
    """A word without its punctuation, lower case, with a plain apostrophe."""
    return _BEHIND.sub("", _BEFORE.sub("", word.strip().lower().replace("’", "'")))


def lexicon_for(language: str | None) -> Lexicon | None:
    """The lists of a language (``en-GB`` counts as ``en``), or None."""
    return BY_LANGUAGE.get((language or "").split("-")[0].lower())
