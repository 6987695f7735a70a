"""Assigns voice segments to faces: segments that sound alike share the evidence of their lips. Pure.

Lips over one sentence are weak evidence; over all that a voice says they are good. Voices are not counted or named,
only compared: two segments that sound alike attract one face, two that differ attract different ones, as far as their
own lips allow (a small field, solved by mean values). Where one mouth alone moves, its lips are so much surer than the
others that the voices change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EPSILON = 1e-9
"""Lower bound of divisors and probabilities."""
MAX_WINDOWS = 3
"""Maximum windows of one segment: another speaker may go on without a pause."""
MIN_STEPS = 3
"""Minimum steps of a segment."""
STEP_WEIGHT = 0.1
"""Weight of one step: neighbouring steps share evidence, for lips are compared over seconds."""
MAX_STEP_EVIDENCE = 3.0
"""Maximum evidence of one step to either side."""
SIMILARITY_WEIGHT = 16.0
"""Weight of the similarity above or below the border, of segments of a second."""
SECOND_STEPS = 12
"""Steps of a second."""
MAX_BORDER_SIMILARITY = 0.65
"""Maximum border: more similar segments do not repel each other, as all may be one voice."""
DEFAULT_BORDER_SIMILARITY = 0.5
"""Border where a clip's similarities do not fall into two kinds: then its segments are mostly one voice."""
MIN_EXPLAINED_RATIO, MIN_MEANS_DISTANCE = 0.6, 0.15
"""When similarities fall into two kinds: minimum share of the variance they explain, and distance of their means."""
ROUNDS, DAMPING_FACTOR = 60, 0.5
LOG_PROBABILITY_WEIGHT, MAX_VOICE_PENALTY = 1.0, 2.5
"""Weight of a face's log probability at each step of a segment, and its maximum."""


class HeardVoices(msgspec.Struct, frozen=True, kw_only=True):
    """Windows of speech in order of time, with a unit vector each, shape (n, dimensions)."""

    starts_ms: list[int]
    ends_ms: list[int]
    rows: NDArray[np.float32]


def voice_segments(voices: HeardVoices, start_ms: int, end_ms: int) -> list[tuple[int, int, Floats]]:
    """Return start, end and mean vector of each run of overlapping windows inside a time."""
    runs: list[tuple[int, int, list[NDArray[np.float32]]]] = []
    for start, end, row in zip(voices.starts_ms, voices.ends_ms, voices.rows, strict=True):
        if end <= start_ms or start >= end_ms or not row.any():
            continue
        if runs and start < runs[-1][1] and len(runs[-1][2]) < MAX_WINDOWS:
            runs[-1] = runs[-1][0], end, [*runs[-1][2], row]
        else:
            runs.append((max(start, runs[-1][1] if runs else start), end, [row]))
    segments = []
    for start, end, rows in runs:
        mean: Floats = np.stack(rows).astype(np.float64).sum(axis=0)
        segments.append((start, end, mean / max(EPSILON, float(np.linalg.norm(mean)))))
    return segments


def voice_evidence(scores: Floats, steps: Floats, is_speech: NDArray[np.bool_], voices: HeardVoices) -> Floats:
    """Return what to add to ``scores`` (n, 1 + faces; column 0 is off screen) at ``steps`` (ms).

    It is 0 where no voice is known.
    """
    added = np.zeros_like(scores)
    places, rows = [], []
    for start, end, row in voice_segments(voices, int(steps[0]), int(steps[-1]) + 1):
        inside = np.flatnonzero((steps >= start) & (steps < end) & is_speech)
        if len(inside) >= MIN_STEPS:
            places.append(inside)
            rows.append(row)
    if len(places) < 2 or scores.shape[1] < 3:
        return added
    clipped = np.clip(
        np.where(np.isfinite(scores[:, 1:]), scores[:, 1:], -MAX_STEP_EVIDENCE), -MAX_STEP_EVIDENCE, MAX_STEP_EVIDENCE
    )
    evidence = STEP_WEIGHT * np.stack([clipped[inside].sum(axis=0) for inside in places])
    likely = _solve_field(evidence, _similarity_field(np.stack(rows), [len(inside) for inside in places]))
    for inside, chances in zip(places, likely, strict=True):
        worth = np.maximum(-MAX_VOICE_PENALTY, LOG_PROBABILITY_WEIGHT * np.log(np.maximum(chances, EPSILON)))
        added[inside, 1:] = worth - worth.max()
    return added


def _similarity_field(rows: Floats, lengths: Sequence[int]) -> Floats:
    """Return how much each two segments attract one face (negative: repel), shape (n, n)."""
    similarity = rows @ rows.T
    usual = _similarity_border(similarity[np.triu_indices(len(rows), 1)])
    weight = np.sqrt(np.minimum.outer(lengths, lengths) / SECOND_STEPS)
    pull: Floats = SIMILARITY_WEIGHT * (similarity - usual) * weight
    np.fill_diagonal(pull, 0.0)
    return pull


def _similarity_border(cosines: Floats) -> float:
    """Return the cosine between pairs of one voice and pairs of two."""
    ordered = np.sort(cosines)
    spread, best, border = float(ordered.var()), 0.0, DEFAULT_BORDER_SIMILARITY
    for count in range(2, len(ordered) - 1):
        gap = float(ordered[count:].mean() - ordered[:count].mean())
        share = count * (len(ordered) - count) / len(ordered) ** 2 * gap * gap / max(EPSILON, spread)
        if share > best and gap >= MIN_MEANS_DISTANCE:
            best, border = share, float(ordered[count - 1] + ordered[count]) / 2
    return min(MAX_BORDER_SIMILARITY, border) if best >= MIN_EXPLAINED_RATIO else DEFAULT_BORDER_SIMILARITY


def _solve_field(evidence: Floats, pull: Floats) -> Floats:
    """Return the probability of each face for each segment, shape as ``evidence``."""
    likely = _softmax(evidence)
    for _ in range(ROUNDS):
        likely = DAMPING_FACTOR * likely + (1 - DAMPING_FACTOR) * _softmax(evidence + pull @ likely)
    return likely


def _softmax(logits: Floats) -> Floats:
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = weight / weight.sum(axis=1, keepdims=True)
    return shares
