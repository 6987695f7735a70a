"""Work in a thread of its own, for as long as a ``with`` block lasts."""

from __future__ import annotations

import threading
from typing import Self


class Background:
    """Calls `_run` in a thread while entered; `_stop` is set at the end, and then waited for."""

    def __init__(self) -> None:
        """Nothing runs before it is entered."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it to end, and wait until it has."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError
