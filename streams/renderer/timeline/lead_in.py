"""Reads the frames of a part, with the one that is on screen when the part begins."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

import av

from core.media.decode.reader import SourceReader
from core.media.decode.timestamps import frame_start_ms
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.slots import TimelinePart

LEAD_MS = 100
"""Frames are read from this long before a part: the one shown at its start began earlier."""


class LeadIn:
    """Finds where to begin reading: in a screen recording a frame may stay for a long time."""

    def __init__(self, index: SourceIndex) -> None:
        """Without a packet table in ``index``, nothing is known beyond `LEAD_MS`."""
        self._index = index
        self._pts = sorted(index.packets.pts) if index.packets else []

    def frame_start_ms(self, at_ms: int) -> int:
        """Start of the frame shown at a time; the time itself where it is unknown."""
        return frame_start_ms(self._index, self._pts, at_ms)

    def read_frames(
        self, reader: SourceReader, part: TimelinePart, period_ms: Fraction, skippable_ms: Collection[int] = frozenset()
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Every frame that a slot of the part may show; older ones count as `LEAD_MS` old.

        Frames that begin at ``skippable_ms`` may be missing.
        """
        read_range = part.range(period_ms, LEAD_MS)
        begin = min(read_range.start_ms, self.frame_start_ms(int(part.source_ms)))
        for at_ms, picture in reader.read_frames(TimeRange(start_ms=begin, end_ms=read_range.end_ms), skippable_ms):
            yield max(at_ms, read_range.start_ms), picture
