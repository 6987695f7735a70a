"""CPU usage by part: parsing /proc, assigning processes to parts, differences of samples."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.harness.cpu_usage import (
    IDLE,
    TICKS_S,
    Process,
    Sample,
    between,
    process_of,
    shares,
    take_sample,
    told_of,
)

BUSY = """
import sys, time
while time.process_time() < 0.3:
    pass
print(time.process_time(), flush=True)
sys.stdin.read()
"""


def test_a_proc_line_is_read_behind_an_odd_process_name() -> None:
    ticks = f"{2 * TICKS_S} {1 * TICKS_S} {4 * TICKS_S} {3 * TICKS_S}"
    line = f"42 (a (b) c) S 7 42 42 0 -1 4194304 10 0 0 0 {ticks} 20 0 1 0 100 0 0"
    assert process_of(line) == Process(parent=7, spent_s=10.0)


def test_a_process_belongs_to_the_nearest_part_above_it() -> None:
    processes = {
        1: Process(parent=0, spent_s=100.0),
        10: Process(parent=1, spent_s=1.0),
        11: Process(parent=10, spent_s=2.0),
        20: Process(parent=11, spent_s=4.0),
        21: Process(parent=20, spent_s=8.0),
        30: Process(parent=99, spent_s=16.0),
    }
    assert shares(processes, {"outer": 10, "inner": 20, "gone": 55}) == {"outer": 3.0, "inner": 12.0, "gone": 0.0}


def test_usage_counts_within_the_interval_largest_first() -> None:
    samples = [Sample(at_s=at, spent_s={"api": at, "render": 3 * at, IDLE: 0.0}) for at in (0.0, 10.0, 20.0, 30.0)]
    assert between(samples, 10.0, 20.0) == {"render": 30.0, "api": 10.0, IDLE: 0.0}
    assert next(iter(between(samples, 10.0, 20.0))) == "render"
    assert told_of(between(samples, 10.0, 20.0)) == "render 30.0; api 10.0"
    assert between(samples[:1], 0.0, 1.0) == {}


def test_a_process_that_works_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        spent_s = float(process.stdout.readline())
        sample = take_sample({"it": process.pid})
        process.kill()
    assert sample.spent_s["it"] == pytest.approx(spent_s, abs=0.1)
    assert sample.spent_s[IDLE] > 0
