"""Follow one topic in a group of its own, event by event, for the background jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra import telemetry
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.group_consumer import open_group_consumer
from core.infra.kafka.message import Message
from schemas import codec, events
from schemas.topics import BY_NAME

MAX_RECORDS = 50
"""Each may take seconds; a batch must end well before Kafka takes the partitions away (five minutes)."""
POLL_MS = 500
Handle = Callable[[events.AnyEvent], Awaitable[None]]


async def follow(access: KafkaAccess, topic: str, group: str, handle: Handle, stop: asyncio.Event) -> None:
    """Hand each event to ``handle`` and commit, until ``stop``; start over when Kafka or a store is away."""
    while not stop.is_set():
        try:
            await _session(access, topic, group, handle, stop)
        except (KafkaError, OSError, Unavailable) as error:
            structlog.get_logger().warning("waits", group=group, error=str(error))
            await asyncio.sleep(1.0)


async def _session(access: KafkaAccess, topic: str, group: str, handle: Handle, stop: asyncio.Event) -> None:
    async with open_group_consumer(access, group, [topic]) as consumer:
        while not stop.is_set():
            batch = await consumer.take(timeout_ms=POLL_MS, max_messages=MAX_RECORDS)
            for message in batch.messages:
                event = _decoded(message)
                if event is not None:
                    await hand_over(handle, event, group)
            if batch.messages:
                await consumer.commit(batch)


async def hand_over(handle: Handle, event: events.AnyEvent, group: str) -> None:
    """Handle one event; report a bug with it and go on, for it would stop every job of this process.

    Raises KafkaError, OSError, Unavailable.
    """
    try:
        await handle(event)
    except (KafkaError, OSError, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - a bug with one event must not keep the others
        telemetry.report_bug(error, group)


def _decoded(message: Message) -> events.AnyEvent | None:
    try:
        return codec.decode(BY_NAME[message.topic], message.headers, message.payload)[1]
    except codec.DecodeError:
        return None  # the stages and sinks of the topic write its dead letter; one of them is enough
