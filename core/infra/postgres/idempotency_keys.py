"""Rows of idempotency keys: the sealed answer of a request, and the lock of one that still runs."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection

_FIND = """
select fingerprint, status, headers, body from idempotency_keys
where org_id = $1 and key = $2 and created_at > now() - make_interval(hours => $3)
"""
_WRITE = """
insert into idempotency_keys (org_id, key, fingerprint, status, headers, body) values ($1, $2, $3, $4, $5, $6)
on conflict (org_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
  headers = excluded.headers, body = excluded.body, created_at = now()
"""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with the fingerprint of its request; ``body`` is sealed."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


async def try_lock_key(connection: Connection, org_id: UUID, key: str) -> bool:
    """Lock a key until the transaction ends; False where a request with it still runs."""
    locked: bool = await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 7301))", f"{org_id}/{key}"
    )
    return locked


async def read_answer(connection: Connection, org_id: UUID, key: str, *, max_age_hours: int) -> KeptAnswer | None:
    """The answer kept under a key, unless it is older than ``max_age_hours``."""
    row = await connection.fetchrow(_FIND, org_id, key, max_age_hours)
    return KeptAnswer(**row) if row is not None else None


async def write_answer(connection: Connection, org_id: UUID, key: str, answer: KeptAnswer) -> None:
    """Keep an answer under its key."""
    await connection.execute(_WRITE, org_id, key, answer.fingerprint, answer.status, answer.headers, answer.body)
