"""Plans when the objects of a project, an upload or an asset are looked through for orphans. Removes nothing."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection

GRACE = dt.timedelta(hours=1)
"""How old an object of a living project must be before it can count as left behind; longer than any attempt puts."""
UPLOAD_AGE = dt.timedelta(hours=24)
"""An upload that no project was made of, and that no longer waits to be checked, is removed after this."""
ERASED_ROUNDS = tuple(dt.timedelta(seconds=s) for s in (10, 20, 120, 1800, 86_400))
"""Pauses before the rounds over an erased prefix: past a renewal, past a lease, past a stall, a long pause, a day."""
_PLAN = """
insert into object_sweeps (org_id, kind, subject_id, due_at) values ($1, $2, $3, now() + $4)
on conflict (org_id, kind, subject_id) do update set due_at = excluded.due_at, round = 0
"""


async def plan_project_sweep(connection: Connection, org_id: UUID, project_id: UUID, after: dt.timedelta) -> None:
    """Have a project's objects looked through ``after`` some time; an earlier plan for it is replaced."""
    await connection.execute(_PLAN, org_id, "project", project_id, after)


async def plan_upload_sweep(connection: Connection, org_id: UUID, upload_id: UUID) -> None:
    """Have an upload removed in a day, should no project be made of it."""
    await connection.execute(_PLAN, org_id, "upload", upload_id, UPLOAD_AGE)


async def plan_asset_sweep(connection: Connection, org_id: UUID, asset_id: UUID) -> None:
    """Have a file that was set aside removed where no kit names it; after a while, for one may just be written."""
    await connection.execute(_PLAN, org_id, "asset", asset_id, GRACE)
