"""Who belongs to an organisation: invitations, roles, removal; in transactions of the organisation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from core.domain.identity.actors import Actor
from core.domain.identity.role_rules import role_fault
from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Connection, person_transaction, set_org
from core.services.billing.seats import check_invitation_seat
from core.services.identity.identity_log import note_identity_event
from core.services.identity.identity_parts import IdentityParts, account_subject
from core.services.identity.opaque_tokens import mint_token
from core.services.identity.refusals import IdentityRefused, refuse_excess
from core.storage.identity import invitations, mails, memberships, people, sign_in_failures
from core.storage.identity.invitations import InvitationRecord
from core.storage.identity.memberships import MemberRecord, Membership
from core.storage.oauth.grants import revoke_grants_of
from core.storage.organisation.erasures import request_person_erasure
from schemas.access.permissions import Permission, Role
from schemas.common import Value

MAX_OPEN_INVITATIONS = 200
MAX_ORGANISATIONS = 20
"""Organisations that a person may own."""


class Giver(Value, frozen=True, kw_only=True):
    """Who gives or takes a role in an organisation."""

    actor: Actor
    permissions: frozenset[Permission]


async def invite(
    parts: IdentityParts, connection: Connection, org_id: UUID, giver: Giver, *, email: str, role: Role, locale: str
) -> InvitationRecord:
    """Invite an address and mail it a code; its open invitation ends. Raises IdentityRefused."""
    email = email.strip().lower()
    await memberships.lock_organisation_roles(connection, org_id)
    await _check_roles(connection, org_id, giver, {role}, inviting=True)
    if any(member.email == email for member in await memberships.list_members(connection, org_id)):
        raise IdentityRefused("already-member", "This address belongs to the organisation already.")
    if len(await invitations.list_invitations(connection, org_id)) >= MAX_OPEN_INVITATIONS:
        detail = f"An organisation has at most {MAX_OPEN_INVITATIONS} open invitations."
        raise IdentityRefused("limit-reached", detail)
    refuse_excess(await check_invitation_seat(connection, parts.settings, org_id, email))
    code, code_hash = mint_token("invitation")
    invitation_id, days = parts.new_id(), parts.settings.identity.invitation_days
    await invitations.insert_invitation(
        connection,
        org_id,
        invitation_id,
        email=email,
        role=role,
        token_hash=code_hash,
        invited_by=giver.actor,
        life=dt.timedelta(days=days),
    )
    organisation = await memberships.read_organisation(connection, org_id)
    await parts.post_mail(
        connection,
        "invitation",
        to=email,
        locale=locale,
        org_id=org_id,
        organisation=organisation["name"] if organisation is not None else "",
        role=role,
        code=code,
        days=f"{days:g}",
    )
    note_identity_event("member.invited", actor=giver.actor, org_id=org_id, role=role)
    return (await invitations.list_invitations(connection, org_id, invitation_id))[0]


async def change_role(connection: Connection, org_id: UUID, giver: Giver, user_id: UUID, role: Role) -> MemberRecord:
    """Give a member another role. Raises IdentityRefused."""
    await memberships.lock_organisation_roles(connection, org_id)
    member = await _member(connection, org_id, user_id)
    await _check_roles(connection, org_id, giver, {role, member.role})
    if member.role == "owner" and role != "owner":
        await _check_owner_stays(connection, org_id)
    await memberships.write_membership(connection, org_id, user_id, role)
    note_identity_event("member.changed", actor=giver.actor, org_id=org_id, member=str(user_id), role=role)
    return await _member(connection, org_id, user_id)


async def remove_member(connection: Connection, org_id: UUID, giver: Giver, user_id: UUID) -> None:
    """Remove a member. Raises IdentityRefused."""
    await memberships.lock_organisation_roles(connection, org_id)
    member = await _member(connection, org_id, user_id)
    await _check_roles(connection, org_id, giver, {member.role})
    if member.role == "owner":
        await _check_owner_stays(connection, org_id)
    await memberships.delete_membership(connection, org_id, user_id)
    await revoke_grants_of(connection, org_id, user_id, "its person left the organisation")
    note_identity_event("member.removed", actor=giver.actor, org_id=org_id, member=str(user_id))


async def _member(connection: Connection, org_id: UUID, user_id: UUID) -> MemberRecord:
    listed = await memberships.list_members(connection, org_id, user_id)
    if not listed:
        raise IdentityRefused("not-found", "There is no such member.")
    return listed[0]


async def _check_roles(
    connection: Connection, org_id: UUID, giver: Giver, roles: Collection[Role], *, inviting: bool = False
) -> None:
    """Raise IdentityRefused where the caller may not give or take one of the roles, by the rows of now."""
    organisation = await memberships.read_organisation(connection, org_id)
    operator = organisation is not None and organisation["operator"]
    giver_role = await memberships.read_role(connection, org_id, giver.actor.id) if giver.actor.kind == "user" else None
    unowned = inviting and giver.actor.kind == "key" and await memberships.count_owners(connection, org_id) == 0
    for role in sorted(roles):
        fault = role_fault(
            role,
            giver=giver.permissions,
            giver_owns=giver_role == "owner",
            operator=operator,
            first_owner=unowned and role == "owner",
        )
        if fault:
            raise IdentityRefused("role-refused", fault)


async def _check_owner_stays(connection: Connection, org_id: UUID) -> None:
    if await memberships.count_owners(connection, org_id) <= 1:
        raise IdentityRefused(
            "last-owner", "The last owner stays: make somebody else an owner first, or erase the organisation."
        )


async def make_organisation(parts: IdentityParts, user_id: UUID, name: str) -> UUID:
    """A new organisation of a person, who owns it; returns its id. Raises IdentityRefused."""
    if parts.settings.identity.organisations != "on":
        raise IdentityRefused("forbidden", "People make no organisations in this installation.")
    org_id = parts.new_id()
    async with person_transaction(parts.pool, user_id) as connection:
        await people.lock_person(connection, user_id)
        owned = [
            membership
            for membership in await memberships.list_memberships(connection, user_id)
            if membership.role == "owner"
        ]
        if len(owned) >= MAX_ORGANISATIONS:
            raise IdentityRefused("limit-reached", f"A person owns at most {MAX_ORGANISATIONS} organisations.")
        await set_org(connection, org_id)
        await memberships.insert_organisation(connection, org_id, name)
        await memberships.write_membership(connection, org_id, user_id, "owner")
    note_identity_event("organisation.made", actor=Actor(kind="user", id=user_id), org_id=org_id)
    return org_id


def _org_of(membership: Membership) -> UUID:
    return membership.org_id


async def erase_person(parts: IdentityParts, user_id: UUID) -> None:
    """Erase a person with sessions, memberships, second factors and mails. Raises IdentityRefused.

    Rows that say who did something keep the person's id, which leads to nothing any more.
    """
    async with person_transaction(parts.pool, user_id) as connection:
        person = await people.lock_person(connection, user_id)
        if person is None:
            raise IdentityRefused("not-found", "There is no such person.")
        for membership in sorted(await memberships.list_memberships(connection, user_id), key=_org_of):
            await set_org(connection, membership.org_id)
            await memberships.lock_organisation_roles(connection, membership.org_id)
            if await memberships.read_role(connection, membership.org_id, user_id) == "owner":
                await _check_owner_stays(connection, membership.org_id)
        await forget_person(connection, parts.ring, user_id, person.email)
    note_identity_event("person.erased", actor=Actor(kind="user", id=user_id))


async def forget_person(connection: Connection, ring: KeyRing, user_id: UUID, email: str) -> None:
    """Delete a person, what was sent to their address, and plan the removal of their traces in logs.

    In a transaction of their own.
    """
    await people.delete_person(connection, user_id)
    await invitations.delete_invitations_of(connection, email)
    subjects = [account_subject(ring, email, secret_id) for secret_id in ring.ids()]
    await mails.delete_mails_to(connection, subjects)
    await sign_in_failures.delete_failures(connection, subjects)
    await request_person_erasure(connection, user_id)
