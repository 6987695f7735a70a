"""How far sound and picture of the file have moved against each other, beside what was given to the encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.documents.quality import Check, judged
from streams.render.quality.subject import Case
from streams.renderer.audio.loudness import RATE_HZ, Sound

STRETCH = 4 * RATE_HZ
REACH = RATE_HZ
"""An offset of more than a second either way is not looked for."""
NEAR_SLOTS = 12
CLEARLY = 1.5
"""Mean difference, of 255, by which another slot must fit better than the right one."""
LEAST_LIKENESS = 0.3
HEARD = 1e-3
"""Of full scale: what is as soft on the whole may be left out by a codec."""
AS_LIKE = 0.005
"""A tone is like itself at each of its periods: of shifts that fit as well the smallest is taken."""


def check_sync(case: Case) -> list[Check]:
    """One check: the sound's lag less the picture's."""
    bound = case.meant.limits.av_offset_ms
    late = None if case.film.sound is None else sound_lag_ms(case.meant.sound, case.film.sound)
    if late is None and case.film.sound is not None and _is_heard(case.meant.sound):
        told = "the sound is not the one that was made, or is more than a second away"
        return [judged("av_offset", REACH * 1000 / RATE_HZ, "ms", bound, detail=told)]
    if late is None:
        why = "the sound is silent" if case.meant.file.audio else f"{case.meant.file.container} has no sound"
        return [judged("av_offset", None, "ms", bound, detail=why)]
    slots = picture_lag(case)
    offset_ms = late - slots * float(case.meant.timeline.period_ms)
    return [judged("av_offset", offset_ms, "ms", bound, detail=f"sound {late:.1f} ms late, picture {slots} pictures")]


def sound_lag_ms(given: Sound, found: Sound) -> float | None:
    """By how much ``found`` is later than ``given``, by correlating their loudest stretch; None where nothing fits."""
    mono = given.mean(axis=1)
    if len(mono) < RATE_HZ // 10 or float(np.abs(mono).max()) < 1e-4:
        return None
    energy = np.add.reduceat(mono**2, np.arange(0, len(mono), RATE_HZ // 10))
    length = min(STRETCH, len(mono) // 2)
    reach = min(REACH, (len(mono) - length) // 2)
    middle = int(np.argmax(energy)) * RATE_HZ // 10
    begin = max(reach, min(middle - length // 2, len(mono) - length - reach))
    window = found.mean(axis=1)[begin - reach : begin + length + reach]
    if len(window) < length:
        return None
    likeness = _correlation(window, mono[begin : begin + length])
    best = float(likeness.max())
    if best < LEAST_LIKENESS:
        return None
    as_like = np.nonzero(likeness >= best - AS_LIKE)[0] - reach
    return float(as_like[np.argmin(np.abs(as_like))]) * 1000 / RATE_HZ


def _is_heard(given: Sound) -> bool:
    """Whether there is enough of a sound for it to be found again."""
    return len(given) >= RATE_HZ // 10 and float(np.sqrt(np.square(given, dtype=np.float64).mean())) > HEARD


def _correlation(window: NDArray[np.float32], piece: NDArray[np.float32]) -> NDArray[np.float64]:
    """Normalised, one value a shift of ``piece`` in ``window``; both are padded where they end."""
    shifts = max(1, len(window) - len(piece) + 1)
    size = 1 << (len(window) + len(piece)).bit_length()
    product: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(piece, size)), size)
    power = np.concatenate([[0.0], np.cumsum(window.astype(np.float64) ** 2)])
    ends = np.minimum(np.arange(shifts) + len(piece), len(window))
    loud = np.sqrt(np.maximum(power[ends] - power[:shifts], 1e-12) * float((piece.astype(np.float64) ** 2).sum()))
    result: NDArray[np.float64] = product[:shifts] / loud
    return result


def picture_lag(case: Case) -> int:
    """By how many slots the sampled pictures are later than painted; 0 where no other fits clearly better."""
    lags = [_lag(case, still.number, still.luma.astype(np.int16)) for still in case.film.stills]
    found = [lag for lag in lags if lag is not None]
    return round(float(np.median(found))) if found else 0


def _lag(case: Case, number: int, luma: NDArray[np.int16]) -> int | None:
    """None where the painted pictures around do not differ: nothing moves there."""
    fits: dict[int, float] = {}
    for shift in range(-NEAR_SLOTS, NEAR_SLOTS + 1):
        painted = case.meant.witness.luma(number - shift)
        if painted is not None and painted.shape == luma.shape:
            fits[shift] = float(np.abs(luma - painted).mean())
    if len(fits) < 2 or max(fits.values()) - min(fits.values()) < CLEARLY:
        return None
    best = min(fits, key=fits.__getitem__)
    return 0 if fits.get(0, 255.0) - fits[best] < CLEARLY / 3 else best
