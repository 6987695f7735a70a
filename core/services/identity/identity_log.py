"""Where what happens to identities is written down: in the process's log, and in audit logs.

Who signs in has no organisation yet. What happens on that way goes to the audit log of each organisation that the
person belongs to: their administrators see the sign-ins of their members. What happens to a person without an
organisation stands in the process's log alone. What a person does who is signed in is an operation, with its entry in
the log of the session's organisation.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import structlog

from core.domain.identity.actors import Actor
from core.domain.identity.audit_chain import Outcome
from core.infra.postgres.connection import Connection, set_org
from core.services.audit.audit_log import append
from core.storage.identity.audit import AuditEntry
from core.storage.identity.memberships import list_memberships


def note_identity_event(
    action: str, *, actor: Actor | None = None, org_id: UUID | None = None, address: str = "", **details: object
) -> None:
    """Write to the process's log what happened to whom.

    ``action`` is `sign-in.failed` or the like; ``details`` hold no secret and no mail address.
    """
    structlog.get_logger("identity").info(
        "identity",
        action=action,
        actor=str(actor) if actor is not None else None,
        org_id=str(org_id) if org_id is not None else None,
        address=address,
        **details,
    )


async def append_person_event(
    connection: Connection,
    action: str,
    user_id: UUID,
    *,
    address: str,
    user_agent: str,
    outcome: Outcome = "done",
    org_ids: Collection[UUID] | None = None,
) -> None:
    """Append what happened to a person to the audit log of their organisations.

    It comes last in a transaction that sees their rows: the rest of it is limited to the last organisation.
    ``org_ids``: those alone.
    """
    if org_ids is None:
        org_ids = [membership.org_id for membership in await list_memberships(connection, user_id)]
    for org_id in org_ids:
        await set_org(connection, org_id)
        entry = AuditEntry(
            org_id=org_id,
            actor=Actor(kind="user", id=user_id),
            operation=action,
            outcome=outcome,
            target_kind="user",
            target_ids=[user_id],
            address=address,
            user_agent=user_agent,
        )
        await append(connection, entry)
