"""People: registration, sign-in by password, confirmation of addresses, new passwords.

No answer betrays whether an address has an account: an unknown one costs the same work, and the difference is mailed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

import msgspec

from core.domain.identity.actors import Actor
from core.domain.identity.audit_chain import Outcome
from core.domain.identity.passwords import password_fault
from core.infra.postgres.connection import Connection, person_transaction, set_org, transaction
from core.services.billing.seats import check_member_seat
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.services.identity.refusals import IdentityRefused, invalid_code, refuse_excess, wrong_credentials
from core.services.identity.sessions import SessionTokens, begin_session
from core.services.identity.sign_in_guard import begin_try, end_try, unlock_account
from core.storage.identity import invitations, memberships, people, sessions, single_use_tokens
from core.storage.identity.invitations import InvitationRecord
from core.storage.identity.people import PersonRecord
from core.storage.notifications.outbox import insert_notification
from schemas.ids import result_id

VERIFY_LIFE = dt.timedelta(hours=24)
RESET_LIFE = dt.timedelta(hours=1)


def normal_email(email: str) -> str:
    """An address as it is kept: without spaces around it, in lower case."""
    return email.strip().lower()


def check_password(password: str, email: str = "", pointer: str = "/password") -> None:
    """Raise IdentityRefused for a password that is too short or among the first guessed."""
    if fault := password_fault(password, email=email):
        raise IdentityRefused("invalid", fault, pointer=pointer)


async def register(
    parts: IdentityParts, *, email: str, password: str, name: str, organisation: str, locale: str, visitor: Visitor
) -> None:
    """Register somebody without an invitation. What comes of it is mailed. Raises IdentityRefused."""
    if parts.settings.identity.register != "anyone":
        raise IdentityRefused("forbidden", "Registration is by invitation: ask an organisation for one.")
    email = normal_email(email)
    check_password(password, email)
    password_hash = await parts.passwords.hash(password)
    user_id, org_id = parts.new_id(), parts.new_id()
    async with transaction(parts.pool) as connection:
        registered = await people.find_person_by_email(connection, email)
        if registered is not None:
            await parts.post_mail(
                connection, "account-exists", to=email, locale=registered.locale, user_id=registered.user_id
            )
            return
        added = await people.insert_person(
            connection, user_id, email=email, name=name, locale=locale, password_hash=password_hash, verified=False
        )
        if not added:  # another request registered the address meanwhile: it has mailed
            return
        await set_org(connection, org_id)
        await memberships.insert_organisation(connection, org_id, organisation or name or email.partition("@")[0])
        await memberships.write_membership(connection, org_id, user_id, "owner")
        await _mail_verification(parts, connection, user_id, email, locale)
        await _append(connection, "registered", user_id, visitor, [org_id])
    note_identity_event("registered", actor=Actor(kind="user", id=user_id), org_id=org_id, address=visitor.address)


async def register_invited(
    parts: IdentityParts, *, token: str, email: str, password: str, name: str, locale: str, visitor: Visitor
) -> SessionTokens:
    """Register who was invited: the invitation's mail has confirmed the address. Raises IdentityRefused."""
    email = normal_email(email)
    check_password(password, email)
    password_hash = await parts.passwords.hash(password)
    user_id = parts.new_id()
    async with transaction(parts.pool) as connection:
        invitation = await invitations.find_invitation(connection, hash_token(token))
        if invitation is None or invitation.email != email:
            raise invalid_code()
        added = await people.insert_person(
            connection, user_id, email=email, name=name, locale=locale, password_hash=password_hash, verified=True
        )
        if not added:
            raise IdentityRefused("account-exists", "This address has an account: sign in, and accept the invitation.")
        refuse_excess(await check_member_seat(connection, parts.settings, invitation.org_id))
        await invitations.end_invitation(connection, invitation.org_id, invitation.invitation_id, accepted=True)
        await memberships.write_membership(connection, invitation.org_id, user_id, invitation.role)
        tokens = await begin_session(parts, connection, user_id, visitor, ["password"], invitation.org_id)
        await tell_of_joining(parts, connection, invitation, user_id, visitor)
    actor = Actor(kind="user", id=user_id)
    note_identity_event("invitation.accepted", actor=actor, org_id=invitation.org_id, address=visitor.address)
    return tokens


async def accept_invitation(parts: IdentityParts, user_id: UUID, token: str, visitor: Visitor) -> UUID:
    """Let a person who is signed in join the organisation that invited them; returns it."""
    async with person_transaction(parts.pool, user_id) as connection:
        person = await people.find_person(connection, user_id)
        invitation = await invitations.find_invitation(connection, hash_token(token))
        if person is None or invitation is None or invitation.email != person.email:
            raise invalid_code()
        if await memberships.read_role(connection, invitation.org_id, user_id) is not None:
            raise IdentityRefused("already-member", "You belong to this organisation already.")
        refuse_excess(await check_member_seat(connection, parts.settings, invitation.org_id))
        await memberships.write_membership(connection, invitation.org_id, user_id, invitation.role)
        await invitations.end_invitation(connection, invitation.org_id, invitation.invitation_id, accepted=True)
        await tell_of_joining(parts, connection, invitation, user_id, visitor)
    actor = Actor(kind="user", id=user_id)
    note_identity_event("invitation.accepted", actor=actor, org_id=invitation.org_id, address=visitor.address)
    return invitation.org_id


async def tell_of_joining(
    parts: IdentityParts, connection: Connection, invitation: InvitationRecord, user_id: UUID, visitor: Visitor
) -> None:
    """Tell the organisation, and append it to its audit log."""
    await _append(connection, "invitation.accepted", user_id, visitor, [invitation.org_id])
    await insert_notification(
        connection,
        result_id(invitation.invitation_id, "notification", "invitation.accepted"),
        kind="invitation.accepted",
        at=parts.clock(),
        org_id=invitation.org_id,
        subject_id=user_id,
        details={"role": invitation.role},
    )


async def _append(
    connection: Connection,
    action: str,
    user_id: UUID,
    visitor: Visitor,
    org_ids: Collection[UUID] | None = None,
    outcome: Outcome = "done",
) -> None:
    await append_person_event(
        connection,
        action,
        user_id,
        address=visitor.address,
        user_agent=visitor.user_agent,
        org_ids=org_ids,
        outcome=outcome,
    )


async def check_sign_in(parts: IdentityParts, email: str, password: str, visitor: Visitor) -> PersonRecord:
    """The person of an address and a password. Raises IdentityRefused."""
    email = normal_email(email)
    await begin_try(parts, email, visitor)
    async with transaction(parts.pool) as connection:
        person = await people.find_person_by_email(connection, email)
    matches = await parts.passwords.verify(person.password_hash if person else None, password)
    if person is None or not matches or person.disabled_at is not None:
        # an unknown address costs the same transaction
        user_id = person.user_id if person is not None else parts.new_id()
        async with person_transaction(parts.pool, user_id) as connection:
            await _append(connection, "sign-in.failed", user_id, visitor, outcome="refused")
        note_identity_event(
            "sign-in.failed",
            actor=Actor(kind="user", id=person.user_id) if person else None,
            address=visitor.address,
        )
        raise wrong_credentials()
    assert person.password_hash is not None
    if parts.passwords.is_outdated(person.password_hash):
        renewed = await parts.passwords.hash(password)
        async with person_transaction(parts.pool, person.user_id) as connection:
            await people.renew_hash(connection, person.user_id, person.password_hash, renewed)
        person = msgspec.structs.replace(person, password_hash=renewed)
    if person.email_verified_at is None:
        async with person_transaction(parts.pool, person.user_id) as connection:
            await _mail_verification(parts, connection, person.user_id, person.email, person.locale)
        raise IdentityRefused("email-not-verified", "The address is not confirmed yet: a new mail is on its way.")
    return person


async def sign_in(parts: IdentityParts, person: PersonRecord, visitor: Visitor, methods: list[str]) -> SessionTokens:
    """Begin the session of a person who has shown all that is asked. Raises IdentityRefused.

    A password that was changed since it was looked at ended all sessions: it must not begin one.
    """
    async with person_transaction(parts.pool, person.user_id) as connection:
        current = await people.lock_person(connection, person.user_id)
        if current is None or current.disabled_at is not None or current.password_hash != person.password_hash:
            raise wrong_credentials()
        tokens = await begin_session(parts, connection, person.user_id, visitor, methods)
        await _append(connection, "sign-in", person.user_id, visitor)
    await end_try(parts, person.email, visitor, user_id=person.user_id)
    return tokens


async def _mail_verification(
    parts: IdentityParts, connection: Connection, user_id: UUID, email: str, locale: str
) -> None:
    code, code_hash = mint_token("mail")
    await single_use_tokens.delete_single_use_tokens(connection, user_id, "verify-email")
    await single_use_tokens.insert_single_use_token(
        connection, code_hash, "verify-email", VERIFY_LIFE, user_id=user_id, details={"email": email}
    )
    await parts.post_mail(connection, "verify-email", to=email, locale=locale, user_id=user_id, code=code)


async def verify_email(parts: IdentityParts, code: str, visitor: Visitor) -> None:
    """Confirm the address of a mailed code. Raises IdentityRefused."""
    code_hash = hash_token(code)
    async with transaction(parts.pool) as connection:
        token = await single_use_tokens.find_single_use_token(connection, code_hash, "verify-email")
        if token is None:
            raise invalid_code()
        await single_use_tokens.use_single_use_token(connection, code_hash)
        await people.mark_verified(connection, token["user_id"])
        await _append(connection, "email.verified", token["user_id"], visitor)
    actor = Actor(kind="user", id=token["user_id"])
    note_identity_event("email.verified", actor=actor, address=visitor.address)


async def ask_for_reset(parts: IdentityParts, email: str, visitor: Visitor) -> None:
    """Mail a code for a new password, where the address has an account."""
    async with transaction(parts.pool) as connection:
        person = await people.find_person_by_email(connection, normal_email(email))
        if person is None or person.disabled_at is not None:
            return
        code, code_hash = mint_token("mail")
        await single_use_tokens.delete_single_use_tokens(connection, person.user_id, "reset-password")
        await single_use_tokens.insert_single_use_token(
            connection, code_hash, "reset-password", RESET_LIFE, user_id=person.user_id
        )
        await parts.post_mail(
            connection, "reset-password", to=person.email, locale=person.locale, user_id=person.user_id, code=code
        )
        await _append(connection, "password.reset-asked", person.user_id, visitor)
    note_identity_event("password.reset-asked", actor=Actor(kind="user", id=person.user_id), address=visitor.address)


async def reset_password(parts: IdentityParts, code: str, password: str, visitor: Visitor) -> None:
    """Set a new password by a mailed code; every session ends, a lock too. Raises IdentityRefused."""
    check_password(password)
    code_hash = hash_token(code)
    password_hash = await parts.passwords.hash(password)
    async with transaction(parts.pool) as connection:
        token = await single_use_tokens.find_single_use_token(connection, code_hash, "reset-password")
        person = await people.lock_person(connection, token["user_id"]) if token is not None else None
        if person is None:
            raise invalid_code()
        check_password(password, person.email)
        await people.mark_verified(connection, person.user_id)  # who has the code reads the address's mail
        await write_new_password(parts, connection, person, password_hash, visitor, but=None)
        await single_use_tokens.delete_single_use_tokens(connection, person.user_id, "reset-password", "verify-email")
        await unlock_account(parts, connection, person.email)
        await _append(connection, "password.changed", person.user_id, visitor)


async def change_password(
    parts: IdentityParts, user_id: UUID, session_id: UUID, *, current: str, password: str, visitor: Visitor
) -> None:
    """Set a new password by the old one; every other session ends. Raises IdentityRefused."""
    person = await confirm_password(parts, user_id, current, visitor, pointer="/current_password")
    check_password(password, person.email, "/password")
    password_hash = await parts.passwords.hash(password)
    async with person_transaction(parts.pool, user_id) as connection:
        await write_new_password(parts, connection, person, password_hash, visitor, but=session_id)


async def confirm_password(
    parts: IdentityParts, user_id: UUID, password: str, visitor: Visitor, *, pointer: str = "/password"
) -> PersonRecord:
    """The person, if it is their password; tries count as those of sign-ins. Raises IdentityRefused."""
    async with person_transaction(parts.pool, user_id) as connection:
        person = await people.find_person(connection, user_id)
    if person is None:
        raise wrong_credentials()
    await begin_try(parts, person.email, visitor)
    if not await parts.passwords.verify(person.password_hash, password):
        raise IdentityRefused("wrong-credentials", "This is not your password.", pointer=pointer)
    await end_try(parts, person.email, visitor, user_id=user_id)
    return person


async def write_new_password(
    parts: IdentityParts,
    connection: Connection,
    person: PersonRecord,
    password_hash: str,
    visitor: Visitor,
    *,
    but: UUID | None,
) -> None:
    """Set a password, end the sessions that did not set it, and tell the person."""
    await people.write_password(connection, person.user_id, password_hash)
    await sessions.revoke_sessions(connection, person.user_id, "the password was changed", but=but)
    await parts.post_mail(connection, "password-changed", to=person.email, locale=person.locale, user_id=person.user_id)
    note_identity_event("password.changed", actor=Actor(kind="user", id=person.user_id), address=visitor.address)
