"""Hashtags of a clip: names and nouns said in it, two words joined where they belong together. Pure."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from core.domain.text.english.nouns import ADJECTIVES, adverb, participle, used_as_noun
from core.domain.text.english.stopwords import TOPICLESS_WORDS
from core.domain.text.english.tag_words import CALENDAR_WORDS, EMPTY_NOUNS, TAGGED_ING_NOUNS, TITLES_OF_PERSONS
from core.domain.text.english.verbs import BASE_FORMS, ING_FORMS, PAST_FORMS, THIRD_PERSON_FORMS
from core.domain.text.english.word_classes import PREPOSITIONS
from core.domain.text.function_words import unstressed
from core.domain.text.profanity import coarse_words
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.lexicon import Lexicon, normalise_lexicon_word
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

MAX_HASHTAGS = 4
"""Hashtags of a clip."""
MIN_HASHTAGS = 2
"""With fewer, nouns said once are taken too, the longest first: long words name something particular."""
MIN_TAG_LETTERS = 4
"""Shortest tag in a language with word lists."""
MIN_UNLISTED_TAG_LETTERS = 7
"""Shortest tag where no list says which words carry no meaning: the words that all sentences share are short."""
MAX_TAG_LETTERS = 24
"""Longest tag."""
MIN_PAIR_COUNT = 3
"""Times that two words stand together in a video from which they are one tag."""
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

    English ones are names of one to three words, two nouns that the video joins several times, or nouns that name a
    subject; of a clip that names none, its longest words. Where a sentence has no word lists, they are chosen by
    capitals and by length.
    """
    if all(sentence.lexicon for sentence in window.sentences):
        weights = _weigh_english_tags(window, timeline, baseline)
        ranked = sorted(weights, key=lambda words: (-weights[words], words)) or _rank_long_words(window)
    else:
        ranked = [(word,) for word in _rank_by_form(window, timeline, baseline)]
    tags: list[tuple[str, ...]] = []
    for words in ranked:
        if len(tags) < MAX_HASHTAGS and not any(_is_repeated(words, tag) for tag in tags):
            tags.append(words)
    return [f"#{''.join(words)}" for words in tags]


def _rank_long_words(window: CandidateWindow) -> list[tuple[str, ...]]:
    """Rank words of a clip that names no subject, the longest first, without verbs and the like."""
    words = {_plain_word(word) for sentence in window.sentences for word in _list_marked_words(sentence)}
    telling = [
        word
        for word in words - _EMPTY - PAST_FORMS - PREPOSITIONS - BASE_FORMS - THIRD_PERSON_FORMS - coarse_words("en")
        if word.isalpha()
        and MIN_UNLISTED_TAG_LETTERS <= len(word) <= MAX_TAG_LETTERS
        and not word.endswith((*_ADJECTIVE_ENDINGS, "ing", "ly", "ed"))
        and word not in ADJECTIVES
    ]
    return [(word,) for word in sorted(telling, key=lambda word: (-len(word), word))[:MIN_HASHTAGS]]


def _is_repeated(words: tuple[str, ...], tag: tuple[str, ...]) -> bool:
    """Whether a tag says again what another says: it shares a word with it, in singular or plural."""
    return any(
        word == other or _is_plural_of(word, other) or _is_plural_of(other, word) for word in words for other in tag
    )


def _weigh_english_tags(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline
) -> Mapping[tuple[str, ...], float]:
    sentences = [_list_marked_words(sentence) for sentence in window.sentences]
    counts = Counter(word for words in sentences for word in {_plain_word(marked_word) for marked_word in words})
    total = math.log(2 + len(timeline.sentences))

    def rarity(word: str) -> float:
        return (total - math.log(1 + baseline.word_spread.get(word, 0))) / total

    weights: dict[tuple[str, ...], float] = {}
    inside_names: Counter[str] = Counter()
    for name in (name for words in sentences for name in _list_names(words)):
        if len(name) > 1:
            inside_names.update(name)
        weights[name] = weights.get(name, 1.0) + 0.5
    for pair in (pair for words in sentences for pair in _list_pairs(words, baseline)):
        weights[pair] = weights.get(pair, 0.8) + 0.3 * math.log(baseline.pair_spread[pair])
    for word in _find_subject_nouns(sentences):
        if counts[word] < MIN_NOUN_COUNT and baseline.word_spread.get(word, 0) < MIN_NOUN_SPREAD:
            continue
        weights.setdefault((word,), 0.0)
        weights[word,] += counts[word] * (0.3 + rarity(word)) + 0.2 * math.log(1 + baseline.word_spread.get(word, 0))
    if len(weights) < MIN_HASHTAGS:
        weights = {(word,): 0.01 * len(word) for word in _find_subject_nouns(sentences)} | weights
    return {
        words: weight
        for words, weight in weights.items()
        if MIN_TAG_LETTERS <= len("".join(words)) <= MAX_TAG_LETTERS
        and not (len(words) == 1 and inside_names[words[0]] >= counts[words[0]])
    }


def _list_marked_words(sentence: Sentence) -> list[str]:
    return sentence.text.replace("’", "'").replace("—", " — ").replace("`", "").split()


def _list_names(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """List runs of words with a capital that begin no sentence and no quotation."""
    run: list[str] = []
    is_tainted = False
    for index, word in enumerate(words):
        plain = _plain_word(word)
        is_capital = word.lstrip("(")[:1].isupper() and plain.isalpha() and plain != "i"
        if is_capital and not run and (not index or words[index - 1].endswith(_OPENING_MARKS) or word[:1] in "\"“'"):
            is_tainted = plain not in TOPICLESS_WORDS | TITLES_OF_PERSONS
        elif is_capital and not is_tainted:
            run.append(plain)
        if not is_capital or word[-1:] in ',.;:?!"”…' or word.endswith("'s"):
            yield from _name_of(run)
            run, is_tainted = [], False
    yield from _name_of(run)


_OPENING_MARKS = (".", "?", "!", ":", "…", "—", "-", '"', ">", "”")


def _name_of(run: Sequence[str]) -> Iterator[tuple[str, ...]]:
    name = tuple(itertools.dropwhile(TITLES_OF_PERSONS.__contains__, run))
    if (
        0 < len(name) <= MAX_NAME_WORDS
        and not (len(name) == 1 and name[0].endswith("ial"))
        and not set(name) & (_EMPTY - {"united", "white", "general", "people", "new"})
    ):
        yield name


def _list_pairs(words: Sequence[str], baseline: ProjectBaseline) -> Iterator[tuple[str, str]]:
    """List two neighbouring nouns that the video says together again and again."""
    lower = [word.lower() for word in words]
    for index in range(len(words) - 1):
        first, second = _plain_word(words[index]), _plain_word(words[index + 1])
        if (
            words[index][-1:].isalnum()
            and baseline.pair_spread.get((first, second), 0) >= MIN_PAIR_COUNT
            and first.isalpha()
            and second.isalpha()
            and _is_part_of_pair(first)
            and _is_part_of_pair(second)
            and second not in BASE_FORMS | PAST_FORMS | ING_FORMS | ADJECTIVES
            and used_as_noun(lower, [(index, index + 2)], _may_carry)
        ):
            yield first, second


def _is_part_of_pair(word: str) -> bool:
    return len(word) > 1 and word not in TOPICLESS_WORDS - {"open"} and not adverb(word) and not participle(word)


def _find_subject_nouns(sentences: Sequence[Sequence[str]]) -> set[str]:
    """Find nouns that name a subject: used as nouns here, and in no list of words that name none."""
    words = [word.lower() for sentence in sentences for word in sentence]
    places: dict[str, list[int]] = {}
    for index, word in enumerate(words):
        places.setdefault(_plain_word(word), []).append(index)
    return {
        word
        for word, at in places.items()
        if word.isalpha()
        and MIN_TAG_LETTERS <= len(word) <= MAX_TAG_LETTERS
        and word not in _EMPTY
        and word.removesuffix("s") not in _EMPTY
        and ((word not in ING_FORMS and not word.endswith("ing")) or word in TAGGED_ING_NOUNS)
        and word not in PAST_FORMS | PREPOSITIONS | coarse_words("en")
        and not ((word in BASE_FORMS or word in THIRD_PERSON_FORMS) and len(at) < MIN_NOUN_COUNT)
        and not word.endswith(_ADJECTIVE_ENDINGS)
        and used_as_noun(words, [(index, index + 1) for index in at], _may_carry)
    }


_EMPTY = TOPICLESS_WORDS | EMPTY_NOUNS | CALENDAR_WORDS | TITLES_OF_PERSONS
_ADJECTIVE_ENDINGS = ("ous", "ful", "less", "able", "ible", "ish", "ive", "ward", "wards", "selves", "self")


def _may_carry(word: str) -> bool:
    return len(word) > 2 and word not in TOPICLESS_WORDS


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
