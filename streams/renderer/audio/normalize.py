"""Normalises loudness and true peak as they are after encoding.

The gain is found with the limiter in the loop, because the limiter lowers loudness; then an encode and decode corrects
both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value
from streams.renderer.audio.loudness import (
    RATE_HZ,
    Samples,
    Sound,
    gated_lufs,
    integrated_lufs,
    lufs_from_power,
    power_from_lufs,
    weighted_power,
)
from streams.renderer.audio.true_peak_limiter import CEILING_DBTP, STEP_SAMPLES, apply_gain, limiter_gain, step_peaks

PEAK_LIMIT = 10 ** (-1.1 / 20)
"""Bound of true peaks after encoding, as amplitude: 0.1 dB below the promised -1 dBTP."""
TARGET_TOLERANCE_LU = 0.15
"""Distance to the target at which the search ends; ±0.5 LU is promised."""
WARNING_TOLERANCE_LU = 0.5
"""Distance to the target that the certificate warns about."""
MAX_TRIES = 5
"""Round trips through the encoder."""
MAX_GAIN_DB = 24.0
"""Largest gain for sound that hardly stands out of its noise: more would amplify the room."""
MAX_GAIN_OVER_NOISE_DB = 45.0
"""Largest gain for speech in a noisy room.

Such speech stands 13 LU and more out of the noise; noise alone stands out of itself by 2.
"""
MIN_OVER_NOISE_LU = 6.0
"""Distance between loud and quiet parts from which a sound is more than noise."""
MAX_GAIN_CLEAR_DB = 60.0
"""Largest gain for a voice that stands clearly out of its room, however softly it was recorded.

It spans from the gate at -70 LUFS to the target, and what the limiter takes.
"""
MIN_CLEAR_OVER_NOISE_LU = 15.0
"""Distance between loud and quiet parts of a clear recording."""
FLATTENING_DB, MAX_FLATTENED_RATIO = -6.0, 0.25
"""Limiter reduction that counts as flattening."""
LOUD_PART_LU = -10.0
"""Parts within this distance of the total loudness count as loud."""
GAIN_STEP_DB = 1.0
"""Step of the search for the gain."""
STEPS_PER_BLOCK = RATE_HZ // 10 // STEP_SAMPLES
RoundTrip = Callable[[Sound], Sound]
"""Decodes a sound after its encoding, sample for sample."""


class NormalizedAudio(Value, frozen=True, kw_only=True):
    """The normalised sound, the gain, and warnings."""

    sound: Sound
    source_lufs: float | None
    """Loudness before any gain."""
    gain_db: float
    warnings: list[str] = []


class _LimiterModel(Value, frozen=True, kw_only=True):
    """Power and peaks of each step, from which loudness after gain and limiter is computed."""

    power: Samples
    peaks: NDArray[np.float32]

    def step_gains(self, gain_db: float) -> Samples:
        """Gain of each step, the limiter's reduction included."""
        factor = 10 ** (gain_db / 20)
        return factor * limiter_gain(self.peaks * np.float32(factor), 10 ** (CEILING_DBTP / 20))

    def lufs(self, gain_db: float) -> float | None:
        """Loudness after gain and limiter, as exact as one value a step allows."""
        return gated_lufs(_block_power(self.power * self.step_gains(gain_db)[: len(self.power)] ** 2))

    def is_flattened(self, gain_db: float, lufs: float) -> bool:
        """Whether the limiter reduces too much of the loud parts to reach ``lufs``."""
        gain = self.step_gains(gain_db)[: len(self.power)]
        loud = gain[self.power * gain**2 > power_from_lufs(lufs + LOUD_PART_LU)]
        return len(loud) > 0 and float(np.mean(loud < 10 ** ((gain_db + FLATTENING_DB) / 20))) > MAX_FLATTENED_RATIO


class _Attempt(Value, frozen=True, kw_only=True):
    """One gain, and the result after encoding."""

    sound: Sound
    gain_db: float
    missing_lu: float
    peak_ratio: float
    """The highest peak, relative to the limit."""
    reaches: bool
    """Whether a gain was found that should reach the target."""

    def is_good_enough(self) -> bool:
        """Whether another attempt would be no better."""
        return self.peak_ratio <= 1.0 and (
            abs(self.missing_lu) < TARGET_TOLERANCE_LU or (self.missing_lu > 0 and not self.reaches)
        )


def normalize_loudness(sound: Sound, target_lufs: float, round_trip: RoundTrip) -> NormalizedAudio:
    """Bring a sound to ``target_lufs`` and below -1 dBTP after ``round_trip``, as near as possible."""
    model = _LimiterModel(power=weighted_power(sound, STEP_SAMPLES), peaks=step_peaks(sound))
    before = gated_lufs(_block_power(model.power))
    if before is None:
        warning = "audio.silent: nothing was loud enough to measure; the level was left alone"
        return NormalizedAudio(sound=sound, source_lufs=None, gain_db=0.0, warnings=[warning])
    max_db = max_gain_db(model.power, before)
    aim_lufs, attempts = target_lufs, list[_Attempt]()
    while not attempts or (len(attempts) < MAX_TRIES and not attempts[-1].is_good_enough()):
        gain_db, reaches = find_gain(model, before, aim_lufs, max_db)
        gain = model.step_gains(gain_db)
        attempt_sound = apply_gain(sound, gain)
        decoded = round_trip(attempt_sound)
        reached, peaks = integrated_lufs(decoded), step_peaks(decoded)
        missing = target_lufs - (before if reached is None else reached)
        attempts.append(
            _Attempt(
                sound=attempt_sound,
                gain_db=gain_db,
                missing_lu=missing,
                peak_ratio=float(peaks.max() / PEAK_LIMIT),
                reaches=reaches,
            )
        )
        model = _LimiterModel(power=model.power, peaks=_raise_peaks(model.peaks, gain, peaks))
        aim_lufs += missing
    best = min(attempts, key=lambda attempt: (max(attempt.peak_ratio, 1.0), abs(attempt.missing_lu)))
    warnings = _miss_warnings(target_lufs, best.missing_lu, max_db)
    return NormalizedAudio(sound=best.sound, source_lufs=before, gain_db=best.gain_db, warnings=warnings)


def find_gain(model: _LimiterModel, before_lufs: float, aim_lufs: float, max_db: float) -> tuple[float, bool]:
    """Find the least gain in dB that reaches the loudness, and True; else the loudest gain, and False.

    Loudness first grows with gain; where the limiter flattens loud parts and quiet ones pass the gate, it falls
    again.
    """
    best_db, best_lufs, gain_db = 0.0, -200.0, min(aim_lufs - before_lufs, max_db)
    while gain_db <= max_db:
        lufs = model.lufs(gain_db) or -199.0
        if best_lufs > -200.0 and model.is_flattened(gain_db, lufs):
            break
        if lufs >= aim_lufs:
            return _bisect_gain(model, aim_lufs, gain_db), True
        if lufs > best_lufs:
            best_db, best_lufs = gain_db, lufs
        gain_db = max_db if gain_db < max_db < gain_db + GAIN_STEP_DB else gain_db + GAIN_STEP_DB
    return best_db, False


def _bisect_gain(model: _LimiterModel, aim_lufs: float, high_db: float) -> float:
    """Narrow the gain down between the last step and the one before it."""
    low_db = high_db - GAIN_STEP_DB
    while high_db - low_db > 0.02:
        middle_db = (low_db + high_db) / 2
        if (model.lufs(middle_db) or -200.0) < aim_lufs:
            low_db = middle_db
        else:
            high_db = middle_db
    return high_db


def max_gain_db(power: Samples, lufs: float) -> float:
    """The largest gain of a sound: larger where its loud parts are further above its quiet ones."""
    quiet = np.percentile(_block_power(power), 10)
    over_noise_lu = lufs - lufs_from_power(max(float(quiet), 1e-12))
    if over_noise_lu >= MIN_CLEAR_OVER_NOISE_LU:
        return MAX_GAIN_CLEAR_DB
    return MAX_GAIN_OVER_NOISE_DB if over_noise_lu >= MIN_OVER_NOISE_LU else MAX_GAIN_DB


def _raise_peaks(peaks: NDArray[np.float32], gain: Samples, decoded_peaks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Peaks as the limiter should assume them: higher where encoding raised them too far."""
    limited_peaks = np.maximum(peaks * gain.astype(np.float32), 1e-6)
    return np.where(decoded_peaks > PEAK_LIMIT, peaks * np.maximum(decoded_peaks / limited_peaks, 1.0), peaks).astype(
        np.float32
    )


def _block_power(power: Samples) -> Samples:
    """Power in blocks of 100 ms."""
    count = len(power) // STEPS_PER_BLOCK
    blocks: Samples = power[: count * STEPS_PER_BLOCK].reshape(count, STEPS_PER_BLOCK).mean(axis=1)
    return blocks


def _miss_warnings(target_lufs: float, missing: float, max_db: float) -> list[str]:
    """Warnings where the target was missed."""
    if abs(missing) <= WARNING_TOLERANCE_LU:
        return []
    name, reason = "audio.quiet", f"more than {max_db:.0f} dB of gain, or of its peaks cut off"
    if missing < 0:
        name, reason = "audio.loud", "peaks that its encoding lifts"
    return [f"{name}: {target_lufs - missing:.1f} LUFS; {target_lufs:g} would take {reason}"]
