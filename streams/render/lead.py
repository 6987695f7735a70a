"""The pictures of a part of a clip, with the one that is on screen already when it begins. Decides no slot."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction

import av

from schemas.documents import SourceIndex, VideoTrack
from schemas.media import TimeRange
from streams.adapters.media.reader import Reader
from streams.adapters.media.timeline import first_pts_at, project_ms
from streams.render.edl import Part

LEAD_MS = 100
"""Pictures are asked for from a little before a part: the one shown at its start began earlier."""


class Lead:
    """Where to begin to read. A screen's picture may have come long before the part: until the next it is shown."""

    def __init__(self, index: SourceIndex) -> None:
        """``index`` of the source; without a packet table nothing is known beyond `LEAD_MS`."""
        self._origin_us = index.origin_us
        self._base = index.video.time_base if index.video else (1, 1)
        self._pts = sorted(index.packets.pts) if index.packets else []
        self._end_ms = _end_ms(index.video, index.origin_us) if index.video else 0

    def began_ms(self, at_ms: int) -> int:
        """When the picture began that is shown at a time; the time itself where none is, or it is not known."""
        if at_ms >= self._end_ms:
            return at_ms
        after = bisect_left(self._pts, first_pts_at(at_ms + 1, self._base, self._origin_us))
        return project_ms(self._pts[after - 1], self._base, self._origin_us) if after else at_ms

    def pictures(self, reader: Reader, part: Part, period_ms: Fraction) -> Iterator[tuple[int, av.VideoFrame]]:
        """Every picture that a slot of the part may show; one that is older than `LEAD_MS` is as old as that."""
        near = part.range(period_ms, LEAD_MS)
        begin = min(near.start_ms, self.began_ms(int(part.source_ms)))
        for at_ms, picture in reader.pictures(TimeRange(start_ms=begin, end_ms=near.end_ms)):
            yield max(at_ms, near.start_ms), picture


def _end_ms(track: VideoTrack, origin_us: int) -> int:
    return project_ms(track.start_pts, track.time_base, origin_us) + track.duration_ms
