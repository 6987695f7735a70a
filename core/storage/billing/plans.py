"""Rows of organisations' plans."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection
from schemas.common import Value


class PlanRecord(Value, frozen=True, kw_only=True):
    """The plan of an organisation."""

    name: str | None
    """None: the installation's."""
    since: dt.datetime
    """When it began: a month of it begins on this day, at this time."""


async def lock_quota(connection: Connection, org_id: UUID) -> None:
    """Let one transaction at a time use up what an organisation may use."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7330))", str(org_id))


async def read_plan(connection: Connection, org_id: UUID) -> PlanRecord:
    """The organisation's plan."""
    row = await connection.fetchrow(
        "select plan, coalesce(plan_since, created_at) as since from orgs where org_id = $1", org_id
    )
    return PlanRecord(name=row["plan"], since=row["since"])


async def lock_plan(connection: Connection, org_id: UUID) -> bool:
    """Let one transaction at a time change an organisation's plan; False for an unknown organisation."""
    return await connection.fetchval("select true from orgs where org_id = $1 for no key update", org_id) is not None


async def write_plan(connection: Connection, org_id: UUID, name: str | None, since: dt.datetime) -> bool:
    """Write the organisation's plan; False where there is no such organisation."""
    updated = await connection.fetchval(
        "update orgs set plan = $2, plan_since = $3 where org_id = $1 returning true", org_id, name, since
    )
    return updated is not None
