"""Loudness, pitch and music of synthetic sounds with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.acoustics import SpanSounds
from streams.listen.acoustics.features import measure_acoustics
from streams.renderer.audio.loudness import integrated_lufs
from tests.support.media.recordings import RATE_HZ

Samples = NDArray[np.int16]


def quantised(sound: NDArray[np.floating]) -> Samples:
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def tone(seconds: float, hz: float, amplitude: float) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)


def sawtooth(hz: NDArray[np.float64], partials: int = 12) -> NDArray[np.float64]:
    """Harmonics 1/k of a frequency that may glide, one value a sample."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    return 0.1 * np.sum([np.sin(k * phase) / k for k in range(1, partials + 1)], axis=0)


def span_sounds(sound: NDArray[np.floating], margin_ms: int = 0) -> SpanSounds:
    length_ms = len(sound) * 1000 // RATE_HZ
    padded = TimeRange(start_ms=5_000, end_ms=5_000 + length_ms)
    wanted = TimeRange(start_ms=padded.start_ms + margin_ms, end_ms=padded.end_ms - margin_ms)
    return measure_acoustics(quantised(sound), padded=padded, span_range=wanted)


@pytest.mark.parametrize(("hz", "amplitude"), [(100, 0.5), (1000, 0.1), (3000, 0.02), (6500, 0.2)])
def test_loudness_of_a_tone_is_that_of_the_meter_at_48_khz(hz: float, amplitude: float) -> None:
    at = np.arange(4 * 48_000) / 48_000
    mono = (amplitude * np.sin(2 * np.pi * hz * at)).astype(np.float32)
    meter = integrated_lufs(np.stack([mono, np.zeros_like(mono)], axis=1))
    found = span_sounds(tone(4, hz, amplitude), margin_ms=1_000)
    assert found.loudness_lufs[5] == pytest.approx(meter, abs=0.15)


def test_features_cover_exactly_the_requested_range() -> None:
    found = span_sounds(tone(6.05, 200, 0.1), margin_ms=1_000)
    assert (found.start_ms, found.step_ms) == (6_000, 100)
    assert len(found.loudness_lufs) == len(found.pitch_hz) == len(found.bright_db) == 41
    assert len(found.music) == 9
    assert len(found.texture) == 5 * found.texture_size


@pytest.mark.parametrize("hz", [70, 110, 196, 261.6, 440])
def test_the_pitch_of_a_voice_like_sound_is_found(hz: float) -> None:
    found = np.array(span_sounds(sawtooth(np.full(2 * RATE_HZ, hz))).pitch_hz)
    assert np.abs(found[2:-2] / hz - 1).max() < 0.01


def test_a_glide_is_followed_without_octave_jumps() -> None:
    hz = 100 * 2 ** (np.arange(4 * RATE_HZ) / RATE_HZ / 2)  # 100 to 400 Hz in 4 s
    found = np.array(span_sounds(sawtooth(hz)).pitch_hz, dtype=float)
    truth = hz.reshape(-1, RATE_HZ // 10).mean(axis=1)
    assert np.abs(found[2:-2] / truth[2:-2] - 1).max() < 0.03


def test_noise_and_silence_have_no_pitch_and_no_music() -> None:
    generator = np.random.default_rng(1)
    for sound in (0.05 * generator.standard_normal(6 * RATE_HZ), np.zeros(6 * RATE_HZ)):
        found = span_sounds(sound)
        assert np.count_nonzero(found.pitch_hz) <= 1
        assert max(found.music) < 0.5


def test_digital_silence_is_the_floor_and_an_empty_span_is_no_error() -> None:
    assert set(span_sounds(np.zeros(RATE_HZ)).loudness_lufs) == {-100.0}
    assert span_sounds(np.zeros(0)).loudness_lufs == []
    assert span_sounds(np.zeros(100)).pitch_hz == [0]


def chords(seconds: int, seed: int = 3) -> NDArray[np.float64]:
    """Triads of half a second and more, with harmonics and an attack."""
    generator, parts = np.random.default_rng(seed), []
    while sum(map(len, parts)) < seconds * RATE_HZ:
        size = int(generator.uniform(0.5, 1.2) * RATE_HZ)
        root = 220 * 2 ** (int(generator.integers(12)) / 12)
        notes = [sawtooth(np.full(size, root * 2 ** (step / 12)), 6) for step in (0, 4, 7)]
        parts.append(np.sum(notes, axis=0) * np.exp(-np.arange(size) / RATE_HZ / 1.5))
    return np.concatenate(parts)


def test_chords_are_music_however_loud() -> None:
    played = chords(12)
    loud, soft = span_sounds(played), span_sounds(played / 30)
    assert np.median(loud.music[3:-3]) > 0.8
    assert np.abs(np.array(loud.music) - np.array(soft.music)).max() < 0.25


def test_the_same_sound_gives_the_same_bytes() -> None:
    one, other = span_sounds(chords(5)), span_sounds(chords(5))
    assert (one.music, one.texture, one.pitch_hz) == (other.music, other.texture, other.pitch_hz)
