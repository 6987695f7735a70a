"""From a decoded picture to the picture that is encoded: crop, colours, captions. Never decodes, never encodes.

The one way by which an export and a preview show a slot: the same picture, plan and words give the same pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import av

from schemas.documents import FramePlan, ShotCrop, VideoTrack
from schemas.shown import view
from streams.render.captions import Captions
from streams.render.edl import OUTPUT_SIZES, Shots, Slot
from streams.render.overlays import Overlays
from streams.render.picture import Painter
from streams.render.planes import copied


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
