"""How probably there is music, from tones that last and the rhythm of syllables. Pure; knows no song and no words.

Five features of the 3 s around each half second, and a logistic model of them (``benchmarks/acoustics/sounds_fit.py``
fits it):

- *steady*: spectral peaks that stay where they are (Seyerlehner, Pohle, Schedl, Widmer: "Automatic music detection in
  television productions", DAFx 2007), here for 0.4 s at least. A voice glides; notes hold, under speech too.
- *held*: the share of the spectrum that such tones cover, as a logarithm.
- *under*: the same in the softest looks of the stretch: between two words only the music is left.
- *syllables*: the share of the envelope's movement at 3-6 Hz (Scheirer, Slaney, ICASSP 1997): speech has most there.
- *gaps*: the share of looks far below the stretch's mean level (Saunders, ICASSP 1996): speech breathes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32, Int16
from schemas.common import Value
from streams.speech.spectrum import RATE_HZ, bin_hz, mel_bands, power_blocks

STEP_MS = 500
WINDOW_MS = 3_000
SIZE, HOP = 2048, 1024
"""128 ms: neighbouring notes of the middle octaves lie apart, and a syllable is not cut in two."""
TONE_LOW_HZ, TONE_HIGH_HZ = 100.0, 4_000.0
NEIGHBOURS = 10
"""A bin is a peak against the mean of so many on each side, as in the paper."""
STANDS_OUT_DB = 4.0
PEAKS = 5
"""So many of the steadiest peaks count, as in the paper."""
SYLLABLES_HZ = (3.0, 6.0)
MOVEMENT_HZ = (0.6, 20.0)
HELD_LOOKS = 6
"""A tone lasts at least so many looks (0.4 s): it must span more than a syllable."""
SOFTEST = 0.4
"""Share of looks that count as the softest."""
LEAST_SHARE = 1e-3
FEATURES = ("steady", "held", "under", "syllables", "gaps")
FAR_BELOW = 0.3
"""Share of the mean power below which a look counts as a gap."""
CHROMA, SHAPE = 12, 12
TEXTURE_STEP_MS = 1_000
SILENT_LUFS = -60.0


class Model(Value, frozen=True, kw_only=True):
    """Of standardised features: ``probability = 1 / (1 + exp(-(bias + weights · (x - mean) / spread)))``."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float


FITTED = Model(
    mean=(0.4705, -3.9744, -4.0997, 0.2728, 0.3701),
    spread=(0.245, 1.2082, 1.3129, 0.1185, 0.2402),
    weights=(1.4619, 1.1516, 1.7653, 0.151, -0.029),
    bias=-0.1822,
)
"""As ``python -m benchmarks.acoustics.sounds_fit`` prints it."""


class Tones(Value, frozen=True, kw_only=True):
    """Of each look: tones that are held (n, bins), 0 and 1; power (n,); the parts of its texture (n, 24)."""

    held: Float32
    power: Float32
    parts: Float32


def tones(samples: Int16) -> Tones:
    """What stands out of the spectrum and stays."""
    hz = bin_hz(SIZE)
    first, last = int(np.searchsorted(hz, TONE_LOW_HZ)), int(np.searchsorted(hz, TONE_HIGH_HZ))
    sums = np.column_stack([_pitch_classes(hz), mel_bands(SIZE, SHAPE, 60, 7_600), np.ones(len(hz), np.float32)])
    width = 2 * NEIGHBOURS + 1
    active = [np.zeros((0, last - first), dtype=bool)]
    parts = [np.zeros((0, CHROMA + SHAPE + 1), dtype=np.float32)]
    for power in power_blocks(samples, size=SIZE, hop=HOP, padded=SIZE):
        level = 10 * np.log10(power[:, first - NEIGHBOURS - 1 : last + NEIGHBOURS] + 1e-12)
        total = np.cumsum(level, axis=1, dtype=np.float64)
        around = (total[:, width:] - total[:, :-width]) / width
        active.append(level[:, NEIGHBOURS + 1 : -NEIGHBOURS] - around > STANDS_OUT_DB)
        parts.append(power @ sums)
    found = np.concatenate(parts)
    return Tones(held=lasting(np.concatenate(active)), power=found[:, -1], parts=found[:, :-1])


def lasting(active: NDArray[np.bool_]) -> Float32:
    """Runs down the columns of at least ``HELD_LOOKS``, as 0 and 1; shorter ones are gone."""
    if len(active) < HELD_LOOKS:
        return np.zeros(active.shape, dtype=np.float32)
    starts = np.asarray(np.lib.stride_tricks.sliding_window_view(active, HELD_LOOKS, axis=0).all(axis=-1))
    held = np.zeros_like(active)
    for late in range(HELD_LOOKS):
        held[late : late + len(starts)] |= starts
    return held.astype(np.float32)


def _pitch_classes(hz: NDArray[np.float64]) -> Float32:
    """Which of the twelve pitch classes each bin belongs to, 100 Hz to 2 kHz: float32 (bins, 12)."""
    note = np.rint(12 * np.log2(np.maximum(hz, 1.0) / 440.0)).astype(int) % CHROMA
    inside = (hz >= 100) & (hz <= 2_000)
    return np.asarray(np.eye(CHROMA)[note] * inside[:, None], dtype=np.float32)


def steadiness(tones: Tones, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features *steady*, *held* and *under* around each time: (len(at_s), 3)."""
    held, size = tones.held, round(WINDOW_MS / 1000 * RATE_HZ / HOP)
    if not len(held):
        return np.zeros((len(at_s), 3))
    first = np.clip((at_s * RATE_HZ / HOP).astype(int), 0, len(held) - 1)
    total = np.concatenate([np.zeros((1, held.shape[1])), np.cumsum(held, axis=0, dtype=np.float64)])
    start, end = np.maximum(first - size // 2, 0), np.minimum(first + size // 2, len(held))
    share = (total[end] - total[start]) / np.maximum(end - start, 1)[:, None]
    padded = np.pad(share, ((0, 0), (2, 2)))
    rises = np.sort(share - np.minimum(padded[:, :-4], padded[:, 4:]), axis=1)[:, -PEAKS:]
    power, covered = (_windows(values, size)[first] for values in (tones.power, held.mean(axis=1)))
    soft = power <= np.quantile(power, SOFTEST, axis=1)[:, None]
    under = (covered * soft).sum(axis=1) / soft.sum(axis=1)
    return np.column_stack([rises.mean(axis=1), np.log(share.mean(axis=1) + LEAST_SHARE), np.log(under + LEAST_SHARE)])


def _windows(values: Float32, size: int) -> Float32:
    """A window of ``size`` around each value; edges repeat."""
    padded = np.pad(values, (size // 2, size - size // 2 - 1), mode="edge")
    windows: Float32 = np.lib.stride_tricks.sliding_window_view(padded, size)
    return windows


def movement(envelopes: Float32, hop_s: float, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features *syllables* and *gaps* around each time, (len(at_s), 2); ``envelopes`` (n, bands) are powers."""
    size = round(WINDOW_MS / 1000 / hop_s)
    padded = np.pad(np.sqrt(envelopes), ((size // 2, size), (0, 0)))
    first = np.minimum((at_s / hop_s).astype(int), max(0, len(envelopes) - 1))
    rate = np.fft.rfftfreq(size, hop_s)
    inside = (rate >= MOVEMENT_HZ[0]) & (rate <= MOVEMENT_HZ[1])
    spoken = (rate >= SYLLABLES_HZ[0]) & (rate <= SYLLABLES_HZ[1])
    window = np.hanning(size)[:, None]
    found = np.zeros((len(at_s), 2))
    for row, start in enumerate(first):
        piece = padded[start : start + size]
        mean = piece.mean(axis=0)
        moved = np.abs(np.fft.rfft((piece - mean) * window, axis=0)) ** 2
        weight = mean / np.maximum(np.square(mean).sum() * moved[inside].sum(axis=0), 1e-20)
        found[row, 0] = float((moved[spoken].sum(axis=0) * weight * mean).sum())
        power = np.square(piece).sum(axis=1)
        found[row, 1] = float((power < FAR_BELOW * power.mean()).mean())
    return found


def features(tones: Tones, envelopes: Float32, hop_s: float, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The five features around each time, (len(at_s), 5)."""
    return np.column_stack([steadiness(tones, at_s), movement(envelopes, hop_s, at_s)])


def probability(found: NDArray[np.float64], lufs: NDArray[np.float64], model: Model = FITTED) -> NDArray[np.float64]:
    """0..1 for each row of features; 0 where nothing can be heard."""
    z = (found - np.asarray(model.mean)) / np.asarray(model.spread)
    sure = 1 / (1 + np.exp(-(model.bias + z @ np.asarray(model.weights))))
    return np.where(lufs > SILENT_LUFS, sure, 0.0)


def texture(parts: Float32, seconds: int) -> bytes:
    """Pitch classes and spectral shape of each second, 24 numbers 0..255: shares of the loudest, root of power."""
    looks = RATE_HZ / HOP
    rows: list[Sequence[int]] = []
    for second in range(seconds):
        inside = parts[round(second * looks) : round((second + 1) * looks)]
        mean = np.sqrt(inside.mean(axis=0)) if len(inside) else np.zeros(CHROMA + SHAPE)
        halves = (mean[:CHROMA], mean[CHROMA:])
        rows.append([int(v) for half in halves for v in np.rint(255 * half / max(float(half.max()), 1e-9))])
    return bytes(value for row in rows for value in row)
