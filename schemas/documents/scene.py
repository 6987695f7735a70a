"""The content of a sample: persons, screens, on-screen text, transitions between shots. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Box, Mode, TimeRange, Value


class Person(Value, frozen=True, kw_only=True):
    """A person from head to hips, in display pixels; ``score`` 0..1."""

    box: Box
    score: float


class Scenery(Value, frozen=True, kw_only=True):
    """Counts of what the sampled frames of a project show; a frame may count several times."""

    pictures: int
    """Sampled frames."""
    faces: int
    """Frames with a face."""
    persons: int
    """Frames with a person and no face."""
    screens: int
    """Frames with a screen or a slide."""
    person_times: list[TimeRange] = []
    """Ranges with persons and without faces."""
    screen_times: list[TimeRange] = []
    """Ranges in which at least two samples in a row show a screen; of very many the longest."""


Shows = Literal["", "speaker", "face", "people", "person", "screen", "detail", "centre", "whole"]
"""The content of a crop; empty in older plans."""


class Framing(Value, frozen=True, kw_only=True):
    """The content of a range of an export, and why it is shown."""

    start_ms: int
    end_ms: int
    shows: Shows
    """Content of the picture."""
    reason: str
    """Why this is shown."""
    mode: Mode = "hold"
    """How the crop moves."""


class PersonSample(Value, frozen=True, kw_only=True):
    """The persons in one sample without a face."""

    at_ms: int
    persons: list[Person]


class Letters(Value, frozen=True, kw_only=True):
    """A line of on-screen text with its time range, in display pixels."""

    range: TimeRange
    box: Box


TransitionKind = Literal["cut", "fade", "dissolve"]


class Transition(Value, frozen=True, kw_only=True):
    """The change from one shot to the next.

    ``range``: frames that show both shots or a flat colour (empty for a cut). ``at_ms``: the first frame of the new
    shot, which is the middle of a dissolve, and of the black of a fade.
    """

    kind: TransitionKind
    range: TimeRange
    at_ms: int
    strength: float
