"""The public keys that access tokens are signed with."""

from __future__ import annotations

from typing import Literal

import msgspec

from api.http.operations import Call, Operation, Reply


class PublicSigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key (RFC 7517, RFC 8037)."""

    kty: Literal["OKP"]
    """Always `OKP`."""
    crv: Literal["Ed25519"]
    """Always `Ed25519`."""
    x: str
    """The public key, in base64url."""
    kid: str
    """Id of the key, in the header of its tokens."""
    use: Literal["sig"]
    """Always `sig`."""
    alg: Literal["Ed25519"]
    """Algorithm of its tokens (RFC 9864)."""


class SigningKeySet(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of all secrets that still open, the newest first."""

    keys: list[PublicSigningKey]
    """Public keys."""


async def list_signing_keys(call: Call[None, None]) -> Reply:
    """List the public keys that access tokens are signed with (JWKS).

    A token is valid only with its session: who needs to know whether it still counts asks `GET /v1/me` with it.
    """
    key_set = msgspec.convert(call.context.identity.tokens.jwks(), SigningKeySet)
    return Reply(body=key_set, headers={"Cache-Control": "public, max-age=60"})


OPERATIONS = (
    Operation(
        method="GET",
        path="/.well-known/jwks.json",
        name="listSigningKeys",
        tag="auth",
        permission="public",
        summary="List the public keys of access tokens",
        handler=list_signing_keys,
        response=SigningKeySet,
    ),
)
