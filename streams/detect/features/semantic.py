"""Features of meaning and speakers: substance, coherence, turns, match. Absent where unknown. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from schemas.common import TimeRange
from schemas.documents.moments import Evidence
from streams.detect.features.base import FeatureValue, number_evidence, quote_evidence, round_score
from streams.detect.semantics import HOUSEKEEPING, SentenceMeaning
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

MIN_EXAMPLE_SIMILARITY = 0.05
"""Cosine of a sentence to an example below which it is about something else."""
FULL_EXAMPLE_SIMILARITY = 0.45
"""Cosine of a sentence to an example from which it is alike."""
MIN_TOPIC_SIMILARITY = 0.10
"""Cosine to the requested topic below which a window does not match."""
FULL_TOPIC_SIMILARITY = 0.50
"""Cosine to the requested topic from which a window matches fully."""
OWN_SENTENCES_WEIGHT = 0.3
"""Weight of the window's nearest sentences in a match, compared with what is said around it."""
MAX_CONTEXT_SENTENCES = 15
"""Most sentences before and after a window that are its context."""
CONTEXT_DIVISOR = 16
"""The context is at most this part of all sentences on either side."""
LIVELY_TURNS_PER_MINUTE = 8.0
"""Changes of speaker a minute that score fully."""
FULL_COHERENCE_SIMILARITY = 0.7
"""Mean cosine between sentences and the rest of their window that only one subject has."""
FULL_DISTANCE = 0.6
"""Distance (1 - cosine) from the whole video's meaning at which a range is something else altogether."""


@dataclass(frozen=True, kw_only=True)
class SentenceSpan:
    """A window's sentences, as indices among all of the video's."""

    first: int
    end: int

    def truncate(self, count: int) -> SentenceSpan:
        """Keep the first ``count`` of them."""
        return SentenceSpan(first=self.first, end=min(self.end, self.first + count))


def measure_substance(
    window: CandidateWindow,
    meaning: SentenceMeaning | None,
    sentence_span: SentenceSpan,
    courtesy: Callable[[Sentence], bool],
) -> FeatureValue:
    """Measure how little of the sentences is greeting, thanks and housekeeping, by words and by examples."""
    sentences = window.sentences[: sentence_span.end - sentence_span.first]
    lengths = np.array([sentence.end_word - sentence.first_word for sentence in sentences], dtype=np.float64)
    housekeeping = np.array([1.0 if courtesy(sentence) else 0.0 for sentence in sentences])
    if meaning is not None and meaning.near:
        example_similarity = meaning.near[HOUSEKEEPING][sentence_span.first : sentence_span.end]
        housekeeping = np.maximum(
            housekeeping,
            np.clip(
                (example_similarity - MIN_EXAMPLE_SIMILARITY) / (FULL_EXAMPLE_SIMILARITY - MIN_EXAMPLE_SIMILARITY),
                0.0,
                1.0,
            ),
        )
    share = float((housekeeping * lengths).sum() / max(1.0, lengths.sum()))
    worst_sentence = sentences[int(housekeeping.argmax())]
    part = TimeRange(start_ms=sentences[0].start_ms, end_ms=sentences[-1].end_ms)
    evidence: list[Evidence] = [number_evidence("housekeeping", part, share, "mean nearness, of 1")]
    if housekeeping.max() > 0:
        evidence.append(
            quote_evidence(
                "most_like_it",
                worst_sentence.start_ms,
                worst_sentence.end_ms,
                worst_sentence.text,
                round(float(housekeeping.max()), 3),
            )
        )
    return FeatureValue(value=round_score(1.0 - share), evidence=evidence)


def measure_coherence(
    window: CandidateWindow, meaning: SentenceMeaning | None, sentence_span: SentenceSpan
) -> FeatureValue | None:
    """Measure the mean cosine of each sentence to the others of the window; needs three of them."""
    if meaning is None or sentence_span.end - sentence_span.first < 3:
        return None
    similarity = meaning.similarity_to_others(sentence_span.first, sentence_span.end)
    least_similar = window.sentences[int(similarity.argmin())]
    evidence = [
        number_evidence("near_the_others", window.range, float(similarity.mean()), "mean cosine"),
        quote_evidence(
            "least_near",
            least_similar.start_ms,
            least_similar.end_ms,
            least_similar.text,
            round(float(similarity.min()), 3),
            "cosine",
        ),
    ]
    return FeatureValue(value=round_score(float(similarity.mean()) / FULL_COHERENCE_SIMILARITY), evidence=evidence)


def measure_distance(
    window: CandidateWindow, meaning: SentenceMeaning | None, sentence_span: SentenceSpan
) -> FeatureValue | None:
    """Measure how far the window is from the whole video's meaning."""
    if meaning is None:
        return None
    cosine = float(meaning.direction_of(sentence_span.first, sentence_span.end) @ meaning.centre)
    return FeatureValue(
        value=round_score((1.0 - cosine) / FULL_DISTANCE),
        evidence=[number_evidence("near_the_video", window.range, cosine, "cosine")],
    )


def measure_turns(window: CandidateWindow, timeline: ProjectTimeline) -> FeatureValue | None:
    """Count changes of speaker in a minute; absent where the video has fewer than two known speakers."""
    if len(timeline.speakers) < 2:
        return None
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    speakers = [word.speaker for word in words if word.speaker is not None]
    if not speakers:
        return None
    changes = sum(speaker != next_speaker for speaker, next_speaker in itertools.pairwise(speakers))
    per_min = changes * 60_000 / window.range.length_ms
    evidence = [number_evidence("turns", window.range, per_min, "per minute", f"{len(set(speakers))} speakers")]
    return FeatureValue(value=round_score(per_min / LIVELY_TURNS_PER_MINUTE), evidence=evidence)


def measure_match(
    window: CandidateWindow, meaning: SentenceMeaning | None, sentence_span: SentenceSpan
) -> FeatureValue | None:
    """Measure how near the window is to a requested topic, by its nearest sentences and by its context.

    Talk stays on a subject without naming it again: what lies around a window says more than the window does.
    """
    if meaning is None or not len(meaning.topics):
        return None
    similarities = meaning.rows[sentence_span.first : sentence_span.end] @ meaning.topic_rows.T
    sentence, topic = (int(value) for value in np.unravel_index(int(similarities.argmax()), similarities.shape))
    best = np.sort(similarities[:, topic])[::-1]
    own_similarity = 0.6 * float(best[0]) + 0.4 * float(best[:3].mean())
    count = meaning.rows.shape[0]
    context = min(MAX_CONTEXT_SENTENCES, count // CONTEXT_DIVISOR)
    context_similarity = float(
        meaning.direction_of(max(0, sentence_span.first - context), min(count, sentence_span.end + context))
        @ meaning.topic_rows[topic]
    )
    cosine = OWN_SENTENCES_WEIGHT * own_similarity + (1.0 - OWN_SENTENCES_WEIGHT) * context_similarity
    nearest_sentence = window.sentences[sentence]
    evidence = [
        quote_evidence("asked_for", nearest_sentence.start_ms, nearest_sentence.end_ms, meaning.topics[topic]),
        quote_evidence(
            "nearest",
            nearest_sentence.start_ms,
            nearest_sentence.end_ms,
            nearest_sentence.text,
            round(float(best[0]), 3),
            "cosine",
        ),
        number_evidence(
            "around", window.range, context_similarity, "cosine", f"with {context} sentences before and behind"
        ),
    ]
    return FeatureValue(
        value=round_score((cosine - MIN_TOPIC_SIMILARITY) / (FULL_TOPIC_SIMILARITY - MIN_TOPIC_SIMILARITY)),
        evidence=evidence,
    )


def locate_sentences(sentence_index: Mapping[int, int], window: CandidateWindow) -> SentenceSpan:
    """Locate a window; ``sentence_index``: first word of a sentence → its index."""
    return SentenceSpan(
        first=sentence_index[window.sentences[0].first_word], end=sentence_index[window.sentences[-1].first_word] + 1
    )
