"""Sound brought to its loudness under its peak, both as they are once it is encoded. Writes no file.

The gain is found with the limiter in the loop, for the limiter takes loudness away; then the encoding is tried, for it
moves both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schemas.media import Value
from streams.render.limiter import CEILING_DBTP, STEP, applied, gain_under, step_peaks
from streams.render.loudness import RATE_HZ, Samples, Sound, gated_lufs, integrated_lufs, lufs_of, weighted_power

LIMIT = 10 ** (-1.1 / 20)
"""Of true peaks: a little below what is promised (-1 dBTP)."""
NEAR_LU = 0.15
"""Nearer to the target than this nothing is tried again; ±0.5 is promised."""
TOLD_LU = 0.5
TRIES = 5
MAX_GAIN_DB = 24.0
"""More would make a programme of the room's noise …"""
MAX_GAIN_OVER_NOISE_DB = 40.0
"""… but not where something stands out of it."""
STANDS_OUT_LU = 15.0
MAX_EATEN_DB = 12.0
"""So much gain may be lost to the limiter: past that more gain only makes it flat."""
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


class _Try(Value, frozen=True, kw_only=True):
    """One gain, and what was heard of it."""

    sound: Sound
    gain_db: float
    missing_lu: float
    over: float
    """The highest peak by the limit."""

    def good(self, most_db: float) -> bool:
        """Whether another would be no better."""
        as_loud_as_can_be = self.missing_lu > 0 and self.gain_db >= most_db - 0.05
        return self.over <= 1.0 and (abs(self.missing_lu) < NEAR_LU or as_loud_as_can_be)


def at_target(sound: Sound, target_lufs: float, trial: Trial) -> Settled:
    """Sound of which ``trial`` hears ``target_lufs`` and no peak above -1 dBTP, as near as can be had."""
    weighed = _Weighed(power=weighted_power(sound, STEP), peaks=step_peaks(sound))
    before = gated_lufs(_blocks(weighed.power))
    if before is None:
        told = "audio.silent: nothing was loud enough to measure; the level was left alone"
        return Settled(sound=sound, source_lufs=None, gain_db=0.0, warnings=[told])
    most_db = min(target_lufs - before + MAX_EATEN_DB, most_gain_db(weighed.power, before))
    aim_lufs, tries = target_lufs, list[_Try]()
    while not tries or (len(tries) < TRIES and not tries[-1].good(most_db)):
        gain_db = gain_for(weighed, aim_lufs, most_db)
        gain = weighed.gain(gain_db)
        made = applied(sound, gain)
        heard = trial(made)
        reached, peaks = integrated_lufs(heard), step_peaks(heard)
        missing = target_lufs - (before if reached is None else reached)
        tries.append(_Try(sound=made, gain_db=gain_db, missing_lu=missing, over=float(peaks.max() / LIMIT)))
        weighed = _Weighed(power=weighed.power, peaks=_lifted(weighed.peaks, gain, peaks))
        aim_lufs += missing
    best = min(tries, key=lambda one: (max(one.over, 1.0), abs(one.missing_lu)))
    warnings = _told(target_lufs, best.missing_lu, most_db)
    return Settled(sound=best.sound, source_lufs=before, gain_db=best.gain_db, warnings=warnings)


def gain_for(weighed: _Weighed, aim_lufs: float, most_db: float) -> float:
    """The gain in dB at which limited sound is this loud: loudness only grows with it, so by halving."""
    low, high = most_db - MAX_EATEN_DB - MAX_GAIN_OVER_NOISE_DB, most_db
    if (weighed.lufs(high) or -200.0) <= aim_lufs:
        return high
    while high - low > 0.02:
        middle = (low + high) / 2
        low, high = (middle, high) if (weighed.lufs(middle) or -200.0) < aim_lufs else (low, middle)
    return high


def most_gain_db(power: Samples, lufs: float) -> float:
    """How much a sound may be lifted: more where its loud parts stand out of its quiet ones."""
    quiet = np.percentile(_blocks(power), 10)
    return MAX_GAIN_OVER_NOISE_DB if lufs - lufs_of(max(float(quiet), 1e-12)) >= STANDS_OUT_LU else MAX_GAIN_DB


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
    name, reason = ("audio.quiet", f"more than {most_db:.0f} dB of gain, or of its peaks cut off")
    if missing < 0:
        name, reason = "audio.loud", "peaks that its encoding lifts"
    return [f"{name}: {target_lufs - missing:.1f} LUFS; {target_lufs:g} would take {reason}"]
