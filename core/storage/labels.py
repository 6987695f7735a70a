"""Titles and metadata as Postgres has them now. Read only.

Events carry no words of customers: each message with titles reads them here when it is sent, so that erased words are
never sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Pool, create_pool, org_transaction
from core.infra.postgres.known_owners import Known, Named, ReadKnown
from schemas.metadata import Label, decode_metadata

_OF_ONE = """
select p.title as project_title, p.metadata as project_metadata, c.title as clip_title, c.metadata as clip_metadata,
  e.title as export_title, e.metadata as export_metadata
from projects p left join clips c on c.org_id = p.org_id and c.project_id = p.project_id and c.clip_id = $3
  left join exports e on e.org_id = p.org_id and e.project_id = p.project_id and e.export_id = $4
where p.org_id = $1 and p.project_id = $2 and p.state <> 'erased'
"""
_TITLE = "select title, created_at from projects where org_id = $1 and project_id = $2 and state <> 'erased'"
_CLIPS = "select clip_id, title from clips where org_id = $1 and project_id = $2"
_IS_ERASED = "select true from projects where org_id = $1 and project_id = $2 and state = 'erased'"
_EACH = """
with p as (select * from projects where org_id = $1 and project_id = $2 and state <> 'erased')
select 'project' as kind, project_id as id, revision, title, metadata from p
union all select 'clip', c.clip_id, c.revision, c.title, c.metadata from clips c join p using (org_id, project_id)
  where c.clip_id = $3
union all select 'export', e.export_id, e.revision, e.title, e.metadata from exports e join p using (org_id, project_id)
  where e.export_id = any($4::uuid[]) and (e.revision > 1 or e.title <> '' or e.metadata <> '{}')
"""
"""An export without a title and metadata of its own takes those of its clip."""


class Titles(msgspec.Struct, frozen=True, kw_only=True):
    """Titles of a project and its clips."""

    project: str
    clips: Mapping[UUID, str]
    created_at: dt.datetime | None = None
    """When the project was created."""


class LabelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Title and metadata of one resource."""

    kind: Literal["project", "clip", "export"]
    id: UUID
    revision: int
    title: str
    metadata: str
    """Compact JSON."""


class Labels(Protocol):
    """Reads current titles and metadata."""

    async def read_titles(self, org_id: UUID, project_id: UUID) -> Titles | None:
        """Titles of a project and its clips; None if there is no such project. Raises Unavailable."""
        ...

    async def read_labels_of(
        self, org_id: UUID, project_id: UUID, clip_id: UUID | None, export_ids: Sequence[UUID]
    ) -> list[LabelRecord]:
        """Labels of a project, a clip and exports of it, as far as they exist. Raises Unavailable."""
        ...


class PostgresLabels:
    """Reads the rows.

    The pool opens with the first question, so that a sink starts while Postgres is away.
    """

    def __init__(self, dsn: str, *, name: str) -> None:
        """``name``: of the process, as Postgres shows it."""
        self._dsn, self._name = dsn, name
        self._pool: Pool | None = None

    async def read_titles(self, org_id: UUID, project_id: UUID) -> Titles | None:
        """Titles of a project and its clips; None if there is no such project. Raises Unavailable."""
        async with org_transaction(await self._opened(), org_id) as connection:
            project = await connection.fetchrow(_TITLE, org_id, project_id)
            if project is None:
                return None
            clips = await connection.fetch(_CLIPS, org_id, project_id)
        titles = {row["clip_id"]: row["title"] for row in clips}
        return Titles(project=project["title"], clips=titles, created_at=project["created_at"])

    async def read_labels_of(
        self, org_id: UUID, project_id: UUID, clip_id: UUID | None, export_ids: Sequence[UUID]
    ) -> list[LabelRecord]:
        """Labels of a project, a clip and exports of it, as far as they exist. Raises Unavailable."""
        async with org_transaction(await self._opened(), org_id) as connection:
            rows = await connection.fetch(_EACH, org_id, project_id, clip_id, list(export_ids))
        return [LabelRecord(**row) for row in rows]

    async def ask(self, read: ReadKnown, references: Collection[Named]) -> Known:
        """The rows' owners of the projects that events name, by ``read``. Raises Unavailable."""
        return await read(await self._opened(), references) if references else {}

    async def _opened(self) -> Pool:
        if self._pool is None:
            self._pool = await create_pool(self._dsn, size=1, name=self._name)
        return self._pool

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            await self._pool.close()


async def read_is_erased(connection: Connection, org_id: UUID, project_id: UUID) -> bool:
    """Whether this project of this organisation is erased."""
    return bool(await connection.fetchval(_IS_ERASED, org_id, project_id))


async def read_labels(
    connection: Connection, org_id: UUID, project_id: UUID, clip_id: UUID | None = None, export_id: UUID | None = None
) -> dict[str, Label]:
    """Labels of a project, and of a clip and an export if their ids are given.

    Those that do not exist are left out.
    """
    row = await connection.fetchrow(_OF_ONE, org_id, project_id, clip_id, export_id)
    if row is None:
        return {}
    return {
        kind: Label(title=row[f"{kind}_title"], metadata=decode_metadata(row[f"{kind}_metadata"]))
        for kind in ("project", "clip", "export")
        if row[f"{kind}_title"] is not None
    }
