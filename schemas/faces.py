"""What a closer look at faces found: mouths, poses, who speaks. Pure data; times in ms of project time."""

from __future__ import annotations

from schemas.media import TimeRange, Value


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
