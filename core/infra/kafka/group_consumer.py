"""Reading topics as a member of a consumer group: take a batch, handle it, commit it.

Sinks and background jobs read by plain aiokafka. The stages read by Faust, which brings their worker with it
(docs/adr/0005-two-kinds-of-consumer.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.cluster import list_partitions
from core.infra.kafka.message import Message, as_message

SESSION_TIMEOUT_MS, HEARTBEAT_INTERVAL_MS = 10_000, 3_000
"""After how long a member that was killed has left, and how often a living one says so."""
MAX_POLL_INTERVAL_MS = 300_000
"""How long a batch may be handled before Kafka gives the partitions to another member; aiokafka's own default."""
FETCH_MAX_WAIT_MS = 500
"""How long the broker waits before an empty answer; where there is something it answers at once."""


class GroupBusyError(RuntimeError):
    """The group has members, so no other client may commit for it."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that were taken together, in the order of each partition."""

    messages: Sequence[Message]
    offsets: Mapping[TopicPartition, int]
    """What to commit once all of them are handled, by partition."""


class GroupConsumer:
    """A member of a consumer group. Made by `open_group_consumer`."""

    def __init__(self, client: Any) -> None:
        """``client`` is a started AIOKafkaConsumer."""
        self._client = client

    async def take(self, *, timeout_ms: int, max_messages: int) -> Batch:
        """The next messages; an empty batch where none came in time. Raises KafkaError."""
        records_by_partition = await self._client.getmany(timeout_ms=timeout_ms, max_records=max_messages)
        return Batch(
            messages=[as_message(record) for records in records_by_partition.values() for record in records],
            offsets={place: records[-1].offset + 1 for place, records in records_by_partition.items()},
        )

    async def commit(self, batch: Batch) -> None:
        """Commit a handled batch.

        Raises:
            KafkaError, IllegalStateError: It is not committed, for one because a rebalance took the partition away.
                The batch comes again, here or at another member.
        """
        await self._client.commit(dict(batch.offsets))

    async def count_behind(self) -> int:
        """Messages of the assigned partitions that were not taken yet, by the broker's last answer."""
        behind = 0
        for place in self._client.assignment():
            try:
                end = self._client.highwater(place)
                behind += max(0, end - await self._client.position(place)) if end else 0
            except (AssertionError, IllegalStateError):
                continue  # aiokafka asserts that the partition is ours; during a rebalance it is another's
        return behind


@asynccontextmanager
async def open_group_consumer(
    access: KafkaAccess,
    group: str,
    topics: Sequence[str],
    *,
    max_poll_interval_ms: int = MAX_POLL_INTERVAL_MS,
    fetch_max_wait_ms: int = FETCH_MAX_WAIT_MS,
) -> AsyncIterator[GroupConsumer]:
    """Join a group; it begins at the earliest message where it has committed nothing. Raises KafkaError."""
    client = AIOKafkaConsumer(
        *topics,
        **access.client_options(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
        max_poll_interval_ms=max_poll_interval_ms,
        fetch_max_wait_ms=fetch_max_wait_ms,
    )
    try:
        await client.start()
        yield GroupConsumer(client)
    finally:
        await client.stop()


async def rewind_group(access: KafkaAccess, group: str, topics: Sequence[str]) -> None:
    """Put a group without members back to the first message of every partition.

    Raises:
        GroupBusyError: The group has members; one that was killed counts for `SESSION_TIMEOUT_MS` more.
        Unavailable: Kafka does not answer.
    """
    client = AIOKafkaConsumer(**access.client_options(), group_id=group, enable_auto_commit=False)
    try:
        await client.start()
        places = await list_partitions(access, topics)
        client.assign(places)
        await client.commit(await client.beginning_offsets(places))
    except CommitFailedError as error:
        raise GroupBusyError(str(error)) from error
    except KafkaConnectionError as error:
        raise Unavailable("kafka", str(error)) from error
    finally:
        await client.stop()
