"""Title, hook line, description and hashtags of a clip, in its own words. Pure; writes no word that was not said."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.english.nouns import used_as_noun
from core.domain.text.function_words import unstressed
from schemas.documents.moments import SubScore
from streams.detect.explanations.reasons import quiet_title, spoken_title
from streams.detect.features.base import shorten
from streams.detect.features.project_baseline import Whole
from streams.detect.features.semantic import pieces
from streams.detect.features.text import HOOK_MS, best_sentence
from streams.detect.lexicon import Lexicon, bare
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

HOOK_CHARS = 110
DESCRIPTION_CHARS = 220
SENTENCES = 2
HASHTAGS = 4
LEAST_LETTERS = 4
LONG_LETTERS, MOST_LETTERS = 7, 24
"""Where no list says which words carry no meaning, longer ones are taken: those that all sentences share are short."""

NOUNS_IN_CAPITALS = frozenset({"de", "lb"})
"""Languages that write every noun with a capital."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a clip is called."""

    title: str
    hook: str = ""
    description: str = ""
    hashtags: Sequence[str] = ()


def of(window: Window, timeline: Timeline, whole: Whole, signals: Sequence[SubScore]) -> Wording:
    """The wording of a window; one without words has a title only, from what stands out in it."""
    if not window.sentences:
        return Wording(title=quiet_title(window.range.start_ms, signals))
    return Wording(
        title=spoken_title(best_sentence(window, whole.facts)),
        hook=shorten(hook_sentence(window, whole).text, HOOK_CHARS),
        description=description(window, whole),
        hashtags=hashtags(window, timeline, whole),
    )


def hook_sentence(window: Window, whole: Whole) -> Sentence:
    """Of the sentences that begin in the first seconds, the one that hints at most; the first one on a tie."""
    begin_ms = window.sentences[0].start_ms
    opening = [s for s in window.sentences if s.start_ms < begin_ms + HOOK_MS]
    return max(opening, key=lambda s: (len(whole.facts[s.first_word].hits), -s.start_ms))


def description(window: Window, whole: Whole) -> str:
    """The sentences that lie nearest to what the window is about, in the order they are said, word for word."""
    if whole.meaning is None:
        return shorten(window.text, DESCRIPTION_CHARS)
    at = pieces(whole.placed, window)
    near = whole.meaning.rows[at.first : at.end] @ whole.meaning.of(at.first, at.end)
    courtesy = np.array([whole.facts[s.first_word].courtesy for s in window.sentences])
    best = np.argsort(-(near - courtesy), kind="stable")[:SENTENCES]
    return shorten(" ".join(window.sentences[place].text for place in sorted(best.tolist())), DESCRIPTION_CHARS)


def hashtags(window: Window, timeline: Timeline, whole: Whole) -> list[str]:
    """Words said more here than elsewhere in the video: count in the window times rarity, as tags.

    Of a language with word lists they are those that are used as nouns or names, by most of the places in the window.
    Of another they are what has a capital inside a sentence (a name), then other long words; in German nouns have one.
    """
    here = Counter(word for s in window.sentences for word in set(_taggable(s)))
    spread = whole.word_spread
    count = len(timeline.sentences)

    def weight(word: str) -> float:
        return here[word] * (math.log((1 + count) / (1 + spread.get(word, 0))) + 0.2)

    unlisted = [s for s in window.sentences if s.lexicon is None and s.language not in NOUNS_IN_CAPITALS]
    sure, others = _nouns(window), {word for s in unlisted for word in _taggable(s)}
    ranked = sorted((sure | others) & set(here), key=lambda word: (word not in sure, -weight(word), word))
    kept: list[str] = []
    for word in ranked:
        if len(kept) < HASHTAGS and not any(_plural(word, other) or _plural(other, word) for other in kept):
            kept.append(word)
    return [f"#{word}" for word in kept]


def _nouns(window: Window) -> set[str]:
    """What is used as a noun in a window, and what has a capital inside a sentence."""
    told = [(word.strip().replace("’", "'"), s.lexicon) for s in window.sentences for word in s.text.split()]
    said = [word for word, _ in told]
    opening = {0, *(at + 1 for at, word in enumerate(said) if word.endswith((".", "?", "!")))}
    places: defaultdict[str, list[int]] = defaultdict(list)
    listed: defaultdict[str, list[int]] = defaultdict(list)
    for at, (word, lexicon) in enumerate(told):
        places[_plain(word)].append(at)
        if lexicon:
            listed[_plain(word)].append(at)
    words = [word.lower() for word in said]
    lexicons = {s.language: s.lexicon for s in window.sentences}
    empty = frozenset[str]().union(*(_empty(lexicon) for lexicon in lexicons.values() if lexicon))

    def carries(word: str) -> bool:
        return len(word) > 2 and word not in empty

    named = {w for w, found in places.items() if any(said[at][:1].isupper() and at not in opening for at in found)}
    nouns = {w for w, found in listed.items() if used_as_noun(words, [(at, at + 1) for at in found], carries)}
    return named | nouns


def _taggable(sentence: Sentence) -> list[str]:
    words, lexicon = [_plain(word) for word in sentence.text.split()], sentence.lexicon
    skip = _empty(lexicon) if lexicon else unstressed(sentence.language)
    letters = LEAST_LETTERS if lexicon else LONG_LETTERS
    return [word for word in words if letters <= len(word) <= MOST_LETTERS and word.isalpha() and word not in skip]


def _plural(word: str, of: str) -> bool:
    """Whether a word is another with the ending of a plural: one of them is tag enough."""
    return word in (f"{of}s", f"{of}es")


def _plain(word: str) -> str:
    return bare(word).removesuffix("'s")


def _empty(lexicon: Lexicon) -> frozenset[str]:
    """Words of a language that are no tag."""
    return lexicon.stop | lexicon.numbers | lexicon.fillers | lexicon.leaning | lexicon.pointing
