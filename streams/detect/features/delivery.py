"""Features of how something is said: whole sentences, sure words, length, density. Pure; knows no meaning."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence

from streams.detect.features.base import Measured, number, quote, rank_in, rounded
from streams.detect.features.text import SentenceFacts
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

DENSITY_STEP_MS = 15_000
SHORT_WORDS = 3
"""A sentence of fewer words is a fragment, unless it is the answer to a question or a cry."""
USUAL_MS = (20_000, 60_000)
"""A clip of so long is as long as such clips are watched."""
SHORT_LEFT = 0.2
"""What is left of a clip half as long; of one half as long again nothing is."""
SURE = (0.4, 0.95)
"""Mean probability of the words at which they count as guessed, and as sure."""


def fluency(window: Window, facts: Mapping[int, SentenceFacts]) -> Measured:
    """Share of the words in whole sentences, less fillers and words said twice in a row."""
    count = sum(len(facts[s.first_word].words) for s in window.sentences) or 1
    broken, stumbles = 0, 0
    worst: Sentence | None = None
    for sentence in window.sentences:
        words = facts[sentence.first_word].words
        stumbles += sum(word in lexicon.fillers for word in words) if (lexicon := sentence.lexicon) else 0
        stumbles += sum(one == other and one != "" for one, other in itertools.pairwise(words))
        if sentence.ending == "split" or len(words) < SHORT_WORDS or "…" in sentence.text or "..." in sentence.text:
            broken += len(words)
            worst = worst or sentence
    value = 1.0 - (broken + 2 * stumbles) / count
    evidence = [
        number("in_fragments", window.range, 100 * broken / count, "% of the words"),
        number("stumbles", window.range, 100 * stumbles / count, "% of the words"),
    ]
    if worst is not None:
        evidence.append(quote("fragment", worst.start_ms, worst.end_ms, worst.text))
    return Measured(value=rounded(value), evidence=evidence)


def sure(window: Window, timeline: Timeline) -> Measured | None:
    """How sure the recogniser is of the window's words."""
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    if not words:
        return None
    mean = statistics.fmean(word.probability for word in words)
    least = min(words, key=lambda word: word.probability)
    evidence = [
        number("mean_probability", window.range, mean, "of 1"),
        quote("least_sure", least.start_ms, least.end_ms, least.text, round(least.probability, 3), "of 1"),
    ]
    low, high = SURE
    return Measured(value=rounded((mean - low) / (high - low)), evidence=evidence)


def wanted_length(min_ms: int, max_ms: int) -> tuple[int, int]:
    """The usual length as far as it was asked for; what was asked for where that is another."""
    low, high = max(USUAL_MS[0], min_ms), min(USUAL_MS[1], max_ms)
    return (low, high) if low <= high else (min_ms, max_ms)


def length(window: Window, wanted: tuple[int, int]) -> Measured:
    """How near the length comes to that of clips people watch to the end: 20 to 60 s, or what was asked for."""
    low, high = wanted
    length_ms = window.range.length_ms
    value = 1.0
    if length_ms < low:
        value = 1.0 - (1.0 - SHORT_LEFT) * (low - length_ms) / (low / 2)
    elif length_ms > high:
        value = 1.0 - (length_ms - high) / (high / 2)
    return Measured(value=rounded(value), evidence=[number("length", window.range, length_ms / 1000, "s")])


def _density(content: Sequence[frozenset[str]], length_ms: int) -> float:
    return len(frozenset().union(*content)) * 10_000 / max(1, length_ms)


def density_levels(timeline: Timeline, facts: Mapping[int, SentenceFacts]) -> list[float]:
    """Different content words in 10 s of speech, for each stretch of about 15 s of speech in a language with lists."""
    levels: list[float] = []
    run: list[Sentence] = []
    for sentence in _listed(timeline.sentences):
        run.append(sentence)
        length_ms = sum(part.length_ms for part in run)
        if length_ms >= DENSITY_STEP_MS:
            levels.append(_density([facts[s.first_word].content for s in run], length_ms))
            run = []
    return levels


def _listed(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Those whose language has word lists: in others nobody knows which words carry meaning."""
    return [sentence for sentence in sentences if sentence.lexicon is not None]


def density(
    window: Window, timeline: Timeline, facts: Mapping[int, SentenceFacts], levels: Sequence[float]
) -> Measured | None:
    """Different content words in 10 s, as a percentile of the video's own stretches (needs two of them)."""
    sentences = _listed(window.sentences)
    if not sentences or len(levels) < 2:
        return None
    parts: list[float] = []
    run: list[Sentence] = []
    for at, sentence in enumerate(sentences):
        run.append(sentence)
        length_ms = sum(part.length_ms for part in run)
        if length_ms >= DENSITY_STEP_MS or at + 1 == len(sentences):
            parts.append(_density([facts[s.first_word].content for s in run], max(length_ms, DENSITY_STEP_MS // 2)))
            run = []
    per_10_s = statistics.fmean(parts)
    words = sorted(frozenset().union(*(facts[s.first_word].content for s in sentences)), key=len, reverse=True)
    evidence = [
        number("content_words", window.range, per_10_s, "different words in 10 s", ", ".join(sorted(words[:6]))),
        number("video_median", timeline.whole, statistics.median(levels), "different words in 10 s"),
    ]
    return Measured(value=rounded(rank_in(per_10_s, levels)), evidence=evidence)
