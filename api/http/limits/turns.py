"""Places that requests wait for in turn, within this process: each of them holds memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.http.limits.rate_limits import Places


class Turn:
    """A place that is held now."""

    def __init__(self, free: asyncio.Semaphore, seconds: float) -> None:
        """``seconds``: how long it is held where others wait for it."""
        self._free = free
        self._seconds = seconds
        self._until = 0.0
        self._held = False

    async def begin(self) -> None:
        """Wait for the place."""
        await self._free.acquire()
        self._held = True
        self._until = asyncio.get_running_loop().time() + self._seconds

    def end(self) -> None:
        """Leave it to the next one."""
        if self._held:
            self._held = False
            self._free.release()

    def is_over(self) -> bool:
        """Whether its time is over and somebody waits for it."""
        return self._free.locked() and asyncio.get_running_loop().time() >= self._until


class Turns:
    """Places that are waited for in turn: each of them holds memory."""

    def __init__(self, most: int, *, per_name: int, seconds: float = 30.0) -> None:
        """``most`` places, for which a name may ask ``per_name`` times at once.

        A turn takes ``seconds`` where others wait, and is taken again after them.
        """
        self._free = asyncio.Semaphore(most)
        self._asked = Places(per_name)
        self._seconds = seconds

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[Turn]:
        """A place for the length of the body. Raises ``rate-limited`` where ``name`` asks too often."""
        self._asked.require(name)
        with self._asked.hold(name):
            turn = Turn(self._free, self._seconds)
            await turn.begin()
            try:
                yield turn
            finally:
                turn.end()
