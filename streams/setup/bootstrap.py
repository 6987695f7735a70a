"""Make the first organisation with one API key and one producer secret, stored encrypted."""

from __future__ import annotations

import secrets
import uuid

import asyncpg
import msgspec

from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Connection, set_org
from core.infra.secrets import mint_api_key
from core.settings import Settings
from core.storage import organisations
from core.storage.identity import api_keys


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials of the first user. Secrets are None where they were made by an earlier call."""

    org_id: uuid.UUID
    api_key: str | None
    producer_key_id: str
    producer_secret: str | None


ORG_ID = uuid.UUID("11111111-1111-5111-8111-111111111111")
"""The organisation of a fresh installation, which also runs it."""


async def bootstrap(settings: Settings) -> Credentials:
    """Make organisation and keys where they are missing."""
    connection = await asyncpg.connect(settings.postgres_bootstrap, timeout=10)
    try:
        async with connection.transaction():
            await set_org(connection, ORG_ID)
            await organisations.ensure_operator_organisation(connection, ORG_ID)
            if await api_keys.has_api_key(connection, ORG_ID):
                key_id = await organisations.read_first_producer_key(connection, ORG_ID)
                return Credentials(org_id=ORG_ID, api_key=None, producer_key_id=key_id, producer_secret=None)
            return await _make(connection, settings)
    finally:
        await connection.close()


async def _make(connection: Connection, settings: Settings) -> Credentials:
    ring = open_key_ring(settings)
    minted = mint_api_key(ring.derive("api-keys"))
    await api_keys.insert_api_key(
        connection,
        ORG_ID,
        uuid.uuid4(),
        key_hash=minted.hash,
        last4=minted.last4,
        scopes=["read", "write", "admin"],
    )
    key_id, secret = f"pk_{secrets.token_hex(8)}", secrets.token_urlsafe(32)
    encrypted = ring.seal("secrets", secret.encode())
    await organisations.insert_producer_key(connection, ORG_ID, key_id, encrypted)
    return Credentials(org_id=ORG_ID, api_key=minted.plain, producer_key_id=key_id, producer_secret=secret)
