"""What operations of identity share: types of fields, the visitor of a request, tokens as an answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.browsers.cookies import is_secure, set_cookies
from api.http.operations import Call, Reply
from core.services.identity.identity_parts import Visitor
from core.services.identity.second_factors import Challenge
from core.services.identity.sessions import SessionTokens

_ATOM = r'[^@\s<>,;:"\x00-\x1f\x7f]+'
Email = Annotated[str, Meta(min_length=6, max_length=254, pattern=rf"^{_ATOM}@{_ATOM}\.{_ATOM}$")]
PersonName = Annotated[str, Meta(max_length=100)]
OrganisationName = Annotated[str, Meta(min_length=1, max_length=100)]
Locale = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", max_length=12)]
Password = Annotated[str, Meta(min_length=1, max_length=256)]
MailedCode = Annotated[str, Meta(min_length=1, max_length=200)]
STEADY_S = 0.3
"""Least time of an answer that must not show, by how long it takes, whether an address is known."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session, or the challenge that comes before it."""

    state: Literal["signed_in", "second_factor"]
    """`second_factor`: send the challenge with a code, or sign in with a passkey."""
    access_token: str | None = None
    """For `Authorization: Bearer`; null where cookies carry it, or a second factor is asked."""
    access_expires_at: dt.datetime | None = None
    """End of the access token; refresh the session before."""
    refresh_token: str | None = None
    """For one refresh; null where cookies carry it, or a second factor is asked."""
    refresh_expires_at: dt.datetime | None = None
    """End of the session, if it is not refreshed before."""
    session_id: UUID | None = None
    """Id of the session."""
    org_id: UUID | None = None
    """The organisation that the access token is for; null: the person belongs to none."""
    challenge: str | None = None
    """Counts for five minutes, with `POST /v1/auth/login/verify`; null where no second factor is asked."""
    factors: list[Literal["totp", "recovery_code", "passkey"]] = []
    """What answers the challenge."""


def visitor_of(call: Call[Any, Any], *, cookies: bool = False) -> Visitor:
    """Where a request comes from."""
    agent = call.request.headers.get("user-agent", "")
    printable = "".join(character for character in agent if character.isprintable())
    return Visitor(address=call.address, user_agent=printable, cookies=cookies)


def admit(call: Call[Any, Any]) -> None:
    """Take one of the address's few places for requests that hash or mail; raises ``rate-limited``."""
    call.context.sign_ins.require(call.address)


@asynccontextmanager
async def steady_time() -> AsyncIterator[None]:
    """Let the body take ``STEADY_S``, whatever it did."""
    began_at = asyncio.get_running_loop().time()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, began_at + STEADY_S - asyncio.get_running_loop().time()))


def challenge_answer(challenge: Challenge) -> Reply:
    """The challenge of a second factor, in place of tokens."""
    body = SignedIn(state="second_factor", challenge=challenge.token, factors=list(challenge.factors))
    return Reply(body=body, headers={"Cache-Control": "no-store"})


def tokens_answer(call: Call[Any, Any], tokens: SessionTokens, *, cookies: bool, status: int = 200) -> Response:
    """The tokens of a session, in the body or in cookies."""
    body = SignedIn(
        state="signed_in",
        access_token=None if cookies else tokens.access_token,
        access_expires_at=call.now + dt.timedelta(seconds=tokens.access_life_s),
        refresh_token=None if cookies else tokens.refresh_token,
        refresh_expires_at=call.now + dt.timedelta(seconds=tokens.refresh_life_s),
        session_id=tokens.session_id,
        org_id=tokens.org_id,
    )
    response = Response(
        msgspec.json.encode(body),
        status_code=status,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )
    if cookies:
        set_cookies(
            response,
            access=(tokens.access_token, tokens.access_life_s),
            refresh=(tokens.refresh_token, tokens.refresh_life_s),
            secure=is_secure(call.context.settings),
        )
    return response
