"""Turn a raw message into an attempt: decode, check, skip what does not concern the stage."""

from __future__ import annotations

import asyncio
import datetime as dt
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias
from uuid import UUID

import msgspec
import structlog

from core.domain.project_states import GONE_PROJECT_STATES
from core.errors import InputRejected, Unavailable
from core.infra import telemetry
from core.infra.kafka.message import Message
from core.infra.postgres import admission
from core.infra.postgres.connection import Pool, org_transaction, transaction
from core.infra.postgres.outbox import Cause, put_received
from core.services import project_lifecycle
from core.services.event_confirmation import lock_owner
from core.services.upload_signatures import KEY, SIGNED_HEADERS, Verifier, is_internal
from schemas import codec, events
from schemas.ids import NAMESPACE, result_id
from schemas.topics import BY_NAME
from streams.runtime import dead_letters, leases, metrics, refused_uploads
from streams.runtime.attempts import Attempts
from streams.runtime.health import Pulse
from streams.runtime.letter_cap import UPLOADS, LetterCap
from streams.runtime.metrics import ProcessMetrics
from streams.runtime.stage import Stage

BREAKER_LETTER_COUNT = 50
"""Dead letters in a row that point to a bad deploy, not to bad messages: stop instead of diverting them all."""

NOT_WORKED_ON = ("skipped", "busy", "done", "forwarded")
Take: TypeAlias = Callable[[Message], Awaitable[str]]


class _Owned(msgspec.Struct):
    """The owner field of every event of an organisation, also of one of a later version."""

    org_id: UUID


class BreakerOpen(RuntimeError):
    """Too many dead letters in a row; a person has to look before more is diverted."""


class EventConsumer:
    """Takes the messages of one stage."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        stage: Stage,
        pool: Pool,
        pulse: Pulse,
        verifier: Verifier | None,
        metrics: ProcessMetrics,
    ) -> None:
        """``verifier`` proves who sent an upload; None in a stage that takes none."""
        self._attempts = attempts
        self._stage = stage
        self._pool = pool
        self._pulse = pulse
        self._verifier = verifier
        self._metrics = metrics
        self._child_cpu_s = _child_cpu_s()
        self._dead_in_a_row = 0
        self._cap = LetterCap()

    async def forward(self, message: Message) -> bool:
        """Let an upload that came straight to Kafka wait in the outbox; False where work begins now.

        It is a matter of milliseconds, so a flood of such messages, or of garbage, does not hold up those behind it.
        """
        return message.topic == UPLOADS and await self._end(message, self._forward) != ""

    async def handle(self, message: Message) -> str:
        """Take one message to its end; returns what became of it. Waits while Postgres is away."""
        return await self._end(message, self._take)

    async def _end(self, message: Message, take: Take) -> str:
        now = asyncio.get_running_loop().time
        began_at = now()
        while True:
            try:
                verdict = await self._guarded(message, take)
                break
            # Postgres itself is away: the message waits here, unacknowledged.
            except Unavailable as error:
                structlog.get_logger().warning("waiting", stage=self._stage.name, part=error.part, detail=error.detail)
                await asyncio.sleep(1.0)
        self._pulse.beat()
        if not verdict:
            return verdict
        self._count(verdict, now() - began_at)
        if verdict not in NOT_WORKED_ON:
            structlog.get_logger().info(
                "event", stage=self._stage.name, topic=message.topic, offset=message.offset, verdict=verdict
            )
        return verdict

    def _count(self, verdict: str, took_s: float) -> None:
        stage = self._stage.name
        self._metrics.count(metrics.EVENTS, stage=stage, verdict=verdict)
        if verdict not in NOT_WORKED_ON:
            self._metrics.observe(metrics.ATTEMPT, took_s, stage=stage, verdict=verdict)
        before, self._child_cpu_s = self._child_cpu_s, _child_cpu_s()
        self._metrics.count(metrics.CHILD_CPU, self._child_cpu_s - before, stage=stage)

    async def _guarded(self, message: Message, take: Take) -> str:
        try:
            return await take(message)
        except (Unavailable, BreakerOpen):
            raise
        except Exception as error:  # noqa: BLE001 - a bug, or a message made to find one: the stream goes on
            telemetry.report_bug(error, self._stage.name)
            return await self._bury(message, "bug", f"{type(error).__name__}: {error}")

    async def _forward(self, message: Message) -> str:
        """Refuse or keep an upload that the relay did not sign; empty for what is to be worked on."""
        read = await self._read(message)
        if isinstance(read, str) or is_internal(message.headers[KEY]):
            return read if isinstance(read, str) else ""
        envelope, event = read
        assert isinstance(event, events.UploadReceived), "the only event of its topic"
        input_id = message.input_id(envelope, event)
        # as the envelope says it, not as the producer spelt it: the relay signs these very headers
        headers = codec.encode_headers(envelope)
        unsigned = {name: value for name, value in headers.items() if name not in SIGNED_HEADERS}
        async with org_transaction(self._pool, event.org_id) as connection:
            # What is known comes again, after a rebalance or from a retry: its attempt says what to do.
            if await leases.is_known(connection, event.org_id, input_id, self._stage.name):
                return ""
            await project_lifecycle.create_project(connection, event)
            project = await lock_owner(connection, event)
            if project is None or project["state"] in GONE_PROJECT_STATES:
                return ""  # its claim drops it: what was erased is not written down again
            await put_received(connection, event, envelope.id, unsigned, message.payload)
        return "forwarded"

    async def _read(self, message: Message) -> tuple[codec.Envelope, events.AnyEvent] | str:
        """A message that the stage wants and whose sender is proven, or what became of it."""
        try:
            envelope, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
            if not self._stage.wants(event):
                # A message that can be decoded shows that the deploy is not at fault.
                self._dead_in_a_row = 0
                return "skipped"
            if isinstance(event, events.UploadReceived):
                assert self._verifier is not None, "only a stage that takes uploads.v1 gets one"
                await self._verifier.verify(message, envelope, event)
        except codec.DecodeError as error:
            return await self._bury(message, "undecodable", str(error))
        except InputRejected as error:
            return await self._bury(message, error.reason, error.detail)
        return envelope, event

    async def _take(self, message: Message) -> str:
        read = await self._read(message)
        if isinstance(read, str):
            return read
        envelope, event = read
        try:
            verdict = await self._attempts.run(message, envelope, event)
        # Its owner is not known: the letter is shown to operators, and its attempt, if any, is left alone.
        except InputRejected as error:
            return await self._bury(message, error.reason, error.detail)
        if verdict == "dead":
            self._metrics.count(metrics.DEAD, stage=self._stage.name, reason=self._attempts.last_dead_reason)
        is_bug = verdict == "dead" and self._attempts.last_dead_reason == "bug"  # a dead URL is no bad deploy
        self._dead_in_a_row = self._dead_in_a_row + 1 if is_bug else 0
        self._check_breaker(message, "every event of late met a bug")
        return verdict

    def _check_breaker(self, message: Message, detail: str) -> None:
        """Raise BreakerOpen, which ends the process: the next one gets the message again."""
        if self._dead_in_a_row > BREAKER_LETTER_COUNT:
            raise BreakerOpen(f"{self._dead_in_a_row} dead letters in a row on {message.topic}: {detail}")

    async def _bury(self, message: Message, reason: str, detail: str) -> str:
        """Write a dead letter for a message without a proven owner, and tell the producer of an upload."""
        if reason == "bug" or message.topic != UPLOADS:  # outsiders may fill that topic with anything
            self._dead_in_a_row += 1
        self._check_breaker(message, detail)
        if not self._cap.keeps(message, reason, asyncio.get_running_loop().time()):
            self._metrics.count(metrics.UNKEPT, stage=self._stage.name, reason=reason)
            return "dead"
        if unkept_count := self._cap.take_unkept():
            structlog.get_logger().error("letters not kept", stage=self._stage.name, count=unkept_count)
        place = f"{message.topic}/{message.partition}/{message.offset}"
        input_id: UUID = result_id(NAMESPACE, "message", place)
        cause = Cause(input_id=input_id, source=self._stage.name, now=dt.datetime.now(dt.UTC))
        try:
            await self._write_letter(message, reason, detail, cause, tell=message.topic == UPLOADS)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in telling the producer: the letter is written all the same
            telemetry.report_bug(error, self._stage.name)
            await self._write_letter(message, reason, detail, cause, tell=False)
        await self._free_place(message)
        self._metrics.count(metrics.DEAD, stage=self._stage.name, reason=reason)
        return "dead"

    async def _free_place(self, message: Message) -> None:
        """Free the place of a message that gets no attempt.

        What it says itself is believed where outsiders cannot write.
        """
        if message.topic == UPLOADS:
            return
        with suppress(msgspec.DecodeError, ValueError):
            event = msgspec.json.decode(message.payload, type=_Owned)
            async with org_transaction(self._pool, event.org_id) as connection:
                input_id = UUID(message.headers.get("ce_id", ""))
                await admission.release_unreadable(connection, event.org_id, input_id, self._stage.name)

    async def _write_letter(self, message: Message, reason: str, detail: str, cause: Cause, *, tell: bool) -> None:
        sender = await self._verifier.sender(message) if tell and self._verifier else None
        async with transaction(self._pool) as connection:
            is_new = await dead_letters.record(connection, message, self._stage.name, reason, detail, cause, None)
            if is_new and tell:
                await refused_uploads.record(connection, message, reason, detail, sender, cause)


def _child_cpu_s() -> float:
    """Processor time of every child of this process that has ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
