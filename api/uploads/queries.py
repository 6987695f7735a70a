"""Completion of uploads: whether all bytes of an upload are in the store, as one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from api.http.operations import Call
from api.problems.problem_details import ApiProblem, invalid, require
from api.uploads.models import PartTag, SignUpload
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Row
from core.ports.stores import UploadPart
from core.services.upload_seals import sealed_key_of
from core.storage.appended.appended_uploads import end_appended, find_appended, list_stored_parts
from core.storage.uploads import complete_upload, lock_upload_row
from schemas.options.brand_kit import MAX_ASSET_BYTES
from schemas.quantities import spoken_range

Purpose = Literal["source", "brand kit"]
"""Announced purpose of an upload: to make clips of it, or as a file of a brand kit."""


def check_size(request: SignUpload) -> None:
    """Raise a 422 for a file of a brand kit above its size limit."""
    if request.purpose != "source" and request.size_bytes > MAX_ASSET_BYTES[request.purpose]:
        most = spoken_range(None, MAX_ASSET_BYTES[request.purpose], "bytes")
        raise invalid("/size_bytes", f"A file for this holds {most}.")


class StoredUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload's object as it will stay."""

    size: int
    """Bytes."""
    sealed_key: str | None
    """None: where it was sent to; nothing can change it there."""


async def find_upload(rows: Connection, org_id: UUID, upload_id: UUID) -> Row:
    """An upload of the caller's organisation, locked until the transaction ends; raises a 404.

    The lock is exclusive: two requests that shared it and then both completed the upload would deadlock.
    """
    return require(await lock_upload_row(rows, org_id, upload_id), "upload")


async def finish_upload(rows: Connection, row: Row, stored: StoredUpload | None) -> Row:
    """Mark an open upload complete; raises ``upload-mismatch`` where the stored size is not the announced."""
    if row["state"] == "complete":
        return row
    if stored is None or stored.size != row["size_bytes"]:
        stored_bytes = stored.size if stored else None
        raise ApiProblem(
            "upload-mismatch", f"{row['size_bytes']} bytes were announced, {stored_bytes} are in object storage."
        )
    if row["appended"] and (appended := await find_appended(rows, row["org_id"], row["upload_id"])):
        await end_appended(rows, row["org_id"], row["upload_id"], metadata=appended.metadata)
    return await complete_upload(rows, row["org_id"], row["upload_id"], stored.sealed_key)


async def measure_upload(call: Call[Any, Any], upload_id: UUID, *, purpose: Purpose) -> StoredUpload | None:
    """Seal and measure an upload; None where it is complete already. Raises as `find_usable_upload`."""
    async with call.rows() as rows:
        row = await find_usable_upload(rows, call.org_id, upload_id, purpose=purpose)
    return None if row["state"] == "complete" else await seal_stored(call, row)


async def take_upload(
    rows: Connection, org_id: UUID, upload_id: UUID, stored: StoredUpload | None, *, purpose: Purpose
) -> Row:
    """A complete upload, for something to be made of it; ``stored`` as `measure_upload` found."""
    row = await find_usable_upload(rows, org_id, upload_id, purpose=purpose)
    return await finish_upload(rows, row, stored)


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


async def seal_stored(call: Call[Any, Any], row: Row) -> StoredUpload:
    """Copy the upload's object to where no signed URL leads, and measure the copy.

    An object that was joined of parts stays where it is: its upload takes no more parts. The key is new for each
    copy, so that one which comes late changes nothing; all of them begin with the upload's own key and are removed
    with it. Raises ``upload-not-complete`` where there is no object.
    """
    uploads, key = call.context.uploads, row["object_key"]
    try:
        if row["multipart_id"]:
            return StoredUpload(size=(await uploads.head(key)).size, sealed_key=None)
        sealed_key = sealed_key_of(key, call.context.new_id())
        return StoredUpload(size=(await uploads.copy(key, sealed_key)).size, sealed_key=sealed_key)
    except KeyError:
        raise ApiProblem("upload-not-complete", "The file has not arrived in object storage.") from None


async def join_and_seal(call: Call[Any, Any], row: Row, stated: Sequence[PartTag] = ()) -> StoredUpload:
    """The upload once its parts are one file that nothing can change. ``stated``: its parts; empty: all."""
    if row["multipart_id"]:
        await _join_parts(call, row, [UploadPart(number=part.number, etag=part.etag.strip('"')) for part in stated])
    return await seal_stored(call, row)


async def _join_parts(call: Call[Any, Any], row: Row, stated: Sequence[UploadPart]) -> None:
    """Join the parts where together they are the whole file: joining too early could not be undone."""
    uploads, key = call.context.uploads, row["object_key"]
    arrived = await arrived_parts(call, row)
    if not arrived:
        return  # joined by an earlier try whose answer was lost, or nothing was sent: what lies there is checked next
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
    """Parts of an upload in object storage; empty once they are joined.

    Those that passed through the API are kept as rows, as the store's list may lag behind.
    """
    if row["appended"]:
        async with call.rows() as rows:
            return await list_stored_parts(rows, row["org_id"], row["upload_id"])
    try:
        return await call.context.uploads.list_parts(row["object_key"], row["multipart_id"])
    except KeyError:
        return []
