"""Attempts: claim an event with a lease, renew it while the work moves, commit behind a fence.

State and event are one transaction (docs/adr/0002): what a stage found, the attempt's end and the events that follow
are committed together ``WHERE fence = mine``, and only then is the message acknowledged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from core.domain.event_confirmation import owner_kind
from core.domain.project_states import ACTIVE_PROJECT_STATES, GONE_PROJECT_STATES
from core.errors import InputRejected, Starved, Superseded, Unavailable
from core.infra import telemetry, usage_meter
from core.infra.kafka.message import Message
from core.infra.postgres import admission
from core.infra.postgres.connection import Connection, Pool, org_transaction
from core.infra.postgres.outbox import Cause
from core.media.sandbox.parent import ChildFailed
from core.services import project_lifecycle
from core.services.event_confirmation import confirm_event, lock_owner
from core.services.exports import is_all_cancelled
from schemas import codec, events
from schemas.costs import Outcome, PriceList
from schemas.stages import PROJECT_STAGES
from streams.runtime import cost_ledger, dead_letters, leases
from streams.runtime.leases import Claim, Rules, is_last_try, retry_pause_s
from streams.runtime.stage import AttemptProgress, Commit, Stage, Work

Clock = Callable[[], dt.datetime]
Verdict = Literal["done", "busy", "committed", "cancelled", "refused", "retried", "dead", "superseded"]


class Attempts:
    """Runs one stage's events, each to exactly one visible result."""

    def __init__(
        self,
        *,
        pool: Pool,
        stage: Stage,
        worker: str,
        rules: Rules,
        clock: Clock,
        prices: PriceList = PriceList(),  # noqa: B008 - frozen
    ) -> None:
        """``worker`` names this process in the attempt's row."""
        self._prices = prices
        self._pool = pool
        self._stage = stage
        self._worker = worker
        self._rules = rules
        self._clock = clock
        self._in_flight: list[AttemptProgress] = []
        self.last_dead_reason = ""
        """Reason of the last dead letter: of the one that `run` has just reported."""

    @property
    def progress(self) -> AttemptProgress | None:
        """The attempt in flight that moved last; None while none is."""
        return max(self._in_flight, key=lambda attempt: attempt.moved_at, default=None)

    async def run(self, message: Message, envelope: codec.Envelope, event: events.AnyEvent) -> Verdict:
        """Take the event to its end for this stage; the message may be acknowledged when this returns.

        Raises:
            Unavailable: Postgres itself does not answer: the message must stay unacknowledged.
            InputRejected: The rows do not confirm the event. Nothing was read or written for it.
        """
        input_id = message.input_id(envelope, event)
        cause = Cause(input_id=input_id, source=self._stage.name, now=self._clock(), traceparent=envelope.traceparent)
        claim = await self._claim(message, event, cause, envelope.time)
        if not isinstance(claim, Claim):
            return claim
        # A try counts from its claim, so one that killed its worker counts too.
        if claim.tries > self._rules.max_tries:
            return await self._bury(
                claim, message, event, cause, "retries.exhausted", "every try was lost with its worker"
            )
        with usage_meter.metered():
            return await self._try(claim, message, event, cause)

    async def _try(self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause) -> Verdict:
        """Make one try with its claim, and record its end together with what it used."""
        work = Work(cause=cause, report=lambda _: None, tries=claim.tries)
        try:
            commit = await self._work_kept(claim, event, work)
            return await self._commit(claim, event, work, commit)
        except Superseded:
            return await self._end_lost(claim, event, work)
        except asyncio.CancelledError:
            await asyncio.shield(self._release(claim))
            raise
        except InputRejected as error:
            return await self._refuse(claim, message, event, cause, error)
        except (Unavailable, ChildFailed) as error:
            return await self._later(claim, message, event, cause, error)
        except Exception as error:  # noqa: BLE001 - a bug: reported, dead-lettered, and the stream goes on
            telemetry.report_bug(error, self._stage.name)
            return await self._bury(claim, message, event, cause, "bug", f"{type(error).__name__}: {error}")

    async def _claim(
        self, message: Message, event: events.AnyEvent, cause: Cause, emitted_at: dt.datetime
    ) -> Claim | Verdict:
        owner = events.owner_of(event)
        async with org_transaction(self._pool, owner[0]) as connection:
            # A producer names an upload on Kafka without the API: its first claim makes the project.
            if isinstance(event, events.UploadReceived):
                await project_lifecycle.create_project(connection, event)
            project = await confirm_event(connection, event, await lock_owner(connection, event))
            if project["state"] in GONE_PROJECT_STATES or await is_all_cancelled(connection, event):
                await leases.drop(connection, owner[0], cause.input_id, self._stage.name)
                return "cancelled"
            oldest = cause.now - dt.timedelta(seconds=self._rules.known_s)
            if emitted_at < oldest and await leases.is_forgotten(connection, project, cause.input_id, oldest):
                await admission.release(connection, owner[0], cause.input_id, self._stage.name)
                return "done"
            name, lease_s = self._stage.name, self._rules.lease_s
            claim_or_state = await leases.claim(connection, message, event, cause.input_id, name, self._worker, lease_s)
            # Busy may be acknowledged: the sweeper sends the event again if the other attempt does not end.
            if not isinstance(claim_or_state, Claim):
                if claim_or_state in ("running", "free"):
                    return "busy"
                # It was sent once more than it was needed, and its end freed no place of this message.
                await admission.release(connection, owner[0], cause.input_id, self._stage.name)
                return "done"
            # Work that is requested later does not start the stages of a project that has ended.
            if name in PROJECT_STAGES and project["state"] in ACTIVE_PROJECT_STATES:
                await project_lifecycle.start_stage(connection, *owner, name, cause)
            return claim_or_state

    async def _work_kept(self, claim: Claim, event: events.AnyEvent, work: Work) -> Commit:
        """Run the stage's work while the lease is renewed. Raises Superseded once the lease is lost."""
        progress = AttemptProgress(asyncio.get_running_loop().time)
        self._in_flight.append(progress)
        work.report, work.moved = progress.report, progress.note_movement
        body = asyncio.create_task(self._stage.work(event, work))
        keeper = asyncio.create_task(self._keep(claim, event, progress))
        try:
            await asyncio.wait({body, keeper}, return_when=asyncio.FIRST_COMPLETED)
            if body.cancelled():
                raise RuntimeError(
                    "the work cancelled itself"
                )  # the worker is not draining: a cancellation would say so
            if body.done():
                return body.result()
            # The keeper ends first when the lease is lost, or the work cancelled; an error of its own is raised here.
            keeper.result()
            raise Superseded
        finally:
            self._in_flight.remove(progress)
            keeper.cancel()
            if not body.done():
                # Until the work has stopped it may still write files: the attempt must not end before.
                body.cancel()
                await asyncio.wait({body})

    async def _keep(self, claim: Claim, event: events.AnyEvent, progress: AttemptProgress) -> None:
        """Renew the lease while the counter grows; return once it is lost, or the work was cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._rules.renew_s)
            # Not a return: work that moves again before the lease runs out keeps it.
            if now() - progress.moved_at > self._rules.patience_s:
                continue
            try:
                async with org_transaction(self._pool, claim.org_id) as connection:
                    if await is_all_cancelled(connection, event):
                        return
                    if not await leases.renew(connection, claim, self._rules.lease_s, progress.counter):
                        return
            # Postgres may be back before the lease runs out; if not, the fence refuses the commit.
            except Unavailable:
                continue

    async def _lock_or_cancel(
        self, connection: Connection, claim: Claim, event: events.AnyEvent, cause: Cause, cpu_ms: int = 0
    ) -> bool:
        """Lock the project for what the attempt's end writes; False when the work was cancelled.

        A cancelled attempt is ended here. What it used is still charged, unless the project itself is gone.
        """
        project = await lock_owner(connection, event)
        is_gone = project is None or project["state"] in GONE_PROJECT_STATES
        if not is_gone and not await is_all_cancelled(connection, event):
            return True
        await leases.finish(connection, claim, "cancelled", cpu_ms)
        if not is_gone:
            await self._charge(connection, claim, event, cause, "gave_up", cpu_ms)
        return False

    async def _end_lost(self, claim: Claim, event: events.AnyEvent, work: Work) -> Verdict:
        """End a try that lost its lease: as cancelled where its work was, else as superseded."""

        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                if not await is_all_cancelled(connection, event):
                    return "superseded"
                await self._lock_or_cancel(connection, claim, event, work.cause, work.cpu_ms)
                return "cancelled"

        return await self._unless_superseded(write)

    async def _charge(
        self,
        connection: Connection,
        claim: Claim,
        event: events.AnyEvent,
        cause: Cause,
        outcome: Outcome,
        cpu_ms: int = 0,
    ) -> None:
        """Record what the try used; the project is locked. What belongs to no project has no ledger."""
        if (meter := usage_meter.current()) is not None and owner_kind(event) == "project":
            await cost_ledger.record(
                connection, claim, event, meter, self._prices, cause, outcome=outcome, cpu_ms=cpu_ms
            )

    async def _commit(self, claim: Claim, event: events.AnyEvent, work: Work, commit: Commit) -> Verdict:
        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                if not await self._lock_or_cancel(connection, claim, event, work.cause, work.cpu_ms):
                    return "cancelled"
                # The fence first: a superseded worker ends here, before any statement of the result.
                await leases.finish(connection, claim, "done", work.cpu_ms)
                await commit(connection)
                await self._charge(connection, claim, event, work.cause, "done", work.cpu_ms)
                return "committed"

        work.cause = msgspec.structs.replace(work.cause, now=self._clock())
        return await _patiently(write)

    async def _refuse(
        self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause, error: InputRejected
    ) -> Verdict:
        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                if not await self._lock_or_cancel(connection, claim, event, cause):
                    return "cancelled"
                await leases.finish(connection, claim, "gave_up", error=str(error))
                await self._stage.give_up(connection, event, error.reason, error.detail, cause)
                await self._charge(connection, claim, event, cause, "gave_up")
                return "refused"

        try:
            return await self._unless_superseded(write)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in refusing must not swallow the event
            telemetry.report_bug(bug, self._stage.name)
            return await self._bury(claim, message, event, cause, "bug", f"{type(bug).__name__}: {bug}")

    async def _later(
        self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause, error: Unavailable | ChildFailed
    ) -> Verdict:
        """Free the attempt and send its event again after a pause; give up when tries or time are over."""
        outage = isinstance(error, Unavailable) and not error.counted
        if is_last_try(self._rules, claim, error):
            telemetry.report_bug(error, self._stage.name)
            part = error.part if isinstance(error, Unavailable) else ""
            return await self._bury(claim, message, event, cause, "retries.exhausted", str(error), part)
        pause_s = retry_pause_s(self._rules, claim.tries, claim.waited_s if outage else None)

        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                project = await lock_owner(connection, event)
                starved = isinstance(error, Starved)
                reason = str(error)[:1000]
                await leases.free(connection, claim, reason, pause_s, uncount=outage, outage=outage, starved=starved)
                if project is not None and project["state"] not in GONE_PROJECT_STATES:
                    await self._charge(connection, claim, event, cause, "later")
                return "retried"

        return await self._unless_superseded(write)

    async def _bury(
        self,
        claim: Claim,
        message: Message,
        event: events.AnyEvent,
        cause: Cause,
        reason: str,
        detail: str,
        part: str = "",
    ) -> Verdict:
        """Write a dead letter with the technical ``detail``; the project gets a plain sentence."""
        notify_stage = True

        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                if not await self._lock_or_cancel(connection, claim, event, cause):
                    return "cancelled"
                await leases.finish(connection, claim, "gave_up", error=f"{reason}: {detail}"[:1000])
                await dead_letters.record(
                    connection, message, self._stage.name, reason, detail, cause, events.owner_of(event)
                )
                await self._charge(connection, claim, event, cause, "gave_up")
                if notify_stage:
                    await self._stage.give_up(
                        connection, event, reason, dead_letters.customer_sentence(reason, part), cause
                    )
                return "dead"

        try:
            verdict = await self._unless_superseded(write)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug in giving up: the letter is written all the same
            telemetry.report_bug(error, self._stage.name)
            notify_stage = False
            verdict = await self._unless_superseded(write)
        self.last_dead_reason = reason
        return verdict

    async def _unless_superseded(self, write: Callable[[], Awaitable[Verdict]]) -> Verdict:
        try:
            return await _patiently(write)
        except Superseded:
            return "superseded"

    async def _release(self, claim: Claim) -> None:
        """Give the attempt back untouched (drain): the next worker may claim it at once.

        Its event goes out again, because another worker may have acknowledged the message while this one was busy.
        """
        try:
            async with org_transaction(self._pool, claim.org_id) as connection:
                await leases.free(connection, claim, "released at shutdown", 0, uncount=True)
        except (Superseded, Unavailable):
            return  # it has ended already, or the lease runs out by itself


async def _patiently(write: Callable[[], Awaitable[Verdict]], tries: int = 60) -> Verdict:
    """Repeat a transaction while Postgres is away: the work that it commits is done already."""
    for attempt in range(tries):
        try:
            return await write()
        except Unavailable:
            if attempt == tries - 1:
                raise
            await asyncio.sleep(1.0)
    raise AssertionError("unreachable")
