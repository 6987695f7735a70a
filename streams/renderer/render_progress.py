"""Progress of a render: one counter over all that is made."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

Report = Callable[[int], None]


class RenderProgress:
    """One counter over everything that is made: it only grows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._count = 0
        self._lock = Lock()
        """Files that are made side by side count on threads of their own."""

    def count_frame(self) -> None:
        """A picture, or a frame of sound, more."""
        with self._lock:
            self._count += 1
            if self._count % 10 == 0:
                self._report(self._count)

    def count_task(self) -> None:
        """Something that takes seconds is done."""
        with self._lock:
            self._count += 1
            self._report(self._count)
