"""Features of how something is said: whole sentences, certain words, length, density. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence

from streams.detect.features.base import FeatureValue, number_evidence, percentile_rank, quote_evidence, round_score
from streams.detect.features.text import SentenceFacts
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

DENSITY_STEP_MS = 15_000
"""Speech over which content words are counted."""
MIN_SENTENCE_WORDS = 3
"""A sentence of fewer words is a fragment, unless it answers a question or is an outcry."""
USUAL_LENGTH_MS = (20_000, 60_000)
"""Preferred clip length (ms), as such clips are watched; scores fall off outside of it."""
HALF_LENGTH_SCORE = 0.2
"""Score of a clip half as long as the shortest preferred one; one half as long again as the longest has 0."""
WORD_PROBABILITY_LIMITS = (0.4, 0.95)
"""Mean probability of words at which they count as guessed, and as certain."""


def measure_fluency(window: CandidateWindow, facts: Mapping[int, SentenceFacts]) -> FeatureValue:
    """Measure the share of words in whole sentences, less fillers and repeated words."""
    count = sum(len(facts[sentence.first_word].words) for sentence in window.sentences) or 1
    fragment_words, stumble_count = 0, 0
    worst_sentence: Sentence | None = None
    for sentence in window.sentences:
        words = facts[sentence.first_word].words
        stumble_count += sum(word in lexicon.fillers for word in words) if (lexicon := sentence.lexicon) else 0
        stumble_count += sum(word == next_word and word != "" for word, next_word in itertools.pairwise(words))
        if (
            sentence.ending == "split"
            or len(words) < MIN_SENTENCE_WORDS
            or "…" in sentence.text
            or "..." in sentence.text
        ):
            fragment_words += len(words)
            worst_sentence = worst_sentence or sentence
    value = 1.0 - (fragment_words + 2 * stumble_count) / count
    evidence = [
        number_evidence("in_fragments", window.range, 100 * fragment_words / count, "% of the words"),
        number_evidence("stumbles", window.range, 100 * stumble_count / count, "% of the words"),
    ]
    if worst_sentence is not None:
        evidence.append(quote_evidence("fragment", worst_sentence.start_ms, worst_sentence.end_ms, worst_sentence.text))
    return FeatureValue(value=round_score(value), evidence=evidence)


def measure_word_certainty(window: CandidateWindow, timeline: ProjectTimeline) -> FeatureValue | None:
    """Measure how certain the recogniser is of the window's words."""
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    if not words:
        return None
    mean = statistics.fmean(word.probability for word in words)
    least_certain = min(words, key=lambda word: word.probability)
    evidence = [
        number_evidence("mean_probability", window.range, mean, "of 1"),
        quote_evidence(
            "least_sure",
            least_certain.start_ms,
            least_certain.end_ms,
            least_certain.text,
            round(least_certain.probability, 3),
            "of 1",
        ),
    ]
    low, high = WORD_PROBABILITY_LIMITS
    return FeatureValue(value=round_score((mean - low) / (high - low)), evidence=evidence)


def preferred_length(min_ms: int, max_ms: int) -> tuple[int, int]:
    """Return the usual length within the requested limits, or the limits where they exclude it."""
    low, high = max(USUAL_LENGTH_MS[0], min_ms), min(USUAL_LENGTH_MS[1], max_ms)
    return (low, high) if low <= high else (min_ms, max_ms)


def measure_length(window: CandidateWindow, preferred_ms: tuple[int, int]) -> FeatureValue:
    """Measure how near the length is to the preferred one."""
    low, high = preferred_ms
    length_ms = window.range.length_ms
    value = 1.0
    if length_ms < low:
        value = 1.0 - (1.0 - HALF_LENGTH_SCORE) * (low - length_ms) / (low / 2)
    elif length_ms > high:
        value = 1.0 - (length_ms - high) / (high / 2)
    return FeatureValue(
        value=round_score(value), evidence=[number_evidence("length", window.range, length_ms / 1000, "s")]
    )


def _words_per_10_s(content: Sequence[frozenset[str]], length_ms: int) -> float:
    return len(frozenset().union(*content)) * 10_000 / max(1, length_ms)


def list_density_levels(timeline: ProjectTimeline, facts: Mapping[int, SentenceFacts]) -> list[float]:
    """List different content words in 10 s of speech, for each 15 s of speech in a language with lists."""
    levels: list[float] = []
    sentences: list[Sentence] = []
    for sentence in _with_lexicon(timeline.sentences):
        sentences.append(sentence)
        length_ms = sum(part.length_ms for part in sentences)
        if length_ms >= DENSITY_STEP_MS:
            levels.append(_words_per_10_s([facts[sentence.first_word].content for sentence in sentences], length_ms))
            sentences = []
    return levels


def _with_lexicon(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Select sentences whose language has word lists: in others it is unknown which words carry meaning."""
    return [sentence for sentence in sentences if sentence.lexicon is not None]


def measure_density(
    window: CandidateWindow, timeline: ProjectTimeline, facts: Mapping[int, SentenceFacts], levels: Sequence[float]
) -> FeatureValue | None:
    """Rank different content words in 10 s among the video's own ranges; None with fewer than two."""
    sentences = _with_lexicon(window.sentences)
    if not sentences or len(levels) < 2:
        return None
    parts: list[float] = []
    step_sentences: list[Sentence] = []
    for at, sentence in enumerate(sentences):
        step_sentences.append(sentence)
        length_ms = sum(part.length_ms for part in step_sentences)
        if length_ms >= DENSITY_STEP_MS or at + 1 == len(sentences):
            parts.append(
                _words_per_10_s(
                    [facts[sentence.first_word].content for sentence in step_sentences],
                    max(length_ms, DENSITY_STEP_MS // 2),
                )
            )
            step_sentences = []
    per_10_s = statistics.fmean(parts)
    words = sorted(
        frozenset().union(*(facts[sentence.first_word].content for sentence in sentences)), key=len, reverse=True
    )
    evidence = [
        number_evidence(
            "content_words", window.range, per_10_s, "different words in 10 s", ", ".join(sorted(words[:6]))
        ),
        number_evidence("video_median", timeline.full_range, statistics.median(levels), "different words in 10 s"),
    ]
    return FeatureValue(value=round_score(percentile_rank(per_10_s, levels)), evidence=evidence)
