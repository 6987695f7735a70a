"""Tail the topics of projects and previews, and wake the listeners of a project.

A wake only says "look again". While Kafka is away listeners look by themselves every few seconds, so no event is
missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import structlog
from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.topic_reader import TailReader, open_tail

TOPICS = ("projects.v1", "previews.v1")
LOOK_ANYWAY_S = 5.0
AGAIN_S = 2.0


class Listeners:
    """Listeners by project, and those of any project."""

    def __init__(self, look_anyway_s: float = LOOK_ANYWAY_S) -> None:
        """``look_anyway_s``: longest time that a listener waits without a wake."""
        self._look_anyway_s = look_anyway_s
        self._waiting: dict[UUID | None, set[asyncio.Event]] = {}
        """By project; None: any."""

    def wake(self, project_id: UUID) -> None:
        """Wake a project's listeners, and those of any project."""
        for event in (*self._waiting.get(project_id, ()), *self._waiting.get(None, ())):
            event.set()

    def wake_all(self) -> None:
        """Wake all listeners: events may have been missed while the topic was not followed."""
        for events in self._waiting.values():
            for event in events:
                event.set()

    def listen(self, project_id: UUID) -> AsyncIterator[None]:
        """Yield at once, then after each wake or pause, until the listener stops."""
        return self._listen(project_id, self._look_anyway_s)

    def listen_all(self, pause_s: float) -> AsyncIterator[None]:
        """Yield at once, then after each wake of any project, and after a pause without one."""
        return self._listen(None, min(pause_s, self._look_anyway_s))

    async def _listen(self, project_id: UUID | None, pause_s: float) -> AsyncIterator[None]:
        event = asyncio.Event()
        self._waiting.setdefault(project_id, set()).add(event)
        try:
            while True:
                yield
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), pause_s)
                event.clear()
        finally:
            waiting = self._waiting[project_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[project_id]


def read_project_id(key: bytes | None) -> UUID | None:
    """Project of a message, or None for a key that is no UUID."""
    try:
        return UUID((key or b"").decode())
    except (ValueError, UnicodeDecodeError):
        return None


class Follower:
    """Tails the topics while it runs, and starts again when Kafka comes back."""

    def __init__(self, access: KafkaAccess, listeners: Listeners) -> None:
        """Nothing is opened until ``run``."""
        self._access = access
        self._listeners = listeners
        self._tail: TailReader | None = None

    async def probe(self) -> None:
        """Ask Kafka for its topics; raises Unavailable where it does not answer."""
        if self._tail is None:
            raise Unavailable("kafka", "not connected")
        if missing := await self._tail.list_missing_topics():
            raise Unavailable("kafka", f"{', '.join(missing)} is missing")

    async def run(self) -> None:
        """Wake listeners for each message, for ever."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError, TimeoutError) as error:
                structlog.get_logger("api").warning("kafka away", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(AGAIN_S)

    async def _follow(self) -> None:
        try:
            async with open_tail(self._access, TOPICS) as tail:
                self._tail = tail
                self._listeners.wake_all()
                while True:
                    for project_id in {read_project_id(key) for key in await tail.read_keys()} - {None}:
                        assert project_id is not None
                        self._listeners.wake(project_id)
        finally:
            self._tail = None
