"""Rows of what study and detect found in projects: moments, intelligence documents, and subjects."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import ObjectRef, Value
from schemas.documents.moments import NearMoment

_WRITE = """
insert into intelligence (org_id, project_id, object, engine, transcript_version, cpu_ms)
values ($1, $2, $3, $4, $5, $6)
on conflict (org_id, project_id) do update set object = excluded.object, engine = excluded.engine,
  transcript_version = excluded.transcript_version, cpu_ms = excluded.cpu_ms
where intelligence.transcript_version <= excluded.transcript_version returning true
"""
_SUBJECTS = """
with found as (
  select s.*, p.title, p.created_at from subjects s join projects p using (org_id, project_id)
  where s.org_id = $1 and p.state not in ('erased', 'cancelled')
    and case when $2::text is null then s.kind <> 'topic' else s.kind = $2 end
    and ($3::text is null or strpos(coalesce(s.plain, lower(s.name)), $3) > 0))
select kind, key, (array_agg(name order by mention_count desc, created_at desc))[1] as name,
  count(*)::int as project_count, sum(mention_count)::int as mention_count,
  (array_agg(jsonb_build_object('project_id', project_id, 'project_title', title, 'mention_count', mention_count,
     'mentions', seconds) order by created_at desc))[1:$5] as projects
from found group by kind, key order by project_count desc, mention_count desc, kind, key limit $4
"""


class SubjectRecord(Value, frozen=True, kw_only=True):
    """A name or topic of one project."""

    kind: str
    key: str
    """What all forms of the name share."""
    name: str
    plain: str
    """The name as it is searched: lower case, without accents."""
    mentions: list[tuple[int, int]]
    """Start and end of each mention, in ms."""


async def read_moments(connection: Connection, org_id: UUID, project_id: UUID) -> ObjectRef | None:
    """The document of a project's moments, or None before detect has ended."""
    value = await connection.fetchval(
        "select object from moments where org_id = $1 and project_id = $2", org_id, project_id
    )
    return msgspec.convert(value, ObjectRef) if value is not None else None


async def write_moments(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    document: ObjectRef,
    *,
    candidate_count: int,
    nearest: Sequence[NearMoment],
) -> None:
    """Write where the moments lie, and those that came nearest where none became a clip."""
    await connection.execute(
        """insert into moments (org_id, project_id, object, candidate_count, nearest) values ($1, $2, $3, $4, $5)
           on conflict (org_id, project_id) do update set object = excluded.object, nearest = excluded.nearest""",
        org_id,
        project_id,
        document,
        candidate_count,
        nearest,
    )


async def read_intelligence(connection: Connection, org_id: UUID, project_id: UUID) -> ObjectRef | None:
    """The intelligence document of a project, or None before study has ended."""
    value = await connection.fetchval(
        "select object from intelligence where org_id = $1 and project_id = $2", org_id, project_id
    )
    return msgspec.convert(value, ObjectRef) if value is not None else None


async def write_intelligence(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    document: ObjectRef,
    *,
    engine: str,
    transcript_version: int,
    cpu_ms: int,
) -> bool:
    """Write the document, unless there is one of a newer transcript: False then."""
    updated = await connection.fetchval(_WRITE, org_id, project_id, document, engine, transcript_version, cpu_ms)
    return bool(updated)


async def replace_subjects(
    connection: Connection, org_id: UUID, project_id: UUID, subjects: Sequence[SubjectRecord]
) -> None:
    """Write the names and topics of a project in place of those it had."""
    await connection.execute("delete from subjects where org_id = $1 and project_id = $2", org_id, project_id)
    await connection.executemany(
        """insert into subjects (org_id, project_id, kind, key, name, plain, mention_count, seconds)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing""",
        [
            (
                org_id,
                project_id,
                subject.kind,
                subject.key,
                subject.name,
                subject.plain,
                len(subject.mentions),
                subject.mentions,
            )
            for subject in subjects
        ],
    )


async def list_subject_rows(
    connection: Connection, org_id: UUID, *, kind: str | None, part: str | None, limit: int, max_projects: int
) -> list[Row]:
    """List subjects of all projects, the most frequent first; without ``kind`` all but topics.

    ``part`` is a part of the name as it is searched; each subject comes with its ``max_projects`` newest projects.
    """
    rows: list[Row] = await connection.fetch(_SUBJECTS, org_id, kind, part, limit, max_projects)
    return rows
