"""Confirm an event by the rows before work begins: its project, and the objects and states it names."""

from __future__ import annotations

from core.domain.event_confirmation import UNCONFIRMED, KnownExport, KnownOwner, find_contradiction, named_export
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Row
from schemas import events

_EXPORT = "select state, retries from exports where org_id = $1 and project_id = $2 and export_id = $3"


async def confirm_event(connection: Connection, event: events.AnyEvent, owner: Row | None) -> Row:
    """Compare an event with the locked row of its project or asset, and return that row.

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
        is_asset=isinstance(event, events.AssetEvent),
        retries=owner.get("retries", 0),
        source_keys=frozenset(reference["key"] for reference in references if reference),
        export=KnownExport(state=row["state"], retries=row["retries"]) if row else None,
    )
