"""Rows of exports and of their replays. How an export ends is core.services.exports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Aspect, ObjectRef, TimeRange, Value
from schemas.documents.export import Certificate, Chunks, ExportFiles
from schemas.documents.replay import ReplayResult
from schemas.events import ClipSelected, Rendition

_IN_SHORT = """
select export_id, clip_id, aspect, captions, template, mask_profanity, state, edit_version, number, automatic, start_ms,
  end_ms, title, metadata, coalesce(certificate->'framing', '[]') as framing, certificate->>'verdict' as verdict
from exports where org_id = $1 and {column} = $2 order by number, created_at, export_id
"""
"""A certificate is long, and a list needs little of it."""
_INSERT_SELECTED = """
insert into exports
  (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms, automatic, template,
   mask_profanity, options, transcript_version, number, test, watermark)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing
"""
_INSERT_REQUESTED = """
insert into exports (org_id, export_id, project_id, clip_id, ordinal, number, aspect, captions,
                     start_ms, end_ms, automatic, edit_version, template, mask_profanity,
                     options, transcript_version, title, metadata, test, watermark)
select $1, $2, $3, $4, $5, coalesce(max(number), 0) + 1, $6, $7, $8, $9, false, $10, $11, $12, $13, $14, $15, $16, $17,
  $18
from exports where org_id = $1 and clip_id = $4 returning *
"""


class FinishedExport(Value, frozen=True, kw_only=True):
    """The files and the certificate of a finished export."""

    export_id: str
    files: ExportFiles
    certificate: Certificate
    chunks: Chunks | None


class ReusableExport(Value, frozen=True, kw_only=True):
    """A finished export that segments may be taken from."""

    files: ExportFiles
    chunks: Chunks


class ExportCounts(Value, frozen=True, kw_only=True):
    """Numbers of exports."""

    of_clip: int
    """Exports of the clip, in any state."""
    unfinished: int
    """Exports of the whole project that wait or are being made."""


async def insert_selected_export(connection: Connection, selected: ClipSelected, number: int) -> None:
    """Add an automatic export; the same one again changes nothing.

    ``number`` counts the exports of the clip.
    """
    await connection.execute(
        _INSERT_SELECTED,
        selected.org_id,
        selected.export_id,
        selected.project_id,
        selected.clip_id,
        selected.ordinal,
        selected.rendition.aspect,
        selected.rendition.captions,
        selected.rendition.range.start_ms,
        selected.rendition.range.end_ms,
        selected.rendition.template,
        selected.rendition.mask_profanity,
        selected.rendition.options,
        selected.rendition.transcript_version,
        number,
        selected.rendition.test,
        selected.rendition.watermark,
    )


async def insert_requested_export(
    connection: Connection,
    clip: Row,
    export_id: UUID,
    rendition: Rendition,
    *,
    edit_version: int,
    title: str,
    metadata: str,
) -> Row:
    """Add an export that a person asked for and return its row. The caller holds the clip's lock.

    ``metadata`` is compact JSON.
    """
    return await connection.fetchrow(
        _INSERT_REQUESTED,
        clip["org_id"],
        export_id,
        clip["project_id"],
        clip["clip_id"],
        clip["ordinal"],
        rendition.aspect,
        rendition.captions,
        rendition.range.start_ms,
        rendition.range.end_ms,
        edit_version,
        rendition.template,
        rendition.mask_profanity,
        rendition.options,
        rendition.transcript_version,
        title,
        metadata,
        rendition.test,
        rendition.watermark,
    )


async def read_export_row(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """An export's row, or None."""
    return await connection.fetchrow("select * from exports where org_id = $1 and export_id = $2", org_id, export_id)


async def find_export_row(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """An export's row, unless its project was erased."""
    return await connection.fetchrow(
        """select e.* from exports e join projects p using (org_id, project_id)
           where e.org_id = $1 and e.export_id = $2 and p.state <> 'erased'""",
        org_id,
        export_id,
    )


async def lock_export_row(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """An export's row, locked until the transaction ends, unless its project was erased or cancelled."""
    return await connection.fetchrow(
        """select e.* from exports e join projects p using (org_id, project_id)
           where e.org_id = $1 and e.export_id = $2 and p.state not in ('erased', 'cancelled') for update of e""",
        org_id,
        export_id,
    )


async def list_exports_of_project(connection: Connection, org_id: UUID, project_id: UUID) -> list[Row]:
    """The exports of a project, in short."""
    rows: list[Row] = await connection.fetch(_IN_SHORT.format(column="project_id"), org_id, project_id)
    return rows


async def list_exports_of_clip(connection: Connection, org_id: UUID, clip_id: UUID) -> list[Row]:
    """The exports of a clip, in short."""
    rows: list[Row] = await connection.fetch(_IN_SHORT.format(column="clip_id"), org_id, clip_id)
    return rows


async def list_exports_to_bundle(
    connection: Connection, org_id: UUID, project_id: UUID, export_ids: Sequence[UUID] | None, *, limit: int
) -> list[Row]:
    """Whole rows of a project's exports, or of those named: finished ones first, then by clip."""
    rows: list[Row] = await connection.fetch(
        """select * from exports where org_id = $1 and project_id = $2
             and ($3::uuid[] is null or export_id = any($3::uuid[]))
           order by state <> 'done', ordinal, number limit $4""",
        org_id,
        project_id,
        export_ids,
        limit,
    )
    return rows


async def count_exports(connection: Connection, org_id: UUID, project_id: UUID, clip_id: UUID) -> ExportCounts:
    """Number of exports of the clip, and of unfinished ones of its project."""
    row = await connection.fetchrow(
        """select count(*) filter (where clip_id = $3) as of_clip,
                  count(*) filter (where state in ('waiting', 'rendering')) as unfinished
           from exports where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
        clip_id,
    )
    return ExportCounts(of_clip=row["of_clip"], unfinished=row["unfinished"])


async def has_waiting_export(connection: Connection, org_id: UUID, clip_id: UUID, *, automatic_only: bool) -> bool:
    """Whether an export of the clip waits to be framed."""
    waiting = await connection.fetchval(
        """select 1 from exports where org_id = $1 and clip_id = $2 and state = 'waiting' and (automatic or not $3)""",
        org_id,
        clip_id,
        automatic_only,
    )
    return waiting is not None


async def find_plan(
    connection: Connection,
    org_id: UUID,
    clip_id: UUID,
    *,
    aspect: Aspect,
    edit_versions: Sequence[int],
    time: TimeRange,
) -> ObjectRef | None:
    """Find the newest framing plan of an export that plays the same ranges; None if no export was framed."""
    value = await connection.fetchval(
        """select plan from exports where org_id = $1 and clip_id = $2 and aspect = $3 and edit_version = any($4::int[])
             and start_ms = $5 and end_ms = $6 and plan is not null order by created_at desc limit 1""",
        org_id,
        clip_id,
        aspect,
        list(edit_versions),
        time.start_ms,
        time.end_ms,
    )
    return msgspec.convert(value, ObjectRef) if value is not None else None


async def start_rendering(
    connection: Connection, org_id: UUID, export_id: UUID, *, plan: ObjectRef, edit: ObjectRef | None
) -> None:
    """Write how an export is framed, and that it is being made."""
    await connection.execute(
        "update exports set state = 'rendering', plan = $3, edit = $4 where org_id = $1 and export_id = $2",
        org_id,
        export_id,
        plan,
        edit,
    )


async def write_files(
    connection: Connection,
    org_id: UUID,
    export_id: UUID,
    *,
    files: ExportFiles,
    certificate: Certificate,
    chunks: Chunks | None,
    at: dt.datetime,
) -> bool:
    """Write the files of a finished export; False where it was cancelled since."""
    updated = await connection.fetchval(
        """update exports set state = 'done', files = $3, certificate = $4, finished_at = $5, chunks = $6,
             failure_reason = null, failure_detail = null
           where org_id = $1 and export_id = $2 and state <> 'cancelled' returning 1""",
        org_id,
        export_id,
        files,
        certificate,
        at,
        chunks,
    )
    return updated is not None


async def find_export_by_recipe(
    connection: Connection, org_id: UUID, clip_id: UUID, *, but: UUID, recipe: str
) -> FinishedExport | None:
    """Find the oldest finished export of the clip by this recipe, other than ``but``."""
    row = await connection.fetchrow(
        """select export_id::text, files, certificate, chunks from exports
           where org_id = $1 and clip_id = $2 and export_id <> $3 and state = 'done' and certificate->>'recipe' = $4
           order by finished_at, exports.export_id limit 1""",
        org_id,
        clip_id,
        but,
        recipe,
    )
    return msgspec.convert(dict(row), FinishedExport) if row is not None else None


async def list_reusable_exports(
    connection: Connection, org_id: UUID, clip_id: UUID, *, but: UUID, aspect: Aspect, ground: str, limit: int
) -> list[ReusableExport]:
    """Finished exports of the clip, newest first, whose segments share the aspect and the ``ground`` key."""
    rows = await connection.fetch(
        """select files, chunks from exports
           where org_id = $1 and clip_id = $2 and export_id <> $3 and aspect = $4 and state = 'done'
             and chunks->>'ground' = $5
           order by finished_at desc, export_id limit $6""",
        org_id,
        clip_id,
        but,
        aspect,
        ground,
        limit,
    )
    return [msgspec.convert(dict(row), ReusableExport) for row in rows]


async def relabel_export(connection: Connection, org_id: UUID, export_id: UUID, *, title: str, metadata: str) -> Row:
    """Write title and metadata (compact JSON), count the revision, and return the row."""
    return await connection.fetchrow(
        """update exports set title = $3, metadata = $4, revision = revision + 1
           where org_id = $1 and export_id = $2 returning *""",
        org_id,
        export_id,
        title,
        metadata,
    )


async def find_replay_row(connection: Connection, org_id: UUID, export_id: UUID) -> Row | None:
    """The newest replay of an export, unless its project was erased."""
    return await connection.fetchrow(
        """select r.* from replays r join projects p using (org_id, project_id)
           where r.org_id = $1 and r.export_id = $2 and p.state <> 'erased'""",
        org_id,
        export_id,
    )


async def write_replay_request(connection: Connection, export: Row, replay_id: UUID, at: dt.datetime) -> Row:
    """Write a replay that waits, in place of an earlier one of the export, and return its row."""
    return await connection.fetchrow(
        """insert into replays (org_id, export_id, project_id, replay_id, requested_at) values ($1, $2, $3, $4, $5)
           on conflict (org_id, export_id) do update set replay_id = excluded.replay_id, state = 'waiting',
             report = null, requested_at = excluded.requested_at, finished_at = null
           returning *""",
        export["org_id"],
        export["export_id"],
        export["project_id"],
        replay_id,
        at,
    )


async def write_replay_report(
    connection: Connection, org_id: UUID, export_id: UUID, replay_id: UUID, report: ReplayResult, at: dt.datetime
) -> None:
    """Write what a replay found, unless a later one was requested since."""
    await connection.execute(
        """update replays set state = 'done', report = $4, finished_at = $5
           where org_id = $1 and export_id = $2 and replay_id = $3""",
        org_id,
        export_id,
        replay_id,
        report,
        at,
    )
