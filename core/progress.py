"""One growing counter from several parts of a piece of work; a lease holds only while it grows."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[int], None]
"""Called with a counter that only grows (packets, frames, bytes): the proof that work moves."""


class Steps:
    """One growing counter out of several parts that each count from zero."""

    def __init__(self, report: Report) -> None:
        """``report`` only ever sees growth."""
        self._report = report
        self._latest = 0

    def part(self) -> Callable[[int], None]:
        """The counter of the next part."""
        base = self._latest

        def count(value: int) -> None:
            self._latest = max(self._latest, base + value)
            self._report(self._latest)

        return count

    def parallel(self) -> Callable[[int], None]:
        """The counter of a part that runs in parallel with others: their increments add up."""
        highest = 0

        def count(value: int) -> None:
            nonlocal highest
            grown, highest = max(0, value - highest), max(highest, value)
            self._latest += grown
            self._report(self._latest)

        return count
