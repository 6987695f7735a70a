"""Converts project time to stream time and back, in integers. No other module does it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.common import TimeRange
from schemas.documents.source import SourceIndex

if TYPE_CHECKING:
    from av.packet import Packet

US_PER_S = 1_000_000


def stream_us(pts: int, time_base: Fraction | tuple[int, int]) -> int:
    """Stream time of ``pts`` in µs, rounded down."""
    numerator, denominator = _ratio_of(time_base)
    return pts * numerator * US_PER_S // denominator


def list_stream_us(many_pts: Iterable[int], time_base: Fraction | tuple[int, int]) -> list[int]:
    """`stream_us` of each: a long source has hundreds of thousands."""
    numerator, denominator = _ratio_of(time_base)
    return [pts * numerator * US_PER_S // denominator for pts in many_pts]


def list_project_ms(many_pts: Iterable[int], time_base: Fraction | tuple[int, int], origin_us: int) -> list[int]:
    """`project_ms` of each."""
    return [(at_us - origin_us + 500) // 1000 for at_us in list_stream_us(many_pts, time_base)]


def project_ms(pts: int, time_base: Fraction | tuple[int, int], origin_us: int) -> int:
    """Project time of ``pts`` in ms, rounded to the nearest."""
    return (stream_us(pts, time_base) - origin_us + 500) // 1000


def first_pts_at(project_time_ms: int, time_base: Fraction | tuple[int, int], origin_us: int) -> int:
    """The smallest pts whose `project_ms` is ``project_time_ms`` or later."""
    numerator, denominator = _ratio_of(time_base)
    wanted_us = project_time_ms * 1000 - 500 + origin_us
    return -((-wanted_us * denominator) // (numerator * US_PER_S))


def _ratio_of(time_base: Fraction | tuple[int, int]) -> tuple[int, int]:
    return (time_base.numerator, time_base.denominator) if isinstance(time_base, Fraction) else time_base


def frame_start_ms(index: SourceIndex, pts: Sequence[int], at_ms: int) -> int:
    """Start of the frame shown at a time; the time itself where it is unknown.

    ``pts`` of the index's packets, sorted.
    """
    track = index.video
    if track is None or at_ms >= project_ms(track.start_pts, track.time_base, index.origin_us) + track.duration_ms:
        return at_ms
    after = bisect_left(pts, first_pts_at(at_ms + 1, track.time_base, index.origin_us))
    return project_ms(pts[after - 1], track.time_base, index.origin_us) if after else at_ms


def is_by_order(format_name: str) -> bool:
    """Whether a format stores no presentation times, so that frames are shown in decoder order.

    The table then holds decoding times, whose sorted sequence is that of the presentation times.
    """
    return format_name == "avi"


def packet_pts(packet: Packet[Any], *, by_order: bool) -> int | None:
    """The time under which a packet is in the table."""
    first, second = (packet.dts, packet.pts) if by_order else (packet.pts, packet.dts)
    return first if first is not None else second


def list_key_times(index: SourceIndex) -> list[tuple[int, int]]:
    """(pts, project ms) of each key packet of the video, in order of time; empty without a packet table."""
    track, packets = index.video, index.packets
    if track is None or packets is None:
        return []
    keys = sorted({pts for pts, key in zip(packets.pts, packets.key, strict=True) if key})
    return [(pts, project_ms(pts, track.time_base, index.origin_us)) for pts in keys]


def split_at_keys(
    key_ms: Sequence[int], time: TimeRange, duration_ms: int, *, min_ms: int
) -> Iterator[tuple[int | None, TimeRange]]:
    """Split a range at key packets: (key packet to start from, part of the range).

    A part before the first key packet inside the range counts only when it is longer than ``min_ms``, or all there
    is.
    """
    first = bisect_right(key_ms, time.start_ms - 1)
    inside = [n for n in range(first, len(key_ms)) if key_ms[n] < time.end_ms]
    lead_end = key_ms[inside[0]] if inside else time.end_ms
    if lead_end - time.start_ms > min_ms or not inside:
        before = max(0, bisect_right(key_ms, time.start_ms) - 1) if key_ms else None
        yield before, TimeRange(start_ms=time.start_ms, end_ms=lead_end)
    for n in inside:
        end = key_ms[n + 1] if n + 1 < len(key_ms) else duration_ms
        yield n, TimeRange(start_ms=key_ms[n], end_ms=max(key_ms[n] + 1, min(end, time.end_ms)))
