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
from streams.renderer.branding.overlay_placement import Taken
from streams.renderer.branding.overlays import Overlays
from streams.renderer.caption_plan import look_of, looks_of
from streams.renderer.captions.burn_in import Captions
from streams.renderer.captions.caption_placement import NEAR_MS, captions_for, faces_seen
from streams.renderer.job import RenderTask
from streams.renderer.timeline.slots import OUTPUT_SIZES, Shots, Slot
from streams.renderer.video.planes import copied
from streams.renderer.video.scaler import Painter


class TakesPictures(Protocol):
    """Whatever is given the pictures of an export, in order."""

    def write(self, picture: av.VideoFrame, number: int) -> None:
        """One picture, and the number of its slot."""
        ...


class Painted(NamedTuple):
    """A picture of the source on the output's size, yuv420p; nothing is drawn over it yet."""

    picture: av.VideoFrame
    source_ms: int
    shot: ShotCrop
    to_cut_ms: int
    """How far the nearest border between two shots is."""


class Scene:
    """What all pictures of an export are shown by."""

    def __init__(
        self,
        plan: FramePlan,
        track: VideoTrack,
        captions: Captions,
        scratch: Path,
        overlays: Overlays | None = None,
    ) -> None:
        """``captions`` on the output's clock; ``scratch`` takes what filters need as files."""
        self.overlays = overlays
        self._shots = Shots(plan)
        self._painter = Painter(track, OUTPUT_SIZES[plan.aspect], scratch)
        self._captions = captions

    def paint(self, picture: av.VideoFrame, at_ms: int) -> Painted:
        """A picture of the source, which is shown there from ``at_ms`` on."""
        shot = self._shots.at(at_ms)
        painted = self._painter.paint(picture, shot, at_ms)
        return Painted(painted, at_ms, shot, self._shots.distance_to_cut_ms(at_ms))

    def shot(self, at_ms: int) -> ShotCrop:
        """What of a picture of the source is shown."""
        return self._shots.at(at_ms)

    def told(self, at_ms: int, slot: Slot) -> list[object]:
        """All that a slot shows, as plain values: where they are equal, the pictures are."""
        shot = self._shots.at(at_ms)
        crop = [shot.mode, shot.crop, shot.panes, view(shot, at_ms) if shot.path else None]
        laid = self.overlays.told(slot) if self.overlays is not None else []
        return [at_ms, crop, laid, self._captions.told(slot.words_ms)]

    def show(self, painted: Painted, slot: Slot, *, last: bool) -> av.VideoFrame:
        """What is encoded in a slot. ``last``: no other slot shows this picture, so it may be drawn on."""
        return self.lettered(self.dressed(painted, slot, last=last), slot)

    def dressed(self, painted: Painted, slot: Slot, *, last: bool) -> av.VideoFrame:
        """The picture of a slot with what a brand kit lays over it."""
        shown = painted.picture if last else copied(painted.picture)
        if self.overlays is not None:
            self.overlays.burn(shown, slot)
        return shown

    def lettered(self, shown: av.VideoFrame, slot: Slot) -> av.VideoFrame:
        """The same picture with its captions, drawn into it."""
        self._captions.burn(shown, slot.words_ms)
        return shown


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
