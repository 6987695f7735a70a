"""Rows of memberships, seen by their organisation and by their person."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.access.permissions import Role
from schemas.common import Value


class Membership(Value, frozen=True, kw_only=True):
    """What a person is in an organisation."""

    org_id: UUID
    role: Role
    org_name: str
    operator: bool
    """Whether the organisation runs the installation."""
    created_at: dt.datetime


class MemberRecord(Value, frozen=True, kw_only=True):
    """Who belongs to an organisation."""

    user_id: UUID
    email: str
    name: str
    role: Role
    created_at: dt.datetime


_OF_PERSON = """
select m.org_id, m.role, o.name as org_name, o.operator, m.created_at
from memberships m join orgs o on o.org_id = m.org_id where m.user_id = $1 order by m.created_at, m.org_id
"""
_OF_ORG = """
select u.user_id, u.email, u.name, m.role, m.created_at
from memberships m join users u on u.user_id = m.user_id
where m.org_id = $1 and ($2::uuid is null or m.user_id = $2) order by m.created_at, m.user_id
"""
_PAGE_OF_ORG = """
select u.user_id, u.email, u.name, m.role, m.created_at
from memberships m join users u on u.user_id = m.user_id
where m.org_id = $1 and ($2::timestamptz is null or (m.created_at, m.user_id) > ($2, $3::uuid))
order by m.created_at, m.user_id limit $4
"""


async def list_memberships(connection: Connection, user_id: UUID) -> list[Membership]:
    """A person's memberships, oldest first, in a transaction of their own."""
    return [Membership(**dict(row)) for row in await connection.fetch(_OF_PERSON, user_id)]


async def list_members(connection: Connection, org_id: UUID, user_id: UUID | None = None) -> list[MemberRecord]:
    """The members of an organisation, oldest first; or one of them."""
    return [MemberRecord(**dict(row)) for row in await connection.fetch(_OF_ORG, org_id, user_id)]


async def list_member_rows(
    connection: Connection, org_id: UUID, *, after: tuple[dt.datetime, UUID] | None, limit: int
) -> list[Row]:
    """A page of the members of an organisation, oldest first."""
    rows: list[Row] = await connection.fetch(_PAGE_OF_ORG, org_id, *(after or (None, None)), limit)
    return rows


async def lock_organisation_roles(connection: Connection, org_id: UUID) -> None:
    """Let one transaction at a time change who belongs to an organisation."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7350))", str(org_id))


async def read_role(connection: Connection, org_id: UUID, user_id: UUID) -> Role | None:
    """A person's role in an organisation."""
    role: Role | None = await connection.fetchval(
        "select role from memberships where org_id = $1 and user_id = $2", org_id, user_id
    )
    return role


async def count_owners(connection: Connection, org_id: UUID) -> int:
    """Number of an organisation's owners."""
    return int(
        await connection.fetchval("select count(*) from memberships where org_id = $1 and role = 'owner'", org_id)
    )


async def count_members(connection: Connection, org_id: UUID) -> int:
    """Number of an organisation's members."""
    return int(await connection.fetchval("select count(*) from memberships where org_id = $1", org_id))


async def insert_membership(connection: Connection, org_id: UUID, user_id: UUID, role: Role) -> None:
    """Add a member who is none yet."""
    await connection.execute(
        "insert into memberships (org_id, user_id, role) values ($1, $2, $3)", org_id, user_id, role
    )


async def write_membership(connection: Connection, org_id: UUID, user_id: UUID, role: Role) -> None:
    """Add a member, or set the role of one."""
    await connection.execute(
        """insert into memberships (org_id, user_id, role) values ($1, $2, $3)
           on conflict (org_id, user_id) do update set role = excluded.role""",
        org_id,
        user_id,
        role,
    )


async def delete_membership(connection: Connection, org_id: UUID, user_id: UUID) -> bool:
    """Remove a member; False where there is no such member."""
    tag = await connection.execute("delete from memberships where org_id = $1 and user_id = $2", org_id, user_id)
    return str(tag) == "DELETE 1"


async def read_organisation(connection: Connection, org_id: UUID) -> Row | None:
    """Name, origins and age of an organisation."""
    return await connection.fetchrow(
        "select org_id, name, operator, allowed_origins, created_at from orgs where org_id = $1", org_id
    )


async def insert_organisation(connection: Connection, org_id: UUID, name: str) -> None:
    """Add an organisation, in a transaction of its own."""
    await connection.execute("insert into orgs (org_id, name) values ($1, $2)", org_id, name)


async def write_organisation(connection: Connection, org_id: UUID, *, name: str, allowed_origins: list[str]) -> None:
    """Set name and origins of an organisation."""
    await connection.execute(
        "update orgs set name = $2, allowed_origins = $3 where org_id = $1", org_id, name, allowed_origins
    )


async def lists_origin(connection: Connection, origin: str) -> bool:
    """Whether any organisation lists an origin; the transaction must be in the place of the origin."""
    return bool(
        await connection.fetchval("select exists (select 1 from orgs where allowed_origins @> array[$1])", origin)
    )
