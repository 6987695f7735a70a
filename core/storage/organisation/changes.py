"""What changed of an organisation since a moment, and how it stands now.

A moment is a snapshot of Postgres's transactions: those that it does not see have changed something since, in
whatever order they were committed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

ChangeKind = Literal["project", "export", "clip", "edit", "transcript"]
_SINCE = """
select pg_current_snapshot()::text as snapshot,
  (select system_identifier::text from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    as lineage,
  coalesce((select jsonb_agg(changed) from (
    select distinct kind, subject_id from organisation_changes
    where org_id = $1 and txid >= pg_snapshot_xmin($2::text::pg_snapshot)
      and not pg_visible_in_snapshot(txid, $2::text::pg_snapshot)
    limit $3) changed), '[]') as changes
"""
_PROJECTS = """
select p.project_id, p.version, p.state, p.title, p.duration_ms, p.finished_at, p.failure_reason, p.failure_detail,
  p.revision,
  (select count(*) from clips c where (c.org_id, c.project_id) = (p.org_id, p.project_id)) as clip_count,
  (select coalesce(jsonb_agg(jsonb_build_object('stage', s.stage, 'state', s.state, 'percent', s.percent)), '[]')
   from project_stages s where (s.org_id, s.project_id) = (p.org_id, p.project_id)) as stages
from projects p where p.org_id = $1 and p.project_id = any($2::uuid[])
"""
_EXPORTS = """
select export_id, project_id, clip_id, ordinal, number, aspect, state, edit_version, certificate->>'verdict' as verdict,
  failure_reason, failure_detail
from exports where org_id = $1 and export_id = any($2::uuid[])
"""
_CLIPS = "select clip_id, project_id, title, revision from clips where org_id = $1 and clip_id = any($2::uuid[])"
_EDITS = """
select c.clip_id, c.project_id, e.version as edit_version, e.actor, e.created_at as at
from clips c join lateral (select version, actor, created_at from clip_edits e
  where (e.org_id, e.clip_id) = (c.org_id, c.clip_id) order by version desc limit 1) e on true
where c.org_id = $1 and c.clip_id = any($2::uuid[])
"""
_TRANSCRIPTS = """
select p.project_id, t.version, t.actor, t.created_at as at
from projects p join lateral (select version, actor, created_at from transcript_edits t
  where (t.org_id, t.project_id) = (p.org_id, p.project_id) order by version desc limit 1) t on true
where p.org_id = $1 and p.project_id = any($2::uuid[])
"""
_NOW: dict[ChangeKind, str] = {
    "project": _PROJECTS, "export": _EXPORTS, "clip": _CLIPS, "edit": _EDITS, "transcript": _TRANSCRIPTS,
}  # fmt: skip


class HistoryPoint(Value, frozen=True, kw_only=True):
    """A moment in the history of a database."""

    snapshot: str
    """Postgres's snapshot of the transactions that are over."""
    lineage: str
    """Which database's history: another cluster, or one that was restored or promoted, has another."""


class ChangedSubject(Value, frozen=True, kw_only=True):
    """One thing that changed."""

    kind: ChangeKind
    subject_id: UUID


async def list_changes(
    connection: Connection, org_id: UUID, since: HistoryPoint | None, *, limit: int
) -> tuple[HistoryPoint, list[ChangedSubject]]:
    """Things that changed since a moment, each once, at most ``limit``; and the moment of this look.

    Without ``since`` it is the present moment alone. A moment of another lineage has to be told apart by the caller.
    """
    row = await connection.fetchrow(
        _SINCE, org_id, since.snapshot if since is not None else "1:1:", limit if since else 0
    )
    moment = HistoryPoint(snapshot=row["snapshot"], lineage=row["lineage"])
    return moment, msgspec.convert(row["changes"], list[ChangedSubject])


async def read_changed(
    connection: Connection, org_id: UUID, kind: ChangeKind, subject_ids: Collection[UUID]
) -> list[Row]:
    """Rows that say how things of one kind stand now; none for what is gone."""
    if not subject_ids:
        return []
    rows: list[Row] = await connection.fetch(_NOW[kind], org_id, list(subject_ids))
    return rows
