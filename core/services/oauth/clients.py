"""Clients of OAuth: their secrets, and the proof that a request is a client's."""

from __future__ import annotations

import hmac
from uuid import UUID

from core.domain.oauth.errors import OAuthError
from core.domain.oauth.parameters import Parameters
from core.domain.oauth.token_requests import read_client
from core.infra.postgres.connection import Pool, transaction
from core.services.identity.opaque_tokens import hash_token
from core.storage.oauth.clients import ClientRecord, find_client


async def authenticate_client(pool: Pool, authorization: str | None, form: Parameters) -> ClientRecord:
    """The client of a request; a public one only says who it is. Raises OAuthError."""
    credentials = read_client(authorization, form)
    client = await look_up_client(pool, credentials.client_id)
    if client is None or client.confidential != (credentials.secret is not None):
        raise OAuthError("invalid_client", "There is no such client, or it authenticates in another way.")
    if credentials.secret is not None:
        secret_hash = hash_token(credentials.secret)
        if not any(hmac.compare_digest(known_hash, secret_hash) for known_hash in client.secret_hashes):
            raise OAuthError("invalid_client", "The secret is not the client's.")
    return client


async def look_up_client(pool: Pool, client_id: UUID) -> ClientRecord | None:
    """The client of an id, of whatever organisation."""
    async with transaction(pool) as connection:
        return await find_client(connection, client_id)
