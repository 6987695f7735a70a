"""Rows of what players show of a source: its playback, proxy, waveform and poster.

How a proxy is asked for and ends is core.services.media.proxies.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import ObjectRef, Value
from schemas.documents.source import Playback, Poster, ProxyFile, Waveform

ProxyState = Literal["source", "unmade", "waiting", "done", "failed"]
"""``source``: the source itself plays smoothly; ``unmade``: its proxy was not asked for yet."""
_WRITE = """
insert into source_media (org_id, project_id, state, playback, waveform) values ($1, $2, $3, $4, $5)
on conflict (org_id, project_id) do update set state = excluded.state, playback = excluded.playback,
  waveform = excluded.waveform, proxy = null, poster = null, failure_reason = null, failure_detail = null
"""
_WRITE_POSTER = """
update source_media set poster = $3
where org_id = $1 and project_id = $2 and coalesce((poster ->> 'worth')::float8, -1) < ($3::jsonb ->> 'worth')::float8
"""
_OBJECTS = """
select source, source_index as index from projects
where org_id = $1 and project_id = $2 and source is not null and source_index is not null
"""
_READ = """
select state, playback, proxy, waveform, poster, failure_reason, failure_detail, requested_at from source_media
where org_id = $1 and project_id = $2
"""


class SourceObjects(Value, frozen=True, kw_only=True):
    """A source and its index, as they are stored."""

    source: ObjectRef
    index: ObjectRef


class SourceMedia(Value, frozen=True, kw_only=True):
    """The row of one project."""

    state: ProxyState
    playback: Playback | None
    """None until a source of an older version was judged."""
    proxy: ProxyFile | None
    waveform: Waveform | None
    """None for sources of an older version."""
    poster: Poster | None
    failure_reason: str | None
    failure_detail: str | None
    requested_at: dt.datetime | None


async def write_source_media(
    connection: Connection, org_id: UUID, project_id: UUID, playback: Playback, waveform: Waveform
) -> None:
    """Write what ingest found out about a source; what was made of an earlier one is forgotten."""
    state: ProxyState = "source" if playback.smooth else "unmade"
    await connection.execute(_WRITE, org_id, project_id, state, playback, waveform)


async def write_poster(connection: Connection, org_id: UUID, project_id: UUID, poster: Poster) -> None:
    """Keep a picture for a source, unless the one that is kept is worth as much."""
    await connection.execute(_WRITE_POSTER, org_id, project_id, poster)


async def read_source_media(connection: Connection, org_id: UUID, project_id: UUID) -> SourceMedia | None:
    """The row of a project; None for one of an older version, and before its source was read."""
    row = await connection.fetchrow(_READ, org_id, project_id)
    return msgspec.convert(dict(row), SourceMedia) if row is not None else None


async def read_source_objects(connection: Connection, org_id: UUID, project_id: UUID) -> SourceObjects | None:
    """The source of a project and its index; None before ingest is done."""
    row = await connection.fetchrow(_OBJECTS, org_id, project_id)
    return msgspec.convert(dict(row), SourceObjects) if row is not None else None
