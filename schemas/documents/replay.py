"""Whether an export that was made again came out the same, and what differs. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

ReplayOutcome = Literal["same", "different", "impossible", "failed"]
"""``impossible``: what it was made of is gone; ``failed``: it could not be made this time."""


class Difference(Value, frozen=True, kw_only=True):
    """One thing an export was made with that is another now; None where it was, or is, not there."""

    what: str
    """What differs."""
    then: str | None
    """Value at the first making; null where it was not there."""
    now: str | None
    """Value now; null where it is not there."""


class Remade(Value, frozen=True, kw_only=True):
    """What a replay found."""

    outcome: ReplayOutcome
    detail: str
    """In a sentence."""
    files: list[str] = []
    """Names of the files whose bytes differ."""
    compared: int = 0
    """How many files were compared."""
    differences: list[Difference] = []
    """What it was made with then and now, where that is not the same; also where the bytes are."""
