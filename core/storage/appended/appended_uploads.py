"""Rows of appended uploads: the bytes that are stored, their parts, and the one writer.

A writer holds its upload by a lease: it can take minutes, and no transaction stays open for that long. A commit of one
that lost its lease, or whose upload has ended, changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.ports.stores import UploadPart
from schemas.common import Value

LEASE = dt.timedelta(seconds=15)
"""Time after which another writer may take the place of one that is not heard of."""
_FIND = """
select u.upload_id, u.object_key, u.multipart_id, u.size_bytes, u.part_bytes, u.state, a.offset_bytes, a.tail_key,
  a.metadata, a.expires_at, coalesce(a.writer_until > now(), false) as taken
from appended_uploads a join uploads u using (org_id, upload_id) where a.org_id = $1 and a.upload_id = $2
"""
_CLAIM = """
update appended_uploads set writer = $3, writer_until = now() + $5
where org_id = $1 and upload_id = $2 and offset_bytes = $4 and (writer is null or writer_until <= now())
returning 1
"""
_RENEW = """
update appended_uploads set writer_until = now() + $4 where org_id = $1 and upload_id = $2 and writer = $3 returning 1
"""
_RELEASE = """
update appended_uploads set writer = null, writer_until = null where org_id = $1 and upload_id = $2 and writer = $3
"""
_LOCK_OPEN = "select 1 from uploads where org_id = $1 and upload_id = $2 and state = 'open' for update"
_ADVANCE = """
update appended_uploads set offset_bytes = $4, tail_key = $5, expires_at = now() + $6
where org_id = $1 and upload_id = $2 and writer = $3 returning expires_at
"""
_INSERT_PART = """
insert into appended_parts (org_id, upload_id, number, etag, size_bytes) values ($1, $2, $3, $4, $5)
"""
_LIST_PARTS = """
select number, etag, size_bytes as size from appended_parts where org_id = $1 and upload_id = $2 order by number
"""
_FORGET_PARTS = "delete from appended_parts where org_id = $1 and upload_id = $2"
_END = """
update appended_uploads set tail_key = null, writer = null, writer_until = null, metadata = $3
where org_id = $1 and upload_id = $2
"""


class AppendedUpload(Value, frozen=True, kw_only=True):
    """An upload whose bytes come in order."""

    upload_id: UUID
    object_key: str
    multipart_id: str
    size_bytes: int
    part_bytes: int
    """Bytes of each part but the last."""
    state: Literal["open", "complete", "aborted"]
    offset_bytes: int
    """Bytes that are stored, in whole parts and in the tail."""
    tail_key: str | None
    """Object with the bytes behind the last whole part."""
    metadata: str
    """What the client said of it, as it was sent."""
    expires_at: dt.datetime
    taken: bool
    """Whether somebody writes to it just now."""


async def insert_appended(
    connection: Connection, org_id: UUID, upload_id: UUID, metadata: str, lifetime: dt.timedelta
) -> dt.datetime:
    """Make an upload that was just announced an appended one; returns when it expires."""
    await connection.execute(
        "update uploads set appended = true where org_id = $1 and upload_id = $2", org_id, upload_id
    )
    expires_at: dt.datetime = await connection.fetchval(
        """insert into appended_uploads (org_id, upload_id, metadata, expires_at) values ($1, $2, $3, now() + $4)
           returning expires_at""",
        org_id,
        upload_id,
        metadata,
        lifetime,
    )
    return expires_at


async def find_appended(connection: Connection, org_id: UUID, upload_id: UUID) -> AppendedUpload | None:
    """An appended upload, or None where there is no such one."""
    row = await connection.fetchrow(_FIND, org_id, upload_id)
    return msgspec.convert(dict(row), AppendedUpload) if row is not None else None


async def claim_writer(connection: Connection, org_id: UUID, upload_id: UUID, writer: UUID, offset: int) -> bool:
    """Become the one writer behind ``offset``; False where another one is, or that is not how far it is."""
    return await connection.fetchval(_CLAIM, org_id, upload_id, writer, offset, LEASE) is not None


async def renew_writer(connection: Connection, org_id: UUID, upload_id: UUID, writer: UUID) -> bool:
    """Stay the writer for another lease; False where that was lost."""
    return await connection.fetchval(_RENEW, org_id, upload_id, writer, LEASE) is not None


async def release_writer(connection: Connection, org_id: UUID, upload_id: UUID, writer: UUID) -> None:
    """Let the next one write."""
    await connection.execute(_RELEASE, org_id, upload_id, writer)


async def advance(
    connection: Connection,
    org_id: UUID,
    upload_id: UUID,
    writer: UUID,
    *,
    offset: int,
    parts: Sequence[UploadPart],
    tail_key: str | None,
    lifetime: dt.timedelta,
) -> dt.datetime | None:
    """Write that the bytes up to ``offset`` are stored, with the new parts; returns when it expires.

    None, and nothing is written, where the upload has ended or another one writes. The row of the upload is locked
    first, as its sweep and its completion lock it.
    """
    if await connection.fetchval(_LOCK_OPEN, org_id, upload_id) is None:
        return None
    expires_at: dt.datetime | None = await connection.fetchval(
        _ADVANCE, org_id, upload_id, writer, offset, tail_key, lifetime
    )
    if expires_at is None:
        return None
    await connection.executemany(
        _INSERT_PART, [(org_id, upload_id, part.number, part.etag, part.size) for part in parts]
    )
    return expires_at


async def list_stored_parts(connection: Connection, org_id: UUID, upload_id: UUID) -> list[UploadPart]:
    """The whole parts, by number."""
    return [UploadPart(**row) for row in await connection.fetch(_LIST_PARTS, org_id, upload_id)]


async def end_appended(connection: Connection, org_id: UUID, upload_id: UUID, *, metadata: str = "") -> None:
    """Forget parts, tail and writer of an upload that has ended; ``metadata`` is what stays of it."""
    await connection.execute(_FORGET_PARTS, org_id, upload_id)
    await connection.execute(_END, org_id, upload_id, metadata)


async def resize_upload(connection: Connection, org_id: UUID, upload_id: UUID, size_bytes: int) -> None:
    """Write the size of an upload that was begun without it."""
    await connection.execute(
        "update uploads set size_bytes = $3 where org_id = $1 and upload_id = $2 and state = 'open'",
        org_id,
        upload_id,
        size_bytes,
    )
