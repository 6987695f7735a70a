"""Messages as Faust hands them to a worker: they can be acknowledged, and handled by real attempts."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace

from core.infra.kafka.message import Message
from schemas import codec, events
from schemas.topics import route
from streams.runtime.attempts import Attempts, Verdict


class Delivered:
    """One event on a partition; ``acknowledged`` gets its offset."""

    def __init__(self, offset: int, event: events.AnyEvent, acknowledged: list[int]) -> None:
        self.event, self.offset, self._acknowledged = event, offset, acknowledged
        self._topic, self._key, self._partition = route(event)
        self._envelope = codec.Envelope(
            id=uuid.uuid4(), source="/test", type=codec.type_name(type(event)), time=dt.datetime.now(dt.UTC)
        )
        self.message = SimpleNamespace(value=codec.encode(event), tp=f"{self._topic.name}-0")

    def ack(self) -> None:
        """Note that it, and all before it, is done."""
        self._acknowledged.append(self.offset)

    async def attempt(self, attempts: Attempts) -> Verdict:
        """Handle it as a worker does."""
        message = Message(
            topic=self._topic.name, partition=self._partition, offset=self.offset, key=str(self._key),
            headers=codec.encode_headers(self._envelope), payload=codec.encode(self.event),
        )  # fmt: skip
        return await attempts.run(message, self._envelope, self.event)
