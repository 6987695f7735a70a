"""Title, hook line, description and hashtags of a clip, in its own words. Pure; writes no word that was not said."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.moments import SubScore
from streams.detect.lexicon import Lexicon, bare
from streams.detect.measured import shorten
from streams.detect.reasons import quiet_title, spoken_title
from streams.detect.sentences import Sentence
from streams.detect.signals import Whole
from streams.detect.signals_sense import pieces
from streams.detect.signals_text import HOOK_MS, best_sentence
from streams.detect.timeline import Timeline
from streams.detect.windows import Window
from streams.nouns import used_as_noun

HOOK_CHARS = 110
DESCRIPTION_CHARS = 220
SENTENCES = 2
HASHTAGS = 4
LEAST_LETTERS = 4
LONG_LETTERS, MOST_LETTERS = 7, 24
"""Where no list says which words carry no meaning, longer ones are taken: those that all sentences share are short."""


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
        title=spoken_title(best_sentence(window, whole.facts), timeline.lexicon),
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
    """
    here = Counter(word for s in window.sentences for word in set(_taggable(s, timeline.lexicon)))
    spread = whole.word_spread
    count = len(timeline.sentences)

    def weight(word: str) -> float:
        return here[word] * (math.log((1 + count) / (1 + spread.get(word, 0))) + 0.2)

    fit = set(here) if timeline.lexicon is None else _nouns(window, timeline.lexicon)
    ranked = sorted(fit & set(here), key=lambda word: (-weight(word), word))
    return [f"#{word}" for word in ranked[:HASHTAGS]]


def _nouns(window: Window, lexicon: Lexicon) -> set[str]:
    """What is used as a noun in a window, and what has a capital inside a sentence."""
    said = [word.strip().replace("’", "'") for sentence in window.sentences for word in sentence.text.split()]
    opening = {0, *(at + 1 for at, word in enumerate(said) if word.endswith((".", "?", "!")))}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(said):
        places[bare(word).removesuffix("'s")].append(at)
    words = [word.lower() for word in said]
    empty = lexicon.stop | lexicon.numbers | lexicon.fillers | lexicon.leaning | lexicon.pointing

    def carries(word: str) -> bool:
        return len(word) > 2 and word not in empty

    return {
        word
        for word, found in places.items()
        if used_as_noun(words, [(at, at + 1) for at in found], carries)
        or any(said[at][:1].isupper() and at not in opening for at in found)
    }


def _taggable(sentence: Sentence, lexicon: Lexicon | None) -> list[str]:
    words = [bare(word).removesuffix("'s") for word in sentence.text.split()]
    if lexicon is None:
        return [word for word in words if LONG_LETTERS <= len(word) <= MOST_LETTERS and word.isalpha()]
    skip = lexicon.stop | lexicon.numbers | lexicon.fillers | lexicon.leaning | lexicon.pointing
    return [word for word in words if len(word) >= LEAST_LETTERS and word.isalpha() and word not in skip]
