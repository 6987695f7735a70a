"""The stage `frame`'s analysis of a clip: face tracks with mouths, shots, speaking turns. Pure data."""

from __future__ import annotations

from schemas.common import CropBox, Face, TimeRange, Value
from schemas.documents.scene import Letters, PersonSample, Transition


class Mouth(Value, frozen=True, kw_only=True):
    """The mouth of one face in one sample.

    ``x``, ``y``: centre; ``height_px``: brow to chin, in display pixels. ``opening``: gap of the inner lips, in face
    heights. ``stir``: movement of the lips since the previous sample without that of the head, in face heights; 0 at
    the first. ``yaw_deg`` right, ``pitch_deg`` down, ``roll_deg`` clockwise.
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
    """How open the eyes are, 0..1; null if the face is too small, or they were not measured."""


class VoiceCurve(Value, frozen=True, kw_only=True):
    """Sound level in the voice band in dBFS (floor -100), one number a ``step_ms`` from ``start_ms``."""

    start_ms: int
    step_ms: int
    level_db: list[float]


class SpeakingTurn(Value, frozen=True, kw_only=True):
    """A range in which the face of ``track`` speaks; ``confidence`` 0..1: how clearly this face alone."""

    track: int
    range: TimeRange
    confidence: float


class FaceSample(Value, frozen=True, kw_only=True):
    """A tracked face in one sample."""

    at_ms: int
    face: Face
    eyes: float | None = None
    """How open its eyes are, 0..1; null if unknown."""
    standing: float | None = None
    """This person's share of screen time and words, relative to the most prominent person's; null if unknown."""


class FaceTrack(Value, frozen=True, kw_only=True):
    """One face, tracked inside one shot."""

    track: int
    shot: int
    samples: list[FaceSample]


class ShotLook(Value, frozen=True, kw_only=True):
    """The place of detail in a shot, for framing without faces.

    ``columns`` and ``rows`` (32 each, from the left and from the top of the display frame): shares of detail and
    movement, sum 1. ``blocks``: mean luma of 9 × 16 blocks, row by row, which separates camera angles.
    """

    shot: int
    columns: list[float]
    rows: list[float]
    blocks: list[int]
    screen: float | None = None
    """Probability that it shows a screen or a slide, 0..1; null if not measured."""
    content: CropBox | None = None
    """The content area inside black bars; null without bars, or if not measured."""


class ClipTracks(Value, frozen=True, kw_only=True):
    """The visual analysis of a source range, for every aspect: exact shots, face tracks, persons, text."""

    clip_id: str
    range: TimeRange
    shots: list[TimeRange]
    tracks: list[FaceTrack]
    pictures_looked_at: int
    model: str
    compute_ms: int
    looks: list[ShotLook] = []
    transitions: list[Transition] = []
    """The change from each shot to the next: ``shots`` meet at its ``at_ms``."""
    mouths: list[Mouth] = []
    voice: VoiceCurve | None = None
    turns: list[SpeakingTurn] = []
    """Speaking turns of the faces, from ``mouths`` and ``voice``."""
    persons: list[PersonSample] = []
    """Persons in some samples without a face."""
    letters: list[Letters] = []
    """Lines of on-screen text: titles, signs, name strips."""
