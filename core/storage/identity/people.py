"""Rows of people, each seen by themselves, by who names the whole address, and by their organisations."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection, Row, set_person, set_place
from schemas.common import Value

_BY_EMAIL = """
select user_id, email, name, locale, password_hash, email_verified_at, disabled_at, created_at from users
where email = $1
"""
_BY_ID = """
select user_id, email, name, locale, password_hash, email_verified_at, disabled_at, created_at from users
where user_id = $1
"""


class PersonRecord(Value, frozen=True, kw_only=True):
    """Somebody who can sign in."""

    user_id: UUID
    email: str
    name: str
    locale: str
    password_hash: str | None
    email_verified_at: dt.datetime | None
    disabled_at: dt.datetime | None
    created_at: dt.datetime


def _person(row: Row | None) -> PersonRecord | None:
    return PersonRecord(**dict(row)) if row is not None else None


async def find_person_by_email(connection: Connection, email: str) -> PersonRecord | None:
    """The person of an address (lower case); the rest of the transaction sees their rows."""
    await set_place(connection, "email", email)
    person = _person(await connection.fetchrow(_BY_EMAIL, email))
    if person is not None:
        await set_person(connection, person.user_id)
    return person


async def find_person(connection: Connection, user_id: UUID) -> PersonRecord | None:
    """A person, in a transaction of their own."""
    return _person(await connection.fetchrow(_BY_ID, user_id))


async def lock_person(connection: Connection, user_id: UUID) -> PersonRecord | None:
    """A person whose row no other transaction changes until this one ends."""
    await connection.execute("select 1 from users where user_id = $1 for no key update", user_id)
    return await find_person(connection, user_id)


async def insert_person(
    connection: Connection,
    user_id: UUID,
    *,
    email: str,
    name: str,
    locale: str,
    password_hash: str | None,
    verified: bool,
) -> bool:
    """Add a person; False where the address has one. The rest of the transaction sees their rows."""
    await set_person(connection, user_id)
    tag = await connection.execute(
        """insert into users (user_id, email, name, locale, password_hash, email_verified_at)
           values ($1, $2, $3, $4, $5, case when $6 then now() end) on conflict do nothing""",
        user_id,
        email,
        name,
        locale,
        password_hash,
        verified,
    )
    return str(tag) == "INSERT 0 1"


async def write_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Set the hash of a person's password."""
    await connection.execute("update users set password_hash = $2 where user_id = $1", user_id, password_hash)


async def renew_hash(connection: Connection, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """Replace the hash of the same password, unless the password was changed meanwhile."""
    await connection.execute(
        "update users set password_hash = $3 where user_id = $1 and password_hash = $2", user_id, old_hash, new_hash
    )


async def mark_verified(connection: Connection, user_id: UUID) -> None:
    """Write that a person's address is confirmed."""
    await connection.execute(
        "update users set email_verified_at = coalesce(email_verified_at, now()) where user_id = $1", user_id
    )


async def write_profile(connection: Connection, user_id: UUID, *, name: str, locale: str) -> None:
    """Set a person's name and language."""
    await connection.execute("update users set name = $2, locale = $3 where user_id = $1", user_id, name, locale)


async def delete_person(connection: Connection, user_id: UUID) -> None:
    """Delete a person with their sessions, tokens, memberships and mails."""
    await connection.execute("delete from users where user_id = $1", user_id)
