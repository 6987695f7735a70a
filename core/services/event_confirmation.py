"""Lock what an event is about, and confirm it by the rows before work begins: owner, objects, states."""

from __future__ import annotations

from core.domain.event_confirmation import (
    UNCONFIRMED,
    KnownExport,
    KnownOwner,
    find_contradiction,
    named_export,
    owner_kind,
)
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Row
from core.services.project_lifecycle import lock_project
from core.storage.assets import lock_asset
from core.storage.organisations import find_owner_row
from schemas import events

_EXPORT = "select state, retries from exports where org_id = $1 and project_id = $2 and export_id = $3"


async def lock_owner(connection: Connection, event: events.AnyEvent) -> Row | None:
    """Lock the project or asset that an event is about until the transaction ends; None if missing.

    An event about neither has its organisation, which is not locked: nothing of its attempt waits for another's.
    """
    org_id, owner_id = events.owner_of(event)
    if isinstance(event, events.NoticeDue):
        return await find_owner_row(connection, org_id)
    if isinstance(event, events.AssetEvent):
        return await lock_asset(connection, org_id, owner_id)
    return await lock_project(connection, org_id, owner_id)


async def confirm_event(connection: Connection, event: events.AnyEvent, owner: Row | None) -> Row:
    """Compare an event with the locked row of its owner, and return that row.

    Nothing more is read, except for the end of an export: its row.

    Raises:
        InputRejected: The rows do not confirm the event.
    """
    wrong = find_contradiction(event, await _read_known(connection, event, owner))
    if wrong is not None:
        raise InputRejected(UNCONFIRMED, wrong)
    return owner


async def _read_known(connection: Connection, event: events.AnyEvent, owner: Row | None) -> KnownOwner | None:
    if owner is None:
        return None
    export_id = named_export(event)
    row = export_id and await connection.fetchrow(_EXPORT, event.org_id, event.project_id, export_id)
    references = (owner.get("source"), owner.get("source_index"))
    return KnownOwner(
        state=owner["state"],
        kind=owner_kind(event),
        retries=owner.get("retries", 0),
        source_keys=frozenset(reference["key"] for reference in references if reference),
        export=KnownExport(state=row["state"], retries=row["retries"]) if row else None,
    )
