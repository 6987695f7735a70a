"""Files whose bytes pass through the API: announced, begun in the store, and made one file at the end."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec

from api.billing.quota_checks import require_quota
from api.http.operations import Call
from api.problems.problem_details import invalid
from api.uploads.appending import MAX_APPENDED_BYTES, gone, part_bytes_of
from api.uploads.models import SignUpload, content_type_of, object_key
from api.uploads.queries import check_size, finish_upload, join_and_seal
from core.services.orphan_cleanup import UPLOAD_AGE, plan_upload_sweep
from core.storage import uploads
from core.storage.appended.appended_uploads import insert_appended


def max_appended_bytes(call: Call[Any, Any]) -> int:
    """Most bytes of a file."""
    return min(call.context.settings.max_upload_bytes, MAX_APPENDED_BYTES)


def announce_file(size_bytes: int, filename: str, content_type: str | None, purpose: str) -> SignUpload:
    """A file as any other upload is announced. Raises a 422 for what cannot be used."""
    fields = {"filename": filename, "size_bytes": size_bytes, "content_type": content_type, "purpose": purpose}
    try:
        file = msgspec.convert(fields, SignUpload)
    except msgspec.ValidationError as error:
        raise invalid("", f"The file cannot be announced like this: {error}.") from None
    check_size(file)
    content_type_of(file)
    return file


async def begin_appended(
    call: Call[Any, Any], file: SignUpload, metadata: str, *, is_size_known: bool = True
) -> tuple[UUID, dt.datetime]:
    """Begin a file in the store, and make its rows; returns its id, and when it expires.

    Raises ``quota-exceeded``; a file whose size is not known yet is checked by `check_storage` at its end.
    """
    upload_id, content_type = call.context.new_id(), content_type_of(file)
    key = object_key(call.org_id, upload_id, file.filename)
    multipart_id = await call.context.uploads.create_multipart(key, content_type=content_type)
    async with call.rows() as rows:
        if is_size_known:
            await require_quota(rows, call, stored_bytes=file.size_bytes)
        new = uploads.NewUpload(
            upload_id=upload_id,
            object_key=key,
            filename=file.filename,
            content_type=content_type,
            size_bytes=file.size_bytes,
            purpose=file.purpose,
            multipart_id=multipart_id,
            part_bytes=part_bytes_of(file.size_bytes),
        )
        await uploads.insert_upload(rows, call.org_id, new)
        expires_at = await insert_appended(rows, call.org_id, upload_id, metadata, UPLOAD_AGE)
        await plan_upload_sweep(rows, call.org_id, upload_id)
    return upload_id, expires_at


async def check_storage(call: Call[Any, Any], size_bytes: int) -> None:
    """Raises ``quota-exceeded`` where these bytes pass the plan."""
    async with call.rows() as rows:
        await require_quota(rows, call, stored_bytes=size_bytes)


async def finish_appended(call: Call[Any, Any], upload_id: UUID) -> None:
    """Make one file of the parts; repeating it is fine. Raises ``upload-gone``, ``upload-mismatch``."""
    async with call.rows() as rows:
        row = await uploads.lock_upload_row(rows, call.org_id, upload_id)
    if row is None or row["state"] != "open":
        return
    stored = await join_and_seal(call, row)
    async with call.rows() as rows:
        row = await uploads.lock_upload_row(rows, call.org_id, upload_id)
        if row is None or row["state"] == "aborted":
            raise gone()
        await finish_upload(rows, row, stored)
