"""Measure the acoustics of a span: loudness, pitch, brightness, music. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16
from schemas.common import TimeRange
from schemas.documents.acoustics import SpanSounds
from streams.listen.acoustics import music, pitch
from streams.speech.spectrum import RATE_HZ, bin_frequencies_hz, compute_power_blocks, k_weights, mel_bands

ACOUSTICS_STEP_MS = 100
"""Step of the loudness, pitch and brightness curves."""
FRAME_SAMPLES = 1024
"""Samples of a frame: 64 ms, four periods of a low voice."""
HOP_SAMPLES = 320
"""Samples between frames: 20 ms."""
FFT_SIZE = 1536
"""Points of the transform: padded so that no lag of the autocorrelation wraps around."""
MOMENTARY_FRAMES = 20
"""Frames of a momentary loudness: 400 ms (BS.1770-5)."""
FRAMES_PER_STEP = ACOUSTICS_STEP_MS * RATE_HZ // 1000 // HOP_SAMPLES
"""Frames averaged for one value of a curve."""
ENVELOPE_BAND_COUNT = 12
"""Mel bands whose envelopes the music features look at."""
FLOOR_LUFS = -100.0
"""Loudness of digital silence."""
MIN_PITCHED_LUFS = -55.0
"""Sound softer than this has no pitch worth a number."""


def measure_acoustics(samples: Int16, *, padded: TimeRange, span_range: TimeRange) -> SpanSounds:
    """Measure the acoustics of ``span_range``.

    ``samples`` (16 kHz mono) begin at ``padded``, whose margin is used too.
    """
    power, brightness_db, envelopes, candidate_hz, candidate_strength = _analyse_frames(samples)
    momentary_lufs = _momentary_lufs(power)
    pitch_hz = pitch.track_pitch(candidate_hz, candidate_strength, momentary_lufs > MIN_PITCHED_LUFS)
    first = (span_range.start_ms - padded.start_ms) * RATE_HZ // 1000 // HOP_SAMPLES
    step_count = -(-span_range.length_ms // ACOUSTICS_STEP_MS)
    tones = music.find_held_tones(samples)
    at_s = _music_times_s(span_range.length_ms) + first * HOP_SAMPLES / RATE_HZ
    music_features = music.compute_features(tones, envelopes, HOP_SAMPLES / RATE_HZ, at_s)
    music_probability = music.predict_music(music_features, _window_lufs(power, at_s))
    seconds = -(-span_range.length_ms // music.TEXTURE_STEP_MS)
    texture = music.encode_texture(tones.parts[round(first * HOP_SAMPLES / music.HOP_SAMPLES) :], seconds)
    return SpanSounds(
        start_ms=span_range.start_ms,
        step_ms=ACOUSTICS_STEP_MS,
        loudness_lufs=_round_values(_average_steps(momentary_lufs, first, step_count)),
        pitch_hz=[round(value) for value in _median_pitch_by_step(pitch_hz, first, step_count)],
        bright_db=_round_values(_average_steps(brightness_db, first, step_count)),
        music_step_ms=music.MUSIC_STEP_MS,
        music=[round(float(value), 3) for value in music_probability],
        texture_step_ms=music.TEXTURE_STEP_MS,
        texture_size=music.CHROMA_CLASS_COUNT + music.SHAPE_BAND_COUNT,
        texture=texture,
    )


def compute_music_training_rows(
    samples: Int16,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return features (n, 5), loudness and time in s of each half second.

    The music model is fitted to them (benchmarks/acoustics/sounds_fit.py).
    """
    power, _, envelopes, _, _ = _analyse_frames(samples)
    at_s = _music_times_s(len(samples) * 1000 // RATE_HZ)
    music_features = music.compute_features(music.find_held_tones(samples), envelopes, HOP_SAMPLES / RATE_HZ, at_s)
    return music_features, _window_lufs(power, at_s), at_s


def _music_times_s(length_ms: int) -> NDArray[np.float64]:
    """Middles of the music steps, in s."""
    return (np.arange(-(-length_ms // music.MUSIC_STEP_MS)) + 0.5) * music.MUSIC_STEP_MS / 1000


def _analyse_frames(samples: Int16) -> tuple[Float32, Float32, Float32, Float32, Float32]:
    """Return each frame's K-weighted power, brightness in dB, band powers and pitch candidates."""
    hz = bin_frequencies_hz(FFT_SIZE)
    weights = np.column_stack(
        [k_weights(FFT_SIZE), (hz >= 80) & (hz < 500), hz >= 500, mel_bands(FFT_SIZE, ENVELOPE_BAND_COUNT, 80, 6_000)]
    ).astype(np.float32)
    levels, candidate_hz, candidate_strengths = [], [], []
    for power in compute_power_blocks(samples, size=FRAME_SAMPLES, hop=HOP_SAMPLES, padded=FFT_SIZE):
        levels.append(power @ weights)
        block_hz, block_strength = pitch.find_candidates(power, size=FRAME_SAMPLES, padded=FFT_SIZE)
        candidate_hz.append(block_hz)
        candidate_strengths.append(block_strength)
    if not levels:
        empty = np.zeros((0, 3 + ENVELOPE_BAND_COUNT), dtype=np.float32)
        return (
            empty[:, 0],
            empty[:, 0],
            empty[:, 3:],
            empty[:, : pitch.CANDIDATE_COUNT],
            empty[:, : pitch.CANDIDATE_COUNT],
        )
    level = np.concatenate(levels)
    brightness_db = 10 * np.log10((level[:, 2] + 1e-12) / (level[:, 1] + 1e-12))
    return level[:, 0], brightness_db, level[:, 3:], np.concatenate(candidate_hz), np.concatenate(candidate_strengths)


def _momentary_lufs(power: Float32) -> NDArray[np.float64]:
    """Return the loudness of the 400 ms around each frame in LUFS.

    ``-0.691 + 10 log10`` of the K-weighted mean square.
    """
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    index = np.arange(len(power))
    first, end = np.maximum(index - MOMENTARY_FRAMES // 2, 0), np.minimum(index + MOMENTARY_FRAMES // 2, len(power))
    mean = np.maximum(total[end] - total[first], 0.0) / np.maximum(end - first, 1)
    return np.asarray(np.maximum(-0.691 + 10 * np.log10(mean + 1e-12), FLOOR_LUFS))


def _window_lufs(power: Float32, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loudness in LUFS of the music window around each time."""
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    half = music.FEATURE_WINDOW_MS / 2000
    first, end = (np.clip(((at_s + side) * RATE_HZ / HOP_SAMPLES).astype(int), 0, len(power)) for side in (-half, half))
    mean = np.maximum(total[end] - total[first], 0.0) / np.maximum(end - first, 1)
    return np.asarray(-0.691 + 10 * np.log10(mean + 1e-12))


def _average_steps(values: NDArray[np.floating], first: int, step_count: int) -> NDArray[np.float64]:
    """Mean of the frames of each step; frames beyond the end repeat the last one."""
    if not len(values):
        return np.full(step_count, FLOOR_LUFS)
    at = np.clip(first + np.arange(step_count * FRAMES_PER_STEP), 0, len(values) - 1)
    frames = np.asarray(values[at], dtype=np.float64).reshape(step_count, FRAMES_PER_STEP)
    return np.asarray(frames.mean(axis=1))


def _median_pitch_by_step(hz: Float32, first: int, step_count: int) -> NDArray[np.float64]:
    """Median pitch of a step's voiced frames where at least two of its five are voiced, else 0."""
    if not len(hz):
        return np.zeros(step_count)
    at = first + np.arange(step_count * FRAMES_PER_STEP)
    frames = np.where(at < len(hz), hz[np.minimum(at, len(hz) - 1)], 0.0).reshape(step_count, FRAMES_PER_STEP)
    ordered = np.sort(np.where(frames > 0, frames, np.inf), axis=1)
    count = (frames > 0).sum(axis=1)
    median = ordered[np.arange(step_count), np.maximum(count - 1, 0) // 2]
    return np.where(count >= 2, median, 0.0)


def _round_values(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 1) for value in values]
