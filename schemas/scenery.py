"""What pictures show besides faces: persons where no face is seen. Pure data; times in ms of project time."""

from __future__ import annotations

from schemas.media import Box, Value


class Person(Value, frozen=True, kw_only=True):
    """Somebody, head to hips, in display pixels. ``score`` 0..1."""

    box: Box
    score: float


class PersonSample(Value, frozen=True, kw_only=True):
    """Who was seen in one looked-at picture that shows no face; nobody where ``persons`` is empty."""

    at_ms: int
    persons: list[Person]
