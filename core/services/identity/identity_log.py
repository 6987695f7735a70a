"""The one place where what happens to identities is written down, and the audit log's hook."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.domain.identity.actors import Actor


def note_identity_event(
    action: str, *, actor: Actor | None = None, org_id: UUID | None = None, address: str = "", **details: object
) -> None:
    """Write what happened to whom.

    ``action`` is `sign-in.failed` or the like; ``details`` hold no secret and no mail address.

    An audit log of identities hooks in here.
    """
    structlog.get_logger("identity").info(
        "identity",
        action=action,
        actor=str(actor) if actor is not None else None,
        org_id=str(org_id) if org_id is not None else None,
        address=address,
        **details,
    )
