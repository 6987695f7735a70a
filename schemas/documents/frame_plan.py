"""The framing of each shot of a clip: crops, panes, camera paths. Pure data."""

from __future__ import annotations

from schemas.common import Aspect, Box, CropBox, Mode, TimeRange, Value
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.quality import FaceExpectation
from schemas.documents.scene import Letters, Shows


class PathKey(Value, frozen=True, kw_only=True):
    """Position of a moving crop at ``at_ms`` (source ms); linear between two keys."""

    at_ms: int
    box: Box


class Pane(Value, frozen=True, kw_only=True):
    """One of several stacked crops: as wide as the output, ``share`` of its height."""

    source: CropBox
    share: float


class ShotCrop(Value, frozen=True, kw_only=True):
    """The framing of one shot of the clip, and why."""

    range: TimeRange
    mode: Mode
    crop: CropBox
    """The part of the source that is shown; with ``path`` or ``panes`` the hull of all of them."""
    reason: str
    shows: Shows = ""
    path: list[PathKey] = []
    """The path of a moving crop, in order of time."""
    panes: list[Pane] = []
    """Stacked crops, from the top."""
    above: float = 0.5
    """For a whole frame on a blurred ground: the share of the remaining height above it."""
    content: CropBox | None = None
    """The source's content area inside black bars; null: the whole frame."""


class FramePlan(Value, frozen=True, kw_only=True):
    """The crop of each shot of one export."""

    clip_id: str
    aspect: Aspect
    range: TimeRange
    source_width: int
    source_height: int
    shots: list[ShotCrop]
    faces: list[FaceSample] = []
    """For each sample, the largest face inside the crop or each pane, in display pixels.

    Thumbnails prefer these faces, and captions avoid them.
    """
    model: str = ""
    """Detectors and models of the analysis."""
    expected: list[FaceExpectation] = []
    """For each sample, the face that the crop has to hold; the certificate compares the file with it."""
    safer: list[ShotCrop] = []
    """The fallback plan: the same shots with static crops and blurred grounds only."""
    safer_faces: list[FaceSample] = []
    """The same as ``faces`` for the fallback plan."""
    letters: list[Letters] = []
    """Lines of on-screen text, which captions avoid."""
    signs: list[Letters] = []
    """Lines that no crop may cut (titles, signs, names); the certificate compares the file with them."""
