"""Stamps and samples: what shakes stays whole, what drifts is stretched, what steps is cut."""

from __future__ import annotations

import numpy as np
import pytest

from streams.renderer.audio.clock_drift import fit_clock_drift

FRAME_MS = 1024 / 48


def due(frames: int) -> np.ndarray:
    return np.arange(frames) * FRAME_MS


def test_stamps_in_whole_ms_leave_the_sound_alone() -> None:
    at = np.round(due(2_000) + 1_000.4)
    (one,) = fit_clock_drift(at, due(2_000) + 1_000.0)
    assert (one.first, one.end, one.start_ms, one.ratio) == (0, 2_000, 1_000.0, 1.0)


def test_jittering_stamps_leave_the_sound_alone() -> None:
    shaking = due(500) + np.random.default_rng(1).uniform(-12, 12, 500)
    (one,) = fit_clock_drift(shaking, due(500))
    assert one.ratio == pytest.approx(1, abs=1e-4)
    assert abs(one.start_ms) < 3


@pytest.mark.parametrize("drift", [0.002, -0.002, 0.0005, 0.03])
def test_a_drift_is_followed(drift: float) -> None:
    at = np.round(due(3_000) * (1 + drift))
    found = fit_clock_drift(at, due(3_000))
    assert len(found) == 1
    assert found[0].ratio == pytest.approx(1 + drift, abs=1e-5)
    assert abs(found[0].start_ms) < 1


@pytest.mark.parametrize("step_ms", [20.0, 35.0, -30.0])
def test_lost_frames_split_the_drift(step_ms: float) -> None:
    at = due(1_000)
    at[400:] += step_ms
    found = fit_clock_drift(np.round(at), due(1_000))
    assert [(one.first, one.end) for one in found] == [(0, 400), (400, 1_000)]
    assert found[1].start_ms == pytest.approx(due(1_000)[400] + step_ms, abs=1)
    assert all(one.ratio == 1.0 for one in found)


def test_a_short_run_is_placed_whole() -> None:
    at = due(20)
    at[10:] += 30
    (one,) = fit_clock_drift(at, due(20))
    assert one.ratio == 1.0
    (alone,) = fit_clock_drift([512.0], [500.0])
    assert alone.start_ms == 512


def test_nonsensical_times_do_not_resample_the_sound() -> None:
    (one,) = fit_clock_drift(due(200) * 0.5, due(200))
    assert one.ratio == 1.0
