"""Rows of previews: single pictures of a clip. How one ends is core.services.previews."""

from __future__ import annotations

from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.common import ObjectRef


async def read_preview_row(connection: Connection, org_id: UUID, preview_id: UUID) -> Row | None:
    """A preview's row, or None."""
    return await connection.fetchrow("select * from previews where org_id = $1 and preview_id = $2", org_id, preview_id)


async def find_preview_row(connection: Connection, org_id: UUID, preview_id: UUID) -> Row | None:
    """A preview's row, unless its project was erased or cancelled."""
    return await connection.fetchrow(
        """select v.* from previews v join projects p using (org_id, project_id)
           where v.org_id = $1 and v.preview_id = $2 and p.state not in ('erased', 'cancelled')""",
        org_id,
        preview_id,
    )


async def count_waiting_previews(connection: Connection, org_id: UUID, clip_id: UUID) -> int:
    """Number of previews of a clip that are being made."""
    count: int = await connection.fetchval(
        "select count(*) from previews where org_id = $1 and clip_id = $2 and state = 'waiting'", org_id, clip_id
    )
    return count


async def insert_preview(
    connection: Connection,
    org_id: UUID,
    preview_id: UUID,
    *,
    project_id: UUID,
    clip_id: UUID,
    at_ms: int,
    plan: ObjectRef | None,
) -> Row:
    """Add a preview that waits; ``plan`` is None where the clip is still to be framed."""
    return await connection.fetchrow(
        """insert into previews (org_id, preview_id, project_id, clip_id, at_ms, plan)
           values ($1, $2, $3, $4, $5, $6) returning *""",
        org_id,
        preview_id,
        project_id,
        clip_id,
        at_ms,
        plan,
    )
