"""A start is ready in time, measured in starts of one Python of the stack in the same run. Measures no install."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.e2e.conftest import Started, started

MAX_START_RATIO = 28.0
"""A stack's start, in starts of one of its Pythons: 25 s on two quiet cores, where one takes 0.9 s."""
MAX_TRIES = 3
SAMPLES = 3


def measure_python_start() -> float:
    """Median seconds that a Python process takes now to load a worker's modules."""
    taken_s = []
    for _ in range(SAMPLES):
        began_at = time.monotonic()
        subprocess.run([sys.executable, "-c", "import streams.worker, streams.registry"], check=True)
        taken_s.append(time.monotonic() - began_at)
    return statistics.median(taken_s)


def test_a_stack_is_ready_in_time(first_start: Started) -> None:
    """From an empty directory to a message sent round, a query answered and an inference returned, in every part.

    The load may change between a start and the measurement of its unit, so a start that seems late is tried again.
    """
    ratios = [first_start[1] / measure_python_start()]
    while min(ratios) > MAX_START_RATIO and len(ratios) < MAX_TRIES:
        before_s = measure_python_start()
        with started() as (_, seconds):
            ratios.append(seconds / statistics.mean([before_s, measure_python_start()]))
    assert min(ratios) <= MAX_START_RATIO, ratios
