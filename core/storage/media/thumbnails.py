"""Pictures that stand for projects in lists: of their best clip, else of their source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import ObjectRef, Value

_FIND = """
select p.project_id, coalesce(c.image, m.poster -> 'image') as image,
  case when c.image is not null then 'clip' else 'source' end as shows,
  case when c.image is null then (m.poster ->> 'at_ms')::bigint end as at_ms
from projects p
left join source_media m using (org_id, project_id)
left join lateral (
  select e.files -> 'thumbnail' as image from exports e join clips k using (org_id, clip_id)
  where e.org_id = p.org_id and e.project_id = p.project_id and e.state = 'done' and e.files ? 'thumbnail'
  order by k.score desc nulls last, e.automatic desc, e.number, e.export_id limit 1) c on true
where p.org_id = $1 and p.project_id = any($2::uuid[]) and p.state <> 'erased'
  and coalesce(c.image, m.poster -> 'image') is not null
"""


class ProjectThumbnail(Value, frozen=True, kw_only=True):
    """A stored JPEG that stands for a project."""

    image: ObjectRef
    shows: Literal["clip", "source"]
    at_ms: int | None
    """Time of a picture of the source; None for a clip's."""


async def find_thumbnails(
    connection: Connection, org_id: UUID, project_ids: Sequence[UUID]
) -> dict[UUID, ProjectThumbnail]:
    """The picture of each project that has one, by project id, in one statement."""
    rows = await connection.fetch(_FIND, org_id, list(project_ids))
    return {row["project_id"]: msgspec.convert(dict(row), ProjectThumbnail) for row in rows}
