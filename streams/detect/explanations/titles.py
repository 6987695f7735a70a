"""Title, hook line, description and hashtags of a clip, in its own words. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.english.nouns import used_as_noun
from core.domain.text.function_words import unstressed
from schemas.documents.moments import SubScore
from streams.detect.explanations.reasons import title_from_sentence, title_from_signals
from streams.detect.features.base import shorten_text
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.features.semantic import locate_sentences
from streams.detect.features.text import HOOK_MS, choose_best_sentence
from streams.detect.lexicon import Lexicon, normalise_lexicon_word
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

MAX_HOOK_CHARS = 110
"""Longest hook line."""
MAX_DESCRIPTION_CHARS = 220
"""Longest description."""
DESCRIPTION_SENTENCE_COUNT = 2
"""Sentences of a description."""
MAX_HASHTAGS = 4
"""Hashtags of a clip."""
MIN_TAG_LETTERS = 4
"""Shortest tag in a language with word lists."""
MIN_UNLISTED_TAG_LETTERS = 7
"""Shortest tag where no list says which words carry no meaning: the words that all sentences share are short."""
MAX_TAG_LETTERS = 24
"""Longest tag."""

CAPITALISING_LANGUAGES = frozenset({"de", "lb"})
"""Languages that write every noun with a capital."""


@dataclass(frozen=True, kw_only=True)
class ClipWording:
    """Title, hook, description and hashtags of a clip."""

    title: str
    hook: str = ""
    description: str = ""
    hashtags: Sequence[str] = ()


def write_wording(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline, signals: Sequence[SubScore]
) -> ClipWording:
    """Write the wording of a window; one without words only has a title, from what stands out in it."""
    if not window.sentences:
        return ClipWording(title=title_from_signals(window.range.start_ms, signals))
    return ClipWording(
        title=title_from_sentence(choose_best_sentence(window, baseline.facts)),
        hook=shorten_text(choose_hook(window, baseline).text, MAX_HOOK_CHARS),
        description=write_description(window, baseline),
        hashtags=choose_hashtags(window, timeline, baseline),
    )


def choose_hook(window: CandidateWindow, baseline: ProjectBaseline) -> Sentence:
    """Choose the sentence of the first seconds with most hints; the first one on a tie."""
    begin_ms = window.sentences[0].start_ms
    opening = [sentence for sentence in window.sentences if sentence.start_ms < begin_ms + HOOK_MS]
    return max(opening, key=lambda sentence: (len(baseline.facts[sentence.first_word].hits), -sentence.start_ms))


def write_description(window: CandidateWindow, baseline: ProjectBaseline) -> str:
    """Quote the sentences nearest to the window's meaning, in their order, word for word."""
    if baseline.meaning is None:
        return shorten_text(window.text, MAX_DESCRIPTION_CHARS)
    sentence_span = locate_sentences(baseline.sentence_index, window)
    similarity = baseline.meaning.rows[sentence_span.first : sentence_span.end] @ baseline.meaning.direction_of(
        sentence_span.first, sentence_span.end
    )
    courtesy = np.array([baseline.facts[sentence.first_word].courtesy for sentence in window.sentences])
    best = np.argsort(-(similarity - courtesy), kind="stable")[:DESCRIPTION_SENTENCE_COUNT]
    return shorten_text(
        " ".join(window.sentences[index].text for index in sorted(best.tolist())), MAX_DESCRIPTION_CHARS
    )


def choose_hashtags(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> list[str]:
    """Choose words said more here than elsewhere in the video, by count in the window times rarity.

    In a language with word lists they are used as nouns or names, by most of the places in the window. In another
    they have a capital inside a sentence (a name), or are other long words; in German nouns have one.
    """
    word_counts = Counter(word for sentence in window.sentences for word in set(_list_taggable(sentence)))
    sentence_counts = baseline.word_spread
    count = len(timeline.sentences)

    def weight(word: str) -> float:
        return word_counts[word] * (math.log((1 + count) / (1 + sentence_counts.get(word, 0))) + 0.2)

    unlisted = [
        sentence
        for sentence in window.sentences
        if sentence.lexicon is None and sentence.language not in CAPITALISING_LANGUAGES
    ]
    nouns, unlisted_words = _find_nouns(window), {word for sentence in unlisted for word in _list_taggable(sentence)}
    ranked = sorted(
        (nouns | unlisted_words) & set(word_counts), key=lambda word: (word not in nouns, -weight(word), word)
    )
    tags: list[str] = []
    for word in ranked:
        if len(tags) < MAX_HASHTAGS and not any(_is_plural_of(word, tag) or _is_plural_of(tag, word) for tag in tags):
            tags.append(word)
    return [f"#{word}" for word in tags]


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
