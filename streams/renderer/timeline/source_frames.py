"""Decodes the parts of a clip once, and shows each frame to every output."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import av

from core.domain.time_ranges import merge_ranges
from core.errors import InputRejected
from core.media.decode.reader import SourceReader
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.lead_in import LEAD_MS, LeadIn
from streams.renderer.timeline.slots import OutputTimeline, Slot, TimelinePart, fill_slots
from streams.renderer.timeline.source_damage import FreezeDetector, freeze_warnings, max_still_ms
from streams.renderer.video.scaler import deinterlace

ShowFrame = Callable[[int, av.VideoFrame | None, list[Slot]], None]
"""Takes a source frame (None: skipped), its source time, and the slots that show it; must not modify it."""
TimedFrame = tuple[int, av.VideoFrame]


class SourcePlayer:
    """Plays parts one after the other, and notes what could not be decoded."""

    def __init__(self, reader: SourceReader, index: SourceIndex, timeline: OutputTimeline) -> None:
        """``timeline`` is the output's."""
        self._reader, self._index, self._timeline = reader, index, timeline
        self._lead_in, self._limit_ms = LeadIn(index), max_still_ms(index)
        self._freeze_detectors: list[FreezeDetector] = []
        self._ranges: list[TimeRange] = []
        self.is_interlaced = False
        """Whether frames depend on their neighbours because some are interlaced."""

    def play(self, part: TimelinePart, show_frame: ShowFrame, skippable_ms: Collection[int] = frozenset()) -> None:
        """Show every slot of the part; frames that begin at ``skippable_ms`` are not decoded where possible.

        Raises InputRejected when the source has no frame there.
        """
        period_ms = self._timeline.period_ms
        clip = part.range(period_ms)
        detector = FreezeDetector(clip, self._index, part.output_ms, speed=float(part.speed), limit_ms=self._limit_ms)
        read_range = part.range(period_ms, LEAD_MS)
        skipped = [at_ms for at_ms in sorted(skippable_ms) if read_range.start_ms < at_ms < read_range.end_ms]
        decoded = deinterlace(
            self._watch_interlacing(self._lead_in.read_frames(self._reader, part, period_ms, set(skipped)))
        )
        pictures = fill_skipped(decoded, skipped) if skipped else decoded
        last_ms = None
        for at_ms, picture, slots in fill_slots(pictures, self._timeline, part):
            show_frame(at_ms, picture, slots)
            detector.advance(at_ms)
            last_ms = at_ms
        if last_ms is None:
            raise no_frames_error()
        self._freeze_detectors.append(detector)
        self._ranges.append(clip)

    def _watch_interlacing(self, pictures: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
        for at_ms, picture in pictures:
            self.is_interlaced = self.is_interlaced or picture.interlaced_frame
            yield at_ms, picture

    def loss_warnings(self) -> list[str]:
        """Warnings about undecodable video; call once, after the last part."""
        damaged = sum(self._reader.count_damaged(time) for time in merge_ranges(self._ranges))
        warnings = [f"video.damaged: {damaged} pictures of the source are damaged there"] if damaged else []
        return warnings + freeze_warnings(self._freeze_detectors)


def fill_skipped(pictures: Iterable[TimedFrame], skipped: Sequence[int]) -> Iterator[tuple[int, av.VideoFrame | None]]:
    """The frames in order of time, with None for those of ``skipped`` that did not come."""
    position = 0
    for at_ms, picture in pictures:
        while position < len(skipped) and skipped[position] < at_ms:
            yield skipped[position], None
            position += 1
        position += position < len(skipped) and skipped[position] == at_ms
        yield at_ms, picture
    yield from ((at_ms, None) for at_ms in skipped[position:])


def no_frames_error() -> InputRejected:
    """The refusal of a range without video."""
    return InputRejected("media.no_pictures", "There is no picture in the part of the file that the clip is made of.")
