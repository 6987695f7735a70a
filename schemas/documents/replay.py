"""The result of a replay: whether an export came out the same, and what differs. Pure data."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

ReplayOutcome = Literal["same", "different", "impossible", "failed"]
"""``impossible``: an input is gone; ``failed``: rendering failed this time."""


class Difference(Value, frozen=True, kw_only=True):
    """One entry of the provenance that differs; null if it did, or does, not exist."""

    what: str
    """Name of the entry that differs."""
    then: str | None
    """Value at the original rendering; null if it did not exist."""
    now: str | None
    """Value now; null if it does not exist."""


class ReplayResult(Value, frozen=True, kw_only=True):
    """The result of a replay."""

    outcome: ReplayOutcome
    detail: str
    """The result as a sentence."""
    files: list[str] = []
    """Names of the files whose bytes differ."""
    compared: int = 0
    """Number of files that were compared."""
    differences: list[Difference] = []
    """Provenance entries that differ, also when the bytes are the same."""
