"""Sign-in by password, refresh and sign-out, for programs by tokens and for browsers by cookies."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.browsers.cookies import clear_cookies, is_secure, read_refresh_cookie
from api.http.operations import Call, Operation, Reply
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import Email, Password, SignedIn, admit, challenge_answer, tokens_answer, visitor_of
from core.domain.identity.actors import Actor
from core.infra.postgres.connection import person_transaction
from core.services.identity import second_factors, sessions
from core.services.identity.identity_log import note_identity_event
from core.services.identity.refusals import ended_session
from core.storage.identity.sessions import revoke_sessions


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address and its password."""

    email: Email
    """Mail address of the account."""
    password: Password
    """Password of the account."""
    cookies: bool = False
    """Whether the session lives in cookies, for browsers: the answer shows no token then."""


class Refresh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token of a session, in the body or in its cookie."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """The newest of the session; null: the cookie has it."""
    org_id: UUID | None = None
    """Another organisation that the person belongs to: the session goes on there."""


async def login(call: Call[Login, None]) -> Reply | Response:
    """Sign in by password.

    An account with a second factor answers a challenge. Wrong passwords are counted by account and by address: after
    five in a row the account has to wait, after ten it is locked for 15 minutes, and its person gets a mail.
    """
    admit(call)
    body, parts = call.body, call.context.identity
    visitor = visitor_of(call, cookies=body.cookies)
    if body.cookies:
        await call.context.origins.check_write(call.request, None)
    outcome = await second_factors.sign_in_by_password(parts, body.email, body.password, visitor)
    if isinstance(outcome, second_factors.Challenge):
        return challenge_answer(outcome)
    return tokens_answer(call, outcome, cookies=body.cookies)


async def refresh(call: Call[Refresh, None]) -> Reply | Response:
    """The next tokens of a session; `org_id` switches it to another organisation.

    A refresh token counts once. One that is used again ends its session, but for the ten seconds in which two tabs of
    a browser may do so at once.
    """
    cookie = read_refresh_cookie(call.request, secure=is_secure(call.context.settings))
    token = call.body.refresh_token or cookie
    if token is None:
        raise ended_session()
    by_cookie = call.body.refresh_token is None
    if by_cookie:
        await call.context.origins.check_write(call.request, None)
    call.context.refreshes.require(call.address)
    tokens = await sessions.refresh_session(
        call.context.identity, token, visitor_of(call, cookies=by_cookie), call.body.org_id
    )
    return tokens_answer(call, tokens, cookies=by_cookie)


async def logout(call: Call[None, None]) -> Response:
    """End this session, and take its cookies away."""
    session_id = call.caller.session_id
    async with person_transaction(call.context.pool, call.user_id) as connection:
        await revoke_sessions(connection, call.user_id, "signed out", only=session_id)
    actor = Actor(kind="user", id=call.user_id)
    note_identity_event("sign-out", actor=actor, address=call.address, session_id=str(session_id))
    response = Response(status_code=204)
    clear_cookies(response, secure=is_secure(call.context.settings))
    return response


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/login",
        name="login",
        unaudited="its service appends `sign-in`, `sign-in.failed` and `sign-in.locked` to the person's organisations",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Sign in by password",
        handler=login,
        request=Login,
        response=SignedIn,
        problems=(*PUBLIC_PROBLEMS, "wrong-credentials", "email-not-verified", "sign-in-locked", "cross-site"),
    ),
    Operation(
        method="POST",
        path="/v1/auth/refresh",
        name="refreshSession",
        unaudited="a session goes on as before; a token that was used twice appends `session.stolen`",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Go on with a session, or switch its organisation",
        handler=refresh,
        request=Refresh,
        response=SignedIn,
        problems=(*PUBLIC_PROBLEMS, "unauthenticated", "not-found", "cross-site"),
    ),
    Operation(
        method="POST",
        path="/v1/auth/logout",
        name="logout",
        tag="auth",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="End this session",
        handler=logout,
    ),
)
