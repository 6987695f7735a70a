"""A producer that can be given up: what Kafka did not acknowledge is never sent later.

aiokafka's own producer, once idempotent, repeats a batch until Kafka takes it, however long that is, and its ``stop``
waits for that: https://github.com/aio-libs/aiokafka/issues/1101. Abandoned half way it goes on sending, after others
have sent the same messages again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.sender import Sender

from core.infra.kafka.access import KafkaAccess

REQUEST_TIMEOUT_MS = 20_000
MAX_REQUEST_BYTES = 2_000_000


class _Sender(Sender):  # type: ignore[misc]  # the library has no types
    """Knows its requests under way, so that they can be cancelled."""

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.requests: set[asyncio.Task[None]] = set()

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        request = asyncio.current_task()
        assert request is not None
        self.requests.add(request)
        try:
            await super()._send_produce_req(node_id, batches)
        finally:
            self.requests.discard(request)


class EventProducer(AIOKafkaProducer):  # type: ignore[misc]  # the library has no types
    """Keeps each message in all copies in sync, once; ``stop`` drops what is not acknowledged."""

    def __init__(self, access: KafkaAccess) -> None:
        """Nothing is connected yet."""
        self._closed: bool
        super().__init__(
            **access.client_options(),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        self._sender = _Sender(
            self.client,
            acks=-1,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            retry_backoff_ms=100,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )

    async def stop(self) -> None:
        """End at once: nothing is sent any more. A request that Kafka has received may still take effect."""
        if self._closed:
            return
        self._closed = True
        sending = {self._sender.sender_task, *self._sender.requests} - {None}
        for task in sending:
            task.cancel()
        if sending:
            await asyncio.wait(sending)
        for connection in self.client._conns.values():
            if connection._writer is not None:
                connection._writer.transport.abort()  # a close would wait until Kafka took what is written
        await self.client.close()


@asynccontextmanager
async def open_producer(access: KafkaAccess, *, start_s: float) -> AsyncIterator[EventProducer]:
    """Open a producer, which takes at most ``start_s`` seconds. Raises KafkaError."""
    producer = EventProducer(access)
    try:
        try:
            async with asyncio.timeout(start_s):
                await producer.start()
        except TimeoutError:
            raise KafkaTimeoutError(f"Kafka did not answer within {start_s:g} s") from None
        yield producer
    finally:
        await producer.stop()
