"""Leases in the table of attempts: claim, renew, finish, free. Leaves the outcome to the caller."""

from __future__ import annotations

import datetime as dt
import math
from uuid import UUID

import msgspec

from core.errors import Starved, Superseded, Unavailable
from core.infra.kafka.message import Message
from core.infra.postgres import admission
from core.infra.postgres.connection import Connection, Row
from core.media.sandbox.parent import ChildFailed
from schemas import events
from schemas.events import owner_of

LONGEST_PAUSE_S, LONGEST_OUTAGE_PAUSE_S = 30.0, 300.0
_CLAIM = """
insert into attempts
  (org_id, input_id, stage, project_id, state, lease_until, worker, topic, key, partition, headers, payload)
values ($1, $2, $3, $4, 'running', now() + $5, $6, $7, $8, $9, $10, $11)
on conflict (org_id, input_id, stage) do update set
  state = 'running', fence = attempts.fence + 1,
  tries = attempts.tries + case when attempts.state = 'running' and attempts.started_at < pg_postmaster_start_time()
                                then 0 else 1 end,
  lease_until = excluded.lease_until,
  worker = excluded.worker, counter = 0, started_at = now()
where (attempts.state = 'free' or (attempts.state = 'running' and attempts.lease_until < now()))
  and (not exists (
    select 1 from outbox o where o.org_id = attempts.org_id and o.project_id = attempts.project_id
      and o.input_id = attempts.input_id and o.for_stage = attempts.stage and o.waits and o.published_at is null)
   or exists (
    select 1 from admissions p
    where p.org_id = attempts.org_id and p.input_id = attempts.input_id and p.stage = attempts.stage))
returning fence, tries, starved, coalesce(extract(epoch from now() - waiting_since), 0)::float8 as waited_s
"""
"""A lease that ran out while Postgres was restarted could not be renewed: that was no try of the event.

An older copy of a message does not go before the one that waits for a place of its organisation.
"""
_RENEW = """
update attempts a set lease_until = now() + $5, counter = $6
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running'
  and not exists (select 1 from projects p where p.org_id = a.org_id and p.project_id = a.project_id
                  and p.state in ('cancelled', 'erased'))
returning 1
"""
_FINISH = """
update attempts set state = $5, finished_at = now(), lease_until = null, cpu_ms = $6, last_error = $7
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running' returning 1
"""
_FREE = """
update attempts set state = 'free', lease_until = null, last_error = $5, tries = tries - $6, starved = starved + $8,
  waiting_since = case when $7 then coalesce(waiting_since, now()) else waiting_since end
where org_id = $1 and input_id = $2 and stage = $3 and fence = $4 and state = 'running' returning 1
"""
_DROP = """
update attempts set state = 'cancelled', finished_at = now(), lease_until = null
where org_id = $1 and input_id = $2 and stage = $3 and (state = 'free' or (state = 'running' and lease_until < now()))
"""
_EXPIRED = """
update attempts set state = 'free', lease_until = null, last_error = 'the lease ran out',
  tries = tries - case when started_at < pg_postmaster_start_time() then 1 else 0 end
where (org_id, input_id, stage) in (
  select org_id, input_id, stage from attempts where state = 'running' and lease_until < now()
  order by lease_until limit 100 for update skip locked)
returning org_id, input_id, stage
"""
_REEMIT = """
insert into outbox (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload, due_at)
select org_id, (headers->>'ce_id')::uuid, stage, fence, project_id, topic, key, partition, headers, payload,
       now() + $4
from attempts where org_id = $1 and input_id = $2 and stage = $3
on conflict do nothing
"""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to commit, until another worker holds a higher fence."""

    org_id: UUID
    input_id: UUID
    stage: str
    fence: int
    tries: int
    starved: int = 0
    """Earlier tries for which the machine had no time."""
    waited_s: float
    """Seconds since a part of ours that this event needs was first away."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Times and caps of attempts."""

    lease_s: float
    renew_s: float
    patience_s: float
    """A lease is renewed only if the counter grew within this time."""
    max_tries: int
    """Tries at an event that may itself be why they fail."""
    retry_base_s: float
    outage_s: float
    """Longest time for which an event is retried while a part of ours is away; 0: until it is back."""
    max_starved_tries: int = 8
    """Tries at work for which the machine has no time: each may cost its whole wall time."""
    known_s: float = 28 * 86_400.0
    """Age up to which the attempts of ended work are kept (`RetentionRules.attempts_days`)."""


async def claim(
    connection: Connection,
    message: Message,
    event: events.AnyEvent,
    input_id: UUID,
    stage: str,
    worker: str,
    lease_s: float,
) -> Claim | str:
    """The claim, or the state of the attempt that stands in its way."""
    org_id, project_id = owner_of(event)
    row: Row = await connection.fetchrow(
        _CLAIM,
        org_id,
        input_id,
        stage,
        project_id,
        dt.timedelta(seconds=lease_s),
        worker,
        message.topic,
        message.key,
        message.partition,
        message.headers,
        message.payload,
    )
    if row is not None:
        return Claim(org_id=org_id, input_id=input_id, stage=stage, **row)
    state: str = await connection.fetchval(
        "select state from attempts where org_id = $1 and input_id = $2 and stage = $3", org_id, input_id, stage
    )
    return state


async def is_known(connection: Connection, org_id: UUID, input_id: UUID, stage: str) -> bool:
    """Whether the stage has an attempt at an event."""
    sql = "select 1 from attempts where org_id = $1 and input_id = $2 and stage = $3"
    return await connection.fetchval(sql, org_id, input_id, stage) is not None


async def is_forgotten(connection: Connection, project: Row, input_id: UUID, oldest: dt.datetime) -> bool:
    """Whether an old event's attempts were deleted by their age: its project ended before ``oldest``.

    A topic is kept for longer than attempts. A consumer that reads it from the beginning must not do all of it again.
    """
    finished_at: dt.datetime | None = project.get("finished_at")
    if finished_at is None or finished_at > oldest:
        return False
    sql = "select 1 from attempts where org_id = $1 and input_id = $2"
    return await connection.fetchval(sql, project["org_id"], input_id) is None


async def renew(connection: Connection, claim: Claim, lease_s: float, counter: int) -> bool:
    """Hold the claim for longer; False when it is lost, or the project was cancelled."""
    return bool(await connection.fetchval(_RENEW, *_key_of(claim), dt.timedelta(seconds=lease_s), counter))


async def finish(connection: Connection, claim: Claim, state: str, cpu_ms: int = 0, error: str = "") -> None:
    """End the attempt; raises Superseded when it is another's by now."""
    if not await connection.fetchval(_FINISH, *_key_of(claim), state, cpu_ms, error or None):
        raise Superseded


async def drop(connection: Connection, org_id: UUID, input_id: UUID, stage: str) -> None:
    """End an attempt that waits to be claimed, or was never made: what it is for was cancelled."""
    await connection.execute(_DROP, org_id, input_id, stage)
    await admission.release(connection, org_id, input_id, stage)


async def free(
    connection: Connection,
    claim: Claim,
    reason: str,
    pause_s: float,
    *,
    uncount: bool,
    outage: bool = False,
    starved: bool = False,
) -> None:
    """Give the attempt back and send its event again after a pause. ``uncount``: it was no try.

    Raises Superseded.
    """
    if not await connection.fetchval(_FREE, *_key_of(claim), reason, int(uncount), outage, int(starved)):
        raise Superseded
    await connection.execute(_REEMIT, *_key_of(claim)[:3], dt.timedelta(seconds=pause_s))


async def free_expired(connection: Connection) -> int:
    """Free all attempts whose lease ran out and send their events again; returns their number."""
    rows = await connection.fetch(_EXPIRED)
    for row in rows:
        await connection.execute(_REEMIT, row["org_id"], row["input_id"], row["stage"], dt.timedelta())
    return len(rows)


def is_last_try(rules: Rules, claim: Claim, error: Unavailable | ChildFailed) -> bool:
    """Whether an event that met this error is given up: tries, or the time of an outage, are used up."""
    if isinstance(error, Starved) and claim.starved + 1 >= rules.max_starved_tries:
        return True
    if isinstance(error, Unavailable) and not error.counted:
        return claim.waited_s > (rules.outage_s or math.inf)
    # A child fails because of its input in most cases, and would do so every time.
    return claim.tries >= (rules.max_tries if isinstance(error, Unavailable) else min(3, rules.max_tries))


def retry_pause_s(rules: Rules, tries: int, waited_s: float | None) -> float:
    """Seconds until the next try: doubling with the tries; in an outage an eighth of its length."""
    if waited_s is None:
        return min(LONGEST_PAUSE_S, rules.retry_base_s * 2.0 ** (tries - 1))
    return min(LONGEST_OUTAGE_PAUSE_S, max(rules.retry_base_s, waited_s / 8))


def _key_of(claim: Claim) -> tuple[UUID, UUID, str, int]:
    return claim.org_id, claim.input_id, claim.stage, claim.fence
