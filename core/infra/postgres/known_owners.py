"""Rows of the projects, assets, organisations and exports that a batch of events names. Read only.

A batch has events of many organisations: its transaction says that it confirms, and is the only one to see them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias
from uuid import UUID

from core.domain.event_confirmation import KnownExport, KnownOwner
from core.infra.postgres.connection import Connection, Pool, Row, transaction

Named: TypeAlias = tuple[UUID, UUID, UUID | None]
"""Organisation, project or asset (or the organisation again), and the export that the event names too."""
Known: TypeAlias = Mapping[Named, KnownOwner]
ReadKnown: TypeAlias = Callable[[Pool, Collection[Named]], Awaitable[Known]]
_CONFIRM = "select set_config('app.confirm', 'yes', true)"
_PROJECTS = """
select w.org_id, w.project_id, w.export_id, p.state, p.retries,
  p.source ->> 'key' as source_key, p.source_index ->> 'key' as index_key,
  e.state as export_state, e.retries as export_retries
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as w (org_id, project_id, export_id)
join projects p on p.org_id = w.org_id and p.project_id = w.project_id
left join exports e on e.org_id = w.org_id and e.export_id = w.export_id and e.project_id = w.project_id
"""
_ASSETS = """
select w.org_id, w.asset_id, a.state from unnest($1::uuid[], $2::uuid[]) as w (org_id, asset_id)
join assets a on a.org_id = w.org_id and a.asset_id = w.asset_id
"""
_ORGANISATIONS = "select org_id from orgs where org_id = any($1::uuid[])"


async def read_projects(pool: Pool, references: Collection[Named]) -> Known:
    """The owners that exist, as their rows have them, by one query. Raises Unavailable."""
    async with transaction(pool) as connection:
        return await _projects(connection, references)


async def read_owners(pool: Pool, references: Collection[Named]) -> Known:
    """The same, also of assets and of organisations, by further questions where some are no projects.

    Raises Unavailable.
    """
    async with transaction(pool) as connection:
        owners: dict[Named, KnownOwner] = await _projects(connection, references)
        unresolved = {reference[:2]: reference for reference in references if reference not in owners}
        if not unresolved:
            return owners
        rows = await connection.fetch(_ASSETS, *zip(*unresolved, strict=True))
        for row in rows:
            owners[unresolved[row["org_id"], row["asset_id"]]] = KnownOwner(state=row["state"], kind="asset")
        org_ids = [org_id for org_id, owner_id in unresolved if org_id == owner_id]
        for row in await connection.fetch(_ORGANISATIONS, org_ids) if org_ids else ():
            owners[unresolved[row["org_id"], row["org_id"]]] = KnownOwner(state="active", kind="organisation")
        return owners


async def _projects(connection: Connection, references: Collection[Named]) -> dict[Named, KnownOwner]:
    await connection.execute(_CONFIRM)
    rows = await connection.fetch(_PROJECTS, *zip(*references, strict=True)) if references else []
    return {(row["org_id"], row["project_id"], row["export_id"]): _known_of(row) for row in rows}


def _known_of(row: Row) -> KnownOwner:
    export = None
    if row["export_state"] is not None:
        export = KnownExport(state=row["export_state"], retries=row["export_retries"])
    keys = frozenset(key for key in (row["source_key"], row["index_key"]) if key is not None)
    return KnownOwner(state=row["state"], retries=row["retries"], source_keys=keys, export=export)
