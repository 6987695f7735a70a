"""A person's own account: name and language, sessions, memberships, erasure."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from api.http.browsers.cookies import clear_cookies, is_secure
from api.http.operations import Call, Operation, Reply
from api.identity.requests import Locale, PersonName
from api.problems.problem_details import not_found, require
from core.domain.identity.actors import Actor
from core.services.identity import members
from core.services.identity.identity_log import note_identity_event
from core.services.identity.refusals import IdentityRefused
from core.storage.identity import memberships, people, sessions
from schemas.access.permissions import Permission, Role, permissions_of_role

FRESH = dt.timedelta(minutes=30)
"""Age of a session that may still erase its account, or remove a passkey."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    user_id: UUID
    email: str
    """Mail address."""
    name: str
    """Name of the person."""
    locale: str
    """Language of mails."""
    email_verified_at: dt.datetime | None
    """When the address was confirmed."""
    created_at: dt.datetime


class ChangeProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of an account; what is left out stays."""

    name: PersonName | None = None
    """Name of the person."""
    locale: Locale | None = None
    """Language of mails."""


class PersonSession(msgspec.Struct, frozen=True, kw_only=True):
    """An open session."""

    session_id: UUID
    current: bool
    """Whether it is the one that asks."""
    org_id: UUID | None
    """The organisation that was chosen last."""
    methods: list[str]
    """How the person signed in."""
    address: str
    """Address of the sign-in."""
    user_agent: str
    """What the browser or the program called itself at the sign-in."""
    created_at: dt.datetime
    last_used_at: dt.datetime
    """Its last use, to the minute."""
    expires_at: dt.datetime
    """Its end, however much it is used."""


class PersonSessionList(msgspec.Struct, frozen=True, kw_only=True):
    """The open sessions of a person, used last first."""

    items: list[PersonSession]


class PersonMembership(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is in an organisation."""

    org_id: UUID
    org_name: str
    """Name of the organisation."""
    role: Role
    """Role of the person there."""
    permissions: list[Permission]
    """What the role may do there."""
    current: bool
    """Whether this session is for it; `POST /v1/auth/refresh` with `org_id` switches."""
    created_at: dt.datetime


class PersonMembershipList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisations that a person belongs to, oldest first."""

    items: list[PersonMembership]


async def get_profile(call: Call[None, None]) -> Reply:
    """Read your own account."""
    async with call.rows() as rows:
        person = require(await people.find_person(rows, call.user_id), "account")
    return Reply(body=_profile(person))


def _profile(person: people.PersonRecord) -> Profile:
    return Profile(**{name: getattr(person, name) for name in Profile.__struct_fields__})


async def change_profile(call: Call[ChangeProfile, None]) -> Reply:
    """Change your name and the language of your mails."""
    async with call.rows() as rows:
        person = require(await people.lock_person(rows, call.user_id), "account")
        name = person.name if call.body.name is None else call.body.name
        locale = person.locale if call.body.locale is None else call.body.locale
        await people.write_profile(rows, call.user_id, name=name, locale=locale)
        changed = require(await people.find_person(rows, call.user_id), "account")
    note_identity_event("person.changed", actor=Actor(kind="user", id=call.user_id), address=call.address)
    return Reply(body=_profile(changed))


async def require_fresh_session(call: Call[Any, Any]) -> None:
    """Raise IdentityRefused where the sign-in was too long ago for what cannot be taken back."""
    async with call.rows() as rows:
        listed = await sessions.list_sessions(rows, call.user_id, call.caller.session_id)
    if not listed or call.now - listed[0].created_at > FRESH:
        raise IdentityRefused("sign-in-again", "This is done within 30 minutes of the sign-in.")


async def erase_account(call: Call[None, None]) -> Response:
    """Erase your own account; sessions, memberships and second factors go with it.

    The sign-in must be of the last 30 minutes. The last owner of an organisation makes somebody else an owner first.
    """
    await require_fresh_session(call)
    await members.erase_person(call.context.identity, call.user_id)
    response = Response(status_code=204)
    clear_cookies(response, secure=is_secure(call.context.settings))
    return response


async def list_sessions(call: Call[None, None]) -> Reply:
    """List your open sessions."""
    async with call.rows() as rows:
        listed = await sessions.list_sessions(rows, call.user_id)
    names = set(PersonSession.__struct_fields__) - {"current", "methods"}
    items = [
        PersonSession(
            current=record.session_id == call.caller.session_id,
            methods=list(record.methods),
            **{name: getattr(record, name) for name in names},
        )
        for record in listed
    ]
    return Reply(body=PersonSessionList(items=items))


async def revoke_session(call: Call[None, None]) -> Reply:
    """End one of your sessions; its access token stops to count within five seconds."""
    session_id = call.ids["session_id"]
    async with call.rows() as rows:
        if not await sessions.revoke_sessions(rows, call.user_id, "revoked by its person", only=session_id):
            raise not_found("session")
    actor = Actor(kind="user", id=call.user_id)
    note_identity_event("session.revoked", actor=actor, address=call.address, session_id=str(session_id))
    return Reply(status=204)


async def revoke_other_sessions(call: Call[None, None]) -> Reply:
    """End all of your sessions but this one."""
    async with call.rows() as rows:
        count = await sessions.revoke_sessions(rows, call.user_id, "revoked by its person", but=call.caller.session_id)
    note_identity_event(
        "sessions.revoked", actor=Actor(kind="user", id=call.user_id), address=call.address, sessions=count
    )
    return Reply(status=204)


async def list_memberships(call: Call[None, None]) -> Reply:
    """List the organisations that you belong to."""
    async with call.rows() as rows:
        listed = await memberships.list_memberships(rows, call.user_id)
    items = [
        PersonMembership(
            org_id=record.org_id,
            org_name=record.org_name,
            role=record.role,
            permissions=sorted(permissions_of_role(record.role, operator=record.operator)),
            current=record.org_id == call.org_id,
            created_at=record.created_at,
        )
        for record in listed
    ]
    return Reply(body=PersonMembershipList(items=items))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/account",
        name="getProfile",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Read your own account",
        handler=get_profile,
        response=Profile,
        problems=("not-found",),
    ),
    Operation(
        method="PATCH",
        path="/v1/account",
        name="changeProfile",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Change your name and language",
        handler=change_profile,
        request=ChangeProfile,
        response=Profile,
        problems=("not-found",),
    ),
    Operation(
        method="DELETE",
        path="/v1/account",
        name="eraseAccount",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="Erase your own account",
        handler=erase_account,
        problems=("sign-in-again", "last-owner", "not-found"),
    ),
    Operation(
        method="GET",
        path="/v1/account/sessions",
        name="listSessions",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List your open sessions",
        handler=list_sessions,
        response=PersonSessionList,
    ),
    Operation(
        method="DELETE",
        path="/v1/account/sessions",
        name="revokeOtherSessions",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="End all of your other sessions",
        handler=revoke_other_sessions,
    ),
    Operation(
        method="DELETE",
        path="/v1/account/sessions/{session_id}",
        name="revokeSession",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="End one of your sessions",
        handler=revoke_session,
    ),
    Operation(
        method="GET",
        path="/v1/account/memberships",
        name="listMemberships",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List the organisations that you belong to",
        handler=list_memberships,
        response=PersonMembershipList,
    ),
)
