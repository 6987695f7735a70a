"""Sound brought to its loudness under its peak, both as they are once it is encoded. Writes no file.

The gain is found with the limiter in the loop, for the limiter takes loudness away; then the encoding is tried, for it
moves both.
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
    lufs_of,
    power_of,
    weighted_power,
)
from streams.renderer.audio.true_peak_limiter import CEILING_DBTP, STEP, applied, gain_under, step_peaks

LIMIT = 10 ** (-1.1 / 20)
"""Of true peaks: a little below what is promised (-1 dBTP)."""
NEAR_LU = 0.15
"""Nearer to the target than this nothing is tried again; ±0.5 is promised."""
TOLD_LU = 0.5
TRIES = 5
MAX_GAIN_DB = 24.0
"""More would make a programme of the room's noise …"""
MAX_GAIN_OVER_NOISE_DB = 45.0
"""… but not where something stands out of it: speech in a noisy room does by 13 LU and more, noise alone by 2."""
STANDS_OUT_LU = 6.0
MAX_GAIN_CLEAR_DB = 60.0
"""From the gate at -70 LUFS to the target, and what the limiter takes: a voice that stands clearly out of its room does
so at any level, however softly it was recorded."""
CLEAR_LU = 15.0
FLAT_DB, MOST_FLAT = -6.0, 0.25
"""The limiter may take more than this off a quarter of what is loud; past that it only makes it flat."""
GATE_LU = -10.0
"""Loud is what counts in the loudness of the whole."""
GAIN_STEP_DB = 1.0
STEPS_A_BLOCK = RATE_HZ // 10 // STEP
Trial = Callable[[Sound], Sound]
"""What is heard of a sound after its encoding, sample for sample."""


class Settled(Value, frozen=True, kw_only=True):
    """What was made, and how."""

    sound: Sound
    source_lufs: float | None
    """Before any gain."""
    gain_db: float
    warnings: list[str] = []


class _Weighed(Value, frozen=True, kw_only=True):
    """What gain and limiter need to know of a sound, a value a step."""

    power: Samples
    peaks: NDArray[np.float32]

    def gain(self, gain_db: float) -> Samples:
        """Of each step: the gain, and what the limiter takes off it."""
        factor = 10 ** (gain_db / 20)
        return factor * gain_under(self.peaks * np.float32(factor), 10 ** (CEILING_DBTP / 20))

    def lufs(self, gain_db: float) -> float | None:
        """Loudness after both, as near as a value a step tells."""
        return gated_lufs(_blocks(self.power * self.gain(gain_db)[: len(self.power)] ** 2))

    def flat(self, gain_db: float, lufs: float) -> bool:
        """Whether the limiter has to take too much off too often to come to ``lufs``."""
        gain = self.gain(gain_db)[: len(self.power)]
        loud = gain[self.power * gain**2 > power_of(lufs + GATE_LU)]
        return len(loud) > 0 and float(np.mean(loud < 10 ** ((gain_db + FLAT_DB) / 20))) > MOST_FLAT


class _Try(Value, frozen=True, kw_only=True):
    """One gain, and what was heard of it."""

    sound: Sound
    gain_db: float
    missing_lu: float
    over: float
    """The highest peak by the limit."""
    reaches: bool
    """Whether there was a gain that should have reached what was aimed at."""

    def good(self) -> bool:
        """Whether another would be no better."""
        return self.over <= 1.0 and (abs(self.missing_lu) < NEAR_LU or (self.missing_lu > 0 and not self.reaches))


def at_target(sound: Sound, target_lufs: float, trial: Trial) -> Settled:
    """Sound of which ``trial`` hears ``target_lufs`` and no peak above -1 dBTP, as near as can be had."""
    weighed = _Weighed(power=weighted_power(sound, STEP), peaks=step_peaks(sound))
    before = gated_lufs(_blocks(weighed.power))
    if before is None:
        told = "audio.silent: nothing was loud enough to measure; the level was left alone"
        return Settled(sound=sound, source_lufs=None, gain_db=0.0, warnings=[told])
    most_db = most_gain_db(weighed.power, before)
    aim_lufs, tries = target_lufs, list[_Try]()
    while not tries or (len(tries) < TRIES and not tries[-1].good()):
        gain_db, reaches = gain_for(weighed, before, aim_lufs, most_db)
        gain = weighed.gain(gain_db)
        made = applied(sound, gain)
        heard = trial(made)
        reached, peaks = integrated_lufs(heard), step_peaks(heard)
        missing = target_lufs - (before if reached is None else reached)
        tries.append(
            _Try(sound=made, gain_db=gain_db, missing_lu=missing, over=float(peaks.max() / LIMIT), reaches=reaches)
        )
        weighed = _Weighed(power=weighed.power, peaks=_lifted(weighed.peaks, gain, peaks))
        aim_lufs += missing
    best = min(tries, key=lambda one: (max(one.over, 1.0), abs(one.missing_lu)))
    warnings = _told(target_lufs, best.missing_lu, most_db)
    return Settled(sound=best.sound, source_lufs=before, gain_db=best.gain_db, warnings=warnings)


def gain_for(weighed: _Weighed, before_lufs: float, aim_lufs: float, most_db: float) -> tuple[float, bool]:
    """The least gain in dB at which limited sound is this loud, and True; the one at which it is loudest, and False.

    Loudness first grows with gain; where the limiter flattens what is loud, and what is soft comes through the gate, it
    falls again.
    """
    best_db, best_lufs, gain_db = 0.0, -200.0, min(aim_lufs - before_lufs, most_db)
    while gain_db <= most_db:
        lufs = weighed.lufs(gain_db) or -199.0
        if best_lufs > -200.0 and weighed.flat(gain_db, lufs):
            break
        if lufs >= aim_lufs:
            return _halved(weighed, aim_lufs, gain_db), True
        if lufs > best_lufs:
            best_db, best_lufs = gain_db, lufs
        gain_db = most_db if gain_db < most_db < gain_db + GAIN_STEP_DB else gain_db + GAIN_STEP_DB
    return best_db, False


def _halved(weighed: _Weighed, aim_lufs: float, high_db: float) -> float:
    """The gain at which it is this loud, a step or less below one at which it is louder."""
    low_db = high_db - GAIN_STEP_DB
    while high_db - low_db > 0.02:
        middle_db = (low_db + high_db) / 2
        if (weighed.lufs(middle_db) or -200.0) < aim_lufs:
            low_db = middle_db
        else:
            high_db = middle_db
    return high_db


def most_gain_db(power: Samples, lufs: float) -> float:
    """How much a sound may be lifted: the more its loud parts stand out of its quiet ones."""
    quiet = np.percentile(_blocks(power), 10)
    stands_out_lu = lufs - lufs_of(max(float(quiet), 1e-12))
    if stands_out_lu >= CLEAR_LU:
        return MAX_GAIN_CLEAR_DB
    return MAX_GAIN_OVER_NOISE_DB if stands_out_lu >= STANDS_OUT_LU else MAX_GAIN_DB


def _lifted(peaks: NDArray[np.float32], gain: Samples, heard: NDArray[np.float32]) -> NDArray[np.float32]:
    """The peaks as the limiter has to think they are: higher where encoding lifted them too high."""
    given = np.maximum(peaks * gain.astype(np.float32), 1e-6)
    return np.where(heard > LIMIT, peaks * np.maximum(heard / given, 1.0), peaks).astype(np.float32)


def _blocks(power: Samples) -> Samples:
    """The same power in steps of 100 ms."""
    count = len(power) // STEPS_A_BLOCK
    blocks: Samples = power[: count * STEPS_A_BLOCK].reshape(count, STEPS_A_BLOCK).mean(axis=1)
    return blocks


def _told(target_lufs: float, missing: float, most_db: float) -> list[str]:
    if abs(missing) <= TOLD_LU:
        return []
    name, reason = "audio.quiet", f"more than {most_db:.0f} dB of gain, or of its peaks cut off"
    if missing < 0:
        name, reason = "audio.loud", "peaks that its encoding lifts"
    return [f"{name}: {target_lufs - missing:.1f} LUFS; {target_lufs:g} would take {reason}"]
