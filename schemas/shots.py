"""How one shot gives way to the next, as the pictures show it. Pure data; times in ms of project time."""

from __future__ import annotations

from typing import Literal

from schemas.media import TimeRange, Value

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
