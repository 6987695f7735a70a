"""Count the speakers of a project and assign each voice window to one. Pure numpy on embeddings.

Cosines of voices do not compare across recordings (the same person's are 0.7 here and 0.8 by telephone), so no fixed
cosine is a threshold. Two clusters are two speakers where they are far apart for *this* project: where the gap
between the similarity within and across is a good part of what the similarity within lacks to 1, the spread of one
voice. That is half the squared distance of the means in units of the variance within, a figure without unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.close.diarization.linkage import link_rows
from streams.speech.frames import TimesMs
from streams.speech.viterbi import find_best_path

SpeakerLabels = NDArray[np.int64]
MIN_DISTANCE_BRIEF = 0.15
"""Least distance of two speakers in a brief recording.

All distances were set on benchmarks/speech/conversations.py, seeds 1 to 8 and 21 to 32 (90 s), 51 to 56 (60 s), 11 to
18 and 31 to 42 (30 s): 210 conversations; the reported ones are others.
"""
MIN_DISTANCE = 0.22
"""Least distance of two speakers in a long recording: in more speech one voice varies more."""
SMALL_CLUSTER_FACTOR = 3.0
"""Raises the least distance of small clusters, which are apart by chance.

The factor is 1 + this number / windows of the smaller.
"""
MIN_BRIEF_WINDOWS = 12
"""Fewest windows of a short recording: below that the distance of a long one applies."""
BRIEF_WINDOWS_COUNT = 20
"""Reliable windows of a brief recording; the least distance grows from here."""
LONG_WINDOWS_COUNT = 60
"""Reliable windows from which the least distance is that of a long recording."""
MIN_SPEAKER_MS = 2_500
"""A speaker with less speech than this is merged with the others."""
MAX_INITIAL_CLUSTERS = 12
"""Clusters that the merging starts with."""
MAX_LINKED_WINDOWS = 600
"""Windows that are linked, evenly over the project; the rest are only assigned. Keeps the cost of an hour linear."""
MIN_RELIABLE_WINDOW_MS = 1_000
"""Shorter windows say too little to found a cluster on."""
FULL_WEIGHT_MS = 1_600.0
"""Length from which a window has its full weight."""
CHANGE_PENALTY = 0.1
"""Cosine by which a change of speaker must win between neighbouring windows."""
MAX_NEIGHBOUR_MS = 1_000
"""Distance of neighbouring windows; the penalty of a change fades with longer pauses."""
PENALTY_DECAY_MS = 3_000
"""Time constant of that fading."""
REASSIGNMENT_ROUNDS = 3
"""Rounds of assigning windows to centres and centres to windows after each merge."""
MAX_SHARED_AUDIO_WINDOWS = 5
"""No window shares audio with one this many further on."""
PRIOR_PAIRS_WEIGHT = 4.0
"""Weight, in pairs, with which the similarity inside a cluster is drawn to that of all clusters."""


@dataclass(frozen=True, kw_only=True)
class SpeakerClusters:
    """Speakers of a project: mean voices (k, d), and the speaker of each window (n,).

    Numbers are arbitrary.
    """

    centres: Float32
    labels: SpeakerLabels


@dataclass(frozen=True, kw_only=True)
class _Windows:
    """Embeddings of all windows in order of time, with what follows from their times."""

    rows: Float32
    starts_ms: TimesMs
    ends_ms: TimesMs
    weights: NDArray[np.float64]
    change_costs: NDArray[np.float64]
    reliable: NDArray[np.bool_]


def find_speakers(rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> SpeakerClusters:
    """Find the speakers of windows in order of time; ``rows`` of unit length, shape (n, d), n at least 1.

    Starts with too many clusters and merges the nearest two, letting windows change sides after each step, until
    all that are left are far enough apart and heard for long enough.
    """
    windows = _prepare_windows(rows, starts_ms, ends_ms)
    centres = _initial_centres(windows)
    while True:
        centres, labels = _reassign_windows(windows, centres)
        if len(centres) == 1:
            return SpeakerClusters(centres=centres, labels=labels)
        heard_ms = np.array([_covered_by_ms(windows, labels == label) for label in range(len(centres))])
        if heard_ms.min() < MIN_SPEAKER_MS:
            centres = np.delete(centres, int(heard_ms.argmin()), axis=0)
            continue
        distances = _cluster_distances(windows, labels, len(centres))
        if distances.min() >= min_distance(int(windows.reliable.sum())):
            return SpeakerClusters(centres=centres, labels=labels)
        centres = _merge_clusters(centres, labels, *divmod(int(distances.argmin()), len(centres)))


def min_distance(window_count: int) -> float:
    """Return the least distance of two speakers, given the number of reliable windows."""
    if window_count < MIN_BRIEF_WINDOWS:
        return MIN_DISTANCE
    return float(np.interp(window_count, (BRIEF_WINDOWS_COUNT, LONG_WINDOWS_COUNT), (MIN_DISTANCE_BRIEF, MIN_DISTANCE)))


def _prepare_windows(rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> _Windows:
    """Weigh windows by length and compute the cost of a change between them."""
    lengths = ends_ms - starts_ms
    middles = (starts_ms + ends_ms) / 2
    pauses = np.maximum(0.0, np.diff(middles, prepend=middles[:1]) - MAX_NEIGHBOUR_MS)
    reliable = lengths >= MIN_RELIABLE_WINDOW_MS
    return _Windows(
        rows=rows,
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        weights=np.minimum(1.0, lengths / FULL_WEIGHT_MS),
        change_costs=CHANGE_PENALTY * np.exp(-pauses / PENALTY_DECAY_MS),
        reliable=reliable if reliable.sum() >= 2 else np.ones_like(reliable),
    )


def _initial_centres(windows: _Windows) -> Float32:
    """Start with more clusters than there are speakers, by linking a sample of the reliable windows."""
    reliable = np.flatnonzero(windows.reliable)
    sampled = reliable[np.linspace(0, len(reliable) - 1, min(MAX_LINKED_WINDOWS, len(reliable))).astype(np.int64)]
    labels = link_rows(windows.rows[sampled], max_groups=MAX_INITIAL_CLUSTERS)
    return _normalise_rows(
        np.stack([windows.rows[sampled[labels == label]].sum(axis=0) for label in range(labels.max() + 1)])
    )


def _reassign_windows(windows: _Windows, centres: Float32) -> tuple[Float32, SpeakerLabels]:
    """Assign windows to centres and centres to their windows, some rounds; empty clusters go."""
    labels = np.zeros(len(windows.rows), dtype=np.int64)
    for _ in range(REASSIGNMENT_ROUNDS):
        labels = find_best_path((windows.rows @ centres.T) * windows.weights[:, None], windows.change_costs)
        remaining, labels = np.unique(labels, return_inverse=True)
        weighted = windows.rows * windows.weights[:, None]
        centres = _normalise_rows(np.stack([weighted[labels == label].sum(axis=0) for label in range(len(remaining))]))
    return centres, labels


def _cluster_distances(windows: _Windows, labels: SpeakerLabels, count: int) -> NDArray[np.float64]:
    """Return the distances of clusters, shape (k, k), infinite on and above the diagonal.

    Small clusters count as nearer. Uses reliable windows only.
    """
    is_used = windows.reliable & ~_touches_change(windows, labels)
    rows, used_labels = windows.rows[is_used].astype(np.float64), labels[is_used]
    starts_ms, ends_ms = windows.starts_ms[is_used], windows.ends_ms[is_used]
    sums = np.stack([rows[used_labels == label].sum(axis=0) for label in range(count)])
    sizes = np.bincount(used_labels, minlength=count).astype(np.float64)
    squares = np.bincount(used_labels, np.square(rows).sum(axis=1), minlength=count)
    within, pairs = np.square(sums).sum(axis=1) - squares, sizes * (sizes - 1)
    for lag in range(
        1, MAX_SHARED_AUDIO_WINDOWS
    ):  # windows that share audio are similar, also across a change of speaker
        share_audio = (used_labels[:-lag] == used_labels[lag:]) & (starts_ms[lag:] < ends_ms[:-lag])
        similarity = 2 * (rows[:-lag] * rows[lag:]).sum(axis=1)[share_audio]
        within -= np.bincount(used_labels[:-lag][share_audio], similarity, minlength=count)
        pairs -= 2 * np.bincount(used_labels[:-lag][share_audio], minlength=count)
    overall = within.sum() / max(1.0, pairs.sum())
    within_mean = (within + PRIOR_PAIRS_WEIGHT * overall) / (pairs + PRIOR_PAIRS_WEIGHT)
    across = (sums @ sums.T) / np.maximum(1.0, np.outer(sizes, sizes))
    mean = (within_mean[:, None] + within_mean[None]) / 2
    distances = (mean - across) / np.maximum(1e-6, 1 - mean)
    distances /= 1 + SMALL_CLUSTER_FACTOR / np.maximum(1.0, np.minimum(sizes[:, None], sizes[None]))
    distances[sizes == 0] = -1.0
    distances[:, sizes == 0] = -1.0
    distances[np.triu_indices(count)] = np.inf
    return np.asarray(distances, dtype=np.float64)


def _touches_change(windows: _Windows, labels: SpeakerLabels) -> NDArray[np.bool_]:
    """Return the windows that share audio with one of another speaker: they hold some of both."""
    changed = (labels[1:] != labels[:-1]) & (windows.starts_ms[1:] < windows.ends_ms[:-1])
    return np.asarray(np.concatenate([changed, [False]]) | np.concatenate([[False], changed]), dtype=np.bool_)


def _merge_clusters(centres: Float32, labels: SpeakerLabels, first: int, second: int) -> Float32:
    """Merge two clusters."""
    sizes = np.bincount(labels, minlength=len(centres))
    merged = _normalise_rows((centres[first] * sizes[first] + centres[second] * sizes[second])[None])
    return np.concatenate([np.delete(centres, (first, second), axis=0), merged])


def _covered_by_ms(windows: _Windows, selected: NDArray[np.bool_]) -> int:
    """Time that the selected windows cover together."""
    starts_ms, ends_ms = windows.starts_ms[selected], windows.ends_ms[selected]
    before = np.maximum.accumulate(np.concatenate([[0], ends_ms[:-1]]))
    return int(np.maximum(0, ends_ms - np.maximum(starts_ms, before)).sum())


def _normalise_rows(rows: Float32) -> Float32:
    """Scale rows to unit length."""
    return np.asarray(rows / np.maximum(1e-9, np.linalg.norm(rows, axis=1, keepdims=True)), dtype=np.float32)
