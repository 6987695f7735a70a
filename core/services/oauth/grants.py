"""What people and service accounts grant to OAuth clients: codes, tokens, rotation, revocation.

A code and a refresh token count once. One that is shown again is in other hands, so the whole grant ends with all its
tokens (RFC 9700, 2.1.1 and 4.14.2). Each change has an entry in the audit log of the organisation that it is for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.domain.identity.actors import Actor
from core.domain.oauth.authorization import AuthorizationRequest
from core.domain.oauth.errors import OAuthError
from core.domain.oauth.scopes import read_scopes, scopes_within
from core.domain.oauth.token_requests import proves
from core.infra.postgres.connection import Connection, org_transaction, person_transaction, set_org, transaction
from core.services.audit import audit_log as audit
from core.services.identity.access_tokens import GrantClaims
from core.services.identity.identity_log import note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.storage.identity.audit import AuditEntry
from core.storage.identity.memberships import read_role
from core.storage.oauth import grants
from core.storage.oauth.clients import ClientRecord
from core.storage.oauth.grants import GrantStanding
from schemas.access.permissions import permissions_of_role
from schemas.common import Value

CODE_LIFE = dt.timedelta(seconds=60)
REFRESH_IDLE = dt.timedelta(days=30)
"""Time without a refresh after which a grant ends."""
GRANT_LIFE = dt.timedelta(days=365)
"""Time after which a person is asked again, however much a grant is used."""


class IssuedTokens(Value, frozen=True, kw_only=True):
    """What a client gets."""

    access_token: str
    life_s: int
    """Seconds that the access token counts."""
    scopes: list[str]
    refresh_token: str | None = None


class ShownToken(Value, frozen=True, kw_only=True):
    """An access or refresh token that counts now."""

    org_id: UUID
    grant_id: UUID
    client_id: UUID
    standing: GrantStanding
    scopes: list[str]
    claims: GrantClaims | None
    """Of an access token."""


async def allow(
    parts: IdentityParts,
    client: ClientRecord,
    request: AuthorizationRequest,
    user_id: UUID,
    org_id: UUID,
    visitor: Visitor,
) -> str:
    """A person lets a client call in an organisation of theirs; returns the code. Raises OAuthError."""
    code, code_hash = mint_token("oauth-code")
    grant_id = parts.new_id()
    async with person_transaction(parts.pool, user_id, org_id) as connection:
        role = await read_role(connection, org_id, user_id)
        permissions = permissions_of_role(role, operator=False) if role is not None else ()
        scopes = scopes_within(request.scopes, permissions)
        if not scopes:
            raise OAuthError("access_denied", "The person may do nothing of this in the organisation.")
        await grants.insert_grant(
            connection,
            org_id,
            grant_id,
            client=(client.org_id, client.client_id),
            scopes=scopes,
            life=CODE_LIFE,
            user_id=user_id,
        )
        await grants.insert_code(
            connection,
            org_id,
            code_hash,
            grant_id,
            redirect_uri=request.destination.redirect_uri,
            challenge=request.challenge,
            life=CODE_LIFE,
        )
        person = Actor(kind="user", id=user_id)
        await _note(connection, person, "allowApp", org_id, client.client_id, grant_id, visitor)
    return code


async def redeem_code(
    parts: IdentityParts,
    client: ClientRecord,
    *,
    code: str,
    verifier: str,
    redirect_uri: str | None,
    visitor: Visitor,
) -> IssuedTokens:
    """The tokens of a code. Raises OAuthError.

    The first use of a code uses it up. Where anything about that does not fit, its grant ends.
    """
    async with transaction(parts.pool) as connection:
        issued = await _redeem(parts, connection, client, code, verifier, redirect_uri, visitor)
    if issued is None:  # raised only now: what ended the grant must stay
        raise OAuthError("invalid_grant", "The code is unknown, was used, has expired, or is not this request's.")
    return issued


async def _redeem(
    parts: IdentityParts,
    connection: Connection,
    client: ClientRecord,
    code: str,
    verifier: str,
    redirect_uri: str | None,
    visitor: Visitor,
) -> IssuedTokens | None:
    code_hash = hash_token(code)
    record = await grants.lock_code(connection, code_hash)
    if record is None:
        return None
    fits = (
        record.counts
        and record.client_id == client.client_id
        and redirect_uri in (None, record.redirect_uri)
        and proves(verifier, record.challenge)
    )
    await grants.use_code(connection, record.org_id, code_hash)
    if not fits:
        because = "a code was used twice" if record.used else "a code was shown by somebody else, or too late"
        await _end_stolen(connection, record.org_id, record.grant_id, record.client_id, because, visitor)
        return None
    return await _issue(parts, connection, record.org_id, record.grant_id, client, None)


async def refresh(
    parts: IdentityParts, client: ClientRecord, *, refresh_token: str, scope: str | None, visitor: Visitor
) -> IssuedTokens:
    """The next tokens of a grant; ``scope`` narrows the access token. Raises OAuthError."""
    async with transaction(parts.pool) as connection:
        issued = await _refresh(parts, connection, client, refresh_token, scope, visitor)
    if issued is None:
        raise OAuthError("invalid_grant", "The refresh token is unknown or was used, or what was granted has ended.")
    return issued


async def _refresh(
    parts: IdentityParts,
    connection: Connection,
    client: ClientRecord,
    refresh_token: str,
    scope: str | None,
    visitor: Visitor,
) -> IssuedTokens | None:
    token_hash = hash_token(refresh_token)
    record = await grants.lock_refresh_token(connection, token_hash)
    if record is None:
        return None
    if record.client_id != client.client_id or record.used:
        because = "a refresh token was used twice" if record.used else "a refresh token was shown by another client"
        await _end_stolen(connection, record.org_id, record.grant_id, record.client_id, because, visitor)
        return None
    issued = await _issue(parts, connection, record.org_id, record.grant_id, client, scope)
    if issued is not None:
        await grants.use_refresh_token(connection, record.org_id, token_hash)
    return issued


async def _issue(
    parts: IdentityParts,
    connection: Connection,
    org_id: UUID,
    grant_id: UUID,
    client: ClientRecord,
    scope: str | None,
) -> IssuedTokens | None:
    """Both tokens of a person's grant; None where it counts no longer.

    Raises OAuthError for a scope beyond it.
    """
    standing = await grants.read_grant_standing(connection, org_id, grant_id, client.client_id)
    if standing is None or standing.user_id is None:
        return None
    scopes = read_scopes(scope, standing.scopes)
    token, token_hash = mint_token("oauth-refresh")
    await grants.insert_refresh_token(connection, org_id, token_hash, grant_id)
    await grants.prolong_grant(connection, org_id, grant_id, idle=REFRESH_IDLE, life=GRANT_LIFE)
    access = parts.tokens.issue_for_grant(
        standing.user_id, grant_id=grant_id, org_id=org_id, client_id=client.client_id, scopes=scopes
    )
    return IssuedTokens(access_token=access, life_s=parts.tokens.life_s, scopes=scopes, refresh_token=token)


async def grant_machine(parts: IdentityParts, client: ClientRecord, scope: str | None) -> IssuedTokens:
    """The access token of a client that calls as its service account. Raises OAuthError."""
    if client.service_account_id is None:
        raise OAuthError("unauthorized_client", "The client has no service account to call as.")
    scopes = read_scopes(scope, client.scopes)
    grant_id, life = parts.new_id(), dt.timedelta(seconds=parts.tokens.life_s)
    async with org_transaction(parts.pool, client.org_id) as connection:
        await grants.insert_grant(
            connection,
            client.org_id,
            grant_id,
            client=(client.org_id, client.client_id),
            scopes=scopes,
            life=life,
            service_account_id=client.service_account_id,
        )
        standing = await grants.read_grant_standing(connection, client.org_id, grant_id, client.client_id)
    allowed = scopes_within(scopes, permissions_of_role(standing.role, operator=False)) if standing is not None else []
    if not allowed:
        raise OAuthError("unauthorized_client", "The service account is disabled, or may do nothing of this.")
    access = parts.tokens.issue_for_grant(
        client.client_id, grant_id=grant_id, org_id=client.org_id, client_id=client.client_id, scopes=allowed
    )
    return IssuedTokens(access_token=access, life_s=parts.tokens.life_s, scopes=allowed)


async def look_up_token(parts: IdentityParts, token: str) -> ShownToken | None:
    """What a token counts for now; None for one that does not count."""
    claims = parts.tokens.verify(token)
    if isinstance(claims, GrantClaims):
        async with org_transaction(parts.pool, claims.org_id) as connection:
            return await _look_up_standing(connection, claims.org_id, claims.grant_id, claims.client_id, claims)
    async with transaction(parts.pool) as connection:
        record = await grants.lock_refresh_token(connection, hash_token(token))
        if record is None or record.used:
            return None
        return await _look_up_standing(connection, record.org_id, record.grant_id, record.client_id, None)


async def _look_up_standing(
    connection: Connection, org_id: UUID, grant_id: UUID, client_id: UUID, claims: GrantClaims | None
) -> ShownToken | None:
    standing = await grants.read_grant_standing(connection, org_id, grant_id, client_id)
    if standing is None:
        return None
    candidates: Sequence[str] = standing.scopes if claims is None else claims.scopes
    return ShownToken(
        org_id=org_id,
        grant_id=grant_id,
        client_id=client_id,
        standing=standing,
        scopes=[scope for scope in candidates if scope in standing.scopes],
        claims=claims,
    )


async def revoke_token(parts: IdentityParts, client: ClientRecord, token: str, visitor: Visitor) -> None:
    """End the grant of a token; one that does not count is fine (RFC 7009). Raises OAuthError."""
    found_token = await look_up_token(parts, token)
    if found_token is None:
        return
    org_id, grant_id, client_id = found_token.org_id, found_token.grant_id, found_token.client_id
    if client_id != client.client_id:
        raise OAuthError("invalid_grant", "The token is not the client's.")
    async with org_transaction(parts.pool, org_id) as connection:
        if await grants.revoke_grant(connection, org_id, grant_id, "revoked by its client"):
            app = Actor(kind="app", id=grant_id)
            await _note(connection, app, "revokeToken", org_id, client_id, grant_id, visitor)


async def withdraw(parts: IdentityParts, user_id: UUID, grant_id: UUID, visitor: Visitor) -> bool:
    """A person takes a grant back; False where it does not exist or has ended."""
    async with person_transaction(parts.pool, user_id) as connection:
        grant_rows = await grants.list_grants_of(connection, user_id, grant_id=grant_id)
        if not grant_rows:
            return False
        (grant,) = grant_rows
        await set_org(connection, grant["org_id"])
        if await grants.revoke_grant(connection, grant["org_id"], grant_id, "withdrawn by its person"):
            person = Actor(kind="user", id=user_id)
            await _note(connection, person, "withdrawGrant", grant["org_id"], grant["client_id"], grant_id, visitor)
    return True


async def _end_stolen(
    connection: Connection, org_id: UUID, grant_id: UUID, client_id: UUID, because: str, visitor: Visitor
) -> None:
    if await grants.revoke_grant(connection, org_id, grant_id, because):
        app = Actor(kind="app", id=grant_id)
        await _note(connection, app, "endStolenGrant", org_id, client_id, grant_id, visitor)


async def _note(
    connection: Connection,
    actor: Actor,
    operation: str,
    org_id: UUID,
    client_id: UUID,
    grant_id: UUID,
    visitor: Visitor,
) -> None:
    """Write what happened to a grant into the audit log of its organisation."""
    entry = AuditEntry(
        org_id=org_id,
        actor=actor,
        operation=operation,
        target_kind="grant",
        target_ids=[client_id, grant_id],
        address=visitor.address,
        user_agent=visitor.user_agent,
    )
    await audit.append(connection, entry)
    note_identity_event(f"grant.{operation}", actor=actor, org_id=org_id, address=visitor.address, grant=str(grant_id))
