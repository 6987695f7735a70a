"""Counts the progress of a render over all its files."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

Report = Callable[[int], None]


class RenderProgress:
    """A counter that only grows, over all files of a render."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._count = 0
        self._lock = Lock()
        """Files that are rendered in parallel count on threads of their own."""

    def count_frame(self) -> None:
        """Count one frame of video or audio; every tenth is reported."""
        with self._lock:
            self._count += 1
            if self._count % 10 == 0:
                self._report(self._count)

    def count_task(self) -> None:
        """Count a task of some seconds, and report at once."""
        with self._lock:
            self._count += 1
            self._report(self._count)
