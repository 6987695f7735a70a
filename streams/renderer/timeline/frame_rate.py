"""At how many pictures a second an export runs: the source's own rate, made constant. Pure; looks at no picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.media.decode.timestamps import first_pts_at, streams_us
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex, VideoTrack

MOST = Fraction(60)
"""Faster sources are thinned by a whole number: players and sites take no more."""
LEAST = Fraction(10)
"""Slower ones are shown more often: a spoken word lasts some 300 ms, and its caption must not be late by half of it."""
COMMON = (
    Fraction(12), Fraction(15), Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001),
    Fraction(30), Fraction(48), Fraction(50), Fraction(60_000, 1001), Fraction(60),
)  # fmt: skip
"""What an irregular source is made: the nearest of these."""
NTSC = tuple(Fraction(whole * 1000, 1001) for whole in (12, 15, 24, 30, 48, 60, 120))
FALLBACK = Fraction(30)
SNAP = Fraction(1, 500)
"""A rate this close to a whole number (or a whole number by 1.001) is that; times in ms are no finer."""
STEADY_US = 1_000
NEARLY = Fraction(2, 100)
"""Periods that differ by more are a camera's jitter around a common rate, if one is this close; ms round to less."""
TOLD = Fraction(3, 1000)
"""Where the times bear the container's rate out this closely, it is the exact one."""
RUN = 4
"""Periods are means over so many pictures: times rounded to ms, a camera's jitter and 3:2 pulldown even out."""
NEAR = Fraction(8, 100)
"""A picture is regular whose run keeps the period this closely; 24 and 30 mixed (a tenth each way) do not."""
REGULAR = Fraction(9, 10)
"""So many pictures must be regular; the others are gaps, where pictures were dropped."""


def output_rate(clip: TimeRange, index: SourceIndex, least: Fraction = LEAST) -> Fraction:
    """The constant rate of an export of ``clip``, not below ``least``. ValueError when the source has no pictures."""
    if index.video is None:
        raise ValueError("the source has no pictures to render")
    return bounded(own_rate(periods_us(clip, index), told_rate(index.video)), least)


def told_rate(track: VideoTrack) -> Fraction:
    """The average rate that the index has."""
    numerator, denominator = track.frame_rate
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else FALLBACK


def periods_us(clip: TimeRange, index: SourceIndex, most: int | None = None) -> list[Fraction]:
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
    run = min(RUN, len(inside) - 1)
    if run <= 0:
        return []
    pairs = list(zip(inside, inside[run:], strict=False))
    step = len(pairs) // most | 1 if most else 1  # odd: no pattern of pictures is met at the same place each time
    return [Fraction(end - start, run) for start, end in pairs[::step]]


def own_rate(periods: Sequence[Fraction], told: Fraction) -> Fraction:
    """The source's rate: the one its pictures keep, else the common one nearest to how most of them come."""
    if not periods:
        return snapped(told)
    kept = _kept(periods, told)
    if kept is None:
        return common(1_000_000 / _middle(periods))
    rate = Fraction(1_000_000 * len(kept)) / sum(kept, Fraction(0))
    if max(kept) - min(kept) > STEADY_US and abs(common(rate) / rate - 1) <= NEARLY:
        return common(rate)
    return snapped(told if abs(told / rate - 1) <= TOLD else rate)


def steady(periods: Sequence[Fraction], told: Fraction) -> Fraction | None:
    """The rate that nearly all pictures keep; None where there is none, as of a screen that is filmed when it moves."""
    return own_rate(periods, told) if periods and _kept(periods, told) is not None else None


def _kept(periods: Sequence[Fraction], told: Fraction) -> list[Fraction] | None:
    """The periods that are regular: by the rate told or by their own middle; None where too few are."""
    return _near(periods, Fraction(1_000_000) / told) or _near(periods, _middle(periods))


def _near(periods: Sequence[Fraction], period: Fraction) -> list[Fraction] | None:
    """Those that keep a period; None where too few do."""
    least, most = (1 - NEAR) * period, (1 + NEAR) * period
    kept = [one for one in periods if least <= one <= most]
    return kept if len(kept) >= REGULAR * len(periods) else None


def _middle(periods: Sequence[Fraction]) -> Fraction:
    return sorted(periods)[len(periods) // 2]


def common(rate: Fraction) -> Fraction:
    """The common rate nearest to a rate."""
    return min(COMMON, key=lambda known: abs(known / rate - 1))


def snapped(rate: Fraction) -> Fraction:
    """A rate without the rounding of its time stamps."""
    whole = Fraction(max(1, round(rate)))
    nearest = min((whole, *NTSC), key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) <= nearest * SNAP else rate.limit_denominator(1001)


def bounded(rate: Fraction, least: Fraction = LEAST) -> Fraction:
    """A rate of at most `MOST`, at least ``least``, by whole factors, so that pictures stay evenly spread."""
    if rate > MOST:
        return rate / -(-rate // MOST)
    return rate * -(-least // rate) if rate < least else rate
