"""One event, one stage, one winner: claim with a lease, renew while work moves, commit behind a fence. No stage logic.

State and event are one transaction (docs/adr/0002): what a stage found, the attempt's end and the events that follow
are committed together ``WHERE fence = mine``, and only then is the message acknowledged.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import Literal, ParamSpec, Protocol, TypeVar
from uuid import UUID

import msgspec

from schemas import codec, events
from streams import dead, lifecycle
from streams.adapters.media.sandbox import ChildFailed
from streams.adapters.postgres import Connection, Pool, org_transaction
from streams.errors import Rejected, Superseded, Unavailable
from streams.messages import Message
from streams.outbox import Cause

P = ParamSpec("P")
T = TypeVar("T")
Commit = Callable[[Connection], Awaitable[None]]
"""Writes a stage's result rows and outbox rows on the given connection."""
Clock = Callable[[], dt.datetime]
Verdict = Literal["done", "busy", "committed", "cancelled", "refused", "retried", "dead", "superseded"]


class Work(msgspec.Struct, kw_only=True):
    """What a stage is given beside the event. ``report`` takes a counter that only grows; ``cpu_ms`` is filled in."""

    cause: Cause
    report: Callable[[int], None]
    cpu_ms: int = 0
    tries: int = 1


class Stage(Protocol):
    """One actor: pure decisions and adapters joined, without any delivery logic."""

    name: events.Stage

    def wants(self, event: events.AnyEvent) -> bool:
        """Whether the event concerns this stage at all."""
        ...

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Do the work outside of any transaction and return what is to be written. Raises Rejected, Unavailable."""
        ...

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Write what it means that this event will never be worked on."""
        ...


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to commit, as long as nobody took a higher fence."""

    org_id: UUID
    input_id: UUID
    stage: str
    fence: int
    tries: int


class Progress:
    """The counter of the attempt in flight. ``moved_at`` is when it last grew (loop time, seconds)."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Start at zero, as moved now."""
        self._now = now
        self.counter = 0
        self.moved_at = now()

    def report(self, counter: int) -> None:
        """Note the child's or model's own counter; only growth counts as movement."""
        if counter > self.counter:
            self.counter = counter
            self.moved_at = self._now()


_CLAIM = """
insert into attempts
  (org_id, input_id, stage, project_id, state, lease_until, worker, topic, key, partition, headers, payload)
values ($1, $2, $3, $4, 'running', now() + $5, $6, $7, $8, $9, $10, $11)
on conflict (org_id, input_id, stage) do update set
  state = 'running', fence = attempts.fence + 1, tries = attempts.tries + 1, lease_until = excluded.lease_until,
  worker = excluded.worker, counter = 0, started_at = now()
where attempts.state = 'free' or (attempts.state = 'running' and attempts.lease_until < now())
returning fence, tries
"""
_RENEW = """
update attempts a set lease_until = now() + $5, counter = $6
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running'
  and exists (select 1 from projects p where p.org_id = a.org_id and p.project_id = a.project_id
              and p.state not in ('cancelled', 'erased'))
returning 1
"""
_FINISH = """
update attempts set state = $5, finished_at = now(), lease_until = null, cpu_ms = $6, last_error = $7
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running' returning 1
"""
_FREE = """
update attempts set state = 'free', lease_until = null, last_error = $5, tries = tries - $6
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running' returning 1
"""
REEMIT = """
insert into outbox (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload, due_at)
select org_id, (headers->>'ce_id')::uuid, stage, fence, project_id, topic, key, partition, headers, payload,
       now() + $4
from attempts where org_id = $1 and input_id = $2 and stage = $3
on conflict do nothing
"""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Times and caps of attempts."""

    lease_s: float
    renew_s: float
    patience_s: float
    """A lease is renewed only if the counter grew within this time."""
    max_tries: int
    retry_base_s: float


class Attempts:
    """Runs one stage's events, one at a time, each to exactly one visible result."""

    def __init__(self, *, pool: Pool, stage: Stage, worker: str, rules: Rules, clock: Clock) -> None:
        """``worker`` names this process in the attempt's row."""
        self._pool = pool
        self._stage = stage
        self._worker = worker
        self._rules = rules
        self._clock = clock
        self.progress: Progress | None = None

    async def run(self, message: Message, envelope: codec.Envelope, event: events.AnyEvent) -> Verdict:
        """Take the event to its end for this stage; the message may be acknowledged when this returns.

        Raises Unavailable when Postgres itself does not answer (the message must then stay unacknowledged).
        """
        input_id = message.input_id(envelope, event)
        cause = Cause(input_id=input_id, source=self._stage.name, now=self._clock(), traceparent=envelope.traceparent)
        claim = await self._claim(message, event, cause)
        if not isinstance(claim, Claim):
            return claim
        if claim.tries > self._rules.max_tries:
            return await self._bury(
                claim, message, event, cause, "retries.exhausted", "every try was lost with its worker"
            )
        work = Work(cause=cause, report=lambda _: None, tries=claim.tries)
        try:
            commit = await self._work_kept(claim, event, work)
            return await self._commit(claim, event, work, commit)
        except Superseded:
            return "superseded"
        except asyncio.CancelledError:
            await asyncio.shield(self._release(claim))
            raise
        except Rejected as error:
            return await self._refuse(claim, message, event, cause, error)
        except (Unavailable, ChildFailed) as error:
            return await self._later(claim, message, event, cause, error)
        except Exception as error:  # noqa: BLE001 - a bug: reported, dead-lettered, and the stream goes on
            dead.report_bug(error, self._stage.name)
            return await self._bury(claim, message, event, cause, "bug", f"{type(error).__name__}: {error}")

    async def _claim(self, message: Message, event: events.AnyEvent, cause: Cause) -> Claim | Verdict:
        org_id, project_id = _owner(event)
        async with org_transaction(self._pool, org_id) as connection:
            if isinstance(event, events.UploadReceived):
                await lifecycle.create_project(connection, event)
            project = await lifecycle.lock_project(connection, org_id, project_id)
            if project is None or project["state"] in ("cancelled", "erased"):
                return "cancelled"
            row = await connection.fetchrow(
                _CLAIM,
                org_id,
                cause.input_id,
                self._stage.name,
                project_id,
                dt.timedelta(seconds=self._rules.lease_s),
                self._worker,
                message.topic,
                message.key,
                message.partition,
                message.headers,
                message.payload,
            )
            if row is None:
                state = await connection.fetchval(
                    "select state from attempts where org_id = $1 and input_id = $2 and stage = $3",
                    org_id,
                    cause.input_id,
                    self._stage.name,
                )
                return "busy" if state in ("running", "free") else "done"
            if self._stage.name in lifecycle.STAGES and project["state"] in ("queued", "running"):
                await lifecycle.start_stage(connection, org_id, project_id, self._stage.name, cause)
            return Claim(
                org_id=org_id, input_id=cause.input_id, stage=self._stage.name, fence=row["fence"], tries=row["tries"]
            )

    async def _work_kept(self, claim: Claim, event: events.AnyEvent, work: Work) -> Commit:
        """The stage's work with the lease held; raises Superseded when the lease is lost meanwhile."""
        progress = self.progress = Progress(asyncio.get_running_loop().time)
        work.report = progress.report
        body = asyncio.create_task(self._stage.work(event, work))
        keeper = asyncio.create_task(self._keep(claim, progress))
        try:
            await asyncio.wait({body, keeper}, return_when=asyncio.FIRST_COMPLETED)
            if body.done():
                return body.result()
            keeper.result()
            raise Superseded
        finally:
            self.progress = None
            keeper.cancel()
            if not body.done():
                body.cancel()
                await asyncio.wait({body})

    async def _keep(self, claim: Claim, progress: Progress) -> None:
        """Renew the lease while the counter grows; return when it is lost."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._rules.renew_s)
            if now() - progress.moved_at > self._rules.patience_s:
                continue
            try:
                if not await self._renew(claim, progress.counter):
                    return
            except Unavailable:
                continue

    async def _renew(self, claim: Claim, counter: int) -> bool:
        async with org_transaction(self._pool, claim.org_id) as connection:
            lease = dt.timedelta(seconds=self._rules.lease_s)
            return bool(await connection.fetchval(_RENEW, *_where(claim), lease, counter))

    async def _finish(self, connection: Connection, claim: Claim, state: str, cpu_ms: int = 0, error: str = "") -> None:
        if not await connection.fetchval(_FINISH, *_where(claim), state, cpu_ms, error or None):
            raise Superseded

    async def _commit(self, claim: Claim, event: events.AnyEvent, work: Work, commit: Commit) -> Verdict:
        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                project = await lifecycle.lock_project(connection, *_owner(event))
                if project is None or project["state"] in ("cancelled", "erased"):
                    await self._finish(connection, claim, "cancelled", work.cpu_ms)
                    return "cancelled"
                await self._finish(connection, claim, "done", work.cpu_ms)
                await commit(connection)
                return "committed"

        work.cause = msgspec.structs.replace(work.cause, now=self._clock())
        return await _patiently(write)

    async def _refuse(
        self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause, error: Rejected
    ) -> Verdict:
        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                await lifecycle.lock_project(connection, *_owner(event))
                await self._finish(connection, claim, "gave_up", error=str(error))
                await self._stage.give_up(connection, event, error.reason, error.detail, cause)
                return "refused"

        try:
            return await self._unless_superseded(write)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in refusing must not swallow the event
            dead.report_bug(bug, self._stage.name)
            return await self._bury(claim, message, event, cause, "bug", f"{type(bug).__name__}: {bug}")

    async def _later(
        self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause, error: Unavailable | ChildFailed
    ) -> Verdict:
        """Free the attempt and write its event to the outbox, due after a pause; give up when tries are used up."""
        cap = self._rules.max_tries if isinstance(error, Unavailable) else min(3, self._rules.max_tries)
        if claim.tries >= cap:
            dead.report_bug(error, self._stage.name)
            return await self._bury(claim, message, event, cause, "retries.exhausted", str(error))
        pause_s = min(30.0, self._rules.retry_base_s * 2 ** (claim.tries - 1))

        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                if not await connection.fetchval(_FREE, *_where(claim), str(error)[:1000], 0):
                    raise Superseded
                await connection.execute(REEMIT, *_where(claim)[:3], dt.timedelta(seconds=pause_s))
                return "retried"

        return await self._unless_superseded(write)

    async def _bury(
        self, claim: Claim, message: Message, event: events.AnyEvent, cause: Cause, reason: str, detail: str
    ) -> Verdict:
        tell = True

        async def write() -> Verdict:
            async with org_transaction(self._pool, claim.org_id) as connection:
                await lifecycle.lock_project(connection, *_owner(event))
                await self._finish(connection, claim, "gave_up", error=f"{reason}: {detail}"[:1000])
                await dead.record(connection, message, self._stage.name, reason, detail, cause, _owner(event))
                if tell:
                    await self._stage.give_up(connection, event, reason, detail, cause)
                return "dead"

        try:
            return await self._unless_superseded(write)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug in giving up: the letter is written all the same
            dead.report_bug(error, self._stage.name)
            tell = False
            return await self._unless_superseded(write)

    async def _unless_superseded(self, write: Callable[[], Awaitable[Verdict]]) -> Verdict:
        try:
            return await _patiently(write)
        except Superseded:
            return "superseded"

    async def _release(self, claim: Claim) -> None:
        """Give the attempt back untouched (drain): the next worker may claim it at once."""
        try:
            async with org_transaction(self._pool, claim.org_id) as connection:
                await connection.fetchval(_FREE, *_where(claim), "released at shutdown", 1)
        except Unavailable:
            return  # the lease runs out by itself


async def timed_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
    """Result of a pure function run beside the event loop, and the CPU time it took in ms (at least 1)."""

    def run() -> tuple[T, int]:
        began = time.thread_time()
        result = function(*args, **kwargs)
        return result, max(1, round((time.thread_time() - began) * 1000))

    return await asyncio.to_thread(run)


def _where(claim: Claim) -> tuple[UUID, UUID, str, int]:
    return claim.org_id, claim.input_id, claim.stage, claim.fence


def _owner(event: events.AnyEvent) -> tuple[UUID, UUID]:
    assert event.org_id is not None
    assert event.project_id is not None
    return event.org_id, event.project_id


async def _patiently(write: Callable[[], Awaitable[Verdict]], tries: int = 60) -> Verdict:
    """Run a transaction again while Postgres is away: the work behind it is done and worth keeping."""
    for attempt in range(tries):
        try:
            return await write()
        except Unavailable:
            if attempt == tries - 1:
                raise
            await asyncio.sleep(1.0)
    raise AssertionError("unreachable")
