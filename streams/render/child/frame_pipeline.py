"""Composes the frames of an export, and hands them to its writer, images and checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import av

from core.domain.editing.clock import single_segment
from schemas.common import Box
from schemas.documents.export import CaptionCue
from streams.render.quality.check_captions import list_timed_slots
from streams.render.quality.reference_frames import ReferenceFrames
from streams.render.quality.subject import caption_entry_ms
from streams.renderer.branding.bumpers import BUMPER_SHOT, NO_SOURCE_MS, BumperFrame
from streams.renderer.branding.picture_marks import chosen_mark, with_mark
from streams.renderer.caption_plan import list_templates, resolve_look
from streams.renderer.compositor import FrameSink, build_compositor
from streams.renderer.job import RenderJob
from streams.renderer.render_progress import RenderProgress
from streams.renderer.segments.segment_reuse import SegmentMismatch, SegmentReuse
from streams.renderer.stills.storyboard import StoryboardBuilder
from streams.renderer.stills.thumbnail import CUT_MARGIN_MS, ThumbnailPicker
from streams.renderer.stills.thumbnail_title import build_title_drawer
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, Slot


class FramePipeline:
    """Turns source frames into output frames, and shows them to all consumers."""

    def __init__(
        self,
        job: RenderJob,
        timeline: OutputTimeline,
        cues: list[CaptionCue],
        scratch: Path,
        progress: RenderProgress,
        reference: ReferenceFrames,
    ) -> None:
        size_px = OUTPUT_SIZES[job.plan.aspect]
        self.thumbnail = ThumbnailPicker(float(timeline.length_ms), job.plan.faces, job.options.thumbnails.count)
        self._progress = progress
        self._compositor, self._reference = build_compositor(job, cues, scratch), reference
        self.segments = SegmentReuse(job, timeline, self._compositor)
        self.segments.check_slots(list_timed_slots(cues, timeline, caption_entry_ms(*list_templates(job))))
        self._has_video = job.encoding.file.video is not None
        self.storyboard = (
            StoryboardBuilder(float(timeline.length_ms), size_px)
            if job.options.storyboard and self._has_video
            else None
        )
        self.title = (
            build_title_drawer(job.title, resolve_look(job), job.plan, job.pieces or single_segment(job.plan.range))
            if job.title
            else None
        )
        mark = chosen_mark(test=job.test, watermark=job.watermark)
        if mark is not None:
            self.title = with_mark(mark, self.title, size_px)

    def plate_areas(self) -> list[tuple[float, float, Box]]:
        """Start, end and box on the output of each caption with a plate."""
        return self._compositor.plate_areas()

    def skippable_ms(self, timeline: OutputTimeline) -> set[int]:
        """Start times of source frames that this export does not need."""
        return self.segments.skippable_ms(timeline, self.storyboard.step_ms if self.storyboard is not None else None)

    def add_frame(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot], writer: FrameSink) -> None:
        """Take a source frame, its source time, and the slots that show it; it must not be modified.

        None where it was skipped. Raises SegmentMismatch where it is needed nevertheless.
        """
        self.segments.verify_frame(at_ms, slots, damaged=picture is not None and picture.is_corrupt)
        if not self._is_frame_needed(slots):
            self._skip_slots(at_ms, slots)
            return
        if picture is None:
            raise SegmentMismatch
        painted = self._compositor.paint(picture, at_ms)
        awkward = picture.is_corrupt or painted.to_cut_ms < CUT_MARGIN_MS
        shot = painted.shot
        self.thumbnail.consider(painted.frame, slots[0].at_ms, source_ms=at_ms, shot=shot, is_awkward=awkward)
        # A file of sound alone has thumbnails all the same.
        if not self._has_video:
            return
        # Without overlays all slots of a source frame look alike before captions: one reference serves them.
        if self._compositor.overlays is None:
            self._reference.add_frame(painted.frame, slots, source_ms=at_ms, shot=shot)
        for slot in slots:
            if not self._is_slot_needed(slot):
                self._skip_slots(at_ms, [slot])
                continue
            frame = self._compositor.with_overlays(painted, slot, last=slot is slots[-1])
            if self._compositor.overlays is not None:
                self._reference.add_frame(frame, [slot], source_ms=at_ms, shot=shot)
            self._write_frame(self._compositor.with_captions(frame, slot), slot, writer)
            self._progress.count_frame()

    def _is_frame_needed(self, slots: Sequence[Slot]) -> bool:
        """Whether a source frame has to be scaled."""
        return self.thumbnail.is_due(slots[0].at_ms) or (self._has_video and any(map(self._is_slot_needed, slots)))

    def _is_slot_needed(self, slot: Slot) -> bool:
        """Whether a slot's frame is needed: reused segments need few."""
        tile = self.storyboard is not None and self.storyboard.is_due(slot.at_ms)
        return tile or self.segments.needs_encoding(slot.number) or self.segments.is_checked(slot.number)

    def _skip_slots(self, at_ms: int, slots: Sequence[Slot]) -> None:
        """Note slots that are not composed; their crop is known all the same."""
        if self._has_video:
            self._reference.add_unpainted(slots, source_ms=at_ms, shot=self._compositor.shot_at(at_ms))
        for _ in slots:
            self._progress.count_frame()

    def _write_frame(self, frame: av.VideoFrame, slot: Slot, writer: FrameSink) -> None:
        """Hand a finished frame on."""
        if self.storyboard is not None:
            self.storyboard.add_frame(frame, slot.at_ms)
        if self.segments.needs_encoding(slot.number):
            writer.write(frame, slot.number)

    def add_bumper_frames(self, pictures: Iterable[BumperFrame], writer: FrameSink) -> None:
        """Write bumper frames; the checks learn that they are not from the source."""
        for picture, slot in pictures if self._has_video else ():
            self._reference.add_frame(picture, [slot], source_ms=NO_SOURCE_MS, shot=BUMPER_SHOT)
            self._write_frame(picture, slot, writer)
            self._progress.count_frame()
