"""What a sampled frame shows: persons, screens, on-screen text, transitions between shots. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Box, Mode, TimeRange, Value


class Person(Value, frozen=True, kw_only=True):
    """Somebody, head to hips, in display pixels. ``score`` 0..1."""

    box: Box
    score: float


class Scenery(Value, frozen=True, kw_only=True):
    """What the sparse pictures of a whole project show, counted; a picture may show several of these."""

    pictures: int
    """Looked at."""
    faces: int
    """Pictures that show a face."""
    persons: int
    """Somebody is seen, and no face."""
    screens: int
    """A screen or a slide."""
    person_times: list[TimeRange] = []
    """Stretches in which persons without a face are seen."""
    screen_times: list[TimeRange] = []
    """Where two pictures in a row or more show it, in order; where there are very many, the longest of them."""


Shows = Literal["", "speaker", "face", "people", "person", "screen", "detail", "centre", "whole"]
"""What a crop holds on; empty where it was made before that was told."""


class Framing(Value, frozen=True, kw_only=True):
    """What a stretch of an export holds on, and why."""

    start_ms: int
    end_ms: int
    shows: Shows
    """What is shown."""
    reason: str
    """Why this is shown."""
    mode: Mode = "hold"
    """How the crop moves."""


class PersonSample(Value, frozen=True, kw_only=True):
    """Who was seen in one looked-at picture that shows no face; nobody where ``persons`` is empty."""

    at_ms: int
    persons: list[Person]


class Letters(Value, frozen=True, kw_only=True):
    """A line of letters that stands in the picture, in display pixels, and when."""

    range: TimeRange
    box: Box


TransitionKind = Literal["cut", "fade", "dissolve"]


class Transition(Value, frozen=True, kw_only=True):
    """One shot ends, another begins.

    ``range`` holds the pictures that show something of both, or nothing at all (empty for a cut); ``at_ms`` is the
    first picture that belongs to the new shot: the middle of a dissolve, the middle of the black of a fade.
    """

    kind: TransitionKind
    range: TimeRange
    at_ms: int
    strength: float
