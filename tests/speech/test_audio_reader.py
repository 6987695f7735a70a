"""FLAC to samples and their loudness."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from schemas.common import TimeRange
from streams.speech.audio_reader import RATE_HZ, WrongAudioError, measure_loudness, read_span_audio
from tests.support.media.recordings import flac


def tone(seconds: float, amplitude: float) -> np.ndarray:
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * 32767 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)


async def test_samples_read_back_unchanged(tmp_path: Path) -> None:
    samples = tone(2.5, 0.5)
    assert np.array_equal(await read_span_audio(flac(samples), max_length_ms=2500, scratch=tmp_path), samples)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("body", [b"", b"fLaC", b"RIFF" + bytes(100)])
async def test_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(WrongAudioError):
        await read_span_audio(body, max_length_ms=1000)


async def test_other_rates_and_lengths_are_refused() -> None:
    with pytest.raises(WrongAudioError, match="44100"):
        await read_span_audio(flac(tone(1, 0.1), 44_100), max_length_ms=1000)
    with pytest.raises(WrongAudioError, match="more than"):
        await read_span_audio(flac(tone(5, 0.1)), max_length_ms=1000)


def test_the_worker_itself_loads_no_decoder() -> None:
    code = "import sys, streams.listen.agent, streams.close.agent; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loudness_is_in_dbfs_and_only_of_the_range() -> None:
    samples = np.concatenate([tone(1, 0.9), tone(1, 0.1), np.zeros(RATE_HZ + 800, dtype=np.int16)])
    padded, wanted = TimeRange(start_ms=9_000, end_ms=12_050), TimeRange(start_ms=10_000, end_ms=12_050)
    curve = measure_loudness(samples, padded=padded, span_range=wanted)
    assert (curve.start_ms, curve.step_ms, len(curve.level_db)) == (10_000, 100, 21)
    assert curve.level_db[0] == pytest.approx(-23.0, abs=0.1)
    assert curve.level_db[-1] == -100.0
