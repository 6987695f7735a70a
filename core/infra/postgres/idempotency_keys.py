"""Rows of idempotency keys: the sealed answer of a request, and the lock of one that still runs."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection

_TAKE = """
select taken.locked, kept.fingerprint, kept.status, kept.headers, kept.body
from (select pg_try_advisory_xact_lock(hashtextextended($4, 7301)) as locked) taken
left join (
  select fingerprint, status, headers, body from idempotency_keys
  where org_id = $1 and key = $2 and created_at > now() - make_interval(hours => $3)) kept on taken.locked
"""
"""One round trip. It may miss an answer that was kept, and its lock freed, while it ran: `_WRITE` does not."""
_WRITE = """
insert into idempotency_keys (org_id, key, fingerprint, status, headers, body) values ($1, $2, $3, $4, $5, $6)
on conflict (org_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
  headers = excluded.headers, body = excluded.body, created_at = now()
where idempotency_keys.created_at <= now() - make_interval(hours => $7)
"""
_NOT_WRITTEN = "INSERT 0 0"
"""Tag of an insert that met a row which it may not replace."""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with the fingerprint of its request; ``body`` is sealed."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


class TakenKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key for the length of a transaction."""

    locked: bool
    """False where a request with it still runs."""
    answer: KeptAnswer | None
    """What is kept under it."""


async def take_key(connection: Connection, org_id: UUID, key: str, *, max_age_hours: int) -> TakenKey:
    """Lock a key until the transaction ends, and read its answer if it is not too old."""
    row = await connection.fetchrow(_TAKE, org_id, key, max_age_hours, f"{org_id}/{key}")
    fields = {name: row[name] for name in KeptAnswer.__struct_fields__}
    return TakenKey(locked=row["locked"], answer=KeptAnswer(**fields) if row["fingerprint"] is not None else None)


async def write_answer(
    connection: Connection, org_id: UUID, key: str, answer: KeptAnswer, *, max_age_hours: int
) -> bool:
    """Keep an answer under its key; False where one is kept that is younger than ``max_age_hours``."""
    fields = (answer.fingerprint, answer.status, answer.headers, answer.body)
    tag = await connection.execute(_WRITE, org_id, key, *fields, max_age_hours)
    return bool(tag != _NOT_WRITTEN)
