"""Peaks: one a hundredth of a second, relative to the loudest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.ingest.probe.waveform import measure_peaks


def test_peaks_follow_the_sound(tmp_path: Path) -> None:
    samples = np.zeros(16_000 * 2 + 80, np.int16)
    samples[8_000] = -16_384
    samples[16_000:16_160] = 8_192
    samples.tofile(tmp_path / "pcm")
    peaks, loudest = measure_peaks(tmp_path / "pcm")
    assert len(peaks) == 201, "the last one begun counts"
    assert loudest == 0.5
    assert {at: value for at, value in enumerate(peaks) if value} == {50: 255, 100: 128}


def test_the_loudest_sample_is_full_scale(tmp_path: Path) -> None:
    np.array([-32_768, 0], np.int16).tofile(tmp_path / "pcm")
    assert measure_peaks(tmp_path / "pcm") == (b"\xff", 1.0)


@pytest.mark.parametrize("minutes", [1, 3])
def test_minutes_are_measured_in_pieces(minutes: int, tmp_path: Path) -> None:
    np.full(16_000 * 60 * minutes + 1, 100, np.int16).tofile(tmp_path / "pcm")
    peaks, _ = measure_peaks(tmp_path / "pcm")
    assert len(peaks) == 6_000 * minutes + 1
    assert set(peaks) == {255}


def test_digital_silence_is_flat(tmp_path: Path) -> None:
    np.zeros(1_600, np.int16).tofile(tmp_path / "pcm")
    assert measure_peaks(tmp_path / "pcm") == (bytes(10), 0.0)
