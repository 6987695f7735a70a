"""Makes the first organisation with one API key and one producer secret. Never stores a plain secret."""

from __future__ import annotations

import secrets
import uuid

import asyncpg
import msgspec

from core.infra.postgres.connection import Connection, set_org
from core.infra.secrets import encrypt_secret, mint_api_key
from core.settings import Settings


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the first user needs. Secrets are None where they were made by an earlier call."""

    org_id: uuid.UUID
    api_key: str | None
    producer_key_id: str
    producer_secret: str | None


ORG_ID = uuid.UUID("11111111-1111-5111-8111-111111111111")
"""The organisation of a fresh installation, which also runs it."""


async def bootstrap(settings: Settings) -> Credentials:
    """Make organisation and keys where they are missing."""
    connection = await asyncpg.connect(settings.postgres_owner, timeout=10)
    try:
        async with connection.transaction():
            await set_org(connection, ORG_ID)
            await connection.execute(
                """insert into orgs (org_id, name, operator) values ($1, 'First organisation', true)
                   on conflict do nothing""",
                ORG_ID,
            )
            if await connection.fetchval("select 1 from api_keys where org_id = $1", ORG_ID):
                key_id = await connection.fetchval("select key_id from producer_keys where org_id = $1", ORG_ID)
                return Credentials(org_id=ORG_ID, api_key=None, producer_key_id=key_id, producer_secret=None)
            return await _make(connection, settings)
    finally:
        await connection.close()


async def _make(connection: Connection, settings: Settings) -> Credentials:
    minted = mint_api_key(settings.secret)
    await connection.execute(
        "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
        ORG_ID,
        uuid.uuid4(),
        minted.hash,
        minted.last4,
        ["read", "write", "admin"],
    )
    key_id, secret = f"pk_{secrets.token_hex(8)}", secrets.token_urlsafe(32)
    await connection.execute(
        "insert into producer_keys (org_id, key_id, secret_encrypted) values ($1, $2, $3)",
        ORG_ID,
        key_id,
        encrypt_secret(settings.secret, secret.encode()),
    )
    return Credentials(org_id=ORG_ID, api_key=minted.plain, producer_key_id=key_id, producer_secret=secret)
