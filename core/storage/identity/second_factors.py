"""Rows of second factors, seen by their person alone: one-time codes, recovery codes, passkeys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.infra.postgres.connection import Connection, set_person, set_place
from schemas.common import Value


class TotpSecret(Value, frozen=True, kw_only=True):
    """The secret of an authenticator app."""

    sealed: bytes
    last_step: int
    confirmed_at: dt.datetime | None


class PasskeyRecord(Value, frozen=True, kw_only=True):
    """A registered passkey."""

    user_id: UUID
    passkey_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    backed_up: bool
    created_at: dt.datetime
    last_used_at: dt.datetime | None


_PASSKEYS = """
select user_id, passkey_id, credential_id, public_key, sign_count, name, backed_up, created_at, last_used_at
from passkeys where user_id = $1 order by created_at, passkey_id
"""
_BY_CREDENTIAL = """
select user_id, passkey_id, credential_id, public_key, sign_count, name, backed_up, created_at, last_used_at
from passkeys where credential_id = $1
"""


async def read_totp(connection: Connection, user_id: UUID) -> TotpSecret | None:
    """The secret of a person's authenticator app."""
    row = await connection.fetchrow(
        "select sealed, last_step, confirmed_at from totp_secrets where user_id = $1", user_id
    )
    return TotpSecret(**dict(row)) if row is not None else None


async def write_totp(connection: Connection, user_id: UUID, sealed: bytes) -> bool:
    """Begin an enrolment; False where one has ended already."""
    tag = await connection.execute(
        """insert into totp_secrets as t (user_id, sealed) values ($1, $2)
           on conflict (user_id) do update set sealed = excluded.sealed, last_step = 0, created_at = now()
           where t.confirmed_at is null""",
        user_id,
        sealed,
    )
    return str(tag) == "INSERT 0 1"


async def use_totp_step(connection: Connection, user_id: UUID, step: int) -> bool:
    """Take the code of a step; False where it, or a later one, was used."""
    tag = await connection.execute(
        "update totp_secrets set last_step = $2 where user_id = $1 and last_step < $2", user_id, step
    )
    return str(tag) == "UPDATE 1"


async def confirm_totp(connection: Connection, user_id: UUID) -> None:
    """End an enrolment."""
    await connection.execute("update totp_secrets set confirmed_at = now() where user_id = $1", user_id)


async def delete_totp(connection: Connection, user_id: UUID) -> bool:
    """Remove a person's authenticator app; False for who has none."""
    return str(await connection.execute("delete from totp_secrets where user_id = $1", user_id)) == "DELETE 1"


async def write_recovery_codes(connection: Connection, user_id: UUID, hashes: Sequence[bytes]) -> None:
    """Replace a person's recovery codes."""
    await connection.execute("delete from recovery_codes where user_id = $1", user_id)
    await connection.executemany(
        "insert into recovery_codes (user_id, hash) values ($1, $2)", [(user_id, one_hash) for one_hash in hashes]
    )


async def use_recovery_code(connection: Connection, user_id: UUID, code_hash: bytes) -> bool:
    """Take a recovery code; False where it is unknown or was used."""
    tag = await connection.execute(
        "update recovery_codes set used_at = now() where user_id = $1 and hash = $2 and used_at is null",
        user_id,
        code_hash,
    )
    return str(tag) == "UPDATE 1"


async def count_recovery_codes(connection: Connection, user_id: UUID) -> int:
    """Number of recovery codes that were not used."""
    return int(
        await connection.fetchval("select count(*) from recovery_codes where user_id = $1 and used_at is null", user_id)
    )


async def list_passkeys(connection: Connection, user_id: UUID) -> list[PasskeyRecord]:
    """A person's passkeys, oldest first."""
    return [PasskeyRecord(**dict(row)) for row in await connection.fetch(_PASSKEYS, user_id)]


async def find_passkey(connection: Connection, credential_id: bytes) -> PasskeyRecord | None:
    """The passkey of a credential; the rest of the transaction sees its person's rows."""
    await set_place(connection, "credential", credential_id.hex())
    row = await connection.fetchrow(_BY_CREDENTIAL, credential_id)
    if row is None:
        return None
    await set_person(connection, row["user_id"])
    return PasskeyRecord(**dict(row))


async def insert_passkey(
    connection: Connection,
    user_id: UUID,
    passkey_id: UUID,
    *,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    name: str,
    backed_up: bool,
) -> bool:
    """Add a passkey; False where its credential is registered."""
    tag = await connection.execute(
        """insert into passkeys (user_id, passkey_id, credential_id, public_key, sign_count, name, backed_up)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
        user_id,
        passkey_id,
        credential_id,
        public_key,
        sign_count,
        name,
        backed_up,
    )
    return str(tag) == "INSERT 0 1"


async def note_passkey_use(connection: Connection, user_id: UUID, passkey_id: UUID, sign_count: int) -> None:
    """Write that a passkey signed, and its counter."""
    await connection.execute(
        "update passkeys set sign_count = $3, last_used_at = now() where user_id = $1 and passkey_id = $2",
        user_id,
        passkey_id,
        sign_count,
    )


async def delete_passkey(connection: Connection, user_id: UUID, passkey_id: UUID) -> bool:
    """Remove a passkey; False for an unknown one."""
    tag = await connection.execute("delete from passkeys where user_id = $1 and passkey_id = $2", user_id, passkey_id)
    return str(tag) == "DELETE 1"
