"""Agglomerative clustering with average linkage on cosines, without a number of clusters. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

LinkLabels = NDArray[np.int64]


def link_rows(rows: Float32, *, max_groups: int, min_group_rows: int = 2, min_covered_ratio: float = 0.7) -> LinkLabels:
    """Label rows of unit length, shape (n, d); -1 for groups below ``min_group_rows``.

    Merges the nearest two groups until at most ``max_groups`` of at least ``min_group_rows`` rows hold
    ``min_covered_ratio`` of all. The cost grows with the cube of n: pass hundreds.
    """
    count = len(rows)
    labels = np.arange(count)
    similarity = (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(similarity, -np.inf)
    sizes = np.ones(count)
    for _ in range(count - 1):
        if _is_linked(sizes, max_groups, min_group_rows, min_covered_ratio):
            break
        first, second = divmod(int(similarity.argmax()), count)
        merged = (similarity[first] * sizes[first] + similarity[second] * sizes[second]) / (
            sizes[first] + sizes[second]
        )
        similarity[first], similarity[:, first] = merged, merged
        similarity[first, first] = -np.inf
        similarity[second], similarity[:, second] = -np.inf, -np.inf
        sizes[first], sizes[second] = sizes[first] + sizes[second], 0
        labels[labels == second] = first
    group_ids, group_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    large = np.flatnonzero(counts >= min(min_group_rows, counts.max()))
    renamed = np.full(len(group_ids), -1)
    renamed[large] = np.arange(len(large))
    return renamed[group_of_row]


def _is_linked(sizes: NDArray[np.float64], max_groups: int, min_group_rows: int, min_covered_ratio: float) -> bool:
    """Whether few enough large groups hold enough of the rows."""
    large = sizes[sizes >= min_group_rows]
    return 0 < large.size <= max_groups and bool(large.sum() >= min_covered_ratio * sizes.sum())
