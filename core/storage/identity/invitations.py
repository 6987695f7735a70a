"""Rows of invitations, seen by their organisation, and by who shows the whole token."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row, set_org, set_place
from core.storage.identity.memberships import lock_organisation_roles
from schemas.access.permissions import Role
from schemas.common import Value


class InvitationRecord(Value, frozen=True, kw_only=True):
    """An open invitation."""

    org_id: UUID
    invitation_id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: dt.datetime
    expires_at: dt.datetime


_OPEN = """
select org_id, invitation_id, email, role, invited_by, created_at, expires_at from invitations
where org_id = $1 and ($2::uuid is null or invitation_id = $2)
  and accepted_at is null and revoked_at is null and expires_at > now()
order by created_at desc, invitation_id
"""
_OPEN_PAGE = """
select org_id, invitation_id, email, role, invited_by, created_at, expires_at from invitations
where org_id = $1 and ($2::timestamptz is null or (created_at, invitation_id) < ($2, $3::uuid))
  and accepted_at is null and revoked_at is null and expires_at > now()
order by created_at desc, invitation_id desc limit $4
"""


async def insert_invitation(
    connection: Connection,
    org_id: UUID,
    invitation_id: UUID,
    *,
    email: str,
    role: Role,
    token_hash: bytes,
    invited_by: Actor,
    life: dt.timedelta,
) -> None:
    """Add an invitation; an open one of the same address ends."""
    await connection.execute(
        """update invitations set revoked_at = now()
           where org_id = $1 and email = $2 and accepted_at is null and revoked_at is null""",
        org_id,
        email,
    )
    await connection.execute(
        """insert into invitations (org_id, invitation_id, email, role, hash, invited_by, expires_at)
           values ($1, $2, $3, $4, $5, $6, now() + $7)""",
        org_id,
        invitation_id,
        email,
        role,
        token_hash,
        str(invited_by),
        life,
    )


async def list_invitations(
    connection: Connection, org_id: UUID, invitation_id: UUID | None = None
) -> list[InvitationRecord]:
    """The open invitations of an organisation, newest first; or one of them."""
    return [InvitationRecord(**dict(row)) for row in await connection.fetch(_OPEN, org_id, invitation_id)]


async def list_invitation_rows(
    connection: Connection, org_id: UUID, *, after: tuple[dt.datetime, UUID] | None, limit: int
) -> list[Row]:
    """A page of the open invitations of an organisation, newest first."""
    rows: list[Row] = await connection.fetch(_OPEN_PAGE, org_id, *(after or (None, None)), limit)
    return rows


async def count_open_invitations(connection: Connection, org_id: UUID, *, but_email: str = "") -> int:
    """Number of an organisation's open invitations, without those of an address."""
    return int(
        await connection.fetchval(
            """select count(*) from invitations where org_id = $1 and email <> $2
               and accepted_at is null and revoked_at is null and expires_at > now()""",
            org_id,
            but_email,
        )
    )


async def find_invitation(connection: Connection, token_hash: bytes) -> InvitationRecord | None:
    """The open invitation of a token; the rest of the transaction sees the rows of its organisation.

    It holds the lock of the organisation's roles: who invites takes that first as well, and the row after it.
    """
    await set_place(connection, "token_hash", token_hash.hex())
    org_id = await connection.fetchval("select org_id from invitations where hash = $1", token_hash)
    if org_id is None:
        return None
    await set_org(connection, org_id)
    await lock_organisation_roles(connection, org_id)
    invitation_id = await connection.fetchval(
        "select invitation_id from invitations where hash = $1 for no key update", token_hash
    )
    return next(iter(await list_invitations(connection, org_id, invitation_id)), None)


async def delete_invitations_of(connection: Connection, email: str) -> None:
    """Delete every invitation of an address, whatever its organisation."""
    await set_place(connection, "email", email)
    await connection.execute("delete from invitations where email = $1", email)


async def end_invitation(connection: Connection, org_id: UUID, invitation_id: UUID, *, accepted: bool) -> bool:
    """Write that an open invitation was accepted, or revoked; False where it is not open."""
    tag = await connection.execute(
        """update invitations set accepted_at = case when $3 then now() end,
             revoked_at = case when not $3 then now() end
           where org_id = $1 and invitation_id = $2 and accepted_at is null and revoked_at is null""",
        org_id,
        invitation_id,
        accepted,
    )
    return str(tag) == "UPDATE 1"
