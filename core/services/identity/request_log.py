"""The request log: answered requests are noted in memory and written in batches, off their path."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import structlog

from core.errors import Unavailable
from core.infra.postgres.connection import Pool, org_transaction
from core.storage.identity.request_log import LoggedRequest, insert_requests

MAX_NOTED = 10_000
"""Requests that wait to be written; what comes beyond is dropped and counted."""
SHARE_OF_ONE = 5
"""One organisation takes at most this part of the places: a flood of its requests drops no others."""
WRITE_EVERY_S = 1.0
MAX_WRITTEN_REQUESTS = 500


class RequestLog:
    """Notes of the requests of one API process."""

    def __init__(self, pool: Pool, *, on_dropped: Callable[[int], None], most: int = MAX_NOTED) -> None:
        """``on_dropped`` gets the number of notes that were dropped; at most ``most`` wait."""
        self._pool = pool
        self._on_dropped = on_dropped
        self._most = most
        self._noted: deque[LoggedRequest] = deque()
        self._waiting: Counter[UUID] = Counter()

    def note(self, request: LoggedRequest) -> None:
        """Note a request; never waits."""
        if len(self._noted) >= self._most or self._waiting[request.org_id] >= max(1, self._most // SHARE_OF_ONE):
            self._on_dropped(1)
            return
        self._waiting[request.org_id] += 1
        self._noted.append(request)

    async def write(self) -> int:
        """Write what was noted, a transaction for each organisation, and return the number.

        What could not be written stays noted. Raises Unavailable.
        """
        written_count = 0
        while self._noted:
            batch = [self._noted.popleft() for _ in range(min(MAX_WRITTEN_REQUESTS, len(self._noted)))]
            written_count += await self._write_batch(batch)
        return written_count

    async def _write_batch(self, batch: list[LoggedRequest]) -> int:
        by_org: dict[UUID, list[LoggedRequest]] = {}
        for request in batch:
            by_org.setdefault(request.org_id, []).append(request)
        left, written_count = list(by_org), 0
        try:
            while left:
                written_count += await self._write_for(left[0], by_org[left[0]])
                self._waiting[left[0]] -= len(by_org[left[0]])
                left.pop(0)
        except BaseException:
            unwritten = [request for org_id in left for request in by_org[org_id]]
            self._noted.extendleft(reversed(unwritten))
            raise
        self._waiting = +self._waiting
        return written_count

    async def _write_for(self, org_id: UUID, requests: list[LoggedRequest]) -> int:
        """Write the requests of one organisation.

        Those that Postgres refuses are dropped, so that others follow.
        """
        try:
            async with org_transaction(self._pool, org_id) as connection:
                await insert_requests(connection, org_id, requests)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - an organisation that was removed meanwhile must not stop the rest
            self._on_dropped(len(requests))
            structlog.get_logger().error("request log refused", org_id=str(org_id), error=type(error).__name__)
            return 0
        return len(requests)

    async def run(self) -> None:
        """Write every ``WRITE_EVERY_S`` until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(WRITE_EVERY_S)
                await self._try_to_write()
        finally:
            with suppress(asyncio.CancelledError):
                await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except Unavailable as error:
            structlog.get_logger().warning("request log waits", part=error.part)
