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
from streams.renderer.branding.bumpers import BUMPER_SHOT, NO_SOURCE_MS, BumperFrame
from streams.renderer.caption_plan import list_templates, resolve_look
from streams.renderer.compositor import FrameSink, build_compositor
from streams.renderer.job import RenderJob
from streams.renderer.render_progress import RenderProgress
from streams.renderer.segments.segment_reuse import SegmentMismatch, SegmentReuse
from streams.renderer.stills.storyboard import StoryboardBuilder
from streams.renderer.stills.thumbnail import CUT_MARGIN_MS, ThumbnailPicker
from streams.renderer.stills.thumbnail_title import build_title_drawer
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, Slot


class Film:
    """Shows what it sees of the source to a writer, and to those who look on."""

    def __init__(
        self,
        task: RenderJob,
        timeline: OutputTimeline,
        cues: list[CaptionCue],
        scratch: Path,
        progress: RenderProgress,
        witness: Witness,
    ) -> None:
        size_px = OUTPUT_SIZES[task.plan.aspect]
        self.thumbnail = ThumbnailPicker(float(timeline.length_ms), task.plan.faces, task.options.thumbnails.count)
        self._progress = progress
        self._scene, self._witness = build_compositor(task, cues, scratch), witness
        self.chunks = SegmentReuse(task, timeline, self._scene)
        self.chunks.check_slots(slots_timed(cues, timeline, comes_in_ms(*list_templates(task))))
        self._shows = task.encoding.file.video is not None
        self.tiles = (
            StoryboardBuilder(float(timeline.length_ms), size_px) if task.options.storyboard and self._shows else None
        )
        self.title = (
            build_title_drawer(task.title, resolve_look(task), task.plan, task.pieces or whole(task.plan.range))
            if task.title
            else None
        )

    def needless_ms(self, timeline: OutputTimeline) -> set[int]:
        """When pictures of the source begin that are not needed here."""
        return self.chunks.skippable_ms(timeline, self.tiles.step_ms if self.tiles is not None else None)

    def see(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot], writer: FrameSink) -> None:
        """A picture of the source, its time there, and the slots that show it; others may be shown it too.

        None where it is needless. Raises Otherwise where it is not.
        """
        self.chunks.verify_frame(at_ms, slots, damaged=picture is not None and picture.is_corrupt)
        if not self._is_looked_at(slots):
            self._pass_by(at_ms, slots)
            return
        if picture is None:
            raise SegmentMismatch
        painted = self._scene.paint(picture, at_ms)
        awkward = picture.is_corrupt or painted.to_cut_ms < CUT_MARGIN_MS
        shot = painted.shot
        self.thumbnail.consider(painted.frame, slots[0].at_ms, source_ms=at_ms, shot=shot, is_awkward=awkward)
        if not self._shows:
            return
        if self._scene.overlays is None:
            self._witness.see(painted.frame, slots, source_ms=at_ms, shot=shot)
        for slot in slots:
            if not self._is_needed(slot):
                self._pass_by(at_ms, [slot])
                continue
            shown = self._scene.with_overlays(painted, slot, last=slot is slots[-1])
            if self._scene.overlays is not None:
                self._witness.see(shown, [slot], source_ms=at_ms, shot=shot)
            self._write(self._scene.with_captions(shown, slot), slot, writer)
            self._progress.count_frame()

    def _is_looked_at(self, slots: Sequence[Slot]) -> bool:
        """Whether anybody needs a picture of the source painted."""
        return self.thumbnail.is_due(slots[0].at_ms) or (self._shows and any(map(self._is_needed, slots)))

    def _is_needed(self, slot: Slot) -> bool:
        """Whether anybody needs what a slot shows: of a chunk that is there already only few do."""
        tile = self.tiles is not None and self.tiles.is_due(slot.at_ms)
        return tile or self.chunks.needs_encoding(slot.number) or self.chunks.is_checked(slot.number)

    def _pass_by(self, at_ms: int, slots: Sequence[Slot]) -> None:
        """Slots that nobody needs painted; what the crop is there is known all the same."""
        if self._shows:
            self._witness.pass_by(slots, source_ms=at_ms, shot=self._scene.shot_at(at_ms))
        for _ in slots:
            self._progress.count_frame()

    def _write(self, shown: av.VideoFrame, slot: Slot, writer: FrameSink) -> None:
        """A finished picture."""
        if self.tiles is not None:
            self.tiles.add_frame(shown, slot.at_ms)
        if self.chunks.needs_encoding(slot.number):
            writer.write(shown, slot.number)

    def insert(self, pictures: Iterable[BumperFrame], writer: FrameSink) -> None:
        """What a brand kit shows before or after the clip; the certificate is told that it is not of the source."""
        for picture, slot in pictures if self._shows else ():
            self._witness.see(picture, [slot], source_ms=NO_SOURCE_MS, shot=BUMPER_SHOT)
            self._write(picture, slot, writer)
            self._progress.count_frame()
