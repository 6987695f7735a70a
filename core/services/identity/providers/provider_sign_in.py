"""Sign-in with an identity at a provider: whose it is, who comes new with it, and the session.

The identity is issuer and subject, never a mail address: addresses change hands. One that the provider has verified
counts only where the operator says so of this provider, and never for an account that has not confirmed it itself:
somebody else may have made that one, with a password of theirs.
"""

from __future__ import annotations

from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.openid.provider_documents import ForeignIdentity
from core.infra.postgres.connection import Connection, set_org, set_person, transaction
from core.services.billing.seats import check_member_seat
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.people import normal_email, tell_of_joining
from core.services.identity.providers.linked_identities import label_of, tell_of_change, write_link
from core.services.identity.providers.sign_in_flows import Flow, find_provider
from core.services.identity.refusals import IdentityRefused, invalid_code, refuse_excess
from core.services.identity.second_factors import Challenge, begin_challenge, list_factors
from core.services.identity.sessions import SessionTokens, begin_session
from core.storage.identity import invitations, linked_identities, memberships, people

Event = tuple[str, UUID | None]
"""What happened, and the organisation that it concerns; None: all of the person's."""


async def sign_in_by_provider(
    parts: IdentityParts, flow: Flow, identity: ForeignIdentity, visitor: Visitor
) -> SessionTokens | Challenge:
    """Begin the session of an identity's person, or their challenge. Raises IdentityRefused."""
    method = f"provider:{flow.provider}"
    async with transaction(parts.pool) as connection:
        user_id, org_id, events = await _find_or_add(parts, connection, flow, identity, visitor)
        person = await people.lock_person(connection, user_id)
        if person is None or person.disabled_at is not None or person.email_verified_at is None:
            raise IdentityRefused("sign-in-refused", "The account cannot be used.")
        outcome: SessionTokens | Challenge | None = await begin_challenge(connection, user_id, method)
        if outcome is None:
            outcome = await begin_session(parts, connection, user_id, visitor, [method], org_id)
            events.append(("sign-in", None))
        for action, concerned in events:
            await append_person_event(
                connection,
                action,
                user_id,
                address=visitor.address,
                user_agent=visitor.user_agent,
                org_ids=None if concerned is None else [concerned],
            )
    actor = Actor(kind="user", id=user_id)
    for action, concerned in events:
        note_identity_event(action, actor=actor, org_id=concerned, address=visitor.address, provider=flow.provider)
    return outcome


async def _find_or_add(
    parts: IdentityParts, connection: Connection, flow: Flow, identity: ForeignIdentity, visitor: Visitor
) -> tuple[UUID, UUID | None, list[Event]]:
    """The person of an identity, whose rows the transaction sees then. Raises IdentityRefused."""
    linked = await linked_identities.find_identity(connection, identity.issuer, identity.subject)
    if linked is not None:
        user_id, identity_id = linked
        await set_person(connection, user_id)
        await linked_identities.note_identity_use(connection, user_id, identity_id)
        return user_id, None, []
    if flow.invitation:
        return await _add_invited(parts, connection, flow, identity, visitor)
    return await _link_or_register(parts, connection, flow, identity)


async def _add_invited(
    parts: IdentityParts, connection: Connection, flow: Flow, identity: ForeignIdentity, visitor: Visitor
) -> tuple[UUID, UUID | None, list[Event]]:
    """An account for who has the code of an invitation: its mail has confirmed the address."""
    invitation = await invitations.find_invitation(connection, bytes.fromhex(flow.invitation))
    if invitation is None:
        raise invalid_code()
    user_id = await _add_person(parts, connection, flow, identity, invitation.email)
    if user_id is None:
        detail = "The invited address has an account: sign in, link the provider, and accept the invitation."
        raise IdentityRefused("account-exists", detail)
    refuse_excess(await check_member_seat(connection, parts.settings, invitation.org_id))
    await invitations.end_invitation(connection, invitation.org_id, invitation.invitation_id, accepted=True)
    await memberships.write_membership(connection, invitation.org_id, user_id, invitation.role)
    await tell_of_joining(parts, connection, invitation, user_id, visitor)
    return user_id, invitation.org_id, []


async def _link_or_register(
    parts: IdentityParts, connection: Connection, flow: Flow, identity: ForeignIdentity
) -> tuple[UUID, UUID | None, list[Event]]:
    """The account of a confirmed address, or a new one where anyone may register."""
    rules = find_provider(parts, flow.provider).provider
    label = label_of(parts, flow.provider)
    confirmed = rules.confirms_email and identity.email_verified
    open_to_all = parts.settings.identity.register == "anyone"
    if not confirmed:
        if open_to_all:
            raise IdentityRefused("forbidden", f"{label} has confirmed no address of yours: register by mail first.")
        raise _unknown(label)
    email = normal_email(identity.email)
    person = await people.find_person_by_email(connection, email)
    if person is not None:
        guarded = bool(await list_factors(connection, person.user_id))  # an address alone is less than what is asked
        if not rules.links_by_email or person.email_verified_at is None or guarded:
            detail = f"The address has an account: sign in another way, then link {label} to it."
            raise IdentityRefused("account-exists", detail)
        await write_link(parts, connection, person.user_id, flow.provider, identity)
        await tell_of_change(parts, connection, person, f"an identity of {label} was linked")
        return person.user_id, None, [("identity.linked", None)]
    if not open_to_all:
        raise _unknown(label)
    user_id = await _add_person(parts, connection, flow, identity, email)
    if user_id is None:  # another request registered the address meanwhile
        raise IdentityRefused("account-exists", f"The address has an account: sign in, then link {label} to it.")
    org_id = parts.new_id()
    await set_org(connection, org_id)
    await memberships.insert_organisation(connection, org_id, identity.name or email.partition("@")[0])
    await memberships.write_membership(connection, org_id, user_id, "owner")
    return user_id, org_id, [("registered", org_id)]


async def _add_person(
    parts: IdentityParts, connection: Connection, flow: Flow, identity: ForeignIdentity, email: str
) -> UUID | None:
    """Add a person without a password; None where the address has an account."""
    user_id = parts.new_id()
    added = await people.insert_person(
        connection,
        user_id,
        email=email,
        name=identity.name,
        locale=flow.locale,
        password_hash=None,
        verified=True,
    )
    if not added:
        return None
    await write_link(parts, connection, user_id, flow.provider, identity)
    return user_id


def _unknown(label: str) -> IdentityRefused:
    detail = f"No account is linked to this identity of {label}: sign in another way and link it, or use an invitation."
    return IdentityRefused("forbidden", detail)
