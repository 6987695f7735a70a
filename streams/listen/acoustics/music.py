"""Probability of music, from tones that last and the rhythm of syllables. Pure.

Five features of the 3 s around each half second, and a logistic model of them (``benchmarks/acoustics/sounds_fit.py``
fits it):

- *steady*: spectral peaks that stay where they are (Seyerlehner, Pohle, Schedl, Widmer: "Automatic music detection in
  television productions", DAFx 2007), here for 0.4 s at least. A voice glides; notes hold, under speech too.
- *held*: the share of the spectrum that such tones cover, as a logarithm.
- *under*: the same in the softest frames of the window: between two words only the music is left.
- *syllables*: the share of the envelope's movement at 3-6 Hz (Scheirer, Slaney, ICASSP 1997): speech has most there.
- *gaps*: the share of frames far below the window's mean level (Saunders, ICASSP 1996): speech breathes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16
from schemas.common import Value
from streams.speech.spectrum import RATE_HZ, bin_frequencies_hz, compute_power_blocks, mel_bands

MUSIC_STEP_MS = 500
"""Step of the probability curve."""
FEATURE_WINDOW_MS = 3_000
"""Audio around each step that the features look at."""
FRAME_SAMPLES = 2048
"""Samples of a frame: 128 ms.

Neighbouring notes of the middle octaves are separate, and a syllable is not cut in two.
"""
HOP_SAMPLES = 1024
"""Samples between frames: 64 ms."""
MIN_TONE_HZ = 100.0
"""Lowest tone that is looked for."""
MAX_TONE_HZ = 4_000.0
"""Highest tone that is looked for."""
PEAK_NEIGHBOUR_BINS = 10
"""A bin is a peak against the mean of this number of bins on each side, as in the paper."""
MIN_PEAK_DB = 4.0
"""Least height of a peak over its neighbourhood."""
STEADY_PEAK_COUNT = 5
"""Number of the steadiest peaks that count, as in the paper."""
SYLLABLE_RATES_HZ = (3.0, 6.0)
"""Modulation rates of syllables."""
MODULATION_RATES_HZ = (0.6, 20.0)
"""Modulation rates that syllables are compared with."""
MIN_TONE_FRAMES = 6
"""A tone lasts at least this number of frames (0.4 s): it must outlast a syllable."""
SOFTEST_RATIO = 0.4
"""Share of frames that count as the softest."""
MIN_LOG_RATIO = 1e-3
"""Added to a share before its logarithm."""
FEATURE_NAMES = ("steady", "held", "under", "syllables", "gaps")
"""The model's features, in its order."""
GAP_POWER_RATIO = 0.3
"""A frame below this share of the mean power counts as a gap."""
CHROMA_CLASS_COUNT = 12
"""Pitch classes of a texture."""
SHAPE_BAND_COUNT = 12
"""Bands of a texture's spectral shape."""
TEXTURE_STEP_MS = 1_000
"""Step of the texture."""
MIN_MUSIC_LUFS = -60.0
"""Sound softer than this is no music."""


class MusicModel(Value, frozen=True, kw_only=True):
    """Logistic model of standardised features.

    ``probability = 1 / (1 + exp(-(bias + weights · (x - mean) / spread)))``
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float


FITTED_MODEL = MusicModel(
    mean=(0.4705, -3.9744, -4.0997, 0.2728, 0.3701),
    spread=(0.245, 1.2082, 1.3129, 0.1185, 0.2402),
    weights=(1.4619, 1.1516, 1.7653, 0.151, -0.029),
    bias=-0.1822,
)
"""The model as ``python -m benchmarks.acoustics.sounds_fit`` prints it."""


class HeldTones(Value, frozen=True, kw_only=True):
    """Tones held (n, bins), 0 and 1; power of each frame, (n,); parts of its texture, (n, 24)."""

    held: Float32
    power: Float32
    parts: Float32


def find_held_tones(samples: Int16) -> HeldTones:
    """Find spectral peaks that stay where they are."""
    hz = bin_frequencies_hz(FRAME_SAMPLES)
    first, last = int(np.searchsorted(hz, MIN_TONE_HZ)), int(np.searchsorted(hz, MAX_TONE_HZ))
    part_weights = np.column_stack(
        [_pitch_class_matrix(hz), mel_bands(FRAME_SAMPLES, SHAPE_BAND_COUNT, 60, 7_600), np.ones(len(hz), np.float32)]
    )
    width = 2 * PEAK_NEIGHBOUR_BINS + 1
    peaks = [np.zeros((0, last - first), dtype=bool)]
    parts = [np.zeros((0, CHROMA_CLASS_COUNT + SHAPE_BAND_COUNT + 1), dtype=np.float32)]
    for power in compute_power_blocks(samples, size=FRAME_SAMPLES, hop=HOP_SAMPLES, padded=FRAME_SAMPLES):
        level = 10 * np.log10(power[:, first - PEAK_NEIGHBOUR_BINS - 1 : last + PEAK_NEIGHBOUR_BINS] + 1e-12)
        total = np.cumsum(level, axis=1, dtype=np.float64)
        neighbourhood_db = (total[:, width:] - total[:, :-width]) / width
        peaks.append(level[:, PEAK_NEIGHBOUR_BINS + 1 : -PEAK_NEIGHBOUR_BINS] - neighbourhood_db > MIN_PEAK_DB)
        parts.append(power @ part_weights)
    part_sums = np.concatenate(parts)
    return HeldTones(held=keep_lasting_runs(np.concatenate(peaks)), power=part_sums[:, -1], parts=part_sums[:, :-1])


def keep_lasting_runs(active: NDArray[np.bool_]) -> Float32:
    """Keep the runs down the columns of at least ``MIN_TONE_FRAMES``, as 0 and 1."""
    if len(active) < MIN_TONE_FRAMES:
        return np.zeros(active.shape, dtype=np.float32)
    run_starts = np.asarray(np.lib.stride_tricks.sliding_window_view(active, MIN_TONE_FRAMES, axis=0).all(axis=-1))
    is_lasting = np.zeros_like(active)
    for delay in range(MIN_TONE_FRAMES):
        is_lasting[delay : delay + len(run_starts)] |= run_starts
    return is_lasting.astype(np.float32)


def _pitch_class_matrix(hz: NDArray[np.float64]) -> Float32:
    """Pitch class of each bin from 100 Hz to 2 kHz: float32 (bins, 12)."""
    note = np.rint(12 * np.log2(np.maximum(hz, 1.0) / 440.0)).astype(int) % CHROMA_CLASS_COUNT
    inside = (hz >= 100) & (hz <= 2_000)
    return np.asarray(np.eye(CHROMA_CLASS_COUNT)[note] * inside[:, None], dtype=np.float32)


def compute_steadiness(held_tones: HeldTones, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute *steady*, *held* and *under* around each time: (len(at_s), 3)."""
    tones, window_frames = held_tones.held, round(FEATURE_WINDOW_MS / 1000 * RATE_HZ / HOP_SAMPLES)
    if not len(tones):
        return np.zeros((len(at_s), 3))
    first = np.clip((at_s * RATE_HZ / HOP_SAMPLES).astype(int), 0, len(tones) - 1)
    total = np.concatenate([np.zeros((1, tones.shape[1])), np.cumsum(tones, axis=0, dtype=np.float64)])
    start, end = np.maximum(first - window_frames // 2, 0), np.minimum(first + window_frames // 2, len(tones))
    share = (total[end] - total[start]) / np.maximum(end - start, 1)[:, None]
    padded = np.pad(share, ((0, 0), (2, 2)))
    rises = np.sort(share - np.minimum(padded[:, :-4], padded[:, 4:]), axis=1)[:, -STEADY_PEAK_COUNT:]
    power, covered = (
        _sliding_windows(values, window_frames)[first] for values in (held_tones.power, tones.mean(axis=1))
    )
    is_soft = power <= np.quantile(power, SOFTEST_RATIO, axis=1)[:, None]
    covered_when_soft = (covered * is_soft).sum(axis=1) / is_soft.sum(axis=1)
    return np.column_stack(
        [rises.mean(axis=1), np.log(share.mean(axis=1) + MIN_LOG_RATIO), np.log(covered_when_soft + MIN_LOG_RATIO)]
    )


def _sliding_windows(values: Float32, size: int) -> Float32:
    """A window of ``size`` around each value; edges repeat."""
    padded = np.pad(values, (size // 2, size - size // 2 - 1), mode="edge")
    windows: Float32 = np.lib.stride_tricks.sliding_window_view(padded, size)
    return windows


def compute_modulation(envelopes: Float32, hop_s: float, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute *syllables* and *gaps* around each time, (len(at_s), 2).

    ``envelopes`` (n, bands) are powers.
    """
    size = round(FEATURE_WINDOW_MS / 1000 / hop_s)
    padded = np.pad(np.sqrt(envelopes), ((size // 2, size), (0, 0)))
    first = np.minimum((at_s / hop_s).astype(int), max(0, len(envelopes) - 1))
    rate = np.fft.rfftfreq(size, hop_s)
    inside = (rate >= MODULATION_RATES_HZ[0]) & (rate <= MODULATION_RATES_HZ[1])
    syllable_rates = (rate >= SYLLABLE_RATES_HZ[0]) & (rate <= SYLLABLE_RATES_HZ[1])
    window = np.hanning(size)[:, None]
    modulation = np.zeros((len(at_s), 2))
    for row, start in enumerate(first):
        piece = padded[start : start + size]
        mean = piece.mean(axis=0)
        movement = np.abs(np.fft.rfft((piece - mean) * window, axis=0)) ** 2
        weight = mean / np.maximum(np.square(mean).sum() * movement[inside].sum(axis=0), 1e-20)
        modulation[row, 0] = float((movement[syllable_rates].sum(axis=0) * weight * mean).sum())
        power = np.square(piece).sum(axis=1)
        modulation[row, 1] = float((power < GAP_POWER_RATIO * power.mean()).mean())
    return modulation


def compute_features(
    held_tones: HeldTones, envelopes: Float32, hop_s: float, at_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the five features around each time, (len(at_s), 5)."""
    return np.column_stack([compute_steadiness(held_tones, at_s), compute_modulation(envelopes, hop_s, at_s)])


def predict_music(
    music_features: NDArray[np.float64], lufs: NDArray[np.float64], model: MusicModel = FITTED_MODEL
) -> NDArray[np.float64]:
    """Predict the probability of music for each row of features; 0 where nothing can be heard."""
    z = (music_features - np.asarray(model.mean)) / np.asarray(model.spread)
    probability = 1 / (1 + np.exp(-(model.bias + z @ np.asarray(model.weights))))
    return np.where(lufs > MIN_MUSIC_LUFS, probability, 0.0)


def encode_texture(parts: Float32, seconds: int) -> bytes:
    """Encode pitch classes and spectral shape of each second: 24 numbers 0..255.

    Shares of the loudest, root of power.
    """
    frames_per_s = RATE_HZ / HOP_SAMPLES
    rows: list[Sequence[int]] = []
    for second in range(seconds):
        second_parts = parts[round(second * frames_per_s) : round((second + 1) * frames_per_s)]
        mean = (
            np.sqrt(second_parts.mean(axis=0)) if len(second_parts) else np.zeros(CHROMA_CLASS_COUNT + SHAPE_BAND_COUNT)
        )
        halves = (mean[:CHROMA_CLASS_COUNT], mean[CHROMA_CLASS_COUNT:])
        rows.append([int(v) for half in halves for v in np.rint(255 * half / max(float(half.max()), 1e-9))])
    return bytes(value for row in rows for value in row)
