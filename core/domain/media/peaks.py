"""Peaks of a waveform, thinned to what is drawn. Pure."""

from __future__ import annotations

MAX_PEAKS = 72_000
"""Most peaks of one answer: an hour at 20 a second, 96 KB as text."""
RATES_PER_SECOND = (1, 2, 5, 10, 20, 50, 100)
"""Peaks a second that can be asked for; each divides what is stored."""
USUAL_PER_SECOND = 20
"""Finest rate where none is asked for."""


def choose_rate(length_ms: int) -> int:
    """The finest rate up to the usual one at which a range has no more than ``MAX_PEAKS``."""
    fitting = [rate for rate in RATES_PER_SECOND if rate <= USUAL_PER_SECOND and length_ms * rate <= MAX_PEAKS * 1000]
    return max(fitting, default=RATES_PER_SECOND[0])


def thin_peaks(stored: bytes, stored_per_second: int, per_second: int, start_ms: int, end_ms: int) -> bytes:
    """The loudest of the stored peaks for each peak of a range, the last one begun counted.

    ``per_second`` divides ``stored_per_second``, and ``start_ms`` lies on a peak.
    """
    if start_ms >= end_ms:
        return b""
    factor = stored_per_second // per_second
    first = start_ms * stored_per_second // 1000
    end = min(len(stored), -(-end_ms * stored_per_second // 1000))
    return bytes(max(stored[at : at + factor]) for at in range(first, end, factor))
