"""The size of a test of a promise: small in ``make test``, as large as promised in ``make soak``; and its figure.

``CLIPSTREAM_TEST_SOAK=SHARE`` makes the long run, with that share of what is promised; ``CLIPSTREAM_TEST_SEED`` seeds
it; ``CLIPSTREAM_TEST_FIGURES`` names a file that gets one line of JSON for each figure.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from benchmarks.harness.claims import percentile

SHARE = float(os.environ.get("CLIPSTREAM_TEST_SOAK", "0"))
SUITE_FACTOR = 5.0
"""The suite runs on machines that are busy with other things: it asks whether something works, not how fast."""
SHORT_TIMEOUT_S = 900.0
ROUND = 50
"""Measurements in a round: the machine is as busy for the one kind as for the other."""
SEED = int(os.environ.get("CLIPSTREAM_TEST_SEED", "1"))
GROWTH = 0
"""In place of a promise's number: rows of a table over time."""
FIGURES = os.environ.get("CLIPSTREAM_TEST_FIGURES")


def volume(short: int, long: int) -> int:
    """How much: ``short`` in the suite; in a soak its share of ``long``, and never less than ``short``."""
    return max(short, round(long * SHARE))


def time_out(long_s: float) -> pytest.MarkDecorator:
    """The last resort of a test that hangs: ``long_s`` in a soak, in the suite a share of the time that CI has."""
    return pytest.mark.timeout(long_s if SHARE else SHORT_TIMEOUT_S)


def bound(limit: float) -> float:
    """A limit of time, or of a ratio of times: as promised in a soak, far beyond it in the suite."""
    return limit if SHARE else SUITE_FACTOR * limit


def p95_ratio(alone_s: Sequence[float], loaded_s: Sequence[float]) -> float:
    """How many times longer p95 is under load: the middle of all rounds, so a burst of others counts once.

    Both lists have the same length; what stands at the same place was measured at the same time.
    """
    rounds = range(0, max(1, len(alone_s) - len(alone_s) % ROUND), ROUND)
    return median(
        percentile(loaded_s[at : at + ROUND], 0.95) / percentile(alone_s[at : at + ROUND], 0.95) for at in rounds
    )


def record(promise: int, figure: str) -> None:
    """Print the figure of a promise, and add it to the soak's file."""
    print(f"\npromise {promise}: {figure}")
    if FIGURES:
        with Path(FIGURES).open("a") as file:
            file.write(json.dumps({"promise": promise, "figure": figure, "share": SHARE, "seed": SEED}) + "\n")
