"""How the stand-in misbehaves: by a seed, so that a series can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["well", "busy", "error", "error_after", "hang", "hang_after"]


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of requests, from 0 to 1."""

    busy: float = 0.0
    """429 with Retry-After; nothing was done."""
    error: float = 0.0
    """500; nothing was done."""
    error_after: float = 0.0
    """500, and it was done."""
    hang: float = 0.0
    """No answer, and nothing was done."""
    hang_after: float = 0.0
    """No answer, and it was done."""


class Misbehaviour:
    """Draws what becomes of a request."""

    def __init__(self, seed: int, rates: Rates) -> None:
        """The same seed and requests give the same outcomes."""
        self._dice, self.rates = random.Random(seed), rates  # noqa: S311 - no secret is drawn

    def draw(self) -> Kind:
        """What becomes of the next request."""
        kinds: tuple[Kind, ...] = ("busy", "error", "error_after", "hang", "hang_after")
        point = self._dice.random()
        for kind in kinds:
            point -= getattr(self.rates, kind)
            if point < 0:
                return kind
        return "well"

    def retry_after(self) -> str:
        """Seconds of a 429."""
        return str(self._dice.randint(1, 20))

    def deliveries(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Events in another order, some of them twice or thrice."""
        repeated = [event for event in events for _ in range(self._dice.choice([1, 1, 2, 3]))]
        self._dice.shuffle(repeated)
        return repeated
