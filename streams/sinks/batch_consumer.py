"""The loop of a sink: take a batch, handle it, commit it.

A batch that the store does not take is handed over again, with backoff, until the store takes it or the process ends:
each message is handled at least once, and handling it twice must change nothing. To rebuild a store from the topics,
stop the sink, empty the store, migrate, rewind the sink's group (``python -m streams --rewind SINK``) and start it: it
begins at the earliest message.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec
import structlog
from aiokafka.errors import IllegalStateError, KafkaError

from core.errors import Unavailable
from core.infra.kafka.access import kafka_access
from core.infra.kafka.group_consumer import Batch, GroupBusyError, GroupConsumer, open_group_consumer, rewind_group
from core.infra.kafka.message import Message
from core.infra.kafka.producer import EventProducer, open_producer
from core.settings import Settings
from schemas import codec, events
from schemas.access.kafka_acls import sink_group
from schemas.ids import NAMESPACE, result_id
from schemas.topics import BY_NAME, TOPICS, route
from streams.runtime import dead_letters
from streams.runtime.letter_cap import UPLOADS, LetterCap
from streams.runtime.metrics import DEAD as DEAD_LETTERS
from streams.runtime.metrics import SINK_BATCH, SINK_LAG, UNKEPT, ProcessMetrics

Health: TypeAlias = Callable[[], None]
Handle: TypeAlias = Callable[["Sequence[Arrived]"], Awaitable["Sequence[Refused]"]]
CountWritten: TypeAlias = Callable[[str, int], None]
"""Called with a table or index and the number of rows or documents written to it."""
Opened = TypeVar("Opened")
DEAD = "dead.v1"
POLL_MS = 500
MAX_POLL_INTERVAL_MS = 600_000
"""Time to handle a batch before Kafka gives the partitions away: a slow store is waited for."""
FETCH_MAX_WAIT_MS = 1000
"""The broker answers at once where there is something; each empty answer costs both sides a millisecond or two."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
START_S = 30.0
"""Longest start of the producer of dead letters; then it is tried again."""
BREAKER_LETTER_COUNT = 500
"""Undecodable messages in a row that mean a bad deploy: the sink stops, instead of diverting them all."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could be decoded."""

    message: Message
    envelope: codec.Envelope
    event: events.AnyEvent


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A message that cannot be handled, and why."""

    message: Message
    reason: str
    detail: str
    event: events.AnyEvent | None = None


class SinkRunsError(RuntimeError):
    """The sink runs, so its group cannot be moved; the message says what to do."""


class BreakerOpenError(RuntimeError):
    """Too many messages in a row fail; a person has to look before more are diverted."""


def decode_all(messages: Sequence[Message]) -> tuple[list[Arrived], list[Refused]]:
    """Decode messages; those that are no events are refused."""
    arrived: list[Arrived] = []
    refused: list[Refused] = []
    for message in messages:
        try:
            envelope, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
        except codec.DecodeError as error:
            refused.append(Refused(message=message, reason="undecodable", detail=str(error)))
        else:
            arrived.append(Arrived(message=message, envelope=envelope, event=event))
    return arrived, refused


def dead_letter(refused: Refused, sink: str) -> events.DeadLetter:
    """The dead letter of a message; the same message gives the same letter."""
    message, event = refused.message, refused.event
    place = f"{message.topic}/{message.partition}/{message.offset}/{sink}"
    return dead_letters.letter_of(
        message,
        dead_id=result_id(NAMESPACE, "dead", place),
        stage=sink,
        reason=refused.reason,
        detail=refused.detail,
        owner=(event.org_id, event.project_id) if event and event.org_id and event.project_id else None,
    )


class Sink:
    """Runs one sink."""

    def __init__(
        self,
        *,
        settings: Settings,
        name: str,
        handle: Handle,
        most: int,
        stop: asyncio.Event,
        health: Health,
        metrics: ProcessMetrics,
    ) -> None:
        """``name`` gives the group; ``handle`` writes a batch of at most ``most`` and may raise Unavailable."""
        self._settings, self._name, self._handle, self._most = settings, name, handle, most
        self._stop, self._health, self._metrics = stop, health, metrics
        self._log = structlog.get_logger().bind(sink=name)
        self._undecodable_in_a_row = 0
        self._cap = LetterCap()

    async def run(self, topics: Sequence[str]) -> None:
        """Take batches until ``stop``; a batch under way is finished, or left to the next process."""
        async with AsyncExitStack() as stack:
            producer = await self._opened(lambda: open_producer(kafka_access(self._settings), start_s=START_S), stack)
            consumer = await self._opened(lambda: self._consumer(topics), stack)
            if producer is None or consumer is None:
                return
            while not self._stop.is_set():
                batch = await consumer.take(timeout_ms=POLL_MS, max_messages=self._most)
                await self._show_lag(consumer, len(batch.messages))
                if not batch.messages or await self._take(batch, consumer, producer):
                    self._health()
                    await self._show_lag(consumer)

    async def _show_lag(self, consumer: GroupConsumer, in_hand: int = 0) -> None:
        self._metrics.put(SINK_LAG, in_hand + await consumer.count_behind(), sink=self._name)

    def _consumer(self, topics: Sequence[str]) -> AbstractAsyncContextManager[GroupConsumer]:
        return open_group_consumer(
            kafka_access(self._settings),
            sink_group(self._name),
            topics,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
        )

    async def _opened(
        self, open_client: Callable[[], AbstractAsyncContextManager[Opened]], stack: AsyncExitStack
    ) -> Opened | None:
        """Open a client, again at each try; None if the process is to end first."""
        clients: list[Opened] = []

        async def enter() -> None:
            clients.append(await stack.enter_async_context(open_client()))

        return clients[0] if await self._patiently(enter) else None

    async def _take(self, batch: Batch, consumer: GroupConsumer, producer: EventProducer) -> bool:
        """Handle and commit one batch; False if the process is to end first."""
        arrived, refused = decode_all(batch.messages)
        self._mind_the_breaker(arrived, refused)
        handler_refused: list[Refused] = []

        async def handle() -> None:
            handler_refused[:] = await self._handle(arrived)

        if not await self._patiently(handle):
            return False
        if not await self._patiently(
            partial(self._bury_all, self._cap_letters((*refused, *handler_refused)), producer)
        ):
            return False
        await self._commit(consumer, batch)
        self._metrics.observe(SINK_BATCH, len(batch.messages), sink=self._name)
        return True

    def _mind_the_breaker(self, arrived: Sequence[Arrived], refused: Sequence[Refused]) -> None:
        # outsiders may fill uploads.v1 with anything: that says nothing about our own code
        own_count = sum(refusal.message.topic != UPLOADS for refusal in refused)
        self._undecodable_in_a_row = 0 if arrived else self._undecodable_in_a_row + own_count
        if self._undecodable_in_a_row > BREAKER_LETTER_COUNT:
            raise BreakerOpenError(f"{self._undecodable_in_a_row} undecodable messages in a row: {refused[-1].detail}")

    async def _patiently(self, action: Callable[[], Awaitable[object]]) -> bool:
        """Run an action again while a part is away; False if the process is to end first."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await action()
            except (Unavailable, KafkaError) as error:
                self._log.warning("waiting", error=str(error) or type(error).__name__, pause_s=pause_s)
            else:
                return True
            try:
                await asyncio.wait_for(self._stop.wait(), pause_s)
            except TimeoutError:
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            else:
                return False

    def _cap_letters(self, refused: Sequence[Refused]) -> list[Refused]:
        """The refused messages that get a letter; the rest of a sender's flood is counted."""
        now_s = asyncio.get_running_loop().time()
        retained = []
        for refusal in refused:
            if self._cap.keeps(refusal.message, refusal.reason, now_s):
                retained.append(refusal)
            else:
                self._metrics.count(UNKEPT, stage=self._name, reason=refusal.reason)
        if unkept_count := self._cap.take_unkept():
            self._log.error("letters not kept", count=unkept_count)
        return retained

    async def _bury_all(self, refused: Sequence[Refused], producer: EventProducer) -> None:
        """Write the dead letters of a batch; where one fails all are written again, which changes nothing."""
        await asyncio.gather(*(self._bury(refusal, producer) for refusal in refused))

    async def _bury(self, refused: Refused, producer: EventProducer) -> None:
        """Write the dead letter of a message.

        A bad message of ``dead.v1`` gets none: it would be about itself forever.
        """
        self._log.error("refused", topic=refused.message.topic, offset=refused.message.offset, reason=refused.reason)
        if refused.message.topic == DEAD:
            return
        letter = dead_letter(refused, self._name)
        topic, key, slot = route(letter)
        envelope = codec.Envelope(
            id=letter.dead_id,
            source=f"/clipstream/{self._name}",
            type=codec.type_name(events.DeadLetter),
            time=dt.datetime.now(dt.UTC),
        )
        headers = [(name, value.encode()) for name, value in codec.encode_headers(envelope).items()]
        body = codec.encode(letter)
        partition = slot % len(await producer.partitions_for(topic.name))
        await producer.send_and_wait(topic.name, body, key=str(key).encode(), partition=partition, headers=headers)
        self._metrics.count(DEAD_LETTERS, stage=self._name, reason=refused.reason)

    async def _commit(self, consumer: GroupConsumer, batch: Batch) -> None:
        """Commit a batch.

        If that fails (a rebalance took the partition) it comes again, which changes nothing.
        """
        try:
            await consumer.commit(batch)
        except (KafkaError, IllegalStateError) as error:
            self._log.warning("not committed", error=str(error) or type(error).__name__)


async def rewind(settings: Settings, name: str, topics: Sequence[str]) -> None:
    """Move a stopped sink's group back to the first message of every partition.

    Raises:
        SinkRunsError: The sink runs, or ended less than ten seconds ago without leaving its group.
        Unavailable: Kafka does not answer.
    """
    try:
        await rewind_group(kafka_access(settings), sink_group(name), topics)
    except GroupBusyError:
        line = f"the {name} sink runs: stop it first (one that was killed counts as running for ten seconds more)"
        raise SinkRunsError(line) from None


ALL_TOPICS = tuple(topic.name for topic in TOPICS)
