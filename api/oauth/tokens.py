"""Endpoints that clients call: give tokens, end what was granted, say what a token counts for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.identity.requests import visitor_of
from api.oauth.metadata import INTROSPECT, REVOKE, TOKEN
from core.domain.oauth.authorization import check_resource
from core.domain.oauth.errors import ErrorCode, OAuthError
from core.domain.oauth.parameters import Parameters, read_form
from core.domain.oauth.token_requests import GrantType, read_grant_type, required
from core.services.oauth import grants
from core.services.oauth.clients import authenticate_client
from core.storage.oauth.clients import ClientRecord

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Parameter = Annotated[str, Meta(max_length=2000)]


class TokenForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client asks tokens for, and who it is (unless the Authorization header says that)."""

    grant_type: GrantType
    """What the client has."""
    client_id: UUID | None = None
    """Id of the client, where the Authorization header does not have it."""
    client_secret: Parameter | None = None
    """Secret of a confidential client, where the Authorization header does not have it."""
    code: Parameter | None = None
    """`authorization_code`: the code; it counts once, for a minute."""
    code_verifier: Annotated[str, Meta(min_length=43, max_length=128)] | None = None
    """`authorization_code`: the text whose SHA-256 was the challenge."""
    redirect_uri: Parameter | None = None
    """`authorization_code`: as in the request for the code, or left out."""
    refresh_token: Parameter | None = None
    """`refresh_token`: the newest of the grant; it counts once."""
    scope: Parameter | None = None
    """Scopes, with spaces between them; left out: all that may be had."""
    resource: Parameter | None = None
    """The API's public address, or left out."""


class TokenOnly(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token, and who the client is (unless the Authorization header says that)."""

    token: Parameter
    """An access token or a refresh token."""
    token_type_hint: Literal["access_token", "refresh_token"] | None = None
    """Which of the two; it is found out anyway."""
    client_id: UUID | None = None
    """Id of the client, where the Authorization header does not have it."""
    client_secret: Parameter | None = None
    """Secret of a confidential client, where the Authorization header does not have it."""


class OAuthTokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of a client."""

    access_token: str
    """For `Authorization: Bearer`: a JWT (RFC 9068)."""
    token_type: Literal["Bearer"]
    """Always `Bearer`."""
    expires_in: Annotated[int, Meta(ge=1, le=900)]
    """Seconds that the access token counts."""
    scope: str
    """What was granted, with spaces between the scopes; it may be less than was asked for."""
    refresh_token: str | None = None
    """For one refresh; absent for a client that calls for itself."""


class OAuthFault(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal of OAuth (RFC 6749, 5.2)."""

    error: ErrorCode
    """Branch on this."""
    error_description: str
    """What is wrong, for the client's developer."""


class TokenStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a token counts for (RFC 7662). Of one that does not count, ``active`` alone is there."""

    active: bool
    """Whether the token counts now."""
    scope: str | None = None
    """Its scopes, with spaces between them."""
    client_id: UUID | None = None
    """Id of the client."""
    token_type: Literal["Bearer"] | None = None
    """Of an access token `Bearer`."""
    sub: UUID | None = None
    """The person who granted; of a client that calls for itself, the client."""
    org_id: UUID | None = None
    """The organisation that the token is for."""
    iss: str | None = None
    """Who issued it: the API's public address."""
    aud: str | None = None
    """Whom it is for: the API's public address."""
    iat: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    """When an access token was issued, in seconds since 1970."""
    exp: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    """When an access token ends, in seconds since 1970."""
    jti: UUID | None = None
    """Id of an access token."""


ClientHandler = Callable[[Call[None, None], ClientRecord, Parameters], Awaitable[Reply]]


async def _serve(call: Call[None, None], handler: ClientHandler) -> Reply:
    """Authenticate the client of a form and run a handler; its refusals are OAuth's."""
    call.context.refreshes.require(call.address)
    authorization = call.request.headers.get("authorization")
    try:
        form = read_form(call.request.headers.get("content-type", ""), await call.request.body())
        client = await authenticate_client(call.context.pool, authorization, form)
        return await handler(call, client, form)
    except OAuthError as error:
        headers, status = dict(NO_STORE), 400
        if error.code == "invalid_client":
            call.context.refusals.require(call.address)
            headers["WWW-Authenticate"], status = 'Basic realm="clipstream", charset="UTF-8"', 401
        fault = OAuthFault(error=error.code, error_description=error.detail)
        return Reply(body=fault, status=status, headers=headers)


async def give_tokens(call: Call[None, None]) -> Reply:
    """Give a client tokens for a code, a refresh token, or for itself.

    A code and a refresh token count once: one that is shown twice ends all that was granted with it. Access tokens
    count for minutes, as long as the grant does.
    """
    return await _serve(call, _give_tokens)


async def _give_tokens(call: Call[None, None], client: ClientRecord, form: Parameters) -> Reply:
    parts, visitor = call.context.identity, visitor_of(call)
    check_resource(form, parts.tokens.issuer)
    match read_grant_type(form):
        case "authorization_code":
            issued = await grants.redeem_code(
                parts,
                client,
                code=required(form, "code"),
                verifier=required(form, "code_verifier"),
                redirect_uri=form.get("redirect_uri"),
                visitor=visitor,
            )
        case "refresh_token":
            token, scope = required(form, "refresh_token"), form.get("scope")
            issued = await grants.refresh(parts, client, refresh_token=token, scope=scope, visitor=visitor)
        case "client_credentials":
            issued = await grants.grant_machine(parts, client, form.get("scope"))
    body = OAuthTokens(
        access_token=issued.access_token,
        token_type="Bearer",  # noqa: S106 - the type of the token
        expires_in=issued.life_s,
        scope=" ".join(issued.scopes),
        refresh_token=issued.refresh_token,
    )
    return Reply(body=body, headers=NO_STORE)


async def revoke_token(call: Call[None, None]) -> Reply:
    """End what a token belongs to, with all its tokens, within 5 s (RFC 7009).

    A token that does not count is answered as one that did.
    """
    return await _serve(call, _revoke_token)


async def _revoke_token(call: Call[None, None], client: ClientRecord, form: Parameters) -> Reply:
    await grants.revoke_token(call.context.identity, client, required(form, "token"), visitor_of(call))
    return Reply(headers=NO_STORE)


async def introspect_token(call: Call[None, None]) -> Reply:
    """Say what a token of the client counts for now (RFC 7662). For confidential clients."""
    return await _serve(call, _introspect_token)


async def _introspect_token(call: Call[None, None], client: ClientRecord, form: Parameters) -> Reply:
    if not client.confidential:
        raise OAuthError("invalid_client", "Only a client with a secret asks about tokens.")
    parts = call.context.identity
    standing = await grants.look_up_token(parts, required(form, "token"))
    if standing is None or standing.client_id != client.client_id:
        return Reply(body=TokenStanding(active=False), headers=NO_STORE)
    of_access: dict[str, Any] = {}
    if (claims := standing.claims) is not None:
        of_access = {"token_type": "Bearer", "iat": int(claims.issued_at), "exp": int(claims.expires_at)}
        of_access["jti"] = claims.token_id
    body = TokenStanding(
        active=True,
        scope=" ".join(standing.scopes),
        client_id=standing.client_id,
        sub=standing.standing.user_id or standing.client_id,
        org_id=standing.org_id,
        iss=parts.tokens.issuer,
        aud=parts.tokens.issuer,
        **of_access,
    )
    return Reply(body=body, headers=NO_STORE)


_PROBLEMS = ("rate-limited", "unavailable")
_FAULTS: dict[int, type] = {400: OAuthFault, 401: OAuthFault}

OPERATIONS = (
    Operation(
        method="POST",
        path=TOKEN,
        name="giveTokens",
        unaudited="what is granted has its entry (`allowApp`); tokens of it have none",
        tag="oauth",
        permission="public",
        summary="Give a client tokens",
        handler=give_tokens,
        transactional=False,
        form=TokenForm,
        response=OAuthTokens,
        faults=_FAULTS,
        problems=_PROBLEMS,
    ),
    Operation(
        method="POST",
        path=REVOKE,
        name="revokeToken",
        unaudited="its service appends `revokeToken` to the organisation of the grant",
        tag="oauth",
        permission="public",
        summary="End what a token belongs to",
        handler=revoke_token,
        transactional=False,
        form=TokenOnly,
        media_types=(),
        faults=_FAULTS,
        problems=_PROBLEMS,
    ),
    Operation(
        method="POST",
        path=INTROSPECT,
        name="introspectToken",
        unaudited="it reads, and changes nothing of anybody",
        tag="oauth",
        permission="public",
        summary="Say what a token counts for",
        handler=introspect_token,
        transactional=False,
        form=TokenOnly,
        response=TokenStanding,
        faults=_FAULTS,
        problems=_PROBLEMS,
    ),
)
