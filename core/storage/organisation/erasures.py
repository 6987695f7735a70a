"""Rows of erasures of organisations, and of the traces that people left in logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import Value

ErasureState = Literal["requested", "running", "done", "cancelled"]
_REQUEST = """
insert into organisation_erasures (org_id, erasure_id, requested_by, grace_until, next_at, state)
values ($1, $2, $3, $4, $4, 'requested')
on conflict (org_id) do update set erasure_id = excluded.erasure_id, requested_by = excluded.requested_by,
  requested_at = now(), grace_until = excluded.grace_until, next_at = excluded.next_at, state = 'requested'
where organisation_erasures.state = 'cancelled'
"""
_READ = """
select org_id, erasure_id, requested_by, requested_at, grace_until, state, rounds, counts, started_at, finished_at
from organisation_erasures where org_id = $1
"""
_OF_PERSON = """
select org_id, erasure_id, requested_by, requested_at, grace_until, state, rounds, counts, started_at, finished_at
from organisation_erasures where requested_by = $1 order by requested_at desc, erasure_id limit 100
"""
_CANCEL = """
update organisation_erasures set state = 'cancelled', next_at = null, finished_at = now()
where org_id = $1 and state = 'requested' and grace_until > now()
"""
_CLAIM = """
update organisation_erasures set next_at = now() + $1,
  state = case when state = 'requested' then 'running' else state end, started_at = coalesce(started_at, now())
where org_id = (select org_id from organisation_erasures where next_at <= now() order by next_at limit 1
                for update skip locked)
returning org_id, erasure_id, requested_by, rounds, counts
"""
_NOTE = "update organisation_erasures set counts = $2, next_at = now() + $3 where org_id = $1"
_END_ROUND = """
update organisation_erasures set rounds = rounds + 1, next_at = now() + $2::interval,
  state = case when $3 then 'done' else state end, finished_at = case when $3 then coalesce(finished_at, now()) end
where org_id = $1
"""
_CLOSE = """
update orgs set erased_at = coalesce(erased_at, now()), name = '', allowed_origins = '{}', plan = null
where org_id = $1
"""
_SOLE = """
select u.user_id, u.email from users u where u.user_id = $2 and not exists (
  select 1 from memberships m where m.user_id = u.user_id and m.org_id <> $1)
"""
_LEFT_PROJECTS = """
select project_id from projects
where org_id = $1 and (state <> 'erased' or object_key is not null or title <> '' or source_url is not null)
order by created_at limit 200
"""
_CLAIM_PERSON = """
update person_erasures set due_at = now() + $1
where user_id = (select user_id from person_erasures where due_at <= now() order by due_at limit 1
                 for update skip locked)
returning user_id, rounds
"""
_FORGET_ADDRESSES = """
update request_log set address = '' where actor = $1 and actor like 'user:%' and address <> ''
"""
_FORGET_ORIGINS = """
update audit_entries set address = '', user_agent = '', salt = null
where actor = $1 and actor like 'user:%' and position is not null and salt is not null
"""


class ErasureRecord(Value, frozen=True, kw_only=True):
    """The erasure of an organisation."""

    org_id: UUID
    erasure_id: UUID
    requested_by: str
    """Actor."""
    requested_at: dt.datetime
    grace_until: dt.datetime
    state: ErasureState
    rounds: int
    counts: dict[str, int]
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class DueErasure(msgspec.Struct, frozen=True, kw_only=True):
    """A round that this process claimed."""

    org_id: UUID
    erasure_id: UUID
    requested_by: str
    rounds: int
    counts: dict[str, int]


class DuePerson(msgspec.Struct, frozen=True, kw_only=True):
    """Traces of a person that this process claimed."""

    user_id: UUID
    rounds: int


async def request_erasure(
    connection: Connection, org_id: UUID, erasure_id: UUID, *, actor: str, grace_until: dt.datetime
) -> bool:
    """Ask for the erasure of an organisation; False where it was asked for already."""
    tag = await connection.execute(_REQUEST, org_id, erasure_id, actor, grace_until)
    return str(tag) == "INSERT 0 1"


async def read_erasure(connection: Connection, org_id: UUID) -> ErasureRecord | None:
    """The erasure of an organisation, the cancelled one too."""
    row = await connection.fetchrow(_READ, org_id)
    return ErasureRecord(**dict(row)) if row is not None else None


async def list_erasures_of(connection: Connection, actor: str) -> list[ErasureRecord]:
    """Erasures that a person asked for, newest first, in a transaction of their own."""
    return [ErasureRecord(**dict(row)) for row in await connection.fetch(_OF_PERSON, actor)]


async def cancel_erasure(connection: Connection, org_id: UUID) -> bool:
    """Cancel an erasure within its grace; False where none can be cancelled."""
    return str(await connection.execute(_CANCEL, org_id)) == "UPDATE 1"


async def claim_erasure(connection: Connection, lease: dt.timedelta) -> DueErasure | None:
    """Claim the round that is due longest; after ``lease`` another process may. Runs as the relay's role."""
    row = await connection.fetchrow(_CLAIM, lease)
    return DueErasure(**dict(row)) if row is not None else None


async def note_progress(connection: Connection, org_id: UUID, counts: Mapping[str, int], lease: dt.timedelta) -> None:
    """Write what was removed so far, and keep the claim. Runs as the relay's role."""
    await connection.execute(_NOTE, org_id, dict(counts), lease)


async def end_round(connection: Connection, org_id: UUID, *, pause: dt.timedelta | None, done: bool) -> None:
    """End a round; the next one is due after ``pause``, None: it was the last. Runs as the relay's role."""
    await connection.execute(_END_ROUND, org_id, pause, done)


async def close_organisation(connection: Connection, org_id: UUID) -> None:
    """Leave the id of an organisation alone: no name, no settings."""
    await connection.execute(_CLOSE, org_id)


async def list_member_ids(connection: Connection, org_id: UUID) -> list[UUID]:
    """Who belongs to an organisation."""
    return [
        row["user_id"] for row in await connection.fetch("select user_id from memberships where org_id = $1", org_id)
    ]


async def find_sole_member(connection: Connection, org_id: UUID, user_id: UUID) -> str | None:
    """Address of a person who belongs to no other organisation, in a transaction of both; None for others."""
    row = await connection.fetchrow(_SOLE, org_id, user_id)
    return row["email"] if row is not None else None


async def list_left_projects(connection: Connection, org_id: UUID) -> list[UUID]:
    """Projects that are not erased, or not quite; at most 200."""
    return [row["project_id"] for row in await connection.fetch(_LEFT_PROJECTS, org_id)]


async def list_open_uploads(connection: Connection, org_id: UUID) -> list[tuple[str, str]]:
    """Key and id of each multipart upload that was begun."""
    rows = await connection.fetch(
        "select object_key, multipart_id from uploads where org_id = $1 and multipart_id is not null", org_id
    )
    return [(row["object_key"], row["multipart_id"]) for row in rows]


async def has_unsent_events(connection: Connection, org_id: UUID) -> bool:
    """Whether events of an organisation still wait for the relay."""
    return bool(
        await connection.fetchval(
            """select exists (select 1 from outbox where org_id = $1 and published_at is null and not waits
                 and due_at <= now())""",
            org_id,
        )
    )


async def request_person_erasure(connection: Connection, user_id: UUID) -> None:
    """Plan the removal of a person's traces in logs, in the transaction that deletes them."""
    await connection.execute(
        "insert into person_erasures (user_id) values ($1) on conflict (user_id) do nothing", user_id
    )


async def claim_person_erasure(connection: Connection, lease: dt.timedelta) -> DuePerson | None:
    """Claim the traces that are due longest. Runs as the relay's role."""
    row = await connection.fetchrow(_CLAIM_PERSON, lease)
    return DuePerson(**dict(row)) if row is not None else None


async def forget_traces(connection: Connection, user_id: UUID) -> int:
    """Remove a person's addresses and browsers from the logs of every organisation; returns the rows.

    Runs as the relay's role. Entries of the audit log that are not sealed yet are left for the next round.
    """
    actor = f"user:{user_id}"
    tags = [
        await connection.execute(_FORGET_ADDRESSES, actor),
        await connection.execute(_FORGET_ORIGINS, actor),
    ]
    return sum(int(str(tag).rpartition(" ")[2]) for tag in tags)


async def end_person_round(connection: Connection, user_id: UUID, pause: dt.timedelta | None) -> None:
    """Plan the next round after ``pause``; None: the row goes."""
    if pause is None:
        await connection.execute("delete from person_erasures where user_id = $1", user_id)
    else:
        await connection.execute(
            "update person_erasures set rounds = rounds + 1, due_at = now() + $2 where user_id = $1", user_id, pause
        )
