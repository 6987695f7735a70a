"""When a part that died is started again. Pure: knows no clock and no process."""

from __future__ import annotations

import msgspec

FIRST_S, LONGEST_S = 0.5, 30.0
STEADY_S = 60.0
"""A part that stood this long starts again from the shortest wait."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row a part fell, and what that means for the next start."""

    falls: int = 0

    def fell(self, *, stood_s: float) -> Backoff:
        """The state after one more fall; ``stood_s`` is how long the part had been ready before it."""
        return Backoff(falls=1 if stood_s >= STEADY_S else self.falls + 1)

    @property
    def wait_s(self) -> float:
        """Seconds to wait before the next start."""
        return min(LONGEST_S, FIRST_S * 2.0 ** (self.falls - 1)) if self.falls else 0.0
