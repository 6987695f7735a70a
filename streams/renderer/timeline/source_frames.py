"""One decode of the parts that a clip plays: each picture is shown to whoever looks on. Encodes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import av

from core.domain.time_ranges import merge_ranges
from core.errors import Rejected
from core.media.decode.reader import Reader
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.lead_in import LEAD_MS, Lead
from streams.renderer.timeline.slots import Part, Slot, Timeline, fill_slots
from streams.renderer.timeline.source_damage import Stills, still_ms, stills_told
from streams.renderer.video.scaler import deinterlaced

Show = Callable[[int, av.VideoFrame | None, list[Slot]], None]
"""Is given a picture of the source, its time there, and the slots that show it; changes nothing in it.

None: a picture that nobody needs.
"""
Timed = tuple[int, av.VideoFrame]


class Projector:
    """Plays one part after the other, and remembers what of the source could not be read."""

    def __init__(self, reader: Reader, index: SourceIndex, timeline: Timeline) -> None:
        """``timeline`` is the output's."""
        self._reader, self._index, self._timeline = reader, index, timeline
        self._lead, self._limit_ms = Lead(index), still_ms(index)
        self._stills: list[Stills] = []
        self._ranges: list[TimeRange] = []
        self.is_woven = False
        """Whether pictures are made of others beside them: some are interlaced."""

    def play(self, part: Part, show: Show, needless_ms: Collection[int] = frozenset()) -> None:
        """Every slot of the part; pictures that begin at ``needless_ms`` are not decoded where that can be.

        Raises Rejected when the source has no picture there.
        """
        period_ms = self._timeline.period_ms
        clip = part.range(period_ms)
        stills = Stills(clip, self._index, part.output_ms, speed=float(part.speed), limit_ms=self._limit_ms)
        near = part.range(period_ms, LEAD_MS)
        spared = [at_ms for at_ms in sorted(needless_ms) if near.start_ms < at_ms < near.end_ms]
        decoded = deinterlaced(self._watched(self._lead.pictures(self._reader, part, period_ms, set(spared))))
        pictures = filled(decoded, spared) if spared else decoded
        last_ms = None
        for at_ms, picture, slots in fill_slots(pictures, self._timeline, part):
            show(at_ms, picture, slots)
            stills.see(at_ms)
            last_ms = at_ms
        if last_ms is None:
            raise no_pictures()
        self._stills.append(stills)
        self._ranges.append(clip)

    def _watched(self, pictures: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
        for at_ms, picture in pictures:
            self.is_woven = self.is_woven or picture.interlaced_frame
            yield at_ms, picture

    def lost(self) -> list[str]:
        """Warnings, to be asked for once, after the last part."""
        damaged = sum(self._reader.damaged(stretch) for stretch in merge_ranges(self._ranges))
        warnings = [f"video.damaged: {damaged} pictures of the source are damaged there"] if damaged else []
        return warnings + stills_told(self._stills)


def filled(pictures: Iterable[Timed], spared: Sequence[int]) -> Iterator[tuple[int, av.VideoFrame | None]]:
    """The pictures in order of time, None for those of ``spared`` that did not come."""
    gone = 0
    for at_ms, picture in pictures:
        while gone < len(spared) and spared[gone] < at_ms:
            yield spared[gone], None
            gone += 1
        gone += gone < len(spared) and spared[gone] == at_ms
        yield at_ms, picture
    yield from ((at_ms, None) for at_ms in spared[gone:])


def no_pictures() -> Rejected:
    """Nothing can be shown there."""
    return Rejected("media.no_pictures", "There is no picture in the part of the file that the clip is made of.")
