"""Uploads straight to object storage: sign, sign more parts, complete, abort. No byte of a file passes through here."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, breaches, invalid
from api.uploads.models import (
    EXPIRES_S,
    SIGN_AT_ONCE,
    CompleteUpload,
    SignedPart,
    SignedParts,
    SignedUpload,
    SignParts,
    SignUpload,
    Upload,
    content_type_of,
    most_parts,
    object_key,
    part_length,
    plan_parts,
    view,
)
from api.uploads.queries import arrived_parts, find_upload, finish_upload, joined_size
from core.infra.postgres.connection import Connection, Row
from core.ports.stores import UploadPart
from core.services.orphan_cleanup import plan_upload_sweep
from schemas.options.brand_kit import MOST_BYTES
from schemas.quantities import spoken_range


def check_size(wanted: SignUpload) -> None:
    """Raises a 422 for a file of a brand kit that is larger than such files may be."""
    if wanted.purpose != "source" and wanted.size_bytes > MOST_BYTES[wanted.purpose]:
        most = spoken_range(None, MOST_BYTES[wanted.purpose], "bytes")
        raise invalid("/size_bytes", f"A file for this holds {most}.")


async def sign_upload(call: Call[SignUpload, None]) -> Reply:
    """Announce a file and get signed URLs to send it to."""
    wanted, context = call.body, call.context
    if wanted.size_bytes > context.settings.max_upload_bytes:
        raise invalid("/size_bytes", f"A file holds {spoken_range(None, context.settings.max_upload_bytes, 'bytes')}.")
    content_type, part_bytes = content_type_of(wanted), plan_parts(wanted.size_bytes, wanted.parts)
    begun = partial(_begin, call, content_type, parts=part_bytes is not None)
    upload_id, key, multipart_id = await (call.outside("begun upload", begun) if part_bytes else begun())
    async with call.rows() as rows:
        await rows.execute(
            """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, multipart_id,
                                    purpose, part_bytes)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
            call.org_id,
            upload_id,
            key,
            wanted.filename,
            content_type,
            wanted.size_bytes,
            multipart_id,
            wanted.purpose,
            part_bytes,
        )
        await plan_upload_sweep(rows, call.org_id, upload_id)
    signed = _signed(call, upload_id, key, content_type, part_bytes, multipart_id)
    return Reply(body=signed, headers={"Location": f"/v1/uploads/{upload_id}"})


async def _begin(call: Call[SignUpload, None], content_type: str, *, parts: bool) -> tuple[UUID, str, str | None]:
    """Id, key and, where it goes in parts, what the store calls it. Without a row it holds nothing: no part is sent."""
    upload_id = call.context.new_id()
    key = object_key(call.org_id, upload_id, call.body.filename)
    begin = call.context.uploads.create_multipart
    return upload_id, key, await begin(key, content_type=content_type) if parts else None


def _signed(
    call: Call[SignUpload, None],
    upload_id: UUID,
    key: str,
    content_type: str,
    part_bytes: int | None,
    multipart: str | None,
) -> SignedUpload:
    uploads, size = call.context.uploads, call.body.size_bytes
    expires_at = call.now + dt.timedelta(seconds=EXPIRES_S)
    if part_bytes is None or multipart is None:
        return SignedUpload(
            upload_id=upload_id,
            method="put",
            object_key=key,
            expires_at=expires_at,
            url=uploads.presign_put(key, content_type=content_type, expires_s=EXPIRES_S, size=size),
            headers={"Content-Type": content_type, "Content-Length": str(size)},
        )
    count = math.ceil(size / part_bytes)
    numbers = range(1, min(count, SIGN_AT_ONCE) + 1)
    return SignedUpload(
        upload_id=upload_id,
        method="multipart",
        object_key=key,
        expires_at=expires_at,
        part_size_bytes=part_bytes,
        part_count=count,
        parts=_sign(call, key, multipart, {n: part_length(size, part_bytes, n) for n in numbers}),
    )


def _sign(call: Call[Any, Any], key: str, multipart: str, lengths: Mapping[int, int | None]) -> list[SignedPart]:
    """The URL of each part takes just its bytes: nobody stores more than was announced, not even for a while."""
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
    most = math.ceil(size / part_bytes) if part_bytes else most_parts(size)
    for place, number in enumerate(call.body.numbers):
        if number > most:
            raise invalid(f"/numbers/{place}", f"This upload has {most} parts.")
    lengths = {n: part_length(size, part_bytes, n) if part_bytes else None for n in call.body.numbers}
    parts = _sign(call, row["object_key"], row["multipart_id"], lengths)
    expires_at = call.now + dt.timedelta(seconds=EXPIRES_S)
    return Reply(body=SignedParts(upload_id=row["upload_id"], parts=parts, expires_at=expires_at))


async def get_upload(call: Call[None, None]) -> Reply:
    """How an upload stands: what arrived need not be sent again."""
    async with call.rows() as rows:
        row = await _find(rows, call)
    arrived: list[UploadPart] = []
    if row["state"] == "open" and row["multipart_id"]:
        arrived = await arrived_parts(call, row)
    return Reply(body=view(row, arrived))


async def complete_upload(call: Call[CompleteUpload, None]) -> Reply:
    """Say that everything was sent; the file is there afterwards."""
    async with call.rows() as rows:
        row = await _find(rows, call)
        if row["state"] == "aborted":
            raise ApiProblem("upload-closed", "The upload was aborted.")
        row = await finish_upload(rows, call, row, partial(joined_size, call, row))
    return Reply(body=view(row, []))


async def abort_upload(call: Call[None, None]) -> Reply:
    """Forget an upload that is not complete; doing it twice is fine."""
    async with call.rows() as rows:
        row = await _find(rows, call)
        if row["state"] == "complete":
            raise ApiProblem("upload-closed", "The upload is complete; erase the projects made of it instead.")
        await rows.execute(
            "update uploads set state = 'aborted' where org_id = $1 and upload_id = $2", call.org_id, row["upload_id"]
        )
    if row["multipart_id"]:  # a store that is away is told again by who repeats this, or by the sweep of uploads
        await call.context.uploads.abort_multipart(row["object_key"], row["multipart_id"])
    return Reply(status=204)


async def _find(rows: Connection, call: Call[Any, Any]) -> Row:
    return await find_upload(rows, call.org_id, call.ids["upload_id"])


async def _open_upload(rows: Connection, call: Call[Any, Any], *, multipart: bool) -> Row:
    row = await _find(rows, call)
    if row["state"] != "open" or bool(row["multipart_id"]) != multipart:
        raise ApiProblem("upload-closed", "The upload takes no parts: it has ended, or goes in one piece.")
    return row


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/uploads/sign",
        name="signUpload",
        tag="uploads",
        permission="write",
        summary="Announce a file and get signed URLs to send it to",
        handler=sign_upload,
        request=SignUpload,
        check=breaches(check_size, content_type_of),
        response=SignedUpload,
        status=201,
        located=True,
    ),
    Operation(
        method="GET",
        path="/v1/uploads/{upload_id}",
        name="getUpload",
        tag="uploads",
        permission="read",
        summary="See how an upload stands, and which parts arrived",
        handler=get_upload,
        response=Upload,
    ),
    Operation(
        method="POST",
        path="/v1/uploads/{upload_id}/parts",
        name="signParts",
        tag="uploads",
        permission="write",
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
        permission="write",
        summary="Say that everything was sent",
        handler=complete_upload,
        request=CompleteUpload,
        response=Upload,
        problems=("upload-closed", "upload-not-complete", "upload-mismatch"),
    ),
    Operation(
        method="DELETE",
        path="/v1/uploads/{upload_id}",
        name="abortUpload",
        tag="uploads",
        permission="write",
        summary="Forget an upload that is not complete",
        handler=abort_upload,
        status=204,
        problems=("upload-closed",),
    ),
)
