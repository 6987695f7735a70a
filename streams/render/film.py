"""The pictures of an export, one after the other, to its writer and to those who look on. Opens and closes no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock

import av

from schemas.documents import CaptionCue
from schemas.edit import Piece
from schemas.edit_clock import whole
from schemas.edited import words_out
from streams.render.aside import Taken
from streams.render.captions import Captions
from streams.render.checks.captions import slots_timed
from streams.render.checks.case import comes_in_ms
from streams.render.checks.witness import Witness
from streams.render.chunking import Chunking, Otherwise
from streams.render.edl import OUTPUT_SIZES, Slot, Timeline
from streams.render.inserts import AWAY, NOWHERE_MS, Shown
from streams.render.overlays import Overlays
from streams.render.room import NEAR_MS, captions_for, faces_seen
from streams.render.scene import Scene, TakesPictures
from streams.render.storyboard import Tiles
from streams.render.task import RenderTask, look_of, looks_of, templates_of
from streams.render.thumbnail import CUT_MARGIN_MS, Thumbnail
from streams.render.titles import title_drawer

Report = Callable[[int], None]


class Progress:
    """One counter over everything that is made: it only grows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._count = 0
        self._alone = Lock()
        """Files that are made side by side count on threads of their own."""

    def step(self) -> None:
        """A picture, or a frame of sound, more."""
        with self._alone:
            self._count += 1
            if self._count % 10 == 0:
                self._report(self._count)

    def beat(self) -> None:
        """Something that takes seconds is done."""
        with self._alone:
            self._count += 1
            self._report(self._count)


class Film:
    """Shows what it sees of the source to a writer, and to those who look on."""

    def __init__(
        self,
        task: RenderTask,
        timeline: Timeline,
        cues: list[CaptionCue],
        scratch: Path,
        progress: Progress,
        witness: Witness,
    ) -> None:
        size_px = OUTPUT_SIZES[task.plan.aspect]
        self.thumbnail = Thumbnail(float(timeline.length_ms), task.plan.faces, task.options.thumbnails.count)
        self._progress = progress
        self._scene, self._witness = scene_of(task, cues, scratch), witness
        self.chunks = Chunking(task, timeline, self._scene)
        self.chunks.look_at(slots_timed(cues, timeline, comes_in_ms(*templates_of(task))))
        self._shows = task.encoding.file.video is not None
        self.tiles = Tiles(float(timeline.length_ms), size_px) if task.options.storyboard and self._shows else None
        self.title = (
            title_drawer(task.title, look_of(task), task.plan, task.pieces or whole(task.plan.range))
            if task.title
            else None
        )

    def needless_ms(self, timeline: Timeline) -> set[int]:
        """When pictures of the source begin that are not needed here."""
        return self.chunks.needless_ms(timeline, self.tiles.step_ms if self.tiles is not None else None)

    def see(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot], writer: TakesPictures) -> None:
        """A picture of the source, its time there, and the slots that show it; others may be shown it too.

        None where it is needless. Raises Otherwise where it is not.
        """
        self.chunks.see(at_ms, slots, damaged=picture is not None and picture.is_corrupt)
        if not self._is_looked_at(slots):
            self._pass_by(at_ms, slots)
            return
        if picture is None:
            raise Otherwise
        painted = self._scene.paint(picture, at_ms)
        awkward = picture.is_corrupt or painted.to_cut_ms < CUT_MARGIN_MS
        shot = painted.shot
        self.thumbnail.consider(painted.picture, slots[0].at_ms, source_ms=at_ms, shot=shot, awkward=awkward)
        if not self._shows:
            return
        if self._scene.overlays is None:
            self._witness.see(painted.picture, slots, source_ms=at_ms, shot=shot)
        for slot in slots:
            if not self._is_needed(slot):
                self._pass_by(at_ms, [slot])
                continue
            shown = self._scene.dressed(painted, slot, last=slot is slots[-1])
            if self._scene.overlays is not None:
                self._witness.see(shown, [slot], source_ms=at_ms, shot=shot)
            self._write(self._scene.lettered(shown, slot), slot, writer)
            self._progress.step()

    def _is_looked_at(self, slots: Sequence[Slot]) -> bool:
        """Whether anybody needs a picture of the source painted."""
        return self.thumbnail.is_due(slots[0].at_ms) or (self._shows and any(map(self._is_needed, slots)))

    def _is_needed(self, slot: Slot) -> bool:
        """Whether anybody needs what a slot shows: of a chunk that is there already only few do."""
        tile = self.tiles is not None and self.tiles.is_due(slot.at_ms)
        return tile or self.chunks.wants(slot.number) or self.chunks.is_due(slot.number)

    def _pass_by(self, at_ms: int, slots: Sequence[Slot]) -> None:
        """Slots that nobody needs painted; what the crop is there is known all the same."""
        if self._shows:
            self._witness.pass_by(slots, source_ms=at_ms, shot=self._scene.shot(at_ms))
        for _ in slots:
            self._progress.step()

    def _write(self, shown: av.VideoFrame, slot: Slot, writer: TakesPictures) -> None:
        """A finished picture."""
        if self.tiles is not None:
            self.tiles.see(shown, slot.at_ms)
        if self.chunks.wants(slot.number):
            writer.write(shown, slot.number)

    def insert(self, pictures: Iterable[Shown], writer: TakesPictures) -> None:
        """What a brand kit shows before or after the clip; the certificate is told that it is not of the source."""
        for picture, slot in pictures if self._shows else ():
            self._witness.see(picture, [slot], source_ms=NOWHERE_MS, shot=AWAY)
            self._write(picture, slot, writer)
            self._progress.step()


def scene_of(task: RenderTask, cues: list[CaptionCue], scratch: Path) -> Scene:
    """By what all pictures of the export are shown."""
    assert task.index.video is not None
    played = task.pieces or whole(task.plan.range)
    captions = captions_for(cues, look_of(task), task.plan, played, looks_of(task, cues, played))
    return Scene(task.plan, task.index.video, captions, scratch, overlays_of(task, played, captions))


def overlays_of(task: RenderTask, played: Sequence[Piece], captions: Captions) -> Overlays | None:
    """What a brand kit lays over the clip's pictures."""
    if task.brand is None:
        return None
    clip_ms, size_px = (played[0].output_start_ms, played[-1].output_end_ms), OUTPUT_SIZES[task.plan.aspect]
    seen = [Taken(at_ms - NEAR_MS, at_ms + NEAR_MS, box) for at_ms, box in faces_seen(task.plan, played, size_px)]
    inks = [Taken(*one) for one in captions.inks()] if task.brand.kit.lower_third else []
    return Overlays(task.brand, words_out(task.words, played), size_px, clip_ms, seen, inks)
