"""What frame sees in a clip: tracks of faces with their mouths, shots, speaking turns. Pure data."""

from __future__ import annotations

from schemas.common import CropBox, Face, TimeRange, Value
from schemas.documents.scene import Letters, PersonSample, Transition


class Mouth(Value, frozen=True, kw_only=True):
    """One face of one picture: ``x``, ``y`` its middle and ``height_px`` brow to chin, in display pixels.

    ``opening``: gap of the inner lips, in face heights. ``stir``: how far the lips moved since the look before, the
    head held still, in face heights; 0 at the first. ``yaw_deg`` right, ``pitch_deg`` down, ``roll_deg`` clockwise.
    """

    at_ms: int
    x: float
    y: float
    height_px: float
    opening: float
    stir: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    eyes: float | None = None
    """How open the eyes are, 0..1; None where the face is too small to tell, or nobody looked at them."""


class VoiceCurve(Value, frozen=True, kw_only=True):
    """Level of the sound in dBFS (floor -100) where voices lie, one number per ``step_ms`` from ``start_ms``."""

    start_ms: int
    step_ms: int
    level_db: list[float]


class SpeakingTurn(Value, frozen=True, kw_only=True):
    """A stretch in which the face of ``track`` speaks. ``confidence`` 0..1: how clearly it, and none of the others."""

    track: int
    range: TimeRange
    confidence: float


class FaceSample(Value, frozen=True, kw_only=True):
    """Where one tracked face is at one looked-at picture."""

    at_ms: int
    face: Face
    eyes: float | None = None
    """How open its eyes are, 0..1; None where that is not known."""
    standing: float | None = None
    """How much of the clip is this person's, in time on screen and words, beside whoever has most; None: not told."""


class FaceTrack(Value, frozen=True, kw_only=True):
    """One face followed inside one shot."""

    track: int
    shot: int
    samples: list[FaceSample]


class ShotLook(Value, frozen=True, kw_only=True):
    """What a shot shows where no face decides. ``columns`` and ``rows`` (32 each, left to right and top to bottom of
    the display picture): shares of detail and movement, sum 1. ``blocks``: mean luma of 9 × 16 blocks, row by row; it
    tells camera angles apart.
    """

    shot: int
    columns: list[float]
    rows: list[float]
    blocks: list[int]
    screen: float | None = None
    """How surely it shows a screen or a slide, 0..1; None where that was not measured."""
    content: CropBox | None = None
    """The picture inside of black bars; None where there are none, or nobody looked for them."""


class ClipTracks(Value, frozen=True, kw_only=True):
    """What frame saw in a stretch of the source, whatever the aspect: exact shots and face tracks."""

    clip_id: str
    range: TimeRange
    shots: list[TimeRange]
    tracks: list[FaceTrack]
    pictures_looked_at: int
    model: str
    compute_ms: int
    looks: list[ShotLook] = []
    transitions: list[Transition] = []
    """How each shot gives way to the next: ``shots`` meet at their ``at_ms``."""
    mouths: list[Mouth] = []
    voice: VoiceCurve | None = None
    turns: list[SpeakingTurn] = []
    """Who of the faces speaks when, from ``mouths`` and ``voice`` together."""
    persons: list[PersonSample] = []
    """Some of the pictures without a face, and who is seen there."""
    letters: list[Letters] = []
    """Lines that stand in the picture: titles, signs, names that were laid over it."""
