"""Completion of uploads: whether all bytes of an upload are in the store, as one file."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from api.http.operations import Call
from api.problems.problem_details import ApiProblem, invalid, require
from api.uploads.models import CompleteUpload
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Row
from core.ports.stores import UploadPart
from core.storage.uploads import complete_upload, lock_upload_row

Purpose = Literal["source", "brand kit"]
"""What an upload was announced for: to make clips of it, or as a file of a brand kit."""


async def find_upload(rows: Connection, org_id: UUID, upload_id: UUID) -> Row:
    """An upload of the caller's organisation, locked until the transaction ends; raises a 404.

    The lock is exclusive: two requests that shared it and then both completed the upload would deadlock.
    """
    return require(await lock_upload_row(rows, org_id, upload_id), "upload")


async def finish_upload(rows: Connection, row: Row, stored_bytes: int | None) -> Row:
    """Mark an open upload complete; raises ``upload-mismatch`` where the stored size is not the announced."""
    if row["state"] == "complete":
        return row
    if stored_bytes != row["size_bytes"]:
        detail = f"{row['size_bytes']} bytes were announced, {stored_bytes} are in object storage."
        raise ApiProblem("upload-mismatch", detail)
    return await complete_upload(rows, row["org_id"], row["upload_id"])


async def measure_upload(call: Call[Any, Any], upload_id: UUID, *, purpose: Purpose) -> int | None:
    """Bytes of an upload in the store; None where it is complete already. Raises as `find_usable_upload`."""
    async with call.rows() as rows:
        row = await find_usable_upload(rows, call.org_id, upload_id, purpose=purpose)
    return None if row["state"] == "complete" else await stored_size(call, row)


async def take_upload(
    rows: Connection, org_id: UUID, upload_id: UUID, stored_bytes: int | None, *, purpose: Purpose
) -> Row:
    """A complete upload, for something to be made of it; ``stored_bytes`` as `measure_upload` found."""
    row = await find_usable_upload(rows, org_id, upload_id, purpose=purpose)
    return await finish_upload(rows, row, stored_bytes)


async def find_usable_upload(rows: Connection, org_id: UUID, upload_id: UUID, *, purpose: Purpose) -> Row:
    """An upload that something can be made of.

    Raises a 422 for one that does not exist or has another purpose, a 409 for one that was aborted or is not joined.
    """
    try:
        row = await find_upload(rows, org_id, upload_id)
    except ApiProblem:
        raise invalid("/upload_id", "There is no such upload.") from None
    if (row["purpose"] == "source") != (purpose == "source"):
        raise invalid("/upload_id", f"The upload was announced with the purpose `{row['purpose']}`.")
    if row["state"] == "aborted":
        raise ApiProblem(
            "upload-closed", "The upload was aborted, or erased with the last project of it: upload the file again."
        )
    if row["state"] == "open" and row["multipart_id"]:
        raise ApiProblem("upload-not-complete", "The parts were not joined: complete the upload first.")
    return row


async def stored_size(call: Call[Any, Any], row: Row) -> int:
    """Bytes of the upload's object; raises ``upload-not-complete`` where there is no object."""
    try:
        head = await call.context.uploads.head(row["object_key"])
    except KeyError:
        raise ApiProblem("upload-not-complete", "The file has not arrived in object storage.") from None
    return head.size


async def joined_size(call: Call[CompleteUpload, None], row: Row) -> int:
    """Bytes of the upload once its parts are one file."""
    if row["multipart_id"]:
        await _join_parts(call, row)
    return await stored_size(call, row)


async def _join_parts(call: Call[CompleteUpload, None], row: Row) -> None:
    """Join the parts where together they are the whole file: joining too early could not be undone."""
    uploads, key = call.context.uploads, row["object_key"]
    arrived = await arrived_parts(call, row)
    if not arrived:
        return  # joined by an earlier try whose answer was lost, or nothing was sent: what lies there is checked next
    stated = [UploadPart(number=part.number, etag=part.etag.strip('"')) for part in call.body.parts]
    numbers = {part.number for part in stated or arrived}
    bytes_there = sum(part.size for part in arrived if part.number in numbers)
    if bytes_there != row["size_bytes"]:
        raise ApiProblem("upload-not-complete", f"{bytes_there} of {row['size_bytes']} bytes have arrived.")
    try:
        await uploads.complete_multipart(key, row["multipart_id"], stated or arrived)
    except InputRejected as error:
        raise invalid("/parts", error.detail) from None
    except KeyError:
        return


async def arrived_parts(call: Call[Any, Any], row: Row) -> list[UploadPart]:
    """Parts of an upload in object storage; empty once they are joined."""
    try:
        return await call.context.uploads.list_parts(row["object_key"], row["multipart_id"])
    except KeyError:
        return []
