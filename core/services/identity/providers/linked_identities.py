"""Identities at providers that a person links to their account, and unlinks."""

from __future__ import annotations

from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.openid.provider_documents import ForeignIdentity
from core.infra.postgres.connection import Connection, person_transaction
from core.services.audit import audit_log as audit
from core.services.identity.identity_log import note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.providers.sign_in_flows import Flow
from core.services.identity.refusals import IdentityRefused, ended_session
from core.storage.identity import linked_identities, people, second_factors, sessions
from core.storage.identity.audit import AuditEntry
from core.storage.identity.people import PersonRecord

MAX_IDENTITIES = 20


def label_of(parts: IdentityParts, provider: str) -> str:
    """Name of a provider that people read."""
    client = parts.providers.get(provider)
    return (client.provider.label if client is not None else "") or provider


async def write_link(
    parts: IdentityParts, connection: Connection, user_id: UUID, provider: str, identity: ForeignIdentity
) -> UUID:
    """Link an identity to a person whose rows the transaction sees. Raises IdentityRefused."""
    identity_id = parts.new_id()
    added = await linked_identities.insert_identity(
        connection,
        user_id,
        identity_id,
        issuer=identity.issuer,
        subject=identity.subject,
        provider=provider,
        email=identity.email,
    )
    if not added:
        raise IdentityRefused("identity-linked", "This identity belongs to another account.")
    return identity_id


async def link_identity(parts: IdentityParts, flow: Flow, identity: ForeignIdentity, visitor: Visitor) -> None:
    """Link an identity to the person who began the flow, while their session is open.

    Raises IdentityRefused.
    """
    assert flow.user_id is not None
    user_id = flow.user_id
    async with person_transaction(parts.pool, user_id, flow.org_id) as connection:
        person = await people.lock_person(connection, user_id)
        open_sessions = await sessions.list_sessions(connection, user_id, flow.session_id)
        if person is None or person.disabled_at is not None or flow.session_id is None or not open_sessions:
            raise ended_session()
        linked = await linked_identities.find_identity(connection, identity.issuer, identity.subject)
        if linked is not None and linked[0] == user_id:
            return
        if len(await linked_identities.list_identities(connection, user_id)) >= MAX_IDENTITIES:
            raise IdentityRefused("limit-reached", f"An account has at most {MAX_IDENTITIES} linked identities.")
        identity_id = await write_link(parts, connection, user_id, flow.provider, identity)
        await tell_of_change(parts, connection, person, f"an identity of {label_of(parts, flow.provider)} was linked")
        if flow.org_id is not None:
            entry = AuditEntry(
                org_id=flow.org_id,
                actor=Actor(kind="user", id=user_id),
                operation="linkIdentity",
                target_kind="identity",
                target_ids=[identity_id],
                address=visitor.address,
                user_agent=visitor.user_agent,
            )
            await audit.append(connection, entry)
    actor = Actor(kind="user", id=user_id)
    note_identity_event("identity.linked", actor=actor, address=visitor.address, provider=flow.provider)


async def unlink_identity(
    parts: IdentityParts, user_id: UUID, identity_id: UUID, session_id: UUID | None, visitor: Visitor
) -> None:
    """Unlink an identity, and end all other sessions: some may have begun with it. Raises IdentityRefused."""
    async with person_transaction(parts.pool, user_id) as connection:
        person = await people.lock_person(connection, user_id)
        listed = await linked_identities.list_identities(connection, user_id)
        unlinked = next((record for record in listed if record.identity_id == identity_id), None)
        if person is None or unlinked is None:
            raise IdentityRefused("not-found", "There is no such identity.")
        remaining = [record for record in listed if record is not unlinked and record.provider in parts.providers]
        if (
            person.password_hash is None
            and not remaining
            and not await second_factors.list_passkeys(connection, user_id)
        ):
            raise IdentityRefused("last-way-in", "This is your last way to sign in: set a password by mail first.")
        await linked_identities.delete_identity(connection, user_id, identity_id)
        await sessions.revoke_sessions(connection, user_id, "an identity was unlinked", but=session_id)
        await tell_of_change(
            parts, connection, person, f"an identity of {label_of(parts, unlinked.provider)} was unlinked"
        )
    actor = Actor(kind="user", id=user_id)
    note_identity_event("identity.unlinked", actor=actor, address=visitor.address, provider=unlinked.provider)


async def tell_of_change(parts: IdentityParts, connection: Connection, person: PersonRecord, change: str) -> None:
    """Mail a person what changed of their ways to sign in."""
    await parts.post_mail(
        connection, "way-in-changed", to=person.email, locale=person.locale, user_id=person.user_id, change=change
    )
