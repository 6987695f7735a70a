"""Passkeys: registered, listed, removed, and signed in with."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.http.operations import Call, Operation, Reply
from api.identity.profile import require_fresh_session
from api.identity.registration import PUBLIC_PROBLEMS
from api.identity.requests import MailedCode, SignedIn, admit, tokens_answer, visitor_of
from api.identity.second_factors import ConfirmPassword
from core.services.identity import passkeys
from core.storage.identity.second_factors import PasskeyRecord, list_passkeys


class PasskeyCeremony(msgspec.Struct, frozen=True, kw_only=True):
    """What to hand to the browser's `navigator.credentials`."""

    ticket: str
    """Comes back with the browser's answer; counts once, for five minutes."""
    options: dict[str, Any]
    """`publicKey` of `navigator.credentials.create` or `.get`, as `PublicKeyCredential.parse…FromJSON` reads it."""


class RegisterPasskey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The browser's answer to a registration."""

    ticket: MailedCode
    """Ticket of the options."""
    credential: dict[str, Any]
    """The browser's credential, as its `toJSON()` gives it."""
    name: Annotated[str, Meta(min_length=1, max_length=100)] = "Passkey"
    """Name of the passkey, for its person."""


class BeginPasskeySignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign-in with a passkey, alone or behind a password."""

    challenge: MailedCode | None = None
    """Challenge of `POST /v1/auth/login`; null: the passkey signs in alone."""


class PasskeySignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The browser's answer to a sign-in."""

    ticket: MailedCode
    """Ticket of the options."""
    credential: dict[str, Any]
    """The browser's credential, as its `toJSON()` gives it."""
    challenge: MailedCode | None = None
    """Challenge of `POST /v1/auth/login`, where the options were asked with it."""
    cookies: bool = False
    """Whether the session lives in cookies, for browsers."""


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A registered passkey."""

    passkey_id: UUID
    name: str
    """Name of the passkey."""
    backed_up: bool
    """Whether its provider keeps copies of it."""
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    """Its last sign-in; null: none yet."""


class NewPasskey(Passkey, frozen=True, kw_only=True):
    """A passkey that was registered just now."""

    recovery_codes: list[str]
    """Shown this once, with the first second factor of an account; empty with others."""


class PasskeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The passkeys of an account, oldest first."""

    items: list[Passkey]


def _fields(record: PasskeyRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Passkey.__struct_fields__}


async def begin_registration(call: Call[ConfirmPassword, None]) -> Reply:
    """Ask for a new passkey: the options for the browser."""
    admit(call)
    ceremony = await passkeys.begin_registration(
        call.context.identity, call.user_id, call.body.password, visitor_of(call)
    )
    return Reply(body=PasskeyCeremony(ticket=ceremony.ticket, options=ceremony.options))


async def register_passkey(call: Call[RegisterPasskey, None]) -> Reply:
    """Register the passkey that the browser made.

    From then on it, or another second factor, is asked behind a password.
    """
    record, codes = await passkeys.end_registration(
        call.context.identity,
        call.user_id,
        ticket=call.body.ticket,
        credential=call.body.credential,
        name=call.body.name,
    )
    return Reply(body=NewPasskey(**_fields(record), recovery_codes=codes))


async def list_own_passkeys(call: Call[None, None]) -> Reply:
    """List your passkeys."""
    async with call.rows() as rows:
        records = await list_passkeys(rows, call.user_id)
    return Reply(body=PasskeyList(items=[Passkey(**_fields(record)) for record in records]))


async def remove_passkey(call: Call[None, None]) -> Reply:
    """Remove a passkey; the sign-in must be of the last 30 minutes."""
    await require_fresh_session(call)
    await passkeys.remove_passkey(call.context.identity, call.user_id, call.ids["passkey_id"])
    return Reply(status=204)


async def begin_sign_in(call: Call[BeginPasskeySignIn, None]) -> Reply:
    """Ask for a sign-in with a passkey: the options for the browser."""
    admit(call)
    ceremony = await passkeys.begin_sign_in(call.context.identity, call.body.challenge)
    return Reply(body=PasskeyCeremony(ticket=ceremony.ticket, options=ceremony.options))


async def sign_in(call: Call[PasskeySignIn, None]) -> Response:
    """Sign in with the browser's answer.

    Alone, the passkey must have verified its user, by PIN, finger or face.
    """
    admit(call)
    body = call.body
    if body.cookies:
        await call.context.origins.check_write(call.request, None)
    tokens = await passkeys.end_sign_in(
        call.context.identity,
        ticket=body.ticket,
        credential=body.credential,
        challenge=body.challenge,
        visitor=visitor_of(call, cookies=body.cookies),
    )
    return tokens_answer(call, tokens, cookies=body.cookies)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/account/passkeys/options",
        name="beginPasskeyRegistration",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Ask for a new passkey",
        handler=begin_registration,
        request=ConfirmPassword,
        response=PasskeyCeremony,
        problems=("wrong-credentials", "sign-in-locked"),
    ),
    Operation(
        method="POST",
        path="/v1/account/passkeys",
        name="registerPasskey",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=201,
        summary="Register a passkey",
        handler=register_passkey,
        request=RegisterPasskey,
        response=NewPasskey,
        problems=("wrong-credentials", "code-invalid", "limit-reached", "second-factor-exists"),
    ),
    Operation(
        method="GET",
        path="/v1/account/passkeys",
        name="listPasskeys",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List your passkeys",
        handler=list_own_passkeys,
        response=PasskeyList,
    ),
    Operation(
        method="DELETE",
        path="/v1/account/passkeys/{passkey_id}",
        name="removePasskey",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="Remove a passkey",
        handler=remove_passkey,
        problems=("sign-in-again",),
    ),
    Operation(
        method="POST",
        path="/v1/auth/passkey/options",
        name="beginPasskeySignIn",
        unaudited="it gives out a challenge, and changes nothing else",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Ask for a sign-in with a passkey",
        handler=begin_sign_in,
        request=BeginPasskeySignIn,
        response=PasskeyCeremony,
        problems=(*PUBLIC_PROBLEMS, "code-invalid"),
    ),
    Operation(
        method="POST",
        path="/v1/auth/passkey",
        name="signInWithPasskey",
        unaudited="its service appends `sign-in` to the organisations of the person",
        tag="auth",
        permission="public",
        transactional=False,
        summary="Sign in with a passkey",
        handler=sign_in,
        request=PasskeySignIn,
        response=SignedIn,
        problems=(*PUBLIC_PROBLEMS, "wrong-credentials", "code-invalid", "sign-in-locked", "cross-site"),
    ),
)
