"""Viterbi path through scores with a cost for each change of state. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]


def find_best_path(scores: Floats, change_costs: Floats) -> Labels:
    """Return the state of each row that maximises the summed scores less the cost of each change.

    ``scores``: (n, k). ``change_costs``: (n,), of changing between row i - 1 and row i.
    """
    count, columns = scores.shape
    if count == 0 or columns == 1:
        return np.zeros(count, dtype=np.int64)
    previous_states = np.zeros((count, columns), dtype=np.int64)
    same_states = np.arange(columns)
    total = scores[0].astype(np.float64)
    for at in range(1, count):
        best = int(total.argmax())
        changed = total[best] - change_costs[at]
        previous_states[at] = np.where(total >= changed, same_states, best)
        total = np.maximum(total, changed) + scores[at]
    path = np.zeros(count, dtype=np.int64)
    path[-1] = int(total.argmax())
    for at in range(count - 1, 0, -1):
        path[at - 1] = previous_states[at, path[at]]
    return path
