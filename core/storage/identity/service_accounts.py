"""Rows of service accounts: programs with a role, which call with keys of their own."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.access.permissions import Role

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7306))"
_LIST = """
select * from service_accounts where org_id = $1
  and ($2::timestamptz is null or (created_at, service_account_id) < ($2, $3::uuid))
order by created_at desc, service_account_id desc limit $4
"""


async def lock_and_count_service_accounts(connection: Connection, org_id: UUID) -> int:
    """Number of service accounts in use; it holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        "select count(*) from service_accounts where org_id = $1 and disabled_at is null", org_id
    )
    return count


async def insert_service_account(
    connection: Connection, org_id: UUID, account_id: UUID, *, name: str, role: Role, created_by: Actor
) -> Row:
    """Add a service account and return its row."""
    return await connection.fetchrow(
        """insert into service_accounts (org_id, service_account_id, name, role, created_by)
           values ($1, $2, $3, $4, $5) returning *""",
        org_id,
        account_id,
        name,
        role,
        str(created_by),
    )


async def find_service_account_row(connection: Connection, org_id: UUID, account_id: UUID) -> Row | None:
    """A service account's row, disabled or not."""
    return await connection.fetchrow(
        "select * from service_accounts where org_id = $1 and service_account_id = $2", org_id, account_id
    )


async def lock_service_account_row(connection: Connection, org_id: UUID, account_id: UUID) -> Row | None:
    """A service account's row, locked until the transaction ends."""
    return await connection.fetchrow(
        "select * from service_accounts where org_id = $1 and service_account_id = $2 for update", org_id, account_id
    )


async def list_service_account_rows(
    connection: Connection, org_id: UUID, *, after: tuple[dt.datetime, UUID] | None, limit: int
) -> list[Row]:
    """Service accounts, newest first."""
    rows: list[Row] = await connection.fetch(_LIST, org_id, *(after or (None, None)), limit)
    return rows


async def change_service_account(
    connection: Connection, org_id: UUID, account_id: UUID, *, name: str, role: Role
) -> Row:
    """Write name and role and return the row."""
    return await connection.fetchrow(
        """update service_accounts set name = $3, role = $4 where org_id = $1 and service_account_id = $2
           returning *""",
        org_id,
        account_id,
        name,
        role,
    )


async def disable_service_account(connection: Connection, org_id: UUID, account_id: UUID) -> bool:
    """Disable a service account for good, so that its keys call no more; False where it does not exist."""
    disabled_id = await connection.fetchval(
        """update service_accounts set disabled_at = coalesce(disabled_at, now())
           where org_id = $1 and service_account_id = $2 returning service_account_id""",
        org_id,
        account_id,
    )
    return disabled_id is not None
