"""Rows of tokens that count once: of mails, of second factors, of passkey ceremonies."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from core.infra.postgres.connection import Connection, Row, set_person, set_place

TokenPurpose = Literal[
    "verify-email", "reset-password", "second-factor", "passkey-registration", "passkey-sign-in", "provider-sign-in",
    "one-time-sign-in",
]  # fmt: skip


async def insert_single_use_token(
    connection: Connection,
    token_hash: bytes,
    purpose: TokenPurpose,
    life: dt.timedelta,
    *,
    user_id: UUID | None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add a token; the transaction is in the place of its hash afterwards."""
    await set_place(connection, "token_hash", token_hash.hex())
    await connection.execute(
        """insert into single_use_tokens (hash, user_id, purpose, details, expires_at)
           values ($1, $2, $3, $4, now() + $5)""",
        token_hash,
        user_id,
        purpose,
        details or {},
        life,
    )


async def find_single_use_token(connection: Connection, token_hash: bytes, purpose: TokenPurpose) -> Row | None:
    """A token that still counts, locked; the rest of the transaction sees its person's rows."""
    await set_place(connection, "token_hash", token_hash.hex())
    row = await connection.fetchrow(
        """select user_id, details from single_use_tokens
           where hash = $1 and purpose = $2 and used_at is null and expires_at > now() for update""",
        token_hash,
        purpose,
    )
    if row is not None and row["user_id"] is not None:
        await set_person(connection, row["user_id"])
    return row


async def find_ended_token(connection: Connection, token_hash: bytes, purpose: TokenPurpose) -> Row | None:
    """The person of a token that counts no longer, and whether it was used.

    None for one that still counts, or never did. The rest of the transaction sees its person's rows.
    """
    await set_place(connection, "token_hash", token_hash.hex())
    row = await connection.fetchrow(
        """select user_id, used_at is not null as used from single_use_tokens
           where hash = $1 and purpose = $2 and (used_at is not null or expires_at <= now())""",
        token_hash,
        purpose,
    )
    if row is not None and row["user_id"] is not None:
        await set_person(connection, row["user_id"])
    return row


async def use_single_use_token(connection: Connection, token_hash: bytes) -> None:
    """Write that a token was used."""
    await connection.execute("update single_use_tokens set used_at = now() where hash = $1", token_hash)


async def delete_single_use_tokens(connection: Connection, user_id: UUID, *purposes: TokenPurpose) -> None:
    """Delete a person's tokens of some purposes: the newest mail counts, and none once it was used."""
    await connection.execute(
        "delete from single_use_tokens where user_id = $1 and purpose = any($2)", user_id, list(purposes)
    )
