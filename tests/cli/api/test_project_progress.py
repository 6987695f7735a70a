"""Progress and time left of a project: no more exact than the available data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cli.api.project_progress import SHARES, Progress, duration_text, left_text, size_text

ESTIMATE: Mapping[str, Any] = {
    "elapsed_ms": {"expected": 100_000, "low": 50_000, "high": 200_000},
    "stages": [
        {"stage": "listen", "cpu_ms": {"expected": 60_000}},
        {"stage": "render", "cpu_ms": {"expected": 20_000}},
        {"stage": "frame", "cpu_ms": {"expected": 20_000}},
        {"stage": "preview", "cpu_ms": {"expected": 9_000}},
    ],
}


def at(second: float, **stages: tuple[str, int]) -> Progress:
    """A project with an estimate, seen at that second; stages by state and percent, changed at second 0."""
    clock = iter([0.0] * len(stages))
    progress = Progress(now_s=lambda: next(clock, second))
    progress.take_snapshot({"state": "running", "cost": {"estimate": ESTIMATE}})
    for name, (state, percent) in stages.items():
        progress.take_event("project.progressed", {"stage": name, "state": state, "percent": percent})
    return progress


def test_shares_sum_to_one() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize(("elapsed_s", "expected"), [(30.0, 30.0 * 0.82 / 0.18), (1.0, None)])
def test_without_an_estimate_the_rest_follows_the_pace(elapsed_s: float, expected: float | None) -> None:
    progress = Progress(now_s=lambda: 0.0)
    progress.take_event("project.progressed", {"stage": "listen", "state": "done", "percent": 100})
    assert progress.seconds_left(elapsed_s) == (expected and pytest.approx(expected))


def test_before_any_part_is_done_the_estimate_counts() -> None:
    assert at(0).seconds_left(0.0) == pytest.approx(100)


def test_the_more_is_done_the_more_the_pace_counts() -> None:
    """Twice as slow as estimated: early on the estimate counts, at the end the measured pace."""
    assert at(0, listen=("done", 100)).seconds_left(120.0) == pytest.approx(0.4 * 40 + 0.6 * 80)
    late = at(0, listen=("done", 100), render=("done", 100)).seconds_left(160.0)
    assert late == pytest.approx(0.2 * 20 + 0.8 * 40)


def test_skipped_stages_leave_no_work() -> None:
    progress = at(0, listen=("done", 100), frame=("skipped", 0), render=("skipped", 0))
    assert progress.done == 1
    assert progress.seconds_left(60.0) == 0


def test_bars_move_while_a_part_is_at_work_and_stop_before_its_end() -> None:
    shown = [at(second, listen=("running", 0)).shown_percents["listen"] for second in (0, 10, 30, 60, 600)]
    assert shown[0] == 0
    assert shown == sorted(set(shown))
    assert shown[-1] <= 90
    assert at(60, listen=("waiting", 0)).shown_percents["listen"] == 0


def test_a_part_of_several_moves_within_itself_alone() -> None:
    progress = at(0)
    progress.take_event("project.progressed", {"stage": "listen", "state": "running", "percent": 50, "parts_total": 4})
    progress.now_s = lambda: 1000.0
    assert 50 < progress.shown_percents["listen"] <= 50 + 0.9 * 25


def test_a_snapshot_is_fetched_once_for_each_missing_fact() -> None:
    progress = Progress()
    assert not progress.wants_snapshot()
    progress.take_event("project.progressed", {"stage": "ingest", "state": "done", "percent": 100})
    assert [progress.wants_snapshot() for _ in range(2)] == [True, False]
    progress.take_event("project.progressed", {"stage": "render", "state": "running", "percent": 0})
    assert [progress.wants_snapshot() for _ in range(2)] == [True, False]


def test_progress_grows_with_the_stages() -> None:
    progress = Progress()
    before = progress.done
    progress.take_event("project.progressed", {"stage": "listen", "state": "running", "percent": 50})
    halfway = progress.done
    progress.take_event("project.progressed", {"stage": "listen", "state": "done", "percent": 50})
    assert before < halfway < progress.done
    progress.take_event("project.completed", {})
    assert progress.done == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "estimating"),
        (3, "a few seconds left"),
        (42, "about 40 s left"),
        (130, "about 2 min left"),
        (7200, "about 2.0 h left"),
    ],
)
def test_the_time_left_is_written_in_words(seconds: float | None, text: str) -> None:
    assert left_text(seconds) == text


def test_times_and_sizes_are_formatted() -> None:
    assert [duration_text(ms) for ms in (None, 420, 12_345, 185_000, 3_723_000)] == [
        "–",
        "0.4 s",
        "12 s",
        "3:05",
        "1:02:03",
    ]
    assert [size_text(count) for count in (12, 4_200, 4_752_047, 3_000_000_000)] == ["12 B", "4 kB", "4.8 MB", "3.0 GB"]
