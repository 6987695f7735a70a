"""Rows of projects, of their stages, and of the list of their events.

The state machine over them is core.services.project_lifecycle.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import ObjectRef, Value
from schemas.options.project import ProjectOptions

_FIND = """
select p.*, (select count(*) from clips c where (c.org_id, c.project_id) = (p.org_id, p.project_id)) as clip_count,
  (select m.nearest from moments m where (m.org_id, m.project_id) = (p.org_id, p.project_id)) as nearest
from projects p where p.org_id = $1 and p.project_id = $2
"""
_LIST = """
with page as (
  select * from projects where org_id = $1 and state <> 'erased' and ($2::text is null or state = $2)
    and ($3::timestamptz is null or (created_at, project_id) {after} ($3, $4::uuid))
    and ($6::text is null or title ilike '%' || $6 || '%') and ($7::text is null or tags @> array[$7])
    and ($8::text is null or (md5(source_url) = md5($8) and source_url = $8))
  order by created_at {way}, project_id {way} limit $5)
select page.*, spent.money, spent.currency, coalesce(picture.key, (
    select m.poster->'image'->>'key' from source_media m
    where (m.org_id, m.project_id) = (page.org_id, page.project_id))) as thumbnail_key,
  (select count(*) from clips c where (c.org_id, c.project_id) = (page.org_id, page.project_id)) as clip_count,
  (select coalesce(jsonb_agg(jsonb_build_object('stage', s.stage, 'state', s.state, 'percent', s.percent)), '[]')
   from project_stages s where (s.org_id, s.project_id) = (page.org_id, page.project_id)) as stages
from page
left join lateral (select sum(k.money) as money, max(k.currency) as currency from costs k
  where (k.org_id, k.project_id) = (page.org_id, page.project_id)) spent on true
left join lateral (select e.files->'thumbnail'->>'key' as key from exports e
  where (e.org_id, e.project_id) = (page.org_id, page.project_id) and e.state = 'done'
  order by e.ordinal, e.number, e.created_at limit 1) picture on true
order by page.created_at {way}, page.project_id {way}
"""
"""A page of projects with what a card shows: the rest is read for the rows of the page alone."""
_SAME_SOURCE = """
select p.project_id, p.state from projects p
where org_id = $1 and md5(source_url) = md5($2) and source_url = $2 and options = $3 and test = $4
  and (page_rights is not null) = $5 and state in ('queued', 'running', 'completed') and not exists (
    select 1 from exports e where e.org_id = p.org_id and e.project_id = p.project_id and e.automatic
      and e.watermark <> $6)
order by created_at desc limit 1
"""
_EVENTS = """
select version, type, body, at, type = 'clipstream.ProjectFailed' and (
    exists (select 1 from projects p
            where p.org_id = $1 and p.project_id = $2 and p.state in ('queued', 'running'))
    or exists (select 1 from project_events later
               where later.org_id = $1 and later.project_id = $2 and later.version > project_events.version
                 and later.type in ('clipstream.ProjectCompleted', 'clipstream.ProjectFailed',
                                    'clipstream.ProjectCancelled'))
  ) as retried
from project_events
where org_id = $1 and project_id = $2 and version > $3
order by version limit $4
"""
"""``retried``: a failure after which the project works again, or ended again.
"""


ProjectOrder = Literal["newest", "oldest"]
"""Order of projects by the time when they were made."""


class ProjectRecord(Value, frozen=True, kw_only=True):
    """The fields of a project that stages read."""

    title: str
    created_at: dt.datetime
    options: ProjectOptions
    language: str | None
    """None until a span was heard."""
    duration_ms: int | None
    """None until the source was probed."""
    height_px: int | None
    """None where the source has no pictures."""
    test: bool = False
    """Made with a test key."""


class IngestedSource(Value, frozen=True, kw_only=True):
    """The facts about a project's source that ingest measured.

    ``width_px`` and ``height_px`` are None without pictures.
    """

    source: ObjectRef
    index: ObjectRef
    duration_ms: int
    width_px: int | None
    height_px: int | None
    span_count: int
    warnings: list[str]


class SourceName(Value, frozen=True, kw_only=True):
    """The origin of a project's source, and its index once it was ingested."""

    index: ObjectRef | None
    url: str | None
    filename: str | None


async def read_project(connection: Connection, org_id: UUID, project_id: UUID) -> ProjectRecord | None:
    """Read what stages need of a project; None if it does not exist."""
    row = await connection.fetchrow(
        """select title, created_at, options, language, duration_ms, height_px, test from projects
           where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
    )
    return msgspec.convert(dict(row), ProjectRecord) if row is not None else None


async def read_project_state(connection: Connection, org_id: UUID, project_id: UUID) -> str | None:
    """The state of a project, or None."""
    state: str | None = await connection.fetchval(
        "select state from projects where org_id = $1 and project_id = $2", org_id, project_id
    )
    return state


async def find_project_row(connection: Connection, org_id: UUID, project_id: UUID) -> Row | None:
    """The whole row with ``clip_count`` and the ``nearest`` moments, or None."""
    return await connection.fetchrow(_FIND, org_id, project_id)


async def list_project_cards(
    connection: Connection,
    org_id: UUID,
    *,
    state: str | None,
    order: ProjectOrder = "newest",
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
    title: str | None = None,
    tag: str | None = None,
    source_url: str | None = None,
) -> list[Row]:
    """Rows of projects that are not erased, behind ``after`` (creation time and id), in their order.

    Each with ``stages`` (stage, state, percent), ``clip_count``, ``money``, ``currency`` and ``thumbnail_key``, the
    object of its best finished clip's picture, else of its source's.

    ``title`` is a part of the title in any case; ``tag`` and ``source_url`` match as a whole.
    """
    part = re.sub(r"([\\%_])", r"\\\1", title) if title else None
    way, behind = ("desc", "<") if order == "newest" else ("asc", ">")
    rows: list[Row] = await connection.fetch(
        _LIST.format(way=way, after=behind), org_id, state, *(after or (None, None)), limit, part, tag, source_url
    )
    return rows


async def lock_source_url(connection: Connection, org_id: UUID, source_url: str) -> None:
    """Let one transaction at a time look for a project of this source, and make one."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7321))", f"{org_id}/{source_url}")


async def find_same_project(
    connection: Connection,
    org_id: UUID,
    source_url: str,
    options: ProjectOptions,
    *,
    test: bool,
    page: bool,
    watermark: bool,
) -> Row | None:
    """The newest project of this source with these options that did not fail, or None.

    ``test``: made with a test key; ``watermark``: its files bear the plan's mark. One of the other kind is another
    project.
    """
    return await connection.fetchrow(_SAME_SOURCE, org_id, source_url, options, test, page, watermark)


async def list_stage_rows(connection: Connection, org_id: UUID, project_id: UUID) -> list[Row]:
    """The rows of a project's stages."""
    rows: list[Row] = await connection.fetch(
        "select * from project_stages where org_id = $1 and project_id = $2", org_id, project_id
    )
    return rows


async def read_stage_state(connection: Connection, org_id: UUID, project_id: UUID, stage: str) -> str | None:
    """The state of one stage; None where the project has no such stage."""
    state: str | None = await connection.fetchval(
        "select state from project_stages where org_id = $1 and project_id = $2 and stage = $3",
        org_id,
        project_id,
        stage,
    )
    return state


async def list_project_events(
    connection: Connection, org_id: UUID, project_id: UUID, *, after: int, limit: int
) -> list[Row]:
    """The project's events behind version ``after``, oldest first.

    ``retried`` marks a failure that a retry took up.
    """
    rows: list[Row] = await connection.fetch(_EVENTS, org_id, project_id, after, limit)
    return rows


async def read_source_name(connection: Connection, org_id: UUID, project_id: UUID) -> SourceName | None:
    """Index, URL and uploaded file name of a project's source; None where there is no such project."""
    row = await connection.fetchrow(
        """select p.source_index as index, p.source_url as url, u.filename from projects p
           left join uploads u on u.org_id = p.org_id and u.object_key = p.object_key
           where p.org_id = $1 and p.project_id = $2""",
        org_id,
        project_id,
    )
    return msgspec.convert(dict(row), SourceName) if row is not None else None


async def find_page_source(
    connection: Connection, org_id: UUID, project_id: UUID, page_key: str, *, max_age_hours: int
) -> ObjectRef | None:
    """The source of the newest other project of a page."""
    source = await connection.fetchval(
        """select source from projects
           where org_id = $1 and page_key = $3 and project_id <> $2 and source is not null and state <> 'erased'
             and created_at > now() - make_interval(hours => $4)
           order by created_at desc limit 1""",
        org_id,
        project_id,
        page_key,
        max_age_hours,
    )
    return msgspec.convert(source, ObjectRef) if source is not None else None


async def write_page(connection: Connection, org_id: UUID, project_id: UUID, page_key: str | None, title: str) -> None:
    """Write which page the source is from; its title where the project has none."""
    await connection.execute(
        """update projects set page_key = $3, title = case title when '' then $4 else title end
           where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
        page_key,
        title,
    )


async def write_source(connection: Connection, org_id: UUID, project_id: UUID, source: IngestedSource) -> None:
    """Write the facts that ingest measured; replaces the warnings."""
    await connection.execute(
        """update projects set source = $3, source_index = $4, duration_ms = $5, width_px = $6, height_px = $7,
             span_count = $8, warnings = $9 where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
        source.source,
        source.index,
        source.duration_ms,
        source.width_px,
        source.height_px,
        source.span_count,
        source.warnings,
    )


async def suggest_language(connection: Connection, org_id: UUID, project_id: UUID, language: str | None) -> None:
    """Write the language of a span, unless the project has one: the first span that is heard decides."""
    await connection.execute(
        "update projects set language = coalesce(language, $3) where org_id = $1 and project_id = $2",
        org_id,
        project_id,
        language,
    )


async def write_language(connection: Connection, org_id: UUID, project_id: UUID, language: str | None) -> None:
    """Write the language of the whole transcript."""
    await connection.execute(
        "update projects set language = $3 where org_id = $1 and project_id = $2", org_id, project_id, language
    )


async def write_no_words_reason(connection: Connection, org_id: UUID, project_id: UUID, reason: str | None) -> None:
    """Write why the project has no words; None where it has some."""
    await connection.execute(
        "update projects set without_words = $3 where org_id = $1 and project_id = $2", org_id, project_id, reason
    )


async def write_nothing_found(connection: Connection, org_id: UUID, project_id: UUID, reason: str | None) -> None:
    """Write why no moment became a clip."""
    await connection.execute(
        "update projects set nothing_found_reason = $3 where org_id = $1 and project_id = $2",
        org_id,
        project_id,
        reason,
    )


async def relabel_project(
    connection: Connection, org_id: UUID, project_id: UUID, *, title: str, metadata: str, tags: Sequence[str]
) -> None:
    """Write title, metadata (compact JSON) and tags, and count the revision."""
    await connection.execute(
        """update projects set title = $3, metadata = $4, tags = $5, revision = revision + 1
           where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
        title,
        metadata,
        list(tags),
    )


_IDS = {
    "project": "select project_id as id from projects where org_id = $1 and project_id between $2 and $3",
    "clip": "select clip_id as id from clips where org_id = $1 and clip_id between $2 and $3",
    "export": "select export_id as id from exports where org_id = $1 and export_id between $2 and $3",
    "brand_kit": "select kit_id as id from brand_kits where org_id = $1 and kit_id between $2 and $3",
    "asset": "select asset_id as id from assets where org_id = $1 and asset_id between $2 and $3",
}
"""A range of ids, so that the primary key answers it."""
RESOURCE_KINDS: Sequence[str] = tuple(_IDS)


async def list_ids_between(
    connection: Connection, org_id: UUID, kind: str, first: UUID, last: UUID, *, limit: int
) -> list[UUID]:
    """Ids of one of ``RESOURCE_KINDS`` from ``first`` to ``last``, in order."""
    rows = await connection.fetch(f"{_IDS[kind]} order by 1 limit $4", org_id, first, last, limit)
    return [row["id"] for row in rows]
