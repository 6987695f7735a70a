"""Rows of identities at providers, seen by their person, and by who has signed in with one."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection, set_place
from schemas.common import Value


class IdentityRecord(Value, frozen=True, kw_only=True):
    """An identity that signs a person in."""

    identity_id: UUID
    issuer: str
    provider: str
    email: str
    linked_at: dt.datetime
    last_used_at: dt.datetime | None


async def find_identity(connection: Connection, issuer: str, subject: str) -> tuple[UUID, UUID] | None:
    """The person of an identity and its id; the rest of the transaction sees its row."""
    await set_place(connection, "identity", f"{issuer} {subject}")
    row = await connection.fetchrow(
        "select user_id, identity_id from linked_identities where issuer = $1 and subject = $2", issuer, subject
    )
    return (row["user_id"], row["identity_id"]) if row is not None else None


async def insert_identity(
    connection: Connection, user_id: UUID, identity_id: UUID, *, issuer: str, subject: str, provider: str, email: str
) -> bool:
    """Link an identity; False where it is linked already."""
    tag = await connection.execute(
        """insert into linked_identities (user_id, identity_id, issuer, subject, provider, email)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing""",
        user_id,
        identity_id,
        issuer,
        subject,
        provider,
        email,
    )
    return str(tag) == "INSERT 0 1"


async def list_identities(connection: Connection, user_id: UUID) -> list[IdentityRecord]:
    """A person's identities, oldest first."""
    rows = await connection.fetch(
        """select identity_id, issuer, provider, email, linked_at, last_used_at from linked_identities
           where user_id = $1 order by linked_at, identity_id""",
        user_id,
    )
    return [IdentityRecord(**dict(row)) for row in rows]


async def note_identity_use(connection: Connection, user_id: UUID, identity_id: UUID) -> None:
    """Write that an identity signs in now."""
    await connection.execute(
        "update linked_identities set last_used_at = now() where user_id = $1 and identity_id = $2",
        user_id,
        identity_id,
    )


async def delete_identity(connection: Connection, user_id: UUID, identity_id: UUID) -> None:
    """Unlink an identity."""
    await connection.execute(
        "delete from linked_identities where user_id = $1 and identity_id = $2", user_id, identity_id
    )
