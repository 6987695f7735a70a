"""A span's samples → what it sounds like: loudness, pitch, brightness, music. Pure; recognises no word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16
from schemas.common import TimeRange
from schemas.documents.acoustics import SpanSounds
from streams.listen.acoustics import music, pitch
from streams.speech.spectrum import RATE_HZ, bin_hz, k_weights, mel_bands, power_blocks

STEP_MS = 100
SIZE, HOP, PADDED = 1024, 320, 1536
"""64 ms looks every 20 ms (four periods of a low voice); padded so that no lag of the autocorrelation wraps around."""
MOMENT = 20
"""Looks of a momentary loudness: 400 ms (BS.1770-5)."""
LOOKS_PER_STEP = STEP_MS * RATE_HZ // 1000 // HOP
BANDS = 12
FLOOR_LUFS = -100.0
PITCHED_LUFS = -55.0
"""What is softer than this has no pitch worth a number."""


def listen(samples: Int16, *, padded: TimeRange, wanted: TimeRange) -> SpanSounds:
    """What ``wanted`` sounds like; ``samples`` (16 kHz mono) begin at ``padded``, whose margin is heard as well."""
    loud, bright, envelopes, hz, strength = _looks(samples)
    moment = _momentary(loud)
    pitched = pitch.track(hz, strength, moment > PITCHED_LUFS)
    first = (wanted.start_ms - padded.start_ms) * RATE_HZ // 1000 // HOP
    steps = -(-wanted.length_ms // STEP_MS)
    tones = music.tones(samples)
    at_s = _music_times(wanted.length_ms) + first * HOP / RATE_HZ
    found = music.features(tones, envelopes, HOP / RATE_HZ, at_s)
    sure = music.probability(found, _window_lufs(loud, at_s))
    seconds = -(-wanted.length_ms // music.TEXTURE_STEP_MS)
    texture = music.texture(tones.parts[round(first * HOP / music.HOP) :], seconds)
    return SpanSounds(
        start_ms=wanted.start_ms,
        step_ms=STEP_MS,
        loudness_lufs=_rounded(_steps(moment, first, steps)),
        pitch_hz=[round(value) for value in _median_pitch(pitched, first, steps)],
        bright_db=_rounded(_steps(bright, first, steps)),
        music_step_ms=music.STEP_MS,
        music=[round(float(value), 3) for value in sure],
        texture_step_ms=music.TEXTURE_STEP_MS,
        texture_size=music.CHROMA + music.SHAPE,
        texture=texture,
    )


def looks_for_music(
    samples: Int16,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Features (n, 5), loudness and time in s of each half second: what the music model is fitted to."""
    loud, _, envelopes, _, _ = _looks(samples)
    at_s = _music_times(len(samples) * 1000 // RATE_HZ)
    found = music.features(music.tones(samples), envelopes, HOP / RATE_HZ, at_s)
    return found, _window_lufs(loud, at_s), at_s


def _music_times(length_ms: int) -> NDArray[np.float64]:
    return (np.arange(-(-length_ms // music.STEP_MS)) + 0.5) * music.STEP_MS / 1000


def _looks(samples: Int16) -> tuple[Float32, Float32, Float32, Float32, Float32]:
    """Of each look: K-weighted power, brightness in dB, band powers, and the candidates for its pitch."""
    hz = bin_hz(PADDED)
    weights = np.column_stack(
        [k_weights(PADDED), (hz >= 80) & (hz < 500), hz >= 500, mel_bands(PADDED, BANDS, 80, 6_000)]
    ).astype(np.float32)
    levels, found, strengths = [], [], []
    for power in power_blocks(samples, size=SIZE, hop=HOP, padded=PADDED):
        levels.append(power @ weights)
        candidates, strength = pitch.candidates(power, size=SIZE, padded=PADDED)
        found.append(candidates)
        strengths.append(strength)
    if not levels:
        none = np.zeros((0, 3 + BANDS), dtype=np.float32)
        return none[:, 0], none[:, 0], none[:, 3:], none[:, : pitch.CANDIDATES], none[:, : pitch.CANDIDATES]
    level = np.concatenate(levels)
    bright = 10 * np.log10((level[:, 2] + 1e-12) / (level[:, 1] + 1e-12))
    return level[:, 0], bright, level[:, 3:], np.concatenate(found), np.concatenate(strengths)


def _momentary(power: Float32) -> NDArray[np.float64]:
    """Loudness of the 400 ms around each look, in LUFS: ``-0.691 + 10 log10`` of the K-weighted mean square."""
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    at = np.arange(len(power))
    first, end = np.maximum(at - MOMENT // 2, 0), np.minimum(at + MOMENT // 2, len(power))
    mean = np.maximum(total[end] - total[first], 0.0) / np.maximum(end - first, 1)
    return np.asarray(np.maximum(-0.691 + 10 * np.log10(mean + 1e-12), FLOOR_LUFS))


def _window_lufs(power: Float32, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    half = music.WINDOW_MS / 2000
    first, end = (np.clip(((at_s + side) * RATE_HZ / HOP).astype(int), 0, len(power)) for side in (-half, half))
    mean = np.maximum(total[end] - total[first], 0.0) / np.maximum(end - first, 1)
    return np.asarray(-0.691 + 10 * np.log10(mean + 1e-12))


def _steps(values: NDArray[np.floating], first: int, steps: int) -> NDArray[np.float64]:
    """Mean of the looks of each step; looks beyond the end repeat the last one."""
    if not len(values):
        return np.full(steps, FLOOR_LUFS)
    at = np.clip(first + np.arange(steps * LOOKS_PER_STEP), 0, len(values) - 1)
    looks = np.asarray(values[at], dtype=np.float64).reshape(steps, LOOKS_PER_STEP)
    return np.asarray(looks.mean(axis=1))


def _median_pitch(hz: Float32, first: int, steps: int) -> NDArray[np.float64]:
    """Median of a step's voiced looks where at least two of its five are voiced, else 0."""
    if not len(hz):
        return np.zeros(steps)
    at = first + np.arange(steps * LOOKS_PER_STEP)
    looks = np.where(at < len(hz), hz[np.minimum(at, len(hz) - 1)], 0.0).reshape(steps, LOOKS_PER_STEP)
    ordered = np.sort(np.where(looks > 0, looks, np.inf), axis=1)
    count = (looks > 0).sum(axis=1)
    median = ordered[np.arange(steps), np.maximum(count - 1, 0) // 2]
    return np.where(count >= 2, median, 0.0)


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 1) for value in values]
