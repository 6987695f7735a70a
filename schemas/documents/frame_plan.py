"""What each shot of a clip shows: crops, panes, camera paths. Pure data."""

from __future__ import annotations

from schemas.common import Aspect, Box, CropBox, Mode, TimeRange, Value
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.quality import FaceExpectation
from schemas.documents.scene import Letters, Shows


class PathKey(Value, frozen=True, kw_only=True):
    """Where a crop that moves is at ``at_ms`` (source ms); between two keys it goes evenly."""

    at_ms: int
    box: Box


class Pane(Value, frozen=True, kw_only=True):
    """One of several parts of the source, stacked from the top: as wide as the output, ``share`` of its height."""

    source: CropBox
    share: float


class ShotCrop(Value, frozen=True, kw_only=True):
    """How one shot of the clip is framed, and why."""

    range: TimeRange
    mode: Mode
    crop: CropBox
    """What is shown of the source; where ``path`` or ``panes`` tell more, the part around all of it."""
    reason: str
    shows: Shows = ""
    path: list[PathKey] = []
    """Where the crop is, of one that moves; in order of time."""
    panes: list[Pane] = []
    """From the top, where several parts are shown at once."""
    above: float = 0.5
    """Where all of a picture stands on a higher ground: the share of what is left that is above it."""
    content: CropBox | None = None
    """What lies inside of the source's black bars; None: all of the picture."""


class FramePlan(Value, frozen=True, kw_only=True):
    """The crop of each shot of one export."""

    clip_id: str
    aspect: Aspect
    range: TimeRange
    source_width: int
    source_height: int
    shots: list[ShotCrop]
    faces: list[FaceSample] = []
    """At each look the largest face that is mostly in the crop, or in each pane, in display pixels: for the thumbnail,
    and for captions to keep off.
    """
    model: str = ""
    """What looked at the pictures."""
    expected: list[FaceExpectation] = []
    """At each look the face that the crop ought to hold; what the certificate holds the crops against."""
    safer: list[ShotCrop] = []
    """The same shots with still crops and blurred grounds alone: for another try, where the first is not good."""
    safer_faces: list[FaceSample] = []
    """As ``faces``, of the safer shots."""
    letters: list[Letters] = []
    """Lines that stand in the source, for captions to keep off."""
    signs: list[Letters] = []
    """Those of them that no crop may cut: titles, signs and names; what the certificate holds the crops against."""
