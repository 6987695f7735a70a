"""Chooses the constant frame rate of an export: the source's own rate, regularised. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.media.decode.timestamps import first_pts_at, list_stream_us
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex, VideoTrack

MAX_RATE = Fraction(60)
"""Faster sources are thinned by a whole factor: players and platforms accept no more."""
MIN_RATE = Fraction(10)
"""Slower sources are repeated: a spoken word lasts some 300 ms, and a caption may be late by less than half of it."""
COMMON_RATES = (
    Fraction(12), Fraction(15), Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001),
    Fraction(30), Fraction(48), Fraction(50), Fraction(60_000, 1001), Fraction(60),
)  # fmt: skip
"""An irregular source gets the nearest of these."""
NTSC_RATES = tuple(Fraction(whole * 1000, 1001) for whole in (12, 15, 24, 30, 48, 60, 120))
FALLBACK_RATE = Fraction(30)
MAX_SNAP_RATIO = Fraction(1, 500)
"""Distance to a whole rate (or a whole rate by 1.001) within which a rate is that: times in ms are no finer."""
MAX_STEADY_SPREAD_US = 1_000
"""Spread of periods up to which a rate is exact; beyond it a camera's jitter is assumed."""
MAX_JITTER_RATIO = Fraction(2, 100)
"""Distance to a common rate within which jittering periods mean that rate."""
MAX_DECLARED_ERROR_RATIO = Fraction(3, 1000)
"""Distance to the container's rate within which that rate is taken as exact."""
MEAN_FRAMES = 4
"""Frames per mean period: this evens out rounding to ms, camera jitter and 3:2 pulldown."""
PERIOD_TOLERANCE_RATIO = Fraction(8, 100)
"""Deviation of a regular period; a mix of 24 and 30 fps deviates by a tenth each way."""
MIN_REGULAR_RATIO = Fraction(9, 10)
"""Share of periods that must be regular; the others are gaps from dropped frames."""


def output_rate(clip: TimeRange, index: SourceIndex, min_rate: Fraction = MIN_RATE) -> Fraction:
    """The constant frame rate of an export of ``clip``, at least ``min_rate``.

    Raises ValueError when the source has no video.
    """
    if index.video is None:
        raise ValueError("the source has no pictures to render")
    return bound_rate(measure_rate(frame_periods_us(clip, index), declared_rate(index.video)), min_rate)


def declared_rate(track: VideoTrack) -> Fraction:
    """The average frame rate in the index."""
    numerator, denominator = track.frame_rate
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else FALLBACK_RATE


def frame_periods_us(clip: TimeRange, index: SourceIndex, max_count: int | None = None) -> list[Fraction]:
    """Mean frame periods of ``clip`` in µs, by the packet table; empty without one.

    ``max_count``: about the most periods to return, spread evenly.
    """
    if index.video is None or index.packets is None:
        return []
    base, origin_us = index.video.time_base, index.origin_us
    first, last = (first_pts_at(at_ms, base, origin_us) for at_ms in (clip.start_ms - 1, clip.end_ms + 1))
    clip_pts = [pts for pts in index.packets.pts if first <= pts <= last]
    starts_us = sorted({at_us - origin_us for at_us in list_stream_us(clip_pts, base)})
    inside = [at_us for at_us in starts_us if clip.start_ms <= at_us / 1000 < clip.end_ms]
    run = min(MEAN_FRAMES, len(inside) - 1)
    if run <= 0:
        return []
    pairs = list(zip(inside, inside[run:], strict=False))
    step = (
        len(pairs) // max_count | 1 if max_count else 1
    )  # odd: no pattern of pictures is met at the same place each time
    return [Fraction(end - start, run) for start, end in pairs[::step]]


def measure_rate(periods: Sequence[Fraction], declared: Fraction) -> Fraction:
    """The rate that the source's frames keep, else the common rate nearest to their median period."""
    if not periods:
        return snap_rate(declared)
    regular = _regular_periods(periods, declared)
    if regular is None:
        return nearest_common_rate(1_000_000 / _median_period(periods))
    rate = Fraction(1_000_000 * len(regular)) / sum(regular, Fraction(0))
    if (
        max(regular) - min(regular) > MAX_STEADY_SPREAD_US
        and abs(nearest_common_rate(rate) / rate - 1) <= MAX_JITTER_RATIO
    ):
        return nearest_common_rate(rate)
    return snap_rate(declared if abs(declared / rate - 1) <= MAX_DECLARED_ERROR_RATIO else rate)


def find_steady_rate(periods: Sequence[Fraction], declared: Fraction) -> Fraction | None:
    """The rate that nearly all frames keep; None for irregular sources, as screen recordings."""
    return measure_rate(periods, declared) if periods and _regular_periods(periods, declared) is not None else None


def _regular_periods(periods: Sequence[Fraction], declared: Fraction) -> list[Fraction] | None:
    """Regular periods, by the declared rate or their own median; None where too few are."""
    return _periods_near(periods, Fraction(1_000_000) / declared) or _periods_near(periods, _median_period(periods))


def _periods_near(periods: Sequence[Fraction], period: Fraction) -> list[Fraction] | None:
    """Periods near a given one; None where too few are."""
    shortest, longest = (1 - PERIOD_TOLERANCE_RATIO) * period, (1 + PERIOD_TOLERANCE_RATIO) * period
    near = [measured for measured in periods if shortest <= measured <= longest]
    return near if len(near) >= MIN_REGULAR_RATIO * len(periods) else None


def _median_period(periods: Sequence[Fraction]) -> Fraction:
    return sorted(periods)[len(periods) // 2]


def nearest_common_rate(rate: Fraction) -> Fraction:
    """The common rate nearest to a rate."""
    return min(COMMON_RATES, key=lambda common_rate: abs(common_rate / rate - 1))


def snap_rate(rate: Fraction) -> Fraction:
    """Remove the rounding of time stamps from a rate."""
    whole_rate = Fraction(max(1, round(rate)))
    nearest = min((whole_rate, *NTSC_RATES), key=lambda standard_rate: abs(standard_rate - rate))
    return nearest if abs(nearest - rate) <= nearest * MAX_SNAP_RATIO else rate.limit_denominator(1001)


def bound_rate(rate: Fraction, min_rate: Fraction = MIN_RATE) -> Fraction:
    """Bring a rate between ``min_rate`` and `MAX_RATE` by whole factors: frames stay evenly spaced."""
    if rate > MAX_RATE:
        return rate / -(-rate // MAX_RATE)
    return rate * -(-min_rate // rate) if rate < min_rate else rate
