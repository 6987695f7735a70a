"""Estimates and formats: no more exact than what is known."""

from __future__ import annotations

import pytest

from cli.progress import SHARES, Progress, duration_text, left_text, seconds_left, size_text


def test_shares_make_a_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("done", "elapsed_s", "expected"),
    [(0.5, 30, 30.0), (0.01, 30, None), (0.5, 1, None), (1, 9, 0.0), (0.25, 60, 180.0)],
)
def test_the_estimate_is_by_proportion_or_absent(done: float, elapsed_s: float, expected: float | None) -> None:
    assert seconds_left(done, elapsed_s) == expected


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
def test_the_estimate_is_said_as_a_person_would(seconds: float | None, text: str) -> None:
    assert left_text(seconds) == text


def test_formats() -> None:
    assert [duration_text(ms) for ms in (None, 420, 12_345, 185_000, 3_723_000)] == [
        "–",
        "0.4 s",
        "12 s",
        "3:05",
        "1:02:03",
    ]
    assert [size_text(count) for count in (12, 4_200, 4_752_047, 3_000_000_000)] == ["12 B", "4 kB", "4.8 MB", "3.0 GB"]
