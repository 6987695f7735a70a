"""Rows of the audit log and of its chains. Only the relay's role may seal and remove them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.identity.actors import Actor
from core.domain.identity.audit_chain import ChainedEntry, ChainEnd, Outcome, commit
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

_INSERT = """
insert into audit_entries (org_id, entry_id, actor, key_id, operation, target_kind, target_ids, address, user_agent,
                           request_id, outcome)
values ($1, gen_random_uuid(), $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_LIST = """
select * from audit_entries where org_id = $1
  and ($2::text is null or actor = $2) and ($3::text is null or operation = $3)
  and ($4::uuid is null or $4 = any(target_ids))
  and ($5::timestamptz is null or created_at >= $5) and ($6::timestamptz is null or created_at < $6)
  and ($7::timestamptz is null or (created_at, entry_id) < ($7, $8::uuid))
order by created_at desc, entry_id desc limit $9
"""
_SEALED = """
select * from audit_entries where org_id = $1 and position > $2 and position <= $3 order by position limit $4
"""
_HEAD = "select position, hash, pruned_position, pruned_hash from audit_chains where org_id = $1"
_UNSEALED_ORGS = """
select distinct org_id from (select org_id from audit_entries where position is null order by arrival limit $1) oldest
"""
_UNSEALED = "select * from audit_entries where org_id = $1 and position is null order by arrival limit $2"
_SEAL = """
update audit_entries set position = sealed.position, previous_hash = sealed.previous_hash, hash = sealed.hash,
  sealed_at = $6, commitment = sealed.commitment
from unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[], $7::text[])
  sealed(entry_id, position, previous_hash, hash, commitment)
where audit_entries.org_id = $1 and audit_entries.entry_id = sealed.entry_id
"""


class AuditEntry(Value, frozen=True, kw_only=True):
    """Who did what, from where: no bodies, no secrets, no words of customers."""

    org_id: UUID
    actor: Actor
    operation: str
    """Name of the operation, as the OpenAPI document has it; or of what happened without one: `sign-in`."""
    outcome: Outcome = "done"
    key_id: UUID | None = None
    """The API key that the actor used."""
    target_kind: str = ""
    """Kind of the last of the targets; empty: none."""
    target_ids: list[UUID] = []
    """From the outermost to what was made or changed."""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""


class LockedChain(Value, frozen=True, kw_only=True):
    """The head of a chain, locked until the transaction ends."""

    end: ChainEnd
    sealed_at: dt.datetime
    """Time of a new seal: now, and never before an earlier one."""


async def insert_entry(connection: Connection, entry: AuditEntry) -> None:
    """Append an entry that is not sealed yet."""
    await connection.execute(
        _INSERT,
        entry.org_id,
        str(entry.actor),
        entry.key_id,
        entry.operation,
        entry.target_kind,
        entry.target_ids,
        entry.address,
        entry.user_agent,
        entry.request_id,
        entry.outcome,
    )


async def list_entry_rows(
    connection: Connection,
    org_id: UUID,
    *,
    actor: str | None,
    operation: str | None,
    target_id: UUID | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Entries, newest first."""
    place = after or (None, None)
    rows: list[Row] = await connection.fetch(_LIST, org_id, actor, operation, target_id, since, until, *place, limit)
    return rows


async def read_chain_ends(connection: Connection, org_id: UUID) -> tuple[ChainEnd, ChainEnd]:
    """The last entry that retention removed, and the newest that is sealed."""
    row = await connection.fetchrow(_HEAD, org_id)
    if row is None:
        nothing = ChainEnd(position=0, hash=bytes(32))
        return nothing, nothing
    removed = ChainEnd(position=row["pruned_position"], hash=row["pruned_hash"])
    return removed, ChainEnd(position=row["position"], hash=row["hash"])


async def find_sealed_hash(connection: Connection, org_id: UUID, position: int) -> bytes | None:
    """Hash of the entry at a position; None where that is not sealed, or gone."""
    entry_hash: bytes | None = await connection.fetchval(
        "select hash from audit_entries where org_id = $1 and position = $2", org_id, position
    )
    return entry_hash


async def list_sealed_rows(connection: Connection, org_id: UUID, *, after: int, until: int, limit: int) -> list[Row]:
    """Sealed entries at the positions from ``after`` + 1 to ``until``, in the order of the chain."""
    rows: list[Row] = await connection.fetch(_SEALED, org_id, after, until, limit)
    return rows


async def list_orgs_to_seal(connection: Connection, limit: int) -> list[UUID]:
    """Organisations of the oldest ``limit`` entries that are not sealed."""
    return [row["org_id"] for row in await connection.fetch(_UNSEALED_ORGS, limit)]


async def lock_chain(connection: Connection, org_id: UUID) -> LockedChain:
    """Lock the chain of an organisation until the transaction ends."""
    await connection.execute("insert into audit_chains (org_id) values ($1) on conflict do nothing", org_id)
    row = await connection.fetchrow(
        """select position, hash, greatest(sealed_at, clock_timestamp()) as sealed_at from audit_chains
           where org_id = $1 for update""",
        org_id,
    )
    return LockedChain(end=ChainEnd(position=row["position"], hash=row["hash"]), sealed_at=row["sealed_at"])


async def list_entries_to_seal(connection: Connection, org_id: UUID, *, after: int, limit: int) -> list[ChainedEntry]:
    """The oldest entries that are not sealed, with the positions that follow ``after``."""
    rows = await connection.fetch(_UNSEALED, org_id, limit)
    return [chained(row, position) for position, row in enumerate(rows, after + 1)]


def chained(row: Row, position: int) -> ChainedEntry:
    """What a row that is to be sealed says at a position of its chain."""
    names = (name for name in ChainedEntry.__struct_fields__ if name not in ("position", "commitment"))
    computed = {"position": position, "commitment": commit(row["salt"], row["address"], row["user_agent"])}
    return msgspec.convert({name: row[name] for name in names} | computed, ChainedEntry)


async def write_seals(
    connection: Connection,
    org_id: UUID,
    entries: Sequence[ChainedEntry],
    hashes: Sequence[tuple[bytes, bytes]],
    sealed_at: dt.datetime,
) -> None:
    """Write the positions and hashes of entries, and the new head of their locked chain."""
    await connection.execute(
        _SEAL,
        org_id,
        [entry.entry_id for entry in entries],
        [entry.position for entry in entries],
        [previous_hash for previous_hash, _ in hashes],
        [entry_hash for _, entry_hash in hashes],
        sealed_at,
        [entry.commitment for entry in entries],
    )
    await connection.execute(
        "update audit_chains set position = $2, hash = $3, sealed_at = $4 where org_id = $1",
        org_id,
        entries[-1].position,
        hashes[-1][1],
        sealed_at,
    )
