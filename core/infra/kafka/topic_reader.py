"""Reading topics without a group: nothing is committed, and no group's place moves."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.cluster import list_partitions
from core.ports.stores import Logged

MAX_BATCH_MESSAGES = 500
POLL_MS = 1_000
MAX_SILENCE_S = 20.0
"""A broker that is there but sends nothing for this long counts as away."""
MAX_TAIL_MESSAGES = 1000
TAIL_RETRY_MS = 500
"""Each retry while Kafka is away is a line in the log."""


class KafkaLog:
    """Reads a partition again, from some time on: what topics have kept, for replays."""

    def __init__(self, access: KafkaAccess) -> None:
        """Nothing is opened until something is read."""
        self._access = access

    async def count_partitions(self, topic: str) -> int:
        """Number of partitions that the topic has now. Raises Unavailable."""
        try:
            return len(await list_partitions(self._access, [topic]))
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error

    async def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        """Messages that the partition holds now, written at ``since`` or later, in order. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        consumer = _without_group(self._access, auto_offset_reset="earliest")
        try:
            await consumer.start()
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            start = (await consumer.offsets_for_times({place: round(since.timestamp() * 1000)}))[place]
            if start is None:
                return
            consumer.seek(place, start.offset)
            async for record in _until(consumer, place, end):
                yield record
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
        finally:
            await _stop(consumer)


class TailReader:
    """Reads the keys of what comes to some topics from now on. Made by `open_tail`."""

    def __init__(self, consumer: Any, topics: Sequence[str], access: KafkaAccess) -> None:
        """``consumer`` is a started AIOKafkaConsumer without a group."""
        self._consumer, self._topics, self._access = consumer, topics, access

    async def list_missing_topics(self) -> list[str]:
        """Topics that Kafka does not have. Raises KafkaError."""
        return sorted(set(self._topics) - await self._consumer.topics())

    async def seek_to_end(self) -> None:
        """Stand at the end of every partition. Raises KafkaError, also where a topic does not exist yet."""
        if missing := await self.list_missing_topics():
            raise KafkaError(f"{', '.join(missing)} does not exist yet")
        places = await list_partitions(self._access, self._topics)
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        for place in places:
            await self._consumer.position(place)  # asked now: seek_to_end itself only notes the wish

    async def read_keys(self) -> list[bytes | None]:
        """Keys of the next messages; none where none came in time. Raises KafkaError."""
        batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_TAIL_MESSAGES)
        return [record.key for records in batches.values() for record in records]


class PartitionOffsets:
    """Asks the broker where partitions begin and end. Made by `open_offsets`."""

    def __init__(self, consumer: Any) -> None:
        """``consumer`` is a started AIOKafkaConsumer without a group."""
        self._consumer = consumer

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The first offset that retention has left, by partition."""
        offsets: Mapping[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        return offsets

    async def end_offsets(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next message gets, by partition."""
        offsets: Mapping[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        return offsets


@asynccontextmanager
async def open_tail(access: KafkaAccess, topics: Sequence[str]) -> AsyncIterator[TailReader]:
    """A reader at the end of all partitions of some topics. Raises KafkaError, OSError."""
    consumer = _without_group(access, auto_offset_reset="latest", retry_backoff_ms=TAIL_RETRY_MS)
    try:
        await consumer.start()
        reader = TailReader(consumer, topics, access)
        await reader.seek_to_end()
        yield reader
    finally:
        await _stop(consumer)


@asynccontextmanager
async def open_offsets(access: KafkaAccess) -> AsyncIterator[PartitionOffsets]:
    """Questions about offsets, over a connection of their own. Raises KafkaError."""
    consumer = _without_group(access)
    await consumer.start()
    try:
        yield PartitionOffsets(consumer)
    finally:
        await _stop(consumer)


async def _stop(consumer: Any) -> None:
    """Stop a reader. aiokafka awaits a task that it cancelled: one that has not begun would raise here."""
    await asyncio.sleep(0)
    await consumer.stop()


def _without_group(access: KafkaAccess, **settings: Any) -> Any:
    return AIOKafkaConsumer(**access.client_options(), group_id=None, enable_auto_commit=False, **settings)


async def _until(consumer: Any, place: TopicPartition, end: int) -> AsyncIterator[Logged]:
    now = asyncio.get_running_loop().time
    moved_at = now()
    while (at := await consumer.position(place)) < end:
        if now() - moved_at > MAX_SILENCE_S:
            raise TimeoutError(f"nothing came from offset {at} of {end} on")
        batches = await consumer.getmany(place, timeout_ms=POLL_MS, max_records=MAX_BATCH_MESSAGES)
        for record in batches.get(place, ()):
            moved_at = now()
            if record.offset >= end:
                return
            headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
            key = (record.key or b"").decode(errors="replace")
            yield Logged(key=key, headers=headers, payload=record.value or b"")
