"""The pictures of an export, one after the other, to its writer and to those who look on. Opens and closes no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import av

from core.domain.editing.clock import whole
from schemas.documents.export import CaptionCue
from streams.render.quality.check_captions import slots_timed
from streams.render.quality.reference_frames import Witness
from streams.render.quality.subject import comes_in_ms
from streams.renderer.branding.bumpers import AWAY, NOWHERE_MS, Shown
from streams.renderer.caption_plan import look_of, templates_of
from streams.renderer.compositor import TakesPictures, scene_of
from streams.renderer.job import RenderTask
from streams.renderer.render_progress import Progress
from streams.renderer.segments.segment_reuse import Chunking, Otherwise
from streams.renderer.stills.storyboard import Tiles
from streams.renderer.stills.thumbnail import CUT_MARGIN_MS, Thumbnail
from streams.renderer.stills.thumbnail_title import title_drawer
from streams.renderer.timeline.slots import OUTPUT_SIZES, Slot, Timeline


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
