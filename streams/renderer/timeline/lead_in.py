"""The pictures of a part of a clip, with the one that is on screen already when it begins. Decides no slot."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

import av

from core.media.decode.reader import Reader
from core.media.decode.timestamps import shown_since
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.slots import TimelinePart

LEAD_MS = 100
"""Pictures are asked for from a little before a part: the one shown at its start began earlier."""


class LeadIn:
    """Where to begin to read. A screen's picture may have come long before the part: until the next it is shown."""

    def __init__(self, index: SourceIndex) -> None:
        """``index`` of the source; without a packet table nothing is known beyond `LEAD_MS`."""
        self._index = index
        self._pts = sorted(index.packets.pts) if index.packets else []

    def frame_start_ms(self, at_ms: int) -> int:
        """When the picture began that is shown at a time; the time itself where none is, or it is not known."""
        return shown_since(self._index, self._pts, at_ms)

    def read_frames(
        self, reader: Reader, part: TimelinePart, period_ms: Fraction, skippable_ms: Collection[int] = frozenset()
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Every picture that a slot of the part may show; one that is older than `LEAD_MS` is as old as that.

        Those that begin at ``needless_ms`` may be missing.
        """
        near = part.range(period_ms, LEAD_MS)
        begin = min(near.start_ms, self.frame_start_ms(int(part.source_ms)))
        for at_ms, picture in reader.pictures(TimeRange(start_ms=begin, end_ms=near.end_ms), skippable_ms):
            yield max(at_ms, near.start_ms), picture
