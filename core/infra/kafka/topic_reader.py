"""Reads a topic's log again, from some time on, without a group: nothing is acknowledged, nobody's place is moved."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.ports.stores import Logged

BATCH = 500
WAIT_MS = 1_000
ANSWER_S = 20.0
"""A broker that is there but sends nothing for so long counts as away."""


class KafkaLog:
    """The log of one Kafka."""

    def __init__(self, bootstrap: str) -> None:
        """Nothing is opened until something is read."""
        self._bootstrap = bootstrap

    async def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        """What the partition holds now that was written at ``since`` or later, in order. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            found = (await consumer.offsets_for_times({place: round(since.timestamp() * 1000)}))[place]
            if found is None:
                return
            consumer.seek(place, found.offset)
            async for record in _until(consumer, place, end):
                yield record
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
        finally:
            await consumer.stop()


async def _until(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> AsyncIterator[Logged]:
    now = asyncio.get_running_loop().time
    moved_at = now()
    while (at := await consumer.position(place)) < end:
        if now() - moved_at > ANSWER_S:
            raise TimeoutError(f"nothing came from offset {at} of {end} on")
        for record in (await consumer.getmany(place, timeout_ms=WAIT_MS, max_records=BATCH)).get(place, ()):
            moved_at = now()
            if record.offset >= end:
                return
            headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
            key = (record.key or b"").decode(errors="replace")
            yield Logged(key=key, headers=headers, payload=record.value or b"")
