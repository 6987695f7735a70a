"""Trees on the features of labelled windows, by scikit-learn. Runs in the judges' environment only.

In: ``{"rows": [[feature]], "labels": [mean label], "folds": [fold of each row]}``. Out: design → one score a row,
each by a model of the other folds.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor

DESIGNS = {
    "boosted trees": lambda: HistGradientBoostingRegressor(
        max_iter=120, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=5, random_state=0
    ),
    "extra trees": lambda: ExtraTreesRegressor(300, min_samples_leaf=4, max_features=0.3, random_state=0),
}


def main() -> None:
    """Fit every design on all folds but one, in turn."""
    request = json.load(sys.stdin)
    rows, labels, folds = (np.array(request[name]) for name in ("rows", "labels", "folds"))
    scores = {}
    for name, design in DESIGNS.items():
        predictions = np.zeros(len(labels))
        for fold in np.unique(folds):
            used = folds != fold
            predictions[~used] = design().fit(rows[used], labels[used]).predict(rows[~used])
        scores[name] = predictions.tolist()
    json.dump(scores, sys.stdout)


if __name__ == "__main__":
    main()
