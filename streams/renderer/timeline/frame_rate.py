"""At how many pictures a second an export runs: the source's own rate, made constant. Pure; looks at no picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.media.decode.timestamps import first_pts_at, streams_us
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex, VideoTrack

MAX_RATE = Fraction(60)
"""Faster sources are thinned by a whole number: players and sites take no more."""
MIN_RATE = Fraction(10)
"""Slower ones are shown more often: a spoken word lasts some 300 ms, and its caption must not be late by half of it."""
COMMON_RATES = (
    Fraction(12), Fraction(15), Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001),
    Fraction(30), Fraction(48), Fraction(50), Fraction(60_000, 1001), Fraction(60),
)  # fmt: skip
"""What an irregular source is made: the nearest of these."""
NTSC_RATES = tuple(Fraction(whole * 1000, 1001) for whole in (12, 15, 24, 30, 48, 60, 120))
FALLBACK_RATE = Fraction(30)
MAX_SNAP_RATIO = Fraction(1, 500)
"""A rate this close to a whole number (or a whole number by 1.001) is that; times in ms are no finer."""
MAX_STEADY_SPREAD_US = 1_000
MAX_JITTER_RATIO = Fraction(2, 100)
"""Periods that differ by more are a camera's jitter around a common rate, if one is this close; ms round to less."""
MAX_DECLARED_ERROR_RATIO = Fraction(3, 1000)
"""Where the times bear the container's rate out this closely, it is the exact one."""
MEAN_FRAMES = 4
"""Periods are means over so many pictures: times rounded to ms, a camera's jitter and 3:2 pulldown even out."""
PERIOD_TOLERANCE_RATIO = Fraction(8, 100)
"""A picture is regular whose run keeps the period this closely; 24 and 30 mixed (a tenth each way) do not."""
MIN_REGULAR_RATIO = Fraction(9, 10)
"""So many pictures must be regular; the others are gaps, where pictures were dropped."""


def output_rate(clip: TimeRange, index: SourceIndex, min_rate: Fraction = MIN_RATE) -> Fraction:
    """The constant rate of an export of ``clip``, not below ``least``. ValueError when the source has no pictures."""
    if index.video is None:
        raise ValueError("the source has no pictures to render")
    return bound_rate(measure_rate(frame_periods_us(clip, index), declared_rate(index.video)), min_rate)


def declared_rate(track: VideoTrack) -> Fraction:
    """The average rate that the index has."""
    numerator, denominator = track.frame_rate
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else FALLBACK_RATE


def frame_periods_us(clip: TimeRange, index: SourceIndex, max_count: int | None = None) -> list[Fraction]:
    """How long pictures of ``clip`` are shown, in µs, by the packet table: a mean for each `RUN`; empty without one.

    ``most``: hardly more than so many of them, spread evenly.
    """
    if index.video is None or index.packets is None:
        return []
    base, origin_us = index.video.time_base, index.origin_us
    first, last = (first_pts_at(at_ms, base, origin_us) for at_ms in (clip.start_ms - 1, clip.end_ms + 1))
    near = [pts for pts in index.packets.pts if first <= pts <= last]
    shown = sorted({at_us - origin_us for at_us in streams_us(near, base)})
    inside = [at_us for at_us in shown if clip.start_ms <= at_us / 1000 < clip.end_ms]
    run = min(MEAN_FRAMES, len(inside) - 1)
    if run <= 0:
        return []
    pairs = list(zip(inside, inside[run:], strict=False))
    step = (
        len(pairs) // max_count | 1 if max_count else 1
    )  # odd: no pattern of pictures is met at the same place each time
    return [Fraction(end - start, run) for start, end in pairs[::step]]


def measure_rate(periods: Sequence[Fraction], declared: Fraction) -> Fraction:
    """The source's rate: the one its pictures keep, else the common one nearest to how most of them come."""
    if not periods:
        return snap_rate(declared)
    kept = _regular_periods(periods, declared)
    if kept is None:
        return nearest_common_rate(1_000_000 / _median_period(periods))
    rate = Fraction(1_000_000 * len(kept)) / sum(kept, Fraction(0))
    if max(kept) - min(kept) > MAX_STEADY_SPREAD_US and abs(nearest_common_rate(rate) / rate - 1) <= MAX_JITTER_RATIO:
        return nearest_common_rate(rate)
    return snap_rate(declared if abs(declared / rate - 1) <= MAX_DECLARED_ERROR_RATIO else rate)


def find_steady_rate(periods: Sequence[Fraction], declared: Fraction) -> Fraction | None:
    """The rate that nearly all pictures keep; None where there is none, as of a screen that is filmed when it moves."""
    return measure_rate(periods, declared) if periods and _regular_periods(periods, declared) is not None else None


def _regular_periods(periods: Sequence[Fraction], declared: Fraction) -> list[Fraction] | None:
    """The periods that are regular: by the rate told or by their own middle; None where too few are."""
    return _periods_near(periods, Fraction(1_000_000) / declared) or _periods_near(periods, _median_period(periods))


def _periods_near(periods: Sequence[Fraction], period: Fraction) -> list[Fraction] | None:
    """Those that keep a period; None where too few do."""
    shortest, longest = (1 - PERIOD_TOLERANCE_RATIO) * period, (1 + PERIOD_TOLERANCE_RATIO) * period
    kept = [one for one in periods if shortest <= one <= longest]
    return kept if len(kept) >= MIN_REGULAR_RATIO * len(periods) else None


def _median_period(periods: Sequence[Fraction]) -> Fraction:
    return sorted(periods)[len(periods) // 2]


def nearest_common_rate(rate: Fraction) -> Fraction:
    """The common rate nearest to a rate."""
    return min(COMMON_RATES, key=lambda known: abs(known / rate - 1))


def snap_rate(rate: Fraction) -> Fraction:
    """A rate without the rounding of its time stamps."""
    whole = Fraction(max(1, round(rate)))
    nearest = min((whole, *NTSC_RATES), key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) <= nearest * MAX_SNAP_RATIO else rate.limit_denominator(1001)


def bound_rate(rate: Fraction, min_rate: Fraction = MIN_RATE) -> Fraction:
    """A rate of at most `MOST`, at least ``least``, by whole factors, so that pictures stay evenly spread."""
    if rate > MAX_RATE:
        return rate / -(-rate // MAX_RATE)
    return rate * -(-min_rate // rate) if rate < min_rate else rate
