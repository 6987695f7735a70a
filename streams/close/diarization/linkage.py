"""Average linkage on cosines: which of some hundred vectors belong together, without a number given. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32

Labels = NDArray[np.int64]


def groups(rows: Float32, *, at_most: int, smallest: int = 2, covered: float = 0.7) -> Labels:
    """A label for each row (unit length, shape (n, d)); -1 for rows in groups below ``smallest``.

    The nearest two groups are joined until no more than ``at_most`` of at least ``smallest`` rows hold ``covered`` of
    all. Cost grows with the cube of n: hand it hundreds.
    """
    count = len(rows)
    labels = np.arange(count)
    near = (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(near, -np.inf)
    sizes = np.ones(count)
    for _ in range(count - 1):
        if _enough(sizes, at_most, smallest, covered):
            break
        kept, gone = divmod(int(near.argmax()), count)
        joined = (near[kept] * sizes[kept] + near[gone] * sizes[gone]) / (sizes[kept] + sizes[gone])
        near[kept], near[:, kept] = joined, joined
        near[kept, kept] = -np.inf
        near[gone], near[:, gone] = -np.inf, -np.inf
        sizes[kept], sizes[gone] = sizes[kept] + sizes[gone], 0
        labels[labels == gone] = kept
    names, found, counts = np.unique(labels, return_inverse=True, return_counts=True)
    large = np.flatnonzero(counts >= min(smallest, counts.max()))
    renamed = np.full(len(names), -1)
    renamed[large] = np.arange(len(large))
    return renamed[found]


def _enough(sizes: NDArray[np.float64], at_most: int, smallest: int, covered: float) -> bool:
    large = sizes[sizes >= smallest]
    return 0 < large.size <= at_most and bool(large.sum() >= covered * sizes.sum())
