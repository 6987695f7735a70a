"""Registration, by invitation or where anyone may; confirmation of addresses."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.operations import Call, Operation, Reply
from api.identity.requests import (
    Email,
    Locale,
    MailedCode,
    Password,
    PersonName,
    SignedIn,
    admit,
    steady_time,
    tokens_answer,
    visitor_of,
)
from core.services.identity import people

PUBLIC_PROBLEMS = ("rate-limited", "unavailable")
"""Problems of every operation that anybody may call and that asks Postgres."""


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who wants an account."""

    email: Email
    """Mail address; with an invitation the one that was invited."""
    password: Password
    """At least 10 characters, and none of the first that are guessed."""
    name: PersonName = ""
    """Name of the person."""
    organisation: Annotated[str, Meta(max_length=100)] = ""
    """Name of the organisation that a person without an invitation gets."""
    locale: Locale = "en"
    """Language of mails."""
    invitation: MailedCode | None = None
    """Code of the mail that invited."""
    cookies: bool = False
    """Whether a session by invitation lives in cookies, for browsers."""


class MailedCodeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code from a mail."""

    code: MailedCode
    """Code of the mail, `clm_…`."""


async def register(call: Call[Register, None]) -> Response:
    """Make an account.

    With an `invitation` the person is signed in at once (201). Without one, where the installation lets anyone
    register, a mail confirms the address (202), and the answer does not show whether it has an account.
    """
    admit(call)
    body, visitor = call.body, visitor_of(call, cookies=call.body.cookies)
    parts = call.context.identity
    if body.invitation is not None:
        if body.cookies:
            await call.context.origins.check_write(call.request, None)
        tokens = await people.register_invited(
            parts,
            token=body.invitation,
            email=body.email,
            password=body.password,
            name=body.name,
            locale=body.locale,
            visitor=visitor,
        )
        return tokens_answer(call, tokens, cookies=body.cookies, status=201)
    async with steady_time():
        await people.register(
            parts,
            email=body.email,
            password=body.password,
            name=body.name,
            organisation=body.organisation,
            locale=body.locale,
            visitor=visitor,
        )
    return Response(status_code=202, headers={"Cache-Control": "no-store"})


async def verify_email(call: Call[MailedCodeBody, None]) -> Reply:
    """Confirm an address by the code that was mailed to it."""
    admit(call)
    await people.verify_email(call.context.identity, call.body.code, visitor_of(call))
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/register",
        name="register",
        unaudited="its service appends `registered` or `invitation.accepted`",
        tag="auth",
        permission="public",
        transactional=False,
        status=201,
        summary="Make an account, by invitation or where anyone may",
        handler=register,
        request=Register,
        response=SignedIn,
        also={"202": ()},
        problems=(*PUBLIC_PROBLEMS, "forbidden", "code-invalid", "account-exists", "cross-site", "quota-exceeded"),
    ),
    Operation(
        method="POST",
        path="/v1/auth/verify-email",
        name="verifyEmail",
        unaudited="its service appends `email.verified` to the organisations of the person",
        tag="auth",
        permission="public",
        transactional=False,
        status=204,
        summary="Confirm an address",
        handler=verify_email,
        request=MailedCodeBody,
        problems=(*PUBLIC_PROBLEMS, "code-invalid"),
    ),
)
