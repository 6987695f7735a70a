"""Uploads straight to object storage: sign, sign more parts, complete, abort.

No byte passes through the API.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from api.billing.quota_checks import require_quota
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, check_with, invalid
from api.uploads.models import (
    EXPIRES_S,
    MAX_SIGNED_PARTS,
    CompleteUpload,
    SignedPart,
    SignedParts,
    SignedUpload,
    SignParts,
    SignUpload,
    Upload,
    content_type_of,
    max_parts,
    object_key,
    part_length,
    plan_parts,
    view,
)
from api.uploads.queries import StoredUpload, arrived_parts, check_size, find_upload, finish_upload, join_and_seal
from core.infra.postgres.connection import Connection, Row
from core.ports.stores import UploadPart
from core.services.orphan_cleanup import plan_upload_sweep
from core.storage import uploads
from core.storage.appended.appended_uploads import end_appended
from schemas.quantities import spoken_range


class BegunUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An announced file with its place in the store."""

    upload_id: UUID
    key: str
    content_type: str
    part_bytes: int | None
    """Size of a part; None: it is sent in one piece."""
    multipart_id: str | None
    """The store's name of an upload in parts. Without a row it holds nothing: no part can be sent."""


async def begin_upload(call: Call[SignUpload, None]) -> BegunUpload:
    """Choose the file's place and, where it is sent in parts, begin it in the store."""
    request, context = call.body, call.context
    if request.size_bytes > context.settings.max_upload_bytes:
        raise invalid("/size_bytes", f"A file holds {spoken_range(None, context.settings.max_upload_bytes, 'bytes')}.")
    content_type, part_bytes = content_type_of(request), plan_parts(request.size_bytes, request.parts)
    upload_id = context.new_id()
    key, multipart_id = object_key(call.org_id, upload_id, request.filename), None
    if part_bytes is not None:
        multipart_id = await context.uploads.create_multipart(key, content_type=content_type)
    return BegunUpload(
        upload_id=upload_id, key=key, content_type=content_type, part_bytes=part_bytes, multipart_id=multipart_id
    )


async def sign_upload(call: Call[SignUpload, None], begun: BegunUpload) -> Reply:
    """Announce a file and get signed URLs to send it to."""
    request = call.body
    async with call.rows() as rows:
        await require_quota(rows, call, stored_bytes=request.size_bytes)
        new = uploads.NewUpload(
            upload_id=begun.upload_id,
            object_key=begun.key,
            filename=request.filename,
            content_type=begun.content_type,
            size_bytes=request.size_bytes,
            purpose=request.purpose,
            multipart_id=begun.multipart_id,
            part_bytes=begun.part_bytes,
        )
        await uploads.insert_upload(rows, call.org_id, new)
        await plan_upload_sweep(rows, call.org_id, begun.upload_id)
    return Reply(body=_signed_upload(call, begun), headers={"Location": f"/v1/uploads/{begun.upload_id}"})


def _signed_upload(call: Call[SignUpload, None], begun: BegunUpload) -> SignedUpload:
    store, size, key, part_bytes = call.context.uploads, call.body.size_bytes, begun.key, begun.part_bytes
    expires_at = call.now + dt.timedelta(seconds=EXPIRES_S)
    if part_bytes is None or begun.multipart_id is None:
        return SignedUpload(
            upload_id=begun.upload_id,
            method="put",
            object_key=key,
            expires_at=expires_at,
            url=store.presign_put(key, content_type=begun.content_type, expires_s=EXPIRES_S, size=size),
            headers={"Content-Type": begun.content_type, "Content-Length": str(size)},
        )
    count = math.ceil(size / part_bytes)
    numbers = range(1, min(count, MAX_SIGNED_PARTS) + 1)
    return SignedUpload(
        upload_id=begun.upload_id,
        method="multipart",
        object_key=key,
        expires_at=expires_at,
        part_size_bytes=part_bytes,
        part_count=count,
        parts=_sign_part_urls(call, key, begun.multipart_id, {n: part_length(size, part_bytes, n) for n in numbers}),
    )


def _sign_part_urls(
    call: Call[Any, Any], key: str, multipart: str, lengths: Mapping[int, int | None]
) -> list[SignedPart]:
    """Signed parts. The URL of each takes exactly its bytes, so that no more than was announced is stored."""
    sign = call.context.uploads.sign_part
    return [
        SignedPart(number=n, url=sign(key, multipart, n, expires_s=EXPIRES_S, size=length), size_bytes=length)
        for n, length in lengths.items()
    ]


async def sign_parts(call: Call[SignParts, None]) -> Reply:
    """Get (new) URLs of parts of an open upload."""
    async with call.rows() as rows:
        row = await _open_upload(rows, call, multipart=True)
    size, part_bytes = row["size_bytes"], row["part_bytes"]
    most = math.ceil(size / part_bytes) if part_bytes else max_parts(size)
    for place, number in enumerate(call.body.numbers):
        if number > most:
            raise invalid(f"/numbers/{place}", f"This upload has {most} parts.")
    lengths = {n: part_length(size, part_bytes, n) if part_bytes else None for n in call.body.numbers}
    parts = _sign_part_urls(call, row["object_key"], row["multipart_id"], lengths)
    expires_at = call.now + dt.timedelta(seconds=EXPIRES_S)
    return Reply(body=SignedParts(upload_id=row["upload_id"], parts=parts, expires_at=expires_at))


async def get_upload(call: Call[None, None]) -> Reply:
    """Read an upload; parts that arrived need not be sent again."""
    async with call.rows() as rows:
        row = await _find_upload_of_path(rows, call)
    arrived: list[UploadPart] = []
    if row["state"] == "open" and row["multipart_id"]:
        arrived = await arrived_parts(call, row)
    return Reply(body=view(row, arrived))


async def join_upload(call: Call[CompleteUpload, None]) -> StoredUpload | None:
    """Join the parts in the store and seal the file; None where the upload is complete already."""
    async with call.rows() as rows:
        row = await _find_unless_aborted(rows, call)
    return None if row["state"] == "complete" else await join_and_seal(call, row, call.body.parts)


async def complete_upload(call: Call[CompleteUpload, None], stored: StoredUpload | None) -> Reply:
    """Say that everything was sent; the file is there afterwards."""
    async with call.rows() as rows:
        row = await finish_upload(rows, await _find_unless_aborted(rows, call), stored)
    return Reply(body=view(row, []))


async def _find_unless_aborted(rows: Connection, call: Call[Any, Any]) -> Row:
    row = await _find_upload_of_path(rows, call)
    if row["state"] == "aborted":
        raise ApiProblem("upload-closed", "The upload was aborted.")
    return row


async def abort_upload(call: Call[None, None]) -> Reply:
    """Remove an upload that is not complete; doing it twice is fine."""
    async with call.rows() as rows:
        row = await _find_upload_of_path(rows, call)
        if row["state"] == "complete":
            raise ApiProblem("upload-closed", "The upload is complete; erase the projects made of it instead.")
        await uploads.abort_upload(rows, call.org_id, row["upload_id"])
        if row["appended"]:
            await end_appended(rows, call.org_id, row["upload_id"])
    if row["multipart_id"]:  # where the store is away, a repeat of the request or the sweep of uploads aborts it
        await call.context.uploads.abort_multipart(row["object_key"], row["multipart_id"])
    return Reply(status=204)


async def _find_upload_of_path(rows: Connection, call: Call[Any, Any]) -> Row:
    return await find_upload(rows, call.org_id, call.ids["upload_id"])


async def _open_upload(rows: Connection, call: Call[Any, Any], *, multipart: bool) -> Row:
    row = await _find_upload_of_path(rows, call)
    if row["state"] != "open" or bool(row["multipart_id"]) != multipart or row["appended"]:
        raise ApiProblem("upload-closed", "The upload takes no parts: it has ended, or goes in one piece, or by tus.")
    return row


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/uploads/sign",
        name="signUpload",
        tag="uploads",
        permission="projects:write",
        summary="Announce a file and get signed URLs to send it to",
        handler=TwoPhaseHandler(prepare=begin_upload, commit=sign_upload),
        request=SignUpload,
        check=check_with(check_size, content_type_of),
        response=SignedUpload,
        status=201,
        located=True,
        problems=("quota-exceeded",),
    ),
    Operation(
        method="GET",
        path="/v1/uploads/{upload_id}",
        name="getUpload",
        tag="uploads",
        permission="projects:read",
        summary="See how an upload stands, and which parts arrived",
        handler=get_upload,
        response=Upload,
    ),
    Operation(
        method="POST",
        path="/v1/uploads/{upload_id}/parts",
        name="signParts",
        tag="uploads",
        permission="projects:write",
        summary="Get URLs of more parts, or new ones",
        handler=sign_parts,
        request=SignParts,
        response=SignedParts,
        problems=("upload-closed",),
    ),
    Operation(
        method="POST",
        path="/v1/uploads/{upload_id}/complete",
        name="completeUpload",
        tag="uploads",
        permission="projects:write",
        summary="Say that everything was sent",
        handler=TwoPhaseHandler(prepare=join_upload, commit=complete_upload),
        request=CompleteUpload,
        response=Upload,
        problems=("upload-closed", "upload-not-complete", "upload-mismatch"),
    ),
    Operation(
        method="DELETE",
        path="/v1/uploads/{upload_id}",
        name="abortUpload",
        tag="uploads",
        permission="projects:write",
        summary="Forget an upload that is not complete",
        handler=abort_upload,
        transactional=False,  # it waits for object storage
        status=204,
        problems=("upload-closed",),
    ),
)
