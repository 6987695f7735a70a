"""How many speak in a project, and who is heard in each window of it. Pure numpy; never sees sound, words or names.

Cosines of voices do not compare across recordings (the same person's are 0.7 here and 0.8 by telephone), so nothing is
measured against a fixed one. Two groups are two speakers where they are far apart for *this* project: where the gap
between likeness inside and likeness across is a good part of what likeness inside lacks to 1, the spread of one voice.
That is half the squared distance of the means in units of the variance within: it has no unit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from streams.close.diarization.linkage import groups
from streams.speech.frames import TimesMs
from streams.speech.viterbi import find_best_path

Labels = NDArray[np.int64]
APART_BRIEF, APART, SMALL = 0.15, 0.22, 3.0
"""Two groups less far apart than ``APART * (1 + SMALL / windows of the smaller)`` are one speaker: a few windows lie
apart by chance."""
HARDLY_ANY, FEW, MANY = 12, 20, 60
"""…and ``APART`` grows from the first value to the second between so many windows: who speaks for long sounds in more
ways. All set on benchmarks/speech/conversations.py, seeds 1 to 8 and 21 to 32 (90 s), 51 to 56 (60 s), 11 to 18 and 31
to 42 (30 s): 210 conversations; others are reported."""
LEAST_MS = 2_500
"""Who is heard for less than this is not told from the others."""
MOST_GROUPS = 12
SAMPLE = 600
"""So many windows, evenly over the project, are linked; the rest only follow. It keeps the cost of an hour linear."""
TELLING_MS = 1_000
"""Shorter windows say too little to found a group on."""
FULL_MS = 1_600.0
CHANGE_PRICE = 0.1
"""A change of speaker must win this much cosine…"""
NEAR_MS, FORGOTTEN_MS = 1_000, 3_000
"""…between neighbours; the price fades over a pause."""
ROUNDS = 3
SHARING = 5
"""No window shares sound with one so many further on."""
PRIOR_PAIRS = 4.0
"""The likeness inside a group is drawn to that of all groups by so many pairs' worth."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Speakers of a project: their mean voices (k, d), and whose each window is (n,). Numbers are arbitrary."""

    centres: Float32
    owner: Labels


@dataclass(frozen=True, kw_only=True)
class _Windows:
    """Vectors of all windows of a project by time, with what follows from their times."""

    rows: Float32
    starts_ms: TimesMs
    ends_ms: TimesMs
    weight: NDArray[np.float64]
    price: NDArray[np.float64]
    telling: NDArray[np.bool_]


def find_speakers(rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> Found:
    """Speakers behind windows in order of time; ``rows`` of unit length, shape (n, d), n at least 1.

    Begins with too many groups and joins the nearest two, letting windows change sides after each step, until all
    that are left are far enough apart and heard for long enough.
    """
    windows = _prepared(rows, starts_ms, ends_ms)
    centres = _first_centres(windows)
    while True:
        centres, owner = _settled(windows, centres)
        if len(centres) == 1:
            return Found(centres=centres, owner=owner)
        heard_ms = np.array([_covered_ms(windows, owner == one) for one in range(len(centres))])
        if heard_ms.min() < LEAST_MS:
            centres = np.delete(centres, int(heard_ms.argmin()), axis=0)
            continue
        apart = _distances(windows, owner, len(centres))
        if apart.min() >= least_apart(int(windows.telling.sum())):
            return Found(centres=centres, owner=owner)
        centres = _joined(centres, owner, *divmod(int(apart.argmin()), len(centres)))


def least_apart(count: int) -> float:
    """How far apart two speakers are at least, among so many windows that tell; of ten seconds as of a minute."""
    if count < HARDLY_ANY:
        return APART
    return float(np.interp(count, (FEW, MANY), (APART_BRIEF, APART)))


def _prepared(rows: Float32, starts_ms: TimesMs, ends_ms: TimesMs) -> _Windows:
    lengths = ends_ms - starts_ms
    middles = (starts_ms + ends_ms) / 2
    pauses = np.maximum(0.0, np.diff(middles, prepend=middles[:1]) - NEAR_MS)
    telling = lengths >= TELLING_MS
    return _Windows(
        rows=rows,
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        weight=np.minimum(1.0, lengths / FULL_MS),
        price=CHANGE_PRICE * np.exp(-pauses / FORGOTTEN_MS),
        telling=telling if telling.sum() >= 2 else np.ones_like(telling),
    )


def _first_centres(windows: _Windows) -> Float32:
    """More groups than there are speakers, by linking a sample of the telling windows."""
    telling = np.flatnonzero(windows.telling)
    taken = telling[np.linspace(0, len(telling) - 1, min(SAMPLE, len(telling))).astype(np.int64)]
    labels = groups(windows.rows[taken], at_most=MOST_GROUPS)
    return _unit(np.stack([windows.rows[taken[labels == one]].sum(axis=0) for one in range(labels.max() + 1)]))


def _settled(windows: _Windows, centres: Float32) -> tuple[Float32, Labels]:
    """Windows to centres and centres to their windows, some rounds; centres nobody is left with go."""
    owner = np.zeros(len(windows.rows), dtype=np.int64)
    for _ in range(ROUNDS):
        owner = find_best_path((windows.rows @ centres.T) * windows.weight[:, None], windows.price)
        left, owner = np.unique(owner, return_inverse=True)
        weighted = windows.rows * windows.weight[:, None]
        centres = _unit(np.stack([weighted[owner == one].sum(axis=0) for one in range(len(left))]))
    return centres, owner


def _distances(windows: _Windows, owner: Labels, count: int) -> NDArray[np.float64]:
    """How far each two groups are apart, less for small ones, shape (k, k), infinite on and above the diagonal.

    By telling windows only.
    """
    told = windows.telling & ~_at_a_change(windows, owner)
    rows, owner_told = windows.rows[told].astype(np.float64), owner[told]
    starts_ms, ends_ms = windows.starts_ms[told], windows.ends_ms[told]
    sums = np.stack([rows[owner_told == one].sum(axis=0) for one in range(count)])
    sizes = np.bincount(owner_told, minlength=count).astype(np.float64)
    squares = np.bincount(owner_told, np.square(rows).sum(axis=1), minlength=count)
    within, pairs = np.square(sums).sum(axis=1) - squares, sizes * (sizes - 1)
    for lag in range(1, SHARING):  # windows that share sound are alike whoever speaks
        alike = (owner_told[:-lag] == owner_told[lag:]) & (starts_ms[lag:] < ends_ms[:-lag])
        near = 2 * (rows[:-lag] * rows[lag:]).sum(axis=1)[alike]
        within -= np.bincount(owner_told[:-lag][alike], near, minlength=count)
        pairs -= 2 * np.bincount(owner_told[:-lag][alike], minlength=count)
    overall = within.sum() / max(1.0, pairs.sum())
    inside = (within + PRIOR_PAIRS * overall) / (pairs + PRIOR_PAIRS)
    across = (sums @ sums.T) / np.maximum(1.0, np.outer(sizes, sizes))
    mean = (inside[:, None] + inside[None]) / 2
    apart = (mean - across) / np.maximum(1e-6, 1 - mean)
    apart /= 1 + SMALL / np.maximum(1.0, np.minimum(sizes[:, None], sizes[None]))
    apart[sizes == 0] = -1.0
    apart[:, sizes == 0] = -1.0
    apart[np.triu_indices(count)] = np.inf
    return np.asarray(apart, dtype=np.float64)


def _at_a_change(windows: _Windows, owner: Labels) -> NDArray[np.bool_]:
    """Windows that share sound with one of another owner: they hold some of both."""
    changed = (owner[1:] != owner[:-1]) & (windows.starts_ms[1:] < windows.ends_ms[:-1])
    return np.asarray(np.concatenate([changed, [False]]) | np.concatenate([[False], changed]), dtype=np.bool_)


def _joined(centres: Float32, owner: Labels, one: int, other: int) -> Float32:
    sizes = np.bincount(owner, minlength=len(centres))
    both = _unit((centres[one] * sizes[one] + centres[other] * sizes[other])[None])
    return np.concatenate([np.delete(centres, (one, other), axis=0), both])


def _covered_ms(windows: _Windows, mine: NDArray[np.bool_]) -> int:
    """Time that some windows cover together."""
    starts_ms, ends_ms = windows.starts_ms[mine], windows.ends_ms[mine]
    before = np.maximum.accumulate(np.concatenate([[0], ends_ms[:-1]]))
    return int(np.maximum(0, ends_ms - np.maximum(starts_ms, before)).sum())


def _unit(rows: Float32) -> Float32:
    return np.asarray(rows / np.maximum(1e-9, np.linalg.norm(rows, axis=1, keepdims=True)), dtype=np.float32)
