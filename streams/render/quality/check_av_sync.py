"""Measures the offset between audio and video of a file, against what was given to the encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.documents.quality import Check, make_check
from streams.render.quality.subject import CheckSubject
from streams.renderer.audio.loudness import RATE_HZ, Sound

CORRELATION_SAMPLES = 4 * RATE_HZ
"""Length of the correlated window: 4 s."""
MAX_OFFSET_SAMPLES = RATE_HZ
"""Offsets beyond one second are not searched."""
MAX_LAG_SLOTS = 12
"""Slots on each side that a frame is compared with."""
MIN_LUMA_DIFFERENCE_LEVELS = 1.5
"""Mean luma difference (of 255) by which another slot must fit better than the right one."""
MIN_CORRELATION = 0.3
"""Correlation below which nothing fits."""
MIN_AUDIBLE_AMPLITUDE = 1e-3
"""RMS of full scale below which a codec may drop the audio."""
EQUAL_CORRELATION_TOLERANCE = 0.005
"""A tone matches itself at each period: among equal shifts the smallest counts."""


def check_av_sync(subject: CheckSubject) -> list[Check]:
    """One check: the audio's lag minus the video's."""
    bound = subject.expected.limits.av_offset_ms
    lag_ms = (
        None if subject.probed.sound is None else measure_audio_lag_ms(subject.expected.sound, subject.probed.sound)
    )
    if lag_ms is None and subject.probed.sound is not None and _is_audible(subject.expected.sound):
        mismatch = "the sound is not the one that was made, or is more than a second away"
        return [make_check("av_offset", MAX_OFFSET_SAMPLES * 1000 / RATE_HZ, "ms", bound, detail=mismatch)]
    if lag_ms is None:
        reason = (
            "the sound is silent" if subject.expected.file.audio else f"{subject.expected.file.container} has no sound"
        )
        return [make_check("av_offset", None, "ms", bound, detail=reason)]
    slots = measure_frame_lag(subject)
    offset_ms = lag_ms - slots * float(subject.expected.timeline.period_ms)
    return [
        make_check("av_offset", offset_ms, "ms", bound, detail=f"sound {lag_ms:.1f} ms late, picture {slots} pictures")
    ]


def measure_audio_lag_ms(reference: Sound, decoded: Sound) -> float | None:
    """Lag of the decoded audio, by correlating the reference's loudest window; None where nothing fits."""
    mono = reference.mean(axis=1)
    if len(mono) < RATE_HZ // 10 or float(np.abs(mono).max()) < 1e-4:
        return None
    energy = np.add.reduceat(mono**2, np.arange(0, len(mono), RATE_HZ // 10))
    length = min(CORRELATION_SAMPLES, len(mono) // 2)
    reach = min(MAX_OFFSET_SAMPLES, (len(mono) - length) // 2)
    middle = int(np.argmax(energy)) * RATE_HZ // 10
    begin = max(reach, min(middle - length // 2, len(mono) - length - reach))
    window = decoded.mean(axis=1)[begin - reach : begin + length + reach]
    if len(window) < length:
        return None
    likeness = _correlation(window, mono[begin : begin + length])
    best = float(likeness.max())
    if best < MIN_CORRELATION:
        return None
    equal_shifts = np.nonzero(likeness >= best - EQUAL_CORRELATION_TOLERANCE)[0] - reach
    return float(equal_shifts[np.argmin(np.abs(equal_shifts))]) * 1000 / RATE_HZ


def _is_audible(reference: Sound) -> bool:
    """Whether a sound is loud and long enough to be found again."""
    return (
        len(reference) >= RATE_HZ // 10
        and float(np.sqrt(np.square(reference, dtype=np.float64).mean())) > MIN_AUDIBLE_AMPLITUDE
    )


def _correlation(window: NDArray[np.float32], piece: NDArray[np.float32]) -> NDArray[np.float64]:
    """Normalised correlation, one value for each shift of ``piece`` in ``window``."""
    shifts = max(1, len(window) - len(piece) + 1)
    size = 1 << (len(window) + len(piece)).bit_length()
    product: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(piece, size)), size)
    power = np.concatenate([[0.0], np.cumsum(window.astype(np.float64) ** 2)])
    ends = np.minimum(np.arange(shifts) + len(piece), len(window))
    loud = np.sqrt(np.maximum(power[ends] - power[:shifts], 1e-12) * float((piece.astype(np.float64) ** 2).sum()))
    result: NDArray[np.float64] = product[:shifts] / loud
    return result


def measure_frame_lag(subject: CheckSubject) -> int:
    """Lag of the sampled frames in slots; 0 where no other lag fits clearly better."""
    lags = [_frame_lag(subject, still.number, still.luma.astype(np.int16)) for still in subject.probed.stills]
    measured = [lag for lag in lags if lag is not None]
    return round(float(np.median(measured))) if measured else 0


def _frame_lag(subject: CheckSubject, number: int, luma: NDArray[np.int16]) -> int | None:
    """Lag of one frame; None where the reference frames around it do not differ."""
    fits: dict[int, float] = {}
    for shift in range(-MAX_LAG_SLOTS, MAX_LAG_SLOTS + 1):
        painted = subject.expected.reference.luma(number - shift)
        if painted is not None and painted.shape == luma.shape:
            fits[shift] = float(np.abs(luma - painted).mean())
    if len(fits) < 2 or max(fits.values()) - min(fits.values()) < MIN_LUMA_DIFFERENCE_LEVELS:
        return None
    best = min(fits, key=fits.__getitem__)
    # Hardly better than without a lag: noise of the encoder.
    return 0 if fits.get(0, 255.0) - fits[best] < MIN_LUMA_DIFFERENCE_LEVELS / 3 else best
