"""Composes output frames: crop and scale, brand overlays, captions. Shared by exports and previews.

The same source frame, plan and words give the same pixels in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import av

from core.domain.editing.clock import single_segment
from core.domain.editing.output_words import words_out
from core.domain.framing.geometry import view
from schemas.common import Box
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import VideoTrack
from streams.renderer.branding.overlay_placement import OccupiedArea
from streams.renderer.branding.overlays import Overlays
from streams.renderer.branding.picture_marks import chosen_mark
from streams.renderer.caption_plan import resolve_cue_looks, resolve_look
from streams.renderer.captions.burn_in import CaptionBurner
from streams.renderer.captions.caption_placement import FACE_MARGIN_MS, faces_on_output, place_captions
from streams.renderer.job import RenderJob
from streams.renderer.timeline.slots import OUTPUT_SIZES, ShotIndex, Slot
from streams.renderer.video.planes import copy_frame
from streams.renderer.video.scaler import FrameScaler


class FrameSink(Protocol):
    """Receives the frames of an export in order."""

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Take one frame and the number of its slot."""
        ...


class PaintedFrame(NamedTuple):
    """A source frame scaled to the output size (yuv420p), before overlays and captions."""

    frame: av.VideoFrame
    source_ms: int
    shot: ShotCrop
    to_cut_ms: int
    """Distance to the nearest shot border, in ms."""


class Compositor:
    """Everything that turns source frames into output frames of one export."""

    def __init__(
        self,
        plan: FramePlan,
        track: VideoTrack,
        captions: CaptionBurner,
        scratch: Path,
        overlays: Overlays | None = None,
    ) -> None:
        """``captions`` are on the output clock; ``scratch`` takes the files that filters need."""
        self.overlays = overlays
        self._shots = ShotIndex(plan)
        self._painter = FrameScaler(track, OUTPUT_SIZES[plan.aspect], scratch)
        self._captions = captions

    def paint(self, frame: av.VideoFrame, at_ms: int) -> PaintedFrame:
        """Crop and scale a source frame that is shown from ``at_ms`` of the source on."""
        shot = self._shots.at(at_ms)
        painted = self._painter.scale(frame, shot, at_ms)
        return PaintedFrame(painted, at_ms, shot, self._shots.distance_to_cut_ms(at_ms))

    def shot_at(self, at_ms: int) -> ShotCrop:
        """The crop of a time of the source."""
        return self._shots.at(at_ms)

    def slot_state(self, at_ms: int, slot: Slot) -> list[object]:
        """Everything that a slot shows, as plain values: equal values mean equal pixels."""
        shot = self._shots.at(at_ms)
        crop = [shot.mode, shot.crop, shot.panes, view(shot, at_ms) if shot.path else None]
        overlay_state = self.overlays.slot_state(slot) if self.overlays is not None else []
        return [at_ms, crop, overlay_state, self._captions.slot_state(slot.words_ms)]

    def compose(self, painted: PaintedFrame, slot: Slot, *, last: bool) -> av.VideoFrame:
        """Draw overlays and captions for a slot.

        ``last``: no later slot shows this frame, so it may be drawn on.
        """
        return self.with_captions(self.with_overlays(painted, slot, last=last), slot)

    def with_overlays(self, painted: PaintedFrame, slot: Slot, *, last: bool) -> av.VideoFrame:
        """The slot's frame with the brand kit's overlays."""
        frame = painted.frame if last else copy_frame(painted.frame)
        if self.overlays is not None:
            self.overlays.burn(frame, slot)
        return frame

    def plate_areas(self) -> list[tuple[float, float, Box]]:
        """Start, end and box on the output of each caption with a plate."""
        return self._captions.plate_areas()

    def with_captions(self, frame: av.VideoFrame, slot: Slot) -> av.VideoFrame:
        """Draw the slot's captions into the frame, in place."""
        self._captions.burn(frame, slot.words_ms)
        return frame


def build_compositor(job: RenderJob, cues: list[CaptionCue], scratch: Path) -> Compositor:
    """Build the compositor of a job."""
    assert job.index.video is not None
    played = job.pieces or single_segment(job.plan.range)
    captions = place_captions(cues, resolve_look(job), job.plan, played, resolve_cue_looks(job, cues, played))
    return Compositor(job.plan, job.index.video, captions, scratch, build_overlays(job, played, captions))


def build_overlays(job: RenderJob, played: Sequence[PlacedSegment], captions: CaptionBurner) -> Overlays | None:
    """Build the overlays of the clip: the brand kit's, and a mark; None where there are none."""
    mark = chosen_mark(test=job.test, watermark=job.watermark)
    if job.brand is None and mark is None:
        return None
    clip_ms, size_px = (played[0].output_start_ms, played[-1].output_end_ms), OUTPUT_SIZES[job.plan.aspect]
    faces = [
        OccupiedArea(at_ms - FACE_MARGIN_MS, at_ms + FACE_MARGIN_MS, box)
        for at_ms, box in faces_on_output(job.plan, played, size_px)
    ]
    names = job.brand is not None and job.brand.kit.lower_third is not None
    inks = [OccupiedArea(*ink_area) for ink_area in captions.ink_areas()] if names else []
    return Overlays(job.brand, words_out(job.words, played), size_px, clip_ms, faces, inks, mark=mark)
