"""Hashtags of a clip: names and nouns said in it, two words joined where they belong together. Pure."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from core.domain.text.english.nouns import adverb, used_as_noun
from core.domain.text.english.parses import NAME_TAGS, NOUN_TAGS, Parse, ParsedWord
from core.domain.text.english.stopwords import TOPICLESS_WORDS
from core.domain.text.english.tag_words import CALENDAR_WORDS, EMPTY_NOUNS, TAGGED_ING_NOUNS, TITLES_OF_PERSONS
from core.domain.text.english.verbs import PAST_FORMS
from core.domain.text.english.word_classes import PREPOSITIONS
from core.domain.text.function_words import unstressed
from core.domain.text.profanity import coarse_words
from core.domain.text.quotes.quotes import list_parses
from core.infra.english_parser import parse_english
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.lexicon import Lexicon, normalise_lexicon_word
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

MAX_HASHTAGS = 4
"""Hashtags of a clip."""
MAX_ENGLISH_HASHTAGS = 3
"""Hashtags of an English clip, whose words are parsed."""
MIN_TAG_LETTERS = 4
"""Shortest tag in a language with word lists."""
MIN_UNLISTED_TAG_LETTERS = 7
"""Shortest tag where no list says which words carry no meaning: the words that all sentences share are short."""
MAX_TAG_LETTERS = 24
"""Longest tag."""
MIN_PAIR_COUNT, MIN_NOUN_PAIR_COUNT = 3, 2
"""Times that an adjective or a noun stands before a noun in a video from which they are one tag."""
MIN_NOUN_COUNT = 2
"""Times that a noun is said in a clip from which it is what the clip is about."""
MIN_NOUN_SPREAD = 3
"""Sentences of a video that say a noun from which it is a subject of the video."""
MAX_NAME_WORDS = 3
"""Words of a name that is one tag."""

CAPITALISING_LANGUAGES = frozenset({"de", "lb"})
"""Languages that write every noun with a capital."""


def choose_hashtags(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> list[str]:
    """Choose up to `MAX_HASHTAGS` words or names said in a window, the most telling one first.

    English ones are names, nouns that the video joins several times, or nouns that name a subject, by the grammar of
    their sentences, up to `MAX_ENGLISH_HASHTAGS`; of a clip that names none, its longest noun. Where a sentence has no
    word lists, they are chosen by capitals and by length.
    """
    is_english = all(sentence.lexicon for sentence in window.sentences)
    if is_english:
        weights = _weigh_english_tags(window, timeline, baseline)
        ranked = sorted(weights, key=lambda words: (-weights[words], words))
    else:
        ranked = [(word,) for word in _rank_by_form(window, timeline, baseline)]
    tags: list[tuple[str, ...]] = []
    for words in ranked:
        is_full = len(tags) >= (MAX_ENGLISH_HASHTAGS if is_english else MAX_HASHTAGS)
        if not is_full and not any(_is_repeated(words, tag) for tag in tags):
            tags.append(words)
    return [f"#{''.join(words)}" for words in tags]


def _is_repeated(words: tuple[str, ...], tag: tuple[str, ...]) -> bool:
    """Whether a tag says again what another says: it shares a word with it, in singular or plural."""
    return any(
        word == other or _is_plural_of(word, other) or _is_plural_of(other, word) for word in words for other in tag
    )


def _weigh_english_tags(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline
) -> Mapping[tuple[str, ...], float]:
    parses = [list_parses(sentence.text, parse_english) for sentence in window.sentences]
    total = math.log(2 + len(timeline.sentences))
    names, compounds, nouns = (Counter[tuple[str, ...]]() for _ in range(3))
    for sentence_parses in parses:
        names.update({name for parse in sentence_parses for name in _list_names(parse)})
        compounds.update({pair for parse in sentence_parses for pair in _list_compounds(parse, baseline)})
        nouns.update({(noun,) for parse in sentence_parses for noun in _list_subject_nouns(parse)})

    def weigh_noun(noun: tuple[str, ...]) -> float:
        spread = baseline.word_spread.get(noun[0], 0)
        return nouns[noun] * (0.3 + (total - math.log(1 + spread)) / total) + 0.2 * math.log(1 + spread)

    known_names = {
        name: count for name, count in names.items() if len(name) > 1 or baseline.word_spread.get(name[0], 0) > 1
    }
    weights = {name: 1.0 + 0.5 * count for name, count in known_names.items()}
    for words, count in compounds.items():
        weights[words] = 0.8 + 0.3 * count + 0.3 * math.log(1 + baseline.pair_spread[words[-2], words[-1]])
    often = {noun for noun, count in nouns.items() if count >= MIN_NOUN_COUNT}
    spread = {noun for noun in nouns if baseline.word_spread.get(noun[0], 0) >= MIN_NOUN_SPREAD}
    for noun in often if weights or often else spread:
        weights.setdefault(noun, weigh_noun(noun))
    if not weights:
        words_of_parses = [word for sentence_parses in parses for parse in sentence_parses for word in parse.words]
        telling = {_plain_word(word.text) for word in words_of_parses if word.tag in NOUN_TAGS}
        longest = max(filter(_names_subject, telling), key=lambda word: (len(word), word), default=None)
        weights = {(longest,): 1.0} if longest else {}
    return {
        words: weight for words, weight in weights.items() if MIN_TAG_LETTERS <= len("".join(words)) <= MAX_TAG_LETTERS
    }


def _list_names(parse: Parse) -> Iterator[tuple[str, ...]]:
    """List names of up to `MAX_NAME_WORDS` words, but of no person by one word alone."""

    def is_named(word: ParsedWord) -> bool:
        return word.tag in NAME_TAGS and word.text[:1].isupper()

    for is_run, run in itertools.groupby(parse.words, key=is_named):
        words = list(run)
        end = parse.words.index(words[-1]) + 1
        is_part = [word.tag in NAME_TAGS or word.lower == "of" for word in parse.words[end : end + 2]] == [True, True]
        plain = [_plain_word(word.text) for word in words]
        name = tuple(itertools.dropwhile(TITLES_OF_PERSONS.__contains__, plain))
        kinds = {word.entity for word in words} - {""}
        if (
            is_run
            and not is_part
            and 0 < len(name) <= MAX_NAME_WORDS
            and not kinds & _UNNAMED_KINDS
            and not (len(plain) == 1 and "PERSON" in kinds)
            and all(word.isalpha() and len(word) > 1 for word in name)
            and not set(name) & (_EMPTY - _EMPTY_BUT_IN_NAMES)
            and (kinds or words[0].start > 0)
        ):
            yield name


_UNNAMED_KINDS = frozenset({"NORP", "DATE", "TIME", "CARDINAL", "ORDINAL", "MONEY", "PERCENT", "QUANTITY"})
"""Kinds of what is written with a capital and names no subject."""
_EMPTY_BUT_IN_NAMES = frozenset({"united", "white", "general", "people", "new", "states"})


def _list_compounds(parse: Parse, baseline: ProjectBaseline) -> Iterator[tuple[str, ...]]:
    """List joined nouns that the video says together again and again, none without its parts."""
    for place, word in enumerate(parse.words):
        if word.tag not in ("NN", "NNS") or word.relation == "compound":
            continue
        first = place
        while first > 0 and _is_joined(parse, first - 1, place):
            first -= 1
        words = tuple(_plain_word(part.text) for part in parse.words[first : place + 1])
        tags = [part.tag for part in parse.words[first : place + 1]]
        before = (_plain_word(parse.words[first - 1].text), words[0]) if first else None
        is_part = (
            before is not None and baseline.pair_spread.get(before, 0) >= MIN_PAIR_COUNT and before[0] not in _EMPTY
        )
        recurring = all(
            baseline.pair_spread.get(pair, 0) >= (MIN_PAIR_COUNT if tag == "JJ" else MIN_NOUN_PAIR_COUNT)
            for tag, pair in zip(tags, itertools.pairwise(words), strict=False)
        )
        empty = TOPICLESS_WORDS - {"open"} | CALENDAR_WORDS | TITLES_OF_PERSONS | coarse_words("en")
        is_named = len(words) > 1 and not (tags[-2] == "JJ" and words[-1] in EMPTY_NOUNS)
        if (
            is_named
            and len(words) <= MAX_NAME_WORDS
            and recurring
            and not is_part
            and all(map(str.isalpha, words))
            and not set(words) & empty
        ):
            yield words


def _is_joined(parse: Parse, place: int, head: int) -> bool:
    word = parse.words[place]
    is_part = word.relation in ("compound", "nmod") or (word.relation == "amod" and word.tag == "JJ")
    return is_part and place < word.head <= head and not adverb(word.lower) and word.text[:1].isalpha()


def _list_subject_nouns(parse: Parse) -> Iterator[str]:
    """List nouns that name a subject by themselves, not as a part of a longer one."""
    for place, parsed in enumerate(parse.words):
        word = _plain_word(parsed.text)
        if (
            parsed.tag in ("NN", "NNS")
            and parsed.relation not in ("compound", "nmod", "npadvmod")
            and not any(parse.related(place, ("compound",)))
            and _names_subject(word)
        ):
            yield word


def _names_subject(word: str) -> bool:
    """Whether a noun is in no list of words that name no subject."""
    return (
        word.isalpha()
        and MIN_TAG_LETTERS <= len(word) <= MAX_TAG_LETTERS
        and word not in _EMPTY
        and word.removesuffix("s") not in _EMPTY
        and (not word.endswith("ing") or word in TAGGED_ING_NOUNS)
        and word not in PAST_FORMS | PREPOSITIONS | coarse_words("en")
        and not word.endswith(_ADJECTIVE_ENDINGS)
    )


_EMPTY = TOPICLESS_WORDS | EMPTY_NOUNS | CALENDAR_WORDS | TITLES_OF_PERSONS
_ADJECTIVE_ENDINGS = ("ous", "ful", "less", "able", "ible", "ish", "ive", "ward", "wards", "selves", "self")


def _rank_by_form(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> list[str]:
    """Rank words by count times rarity: those with a capital inside a sentence first.

    In German nouns have a capital.
    """
    word_counts = Counter(word for sentence in window.sentences for word in set(_list_taggable(sentence)))
    count = len(timeline.sentences)

    def weight(word: str) -> float:
        return word_counts[word] * (math.log((1 + count) / (1 + baseline.word_spread.get(word, 0))) + 0.2)

    unlisted = {
        word
        for sentence in window.sentences
        if sentence.lexicon is None and sentence.language not in CAPITALISING_LANGUAGES
        for word in _list_taggable(sentence)
    }
    nouns = _find_nouns(window)
    return sorted((nouns | unlisted) & set(word_counts), key=lambda word: (word not in nouns, -weight(word), word))


def _find_nouns(window: CandidateWindow) -> set[str]:
    """Find what is used as a noun in a window, and what has a capital inside a sentence."""
    words_with_lexicon = [
        (word.strip().replace("’", "'"), sentence.lexicon)
        for sentence in window.sentences
        for word in sentence.text.split()
    ]
    plain_words = [word for word, _ in words_with_lexicon]
    opening = {0, *(index + 1 for index, word in enumerate(plain_words) if word.endswith((".", "?", "!")))}
    places: defaultdict[str, list[int]] = defaultdict(list)
    listed: defaultdict[str, list[int]] = defaultdict(list)
    for index, (word, lexicon) in enumerate(words_with_lexicon):
        places[_plain_word(word)].append(index)
        if lexicon:
            listed[_plain_word(word)].append(index)
    words = [word.lower() for word in plain_words]
    lexicons = {sentence.language: sentence.lexicon for sentence in window.sentences}
    empty = frozenset[str]().union(*(_list_empty_words(lexicon) for lexicon in lexicons.values() if lexicon))

    def carries(word: str) -> bool:
        return len(word) > 2 and word not in empty

    capitalised = {
        word
        for word, positions in places.items()
        if any(plain_words[index][:1].isupper() and index not in opening for index in positions)
    }
    nouns = {
        word
        for word, positions in listed.items()
        if used_as_noun(words, [(index, index + 1) for index in positions], carries)
    }
    return capitalised | nouns


def _list_taggable(sentence: Sentence) -> list[str]:
    words, lexicon = [_plain_word(word) for word in sentence.text.split()], sentence.lexicon
    skipped_words = _list_empty_words(lexicon) if lexicon else unstressed(sentence.language)
    letters = MIN_TAG_LETTERS if lexicon else MIN_UNLISTED_TAG_LETTERS
    return [
        word
        for word in words
        if letters <= len(word) <= MAX_TAG_LETTERS and word.isalpha() and word not in skipped_words
    ]


def _is_plural_of(word: str, singular: str) -> bool:
    """Whether a word is another with the ending of a plural: one of them is tag enough."""
    return word in (f"{singular}s", f"{singular}es")


def _plain_word(word: str) -> str:
    return normalise_lexicon_word(word).removesuffix("'s")


def _list_empty_words(lexicon: Lexicon) -> frozenset[str]:
    """List the words of a language that are no tag."""
    return lexicon.stop | lexicon.numbers | lexicon.fillers | lexicon.leaning | lexicon.pointing
