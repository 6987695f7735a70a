"""Sweeps of objects that no row names: when one is due, and what the rows of its subject still name.

The objects themselves are removed by streams.background.orphan_sweep.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import Value

GRACE = dt.timedelta(hours=1)
"""Age from which an object of a living project may be an orphan: longer than any attempt takes to write its rows."""
UPLOAD_AGE = dt.timedelta(hours=24)
"""Age at which an upload is removed if no project was made of it and no asset waits for its check."""
ERASED_ROUNDS = tuple(dt.timedelta(seconds=s) for s in (10, 20, 120, 1800, 86_400))
"""Pauses before each sweep of an erased project: past a renewal, a lease, a stall, a long pause, a day."""
CLAIM_FOR = dt.timedelta(minutes=5)
"""Time after which another process may claim a sweep that was claimed and not ended."""
_CLAIM = """
update object_sweeps set due_at = now() + $1 where (org_id, kind, subject_id) in (
  select org_id, kind, subject_id from object_sweeps where due_at <= now()
  order by due_at limit 20 for update skip locked)
returning org_id, kind, subject_id, round, due_at
"""
_REPEAT = """
update object_sweeps set due_at = now() + $5, round = round + 1
where org_id = $1 and kind = $2 and subject_id = $3 and due_at = $4
"""
_END = "delete from object_sweeps where org_id = $1 and kind = $2 and subject_id = $3 and due_at = $4"
_BUSY = """
select exists (select 1 from attempts where org_id = $1 and project_id = $2 and state in ('running', 'free'))
  or exists (select 1 from exports where org_id = $1 and project_id = $2 and state in ('waiting', 'rendering'))
"""
_MENTIONS = """
select concat_ws(' ', source::text, source_index::text) from projects where org_id = $1 and project_id = $2
union all select concat_ws(' ', heard_ref::text, seen_ref::text) from spans where org_id = $1 and project_id = $2
union all select object::text from transcripts where org_id = $1 and project_id = $2
union all select object::text from moments where org_id = $1 and project_id = $2
union all select object::text from intelligence where org_id = $1 and project_id = $2
union all select concat_ws(' ', tracks::text, facts::text) from clips where org_id = $1 and project_id = $2
union all select concat_ws(' ', plan::text, edit::text, files::text) from exports where org_id = $1 and project_id = $2
union all select concat_ws(' ', plan::text, picture::text) from previews where org_id = $1 and project_id = $2
union all select concat_ws(' ', proxy::text, waveform::text, poster::text) from source_media
  where org_id = $1 and project_id = $2
union all select encode(payload, 'escape') from dead_letters where org_id = $1 and project_id = $2
union all select encode(payload, 'escape') from attempts
  where org_id = $1 and project_id = $2 and state in ('free', 'gave_up')
union all select object_key from projects where org_id = $1 and project_id <> $2
  and starts_with(object_key, concat($1::text, '/', $2::text, '/'))
"""
_CLOSE_UNUSED = """
update uploads u set state = 'aborted' where org_id = $1 and upload_id = $2 and not exists (
  select 1 from projects p where p.org_id = u.org_id and p.object_key = u.object_key)
  and not exists (
  select 1 from assets a where a.org_id = u.org_id and a.upload_id = u.upload_id and a.state = 'received')
returning object_key, multipart_id
"""
_FORGET_APPENDED = "delete from appended_uploads where org_id = $1 and upload_id = $2"
_APPENDED_KEY = "select object_key from uploads where org_id = $1 and upload_id = $2 and appended"
_BLANK_UNNAMED = """
update assets a set name = '', checked = null
where org_id = $1 and asset_id = $2 and archived_at is not null and not exists (
  select 1 from brand_kit_versions v where v.org_id = a.org_id and v.kit::text like '%' || a.asset_id || '%')
returning 1
"""
_PLAN = """
insert into object_sweeps (org_id, kind, subject_id, due_at) values ($1, $2, $3, now() + $4)
on conflict (org_id, kind, subject_id) do update set due_at = excluded.due_at, round = 0
"""


class DueSweep(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep that this process claimed."""

    org_id: UUID
    kind: str
    """``project``, ``upload`` or ``asset``."""
    subject_id: UUID
    round: int
    due_at: dt.datetime
    """When the claim ends; another value in the row says that the sweep was planned again meanwhile."""


class UnusedUpload(Value, frozen=True, kw_only=True):
    """The object of an upload that nothing was made of."""

    object_key: str
    multipart_id: str | None


async def plan_project_sweep(connection: Connection, org_id: UUID, project_id: UUID, after: dt.timedelta) -> None:
    """Plan a sweep of a project's objects ``after`` some time; it replaces an earlier plan."""
    await connection.execute(_PLAN, org_id, "project", project_id, after)


async def plan_upload_sweep(connection: Connection, org_id: UUID, upload_id: UUID) -> None:
    """Plan the removal of an upload in a day, in case no project is made of it."""
    await connection.execute(_PLAN, org_id, "upload", upload_id, UPLOAD_AGE)


async def plan_asset_sweep(connection: Connection, org_id: UUID, asset_id: UUID) -> None:
    """Plan the removal of an archived asset that no kit names.

    The pause lets a kit version that names it be committed first.
    """
    await connection.execute(_PLAN, org_id, "asset", asset_id, GRACE)


async def claim_due_sweeps(connection: Connection) -> list[DueSweep]:
    """Claim sweeps of any organisation that are due, the oldest first. Runs as the relay's role."""
    return [DueSweep(**row) for row in await connection.fetch(_CLAIM, CLAIM_FOR)]


async def end_sweep(connection: Connection, sweep: DueSweep) -> None:
    """Forget a sweep that is done, unless it was planned again meanwhile."""
    await connection.execute(_END, sweep.org_id, sweep.kind, sweep.subject_id, sweep.due_at)


async def repeat_sweep(connection: Connection, sweep: DueSweep, after: dt.timedelta) -> None:
    """Plan the next round of a sweep, unless it was planned again meanwhile."""
    await connection.execute(_REPEAT, sweep.org_id, sweep.kind, sweep.subject_id, sweep.due_at, after)


async def is_busy(connection: Connection, org_id: UUID, project_id: UUID) -> bool:
    """Whether attempts or exports of a project may still write objects."""
    busy: bool = await connection.fetchval(_BUSY, org_id, project_id)
    return busy


async def list_mentions(connection: Connection, org_id: UUID, project_id: UUID) -> list[str]:
    """Texts of all rows that name objects of a project.

    Rows of other projects made of its objects are among them.
    """
    return [row[0] or "" for row in await connection.fetch(_MENTIONS, org_id, project_id)]


async def close_unused_upload(connection: Connection, org_id: UUID, upload_id: UUID) -> UnusedUpload | None:
    """Close an upload that no project and no waiting asset names; None for one that is used.

    The row is locked first, as making a project of the upload locks it.
    """
    await connection.execute("select 1 from uploads where org_id = $1 and upload_id = $2 for update", org_id, upload_id)
    row = await connection.fetchrow(_CLOSE_UNUSED, org_id, upload_id)
    if row is None:
        return None
    await connection.execute(_FORGET_APPENDED, org_id, upload_id)
    return msgspec.convert(dict(row), UnusedUpload)


async def find_tails(connection: Connection, org_id: UUID, upload_id: UUID) -> str | None:
    """What the keys of an upload's tails begin with; None for one that never has any.

    A process that is killed between the tail's bytes and its row leaves one.
    """
    key: str | None = await connection.fetchval(_APPENDED_KEY, org_id, upload_id)
    return f"{key}.tail." if key is not None else None


async def blank_unnamed_asset(connection: Connection, org_id: UUID, asset_id: UUID) -> bool:
    """Blank an archived asset that no version of a kit names; its id stays. False for one that is named."""
    return await connection.fetchval(_BLANK_UNNAMED, org_id, asset_id) is not None
