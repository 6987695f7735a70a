"""Rows of project presets: options of projects that an organisation keeps under a name."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.options.project import ProjectOptions

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7390))"
"""Requests that make or rename presets of an organisation come one after the other."""
_INSERT = """
insert into project_presets (org_id, preset_id, name, options, actor, created_at, changed_at)
values ($1, $2, $3, $4, $5, $6, $6) returning *
"""
_CHANGE = """
update project_presets set name = $3, options = $4, actor = $5, changed_at = $6, version = version + 1
where org_id = $1 and preset_id = $2 returning *
"""
_FIND = "select * from project_presets where org_id = $1 and preset_id = $2"


async def lock_presets(connection: Connection, org_id: UUID) -> None:
    """Keep names and number of the organisation's presets as they are until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))


async def count_presets(connection: Connection, org_id: UUID) -> int:
    """Number of the organisation's presets."""
    count: int = await connection.fetchval("select count(*) from project_presets where org_id = $1", org_id)
    return count


async def is_name_taken(connection: Connection, org_id: UUID, name: str, *, but: UUID) -> bool:
    """Whether another preset than ``but`` has the name, in any case of letters."""
    is_taken: bool = await connection.fetchval(
        """select exists (select 1 from project_presets
                          where org_id = $1 and lower(name) = lower($2) and preset_id <> $3)""",
        org_id,
        name,
        but,
    )
    return is_taken


async def insert_preset(
    connection: Connection,
    org_id: UUID,
    preset_id: UUID,
    *,
    name: str,
    options: ProjectOptions,
    actor: Actor,
    at: dt.datetime,
) -> Row:
    """Add a preset and return its row."""
    return await connection.fetchrow(
        _INSERT,
        org_id,
        preset_id,
        name,
        options,
        str(actor),
        at,
    )


async def find_preset_row(connection: Connection, org_id: UUID, preset_id: UUID, *, lock: bool = False) -> Row | None:
    """A preset's row, or None; ``lock``: it stays as it is until the transaction ends."""
    sql = f"{_FIND} for update" if lock else _FIND
    return await connection.fetchrow(sql, org_id, preset_id)


async def list_preset_rows(connection: Connection, org_id: UUID) -> list[Row]:
    """Rows of all presets, by name."""
    rows: list[Row] = await connection.fetch(
        "select * from project_presets where org_id = $1 order by lower(name), preset_id", org_id
    )
    return rows


async def change_preset(
    connection: Connection,
    org_id: UUID,
    preset_id: UUID,
    *,
    name: str,
    options: ProjectOptions,
    actor: Actor,
    at: dt.datetime,
) -> Row:
    """Write name and options of a preset, count its version and return its row."""
    return await connection.fetchrow(
        _CHANGE,
        org_id,
        preset_id,
        name,
        options,
        str(actor),
        at,
    )


async def delete_preset(connection: Connection, org_id: UUID, preset_id: UUID) -> None:
    """Delete a preset: projects have a copy of its options."""
    await connection.execute("delete from project_presets where org_id = $1 and preset_id = $2", org_id, preset_id)
