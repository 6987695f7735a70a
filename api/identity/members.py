"""Members of an organisation and invitations to it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.conditional import check_if_held, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.identity.requests import Email, Locale, MailedCode, visitor_of
from api.problems.problem_details import not_found
from core.domain.identity.actors import Actor, parse_actor
from core.services.identity import members, people
from core.services.identity.identity_log import note_identity_event
from core.storage.identity import invitations, memberships
from core.storage.identity.invitations import InvitationRecord
from core.storage.identity.memberships import MemberRecord
from schemas.access.permissions import Role

MAX_LISTED = 1000
"""More than other lists have: who belongs to an organisation is mostly wanted whole."""


class OrganisationMember(msgspec.Struct, frozen=True, kw_only=True):
    """Who belongs to the organisation."""

    user_id: UUID
    email: str
    """Mail address."""
    name: str
    """Name of the person."""
    role: Role
    """Role in the organisation."""
    created_at: dt.datetime


class OrganisationMemberList(msgspec.Struct, frozen=True, kw_only=True):
    """Members of the organisation, oldest first. ``next_cursor`` is absent on the last page."""

    items: list[OrganisationMember]
    next_cursor: str | None = None


class ListPeople(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of a list of members or invitations."""

    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = MAX_LISTED
    cursor: Annotated[str, Meta(max_length=500)] | None = None


class ChangeMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another role."""

    role: Role
    """Role in the organisation."""


class Invite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to invite."""

    email: Email
    """Mail address that gets the invitation."""
    role: Role
    """Role in the organisation."""
    locale: Locale = "en"
    """Language of the mail."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An open invitation; its code is in the mail alone."""

    invitation_id: UUID
    email: str
    """Mail address that got the invitation."""
    role: Role
    """Role in the organisation."""
    invited_by: Actor
    """Who invited."""
    created_at: dt.datetime
    expires_at: dt.datetime
    """Its end, if it is not accepted before."""


class InvitationList(msgspec.Struct, frozen=True, kw_only=True):
    """Open invitations of the organisation, newest first. ``next_cursor`` is absent on the last page."""

    items: list[Invitation]
    next_cursor: str | None = None


class AcceptInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code of an invitation."""

    code: MailedCode
    """Code of the mail, `cli_…`."""


class JoinedOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation that was joined; `POST /v1/auth/refresh` with it switches the session."""

    org_id: UUID


def _giver(call: Call[Any, Any]) -> members.Giver:
    return members.Giver(actor=call.caller.actor, permissions=call.caller.permissions)


def _member(member: MemberRecord) -> OrganisationMember:
    return OrganisationMember(**{name: getattr(member, name) for name in OrganisationMember.__struct_fields__})


def _invitation(record: InvitationRecord) -> Invitation:
    names = set(Invitation.__struct_fields__) - {"invited_by"}
    return Invitation(invited_by=parse_actor(record.invited_by), **{name: getattr(record, name) for name in names})


async def list_members(call: Call[None, ListPeople]) -> Reply:
    """List who belongs to the organisation."""
    query, ring, scope = call.query, call.context.ring, f"members/{call.org_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        records = await memberships.list_member_rows(rows, call.org_id, after=place_of(after), limit=query.limit + 1)
    items = [_member(MemberRecord(**dict(row))) for row in records[: query.limit]]
    cursor = next_cursor(ring, scope, records, query.limit, "user_id")
    return Reply(body=OrganisationMemberList(items=items, next_cursor=cursor))


async def change_member(call: Call[ChangeMember, None]) -> Reply:
    """Give a member another role; it counts within five seconds.

    No caller gives or takes a role with permissions that it lacks, and only owners touch owners. The last owner stays.
    The ETag of a member is `"member-"` with the role in it: `"member-editor"`.
    """
    async with call.rows() as rows:
        await memberships.lock_organisation_roles(rows, call.org_id)
        for before in await memberships.list_members(rows, call.org_id, call.ids["user_id"]):
            check_if_held(call.request, _etag(before.role), resource="member")
        member = await members.change_role(rows, call.org_id, _giver(call), call.ids["user_id"], call.body.role)
    return reply_with_etag(_member(member), _etag(member.role))


def _etag(role: Role) -> str:
    return f'"member-{role}"'


async def remove_member(call: Call[None, None]) -> Reply:
    """Remove a member; it counts within five seconds. Only owners remove owners, and the last one stays."""
    async with call.rows() as rows:
        await members.remove_member(rows, call.org_id, _giver(call), call.ids["user_id"])
    return Reply(status=204)


async def invite(call: Call[Invite, None]) -> Reply:
    """Invite somebody by mail; an open invitation of the address ends. It takes a seat of the plan.

    No caller gives a role with permissions that it lacks. While an organisation has no owner, a key that may change
    members invites the first one.
    """
    async with call.rows() as rows:
        record = await members.invite(
            call.context.identity,
            rows,
            call.org_id,
            _giver(call),
            email=call.body.email,
            role=call.body.role,
            locale=call.body.locale,
        )
    return Reply(body=_invitation(record))


async def list_invitations(call: Call[None, ListPeople]) -> Reply:
    """List the open invitations."""
    query, ring, scope = call.query, call.context.ring, f"invitations/{call.org_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        records = await invitations.list_invitation_rows(
            rows, call.org_id, after=place_of(after), limit=query.limit + 1
        )
    items = [_invitation(InvitationRecord(**dict(row))) for row in records[: query.limit]]
    cursor = next_cursor(ring, scope, records, query.limit, "invitation_id")
    return Reply(body=InvitationList(items=items, next_cursor=cursor))


async def revoke_invitation(call: Call[None, None]) -> Reply:
    """Take an invitation back."""
    async with call.rows() as rows:
        if not await invitations.end_invitation(rows, call.org_id, call.ids["invitation_id"], accepted=False):
            raise not_found("invitation")
    note_identity_event("invitation.revoked", actor=call.caller.actor, org_id=call.org_id, address=call.address)
    return Reply(status=204)


async def accept_invitation(call: Call[AcceptInvitation, None]) -> Reply:
    """Join the organisation that invited your address, if its plan has a seat left.

    `POST /v1/auth/register` does it for who has no account yet.
    """
    org_id = await people.accept_invitation(call.context.identity, call.user_id, call.body.code, visitor_of(call))
    return Reply(body=JoinedOrganisation(org_id=org_id))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/members",
        name="listMembers",
        tag="people",
        permission="members:read",
        summary="List who belongs to the organisation",
        handler=list_members,
        query=ListPeople,
        response=OrganisationMemberList,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="PATCH",
        path="/v1/members/{user_id}",
        name="changeMember",
        tag="people",
        permission="members:write",
        summary="Give a member another role",
        handler=change_member,
        request=ChangeMember,
        response=OrganisationMember,
        problems=("role-refused", "last-owner", "changed-meanwhile"),
    ),
    Operation(
        method="DELETE",
        path="/v1/members/{user_id}",
        name="removeMember",
        tag="people",
        permission="members:write",
        status=204,
        summary="Remove a member",
        handler=remove_member,
        problems=("role-refused", "last-owner"),
    ),
    Operation(
        method="POST",
        path="/v1/invitations",
        name="invite",
        tag="people",
        permission="members:write",
        status=201,
        summary="Invite somebody by mail",
        handler=invite,
        request=Invite,
        response=Invitation,
        problems=("role-refused", "already-member", "limit-reached", "quota-exceeded"),
    ),
    Operation(
        method="GET",
        path="/v1/invitations",
        name="listInvitations",
        tag="people",
        permission="members:read",
        summary="List the open invitations",
        handler=list_invitations,
        query=ListPeople,
        response=InvitationList,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="DELETE",
        path="/v1/invitations/{invitation_id}",
        name="revokeInvitation",
        tag="people",
        permission="members:write",
        status=204,
        summary="Take an invitation back",
        handler=revoke_invitation,
    ),
    Operation(
        method="POST",
        path="/v1/invitations/accept",
        name="acceptInvitation",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Join the organisation that invited you",
        handler=accept_invitation,
        request=AcceptInvitation,
        response=JoinedOrganisation,
        problems=("code-invalid", "already-member", "quota-exceeded"),
    ),
)
