"""Rows of uploads, and of upload messages on Kafka that were refused."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value
from schemas.events import UploadRefused

_LAST_REFUSAL = """
select refusal_id, unlisted, count(*) filter (where created_at > now() - interval '1 minute') over () as recent
from (select * from upload_refusals where org_id is not distinct from $1 and signed = $2
      order by created_at desc, refusal_id desc limit $3) as newest
order by created_at desc, refusal_id desc limit 1
"""
_INSERT_REFUSAL = """
insert into upload_refusals
  (refusal_id, org_id, key_id, signed, reason, detail, partition, "offset", message_key, event_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_LOCK_SENDER = "select pg_advisory_xact_lock(hashtextextended('upload_refusals/' || $1::text || '/' || $2::text, 0))"


class NewUpload(Value, frozen=True, kw_only=True):
    """An upload that was announced.

    ``multipart_id`` and ``part_bytes`` are None where it goes in one piece.
    """

    upload_id: UUID
    object_key: str
    filename: str
    content_type: str
    size_bytes: int
    purpose: str
    multipart_id: str | None
    part_bytes: int | None


class LastRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The newest listed refusal of a sender."""

    refusal_id: UUID
    unlisted: int
    """Refusals after it that were only counted."""
    recent: int
    """Listed refusals of the last minute, up to the limit asked for."""


async def insert_upload(connection: Connection, org_id: UUID, upload: NewUpload) -> None:
    """Add an upload that is open."""
    await connection.execute(
        """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, multipart_id,
                                purpose, part_bytes)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        org_id,
        upload.upload_id,
        upload.object_key,
        upload.filename,
        upload.content_type,
        upload.size_bytes,
        upload.multipart_id,
        upload.purpose,
        upload.part_bytes,
    )


async def lock_upload_row(connection: Connection, org_id: UUID, upload_id: UUID) -> Row | None:
    """An upload's row, locked until the transaction ends.

    Locked as for a change: two that both share it and then both complete it would wait for each other.
    """
    return await connection.fetchrow(
        "select * from uploads where org_id = $1 and upload_id = $2 for update", org_id, upload_id
    )


async def read_upload_size(connection: Connection, org_id: UUID, upload_id: UUID) -> int | None:
    """Bytes as they were announced; None where there is no such upload."""
    size: int | None = await connection.fetchval(
        "select size_bytes from uploads where org_id = $1 and upload_id = $2", org_id, upload_id
    )
    return size


class UploadPlace(Value, frozen=True, kw_only=True):
    """The place of an upload's bytes in the object store."""

    sealed_key: str | None
    in_parts: bool
    """Once joined, no signed URL can change it."""


async def complete_upload(connection: Connection, org_id: UUID, upload_id: UUID, sealed_key: str | None) -> Row:
    """Write that all bytes are there, and where nothing can change them; return the row."""
    return await connection.fetchrow(
        """update uploads set state = 'complete', sealed_key = $3 where org_id = $1 and upload_id = $2 returning *""",
        org_id,
        upload_id,
        sealed_key,
    )


async def read_upload_place(connection: Connection, org_id: UUID, object_key: str) -> UploadPlace | None:
    """The place of the bytes of the upload with this key; None where it is no upload."""
    row = await connection.fetchrow(
        """select sealed_key, multipart_id is not null as in_parts from uploads
           where org_id = $1 and object_key = $2""",
        org_id,
        object_key,
    )
    return msgspec.convert(dict(row), UploadPlace) if row is not None else None


async def seal_upload(connection: Connection, org_id: UUID, object_key: str, sealed_key: str) -> str:
    """Write where an upload's bytes can no longer be changed; returns the place that was written first."""
    sealed: str = await connection.fetchval(
        """update uploads set sealed_key = coalesce(sealed_key, $3) where org_id = $1 and object_key = $2
           returning sealed_key""",
        org_id,
        object_key,
        sealed_key,
    )
    return sealed


async def abort_upload(connection: Connection, org_id: UUID, upload_id: UUID) -> None:
    """Write that no more bytes are taken."""
    await connection.execute(
        "update uploads set state = 'aborted' where org_id = $1 and upload_id = $2", org_id, upload_id
    )


async def list_refusal_rows(
    connection: Connection, org_id: UUID, *, after: tuple[dt.datetime, UUID] | None, limit: int
) -> list[Row]:
    """Refused messages of an organisation, newest first, behind ``after`` (time and id)."""
    rows: list[Row] = await connection.fetch(
        """select * from upload_refusals where org_id = $1
             and ($2::timestamptz is null or (created_at, refusal_id) < ($2, $3::uuid))
           order by created_at desc, refusal_id desc limit $4""",
        org_id,
        *(after or (None, None)),
        limit,
    )
    return rows


async def lock_last_refusal(
    connection: Connection, org_id: UUID | None, *, signed: bool, limit: int
) -> LastRefusal | None:
    """The newest refusal of a sender; its other refusals wait until the transaction ends.

    ``recent`` counts up to ``limit``; ``org_id`` is None for senders without a producer key of ours.
    """
    await connection.execute(_LOCK_SENDER, str(org_id), str(signed))
    row = await connection.fetchrow(_LAST_REFUSAL, org_id, signed, limit)
    return LastRefusal(**row) if row is not None else None


async def count_refusal(connection: Connection, refusal_id: UUID) -> None:
    """Count one more refusal behind the last that is listed."""
    await connection.execute("update upload_refusals set unlisted = unlisted + 1 where refusal_id = $1", refusal_id)


async def insert_refusal(connection: Connection, org_id: UUID | None, refused: UploadRefused, detail: str) -> None:
    """List a refusal; ``detail`` is what the organisation reads, which may say more than the event."""
    await connection.execute(
        _INSERT_REFUSAL,
        refused.refusal_id,
        org_id,
        refused.key_id,
        refused.signed,
        refused.reason,
        detail,
        refused.partition,
        refused.offset,
        refused.message_key,
        refused.event_id,
    )
