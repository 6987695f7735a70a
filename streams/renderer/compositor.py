"""From a decoded picture to the picture that is encoded: crop, colours, captions. Never decodes, never encodes.

The one way by which an export and a preview show a slot: the same picture, plan and words give the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import av

from core.domain.editing.clock import whole
from core.domain.editing.output_words import words_out
from core.domain.framing.geometry import view
from schemas.documents.edit import Piece
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import VideoTrack
from streams.renderer.branding.overlay_placement import OccupiedArea
from streams.renderer.branding.overlays import Overlays
from streams.renderer.caption_plan import resolve_cue_looks, resolve_look
from streams.renderer.captions.burn_in import CaptionBurner
from streams.renderer.captions.caption_placement import FACE_MARGIN_MS, faces_on_output, place_captions
from streams.renderer.job import RenderJob
from streams.renderer.timeline.slots import OUTPUT_SIZES, ShotIndex, Slot
from streams.renderer.video.planes import copy_frame
from streams.renderer.video.scaler import FrameScaler


class FrameSink(Protocol):
    """Whatever is given the pictures of an export, in order."""

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """One picture, and the number of its slot."""
        ...


class PaintedFrame(NamedTuple):
    """A picture of the source on the output's size, yuv420p; nothing is drawn over it yet."""

    frame: av.VideoFrame
    source_ms: int
    shot: ShotCrop
    to_cut_ms: int
    """How far the nearest border between two shots is."""


class Compositor:
    """What all pictures of an export are shown by."""

    def __init__(
        self,
        plan: FramePlan,
        track: VideoTrack,
        captions: CaptionBurner,
        scratch: Path,
        overlays: Overlays | None = None,
    ) -> None:
        """``captions`` on the output's clock; ``scratch`` takes what filters need as files."""
        self.overlays = overlays
        self._shots = ShotIndex(plan)
        self._painter = FrameScaler(track, OUTPUT_SIZES[plan.aspect], scratch)
        self._captions = captions

    def paint(self, frame: av.VideoFrame, at_ms: int) -> PaintedFrame:
        """A picture of the source, which is shown there from ``at_ms`` on."""
        shot = self._shots.at(at_ms)
        painted = self._painter.scale(frame, shot, at_ms)
        return PaintedFrame(painted, at_ms, shot, self._shots.distance_to_cut_ms(at_ms))

    def shot_at(self, at_ms: int) -> ShotCrop:
        """What of a picture of the source is shown."""
        return self._shots.at(at_ms)

    def slot_state(self, at_ms: int, slot: Slot) -> list[object]:
        """All that a slot shows, as plain values: where they are equal, the pictures are."""
        shot = self._shots.at(at_ms)
        crop = [shot.mode, shot.crop, shot.panes, view(shot, at_ms) if shot.path else None]
        overlay_state = self.overlays.slot_state(slot) if self.overlays is not None else []
        return [at_ms, crop, overlay_state, self._captions.slot_state(slot.words_ms)]

    def compose(self, painted: PaintedFrame, slot: Slot, *, last: bool) -> av.VideoFrame:
        """What is encoded in a slot. ``last``: no other slot shows this picture, so it may be drawn on."""
        return self.with_captions(self.with_overlays(painted, slot, last=last), slot)

    def with_overlays(self, painted: PaintedFrame, slot: Slot, *, last: bool) -> av.VideoFrame:
        """The picture of a slot with what a brand kit lays over it."""
        shown = painted.frame if last else copy_frame(painted.frame)
        if self.overlays is not None:
            self.overlays.burn(shown, slot)
        return shown

    def with_captions(self, shown: av.VideoFrame, slot: Slot) -> av.VideoFrame:
        """The same picture with its captions, drawn into it."""
        self._captions.burn(shown, slot.words_ms)
        return shown


def build_compositor(job: RenderJob, cues: list[CaptionCue], scratch: Path) -> Compositor:
    """By what all pictures of the export are shown."""
    assert job.index.video is not None
    played = job.pieces or whole(job.plan.range)
    captions = place_captions(cues, resolve_look(job), job.plan, played, resolve_cue_looks(job, cues, played))
    return Compositor(job.plan, job.index.video, captions, scratch, build_overlays(job, played, captions))


def build_overlays(job: RenderJob, played: Sequence[Piece], captions: CaptionBurner) -> Overlays | None:
    """What a brand kit lays over the clip's pictures."""
    if job.brand is None:
        return None
    clip_ms, size_px = (played[0].output_start_ms, played[-1].output_end_ms), OUTPUT_SIZES[job.plan.aspect]
    seen = [
        OccupiedArea(at_ms - FACE_MARGIN_MS, at_ms + FACE_MARGIN_MS, box)
        for at_ms, box in faces_on_output(job.plan, played, size_px)
    ]
    inks = [OccupiedArea(*one) for one in captions.ink_areas()] if job.brand.kit.lower_third else []
    return Overlays(job.brand, words_out(job.words, played), size_px, clip_ms, seen, inks)
