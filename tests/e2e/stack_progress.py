"""Progress of a whole stack, as its own database tells it: attempts, their counters, and events not yet sent."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import asyncpg

from local.stack import StackInfo
from tests.e2e.invariants import own_rows

READ_EVERY_S = 5.0
_PROGRESS = """
select (select row(count(*), sum(fence), sum(tries), sum(counter), count(finished_at))::text from attempts) as attempts,
  (select row(max(seq), count(*) filter (where published_at is null))::text from outbox) as events
"""
"""An attempt's counter grows while its work moves: the product renews a lease on that condition only."""


class StackProgress:
    """Progress of everything that the stack works on. Changes as long as any stage moves."""

    def __init__(self, stack: StackInfo) -> None:
        self._stack = stack
        self._read_at = 0.0
        self._read: object = None

    def __call__(self) -> object:
        """Read it again if the last reading is old; an unavailable database reports no progress."""
        if time.monotonic() - self._read_at > READ_EVERY_S:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError):
                self._read = asyncio.run(asyncio.wait_for(self._ask(), READ_EVERY_S))
            self._read_at = time.monotonic()
        return self._read

    async def _ask(self) -> object:
        owner = await own_rows(self._stack)
        try:
            return tuple(await owner.fetchrow(_PROGRESS))
        finally:
            await owner.close()
