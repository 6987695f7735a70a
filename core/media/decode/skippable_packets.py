"""Skips packets whose frames are not needed. For children only.

The remaining frames come out as in a full decode: only packets that no other frame refers to are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from itertools import pairwise

import av
from av.packet import Packet
from av.video.stream import VideoStream

from core.media.decode.timestamps import first_pts_at, is_by_order, project_ms
from core.media.decode.tolerant import decode
from schemas.documents.source import SourceIndex

MARKED_DISPOSABLE_CODEC = "h264"
"""The codec whose packets tell whether other frames refer to them; HEVC tells it for one layer only."""


class SkippingDecoder:
    """Decodes a stream's packets, except those that only make skippable frames."""

    def __init__(self, index: SourceIndex, skippable_ms: Collection[int], from_ms: int | None = None) -> None:
        """``skippable_ms``: start times of frames that are not needed; ``from_ms``: none before it is.

        Nothing is skipped where times follow the order of packets.
        """
        self._from_pts: int | None = None
        self._pts: set[int] = set()
        self._skipped_packets: set[int] = set()
        self._has_gap = False
        if index.video is None or is_by_order(index.format):
            return
        base, origin_us, table = index.video.time_base, index.origin_us, index.packets
        self._from_pts = None if from_ms is None else first_pts_at(from_ms, base, origin_us)
        if not skippable_ms or table is None:
            return
        least, most = (first_pts_at(at_ms, base, origin_us) for at_ms in (min(skippable_ms), max(skippable_ms) + 1))
        near = [pts for pts in table.pts if least <= pts <= most]
        self._pts = {pts for pts in near if project_ms(pts, base, origin_us) in skippable_ms}
        self._skipped_packets = set(skippable_tails(table.pts, table.key, self._pts))

    def decode(
        self, stream: VideoStream, packet: Packet[VideoStream] | None, on_damage: Callable[[], None] | None = None
    ) -> list[av.VideoFrame]:
        """Decode as `tolerant.decode` does; skippable frames may be missing."""
        if not self._pts and self._from_pts is None:
            return decode(stream, packet, on_damage)
        if packet is not None and packet.pts in self._skipped_packets:
            self._has_gap = True
            return []
        context, frames = stream.codec_context, list[av.VideoFrame]()
        if packet is not None and self._has_gap:
            frames = decode(stream, None, on_damage)
            context.flush_buffers()
            self._has_gap = False
        if context.name == MARKED_DISPOSABLE_CODEC:
            context.skip_frame = "NONREF" if packet is not None and self._is_skippable(packet) else "DEFAULT"
        return frames + decode(stream, packet, on_damage)

    def _is_skippable(self, packet: Packet[VideoStream]) -> bool:
        pts = packet.pts
        return pts is not None and (pts in self._pts or (self._from_pts is not None and pts < self._from_pts))


def skippable_tails(pts: Sequence[int], keys: Sequence[bool], skippable: Container[int]) -> Iterator[int]:
    """Packets after the last needed one before a key packet; columns are in decoding order.

    None where a needed frame is decoded after that key packet but shown before it: it may refer to both sides.
    """
    starts = [number for number, key in enumerate(keys) if key]
    for first, key, end in _key_intervals(starts, len(pts)):
        if pts[key - 1] not in skippable:
            continue
        if any(pts[number] < pts[key] and pts[number] not in skippable for number in range(key, end)):
            continue
        last = max((number for number in range(first, key) if pts[number] not in skippable), default=first - 1)
        yield from pts[last + 1 : key]


def _key_intervals(starts: Sequence[int], count: int) -> Iterator[tuple[int, int, int]]:
    """Each key packet but the last, with the next one and the end of that one's frames."""
    for (first, key), end in zip(pairwise(starts), [*starts[2:], count], strict=False):
        yield first, key, end
