"""Rows of archives: asked for by the API, written by the relay's process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import Value

ArchiveState = Literal["queued", "running", "done", "failed", "expired"]
_INSERT = """
insert into organisation_archives (org_id, archive_id, requested_by, media, state, next_at)
values ($1, $2, $3, $4, 'queued', now())
on conflict (org_id) where state in ('queued', 'running') do nothing
"""
_LIST = """
select archive_id, requested_by, created_at, media, state, object_key, size_bytes, sha256, counts, failure_reason,
  failure_detail, finished_at, expires_at
from organisation_archives where org_id = $1 and ($2::uuid is null or archive_id = $2)
order by created_at desc, archive_id limit 100
"""
_CLAIM = """
update organisation_archives set next_at = now() + $1, tries = tries + (state in ('queued', 'running'))::int,
  state = case when state = 'queued' then 'running' else state end
where (org_id, archive_id) = (
  select org_id, archive_id from organisation_archives where next_at <= now() order by next_at limit 1
  for update skip locked)
returning org_id, archive_id, media, state, tries, object_key, multipart_id
"""
_FINISH = """
update organisation_archives set state = 'done', next_at = $3::timestamptz, expires_at = $3, finished_at = now(),
  object_key = $4, size_bytes = $5, sha256 = $6, counts = $7, multipart_id = null
where org_id = $1 and archive_id = $2 and state = 'running' and tries = $8
"""
_END = """
update organisation_archives set state = $3, next_at = null, failure_reason = $4, failure_detail = $5,
  object_key = null, multipart_id = null, finished_at = coalesce(finished_at, now())
where org_id = $1 and archive_id = $2
"""


class ArchiveRecord(Value, frozen=True, kw_only=True):
    """An archive of an organisation."""

    archive_id: UUID
    requested_by: str
    """Actor."""
    created_at: dt.datetime
    media: bool
    state: ArchiveState
    object_key: str | None
    size_bytes: int | None
    sha256: str | None
    counts: dict[str, int]
    failure_reason: str | None
    failure_detail: str | None
    finished_at: dt.datetime | None
    expires_at: dt.datetime | None


class DueArchive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that this process claimed, to be written or, once it is done, to be removed."""

    org_id: UUID
    archive_id: UUID
    media: bool
    state: ArchiveState
    tries: int
    object_key: str | None
    multipart_id: str | None


async def request_archive(
    connection: Connection, org_id: UUID, archive_id: UUID, *, actor: str, media: bool
) -> ArchiveRecord | None:
    """Ask for an archive; None while one is being made."""
    await connection.execute(_INSERT, org_id, archive_id, actor, media)
    return next(iter(await list_archives(connection, org_id, archive_id)), None)


async def list_archives(connection: Connection, org_id: UUID, archive_id: UUID | None = None) -> list[ArchiveRecord]:
    """Archives of an organisation, newest first; or one of them."""
    return [ArchiveRecord(**dict(row)) for row in await connection.fetch(_LIST, org_id, archive_id)]


async def claim_archive(connection: Connection, lease: dt.timedelta) -> DueArchive | None:
    """Claim the archive that is due longest, for ``lease``. Runs as the relay's role."""
    row = await connection.fetchrow(_CLAIM, lease)
    return DueArchive(**dict(row)) if row is not None else None


async def keep_claim(connection: Connection, due: DueArchive, lease: dt.timedelta, multipart_id: str) -> bool:
    """Keep the claim while the archive is written; False where it is another process's by now."""
    tag = await connection.execute(
        """update organisation_archives set next_at = now() + $3, multipart_id = $4
           where org_id = $1 and archive_id = $2 and state = 'running' and tries = $5""",
        due.org_id,
        due.archive_id,
        lease,
        multipart_id,
        due.tries,
    )
    return str(tag) == "UPDATE 1"


async def finish_archive(
    connection: Connection,
    due: DueArchive,
    *,
    object_key: str,
    size_bytes: int,
    sha256: str,
    counts: Mapping[str, int],
    expires_at: dt.datetime,
) -> bool:
    """Write that an archive is done; False where it is another process's by now."""
    tag = await connection.execute(
        _FINISH, due.org_id, due.archive_id, expires_at, object_key, size_bytes, sha256, dict(counts), due.tries
    )
    return str(tag) == "UPDATE 1"


async def end_archive(
    connection: Connection, due: DueArchive, state: Literal["failed", "expired"], reason: str | None, detail: str | None
) -> None:
    """Write that an archive failed, or that its file was removed."""
    await connection.execute(_END, due.org_id, due.archive_id, state, reason, detail)
