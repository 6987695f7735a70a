"""Resumable uploads by tus 1.0.0: creation (with bytes), expiration, checksum, termination.

An upload made here is an upload as any other: its id, the last part of its URL, makes a project.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request

from api.http.operations import Call, HeaderField, Operation, Reply
from api.problems.problem_details import ApiProblem
from api.uploads.appending import Appender, append_stream, appending, find_appended_upload, gone, too_many_bytes
from api.uploads.received_files import announce_file, begin_appended, finish_appended, max_appended_bytes
from api.uploads.tus_headers import (
    BODY_TYPE,
    CHECKSUMS,
    EXTENSIONS,
    RESUMABLE,
    VERSION,
    Checksum,
    announced_bytes,
    check_body_type,
    check_version,
    describe,
    expiry,
    has_body,
    read_checksum,
    read_metadata,
    upload_length,
    upload_offset,
)
from core.storage import uploads
from core.storage.appended.appended_uploads import end_appended

PATH = "/v1/uploads/tus"
FILES = f"{PATH}/files"
"""Below `PATH` itself an id would be told from a part of another upload's path by its form only."""
_TEXT: Mapping[str, Any] = {"type": "string"}


class MadeUpload(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit log says of an upload that was begun."""

    upload_id: UUID


async def describe_tus(call: Call[None, None]) -> Reply:
    """Versions, extensions and limits of tus that are spoken here."""
    return Reply(
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": ",".join(EXTENSIONS),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            "Tus-Max-Size": str(max_appended_bytes(call)),
        }
    )


async def create_tus_upload(call: Call[None, None]) -> Reply:
    """Announce a file, and send its first bytes where there are any. ``Location`` ends in the upload's id.

    `Upload-Metadata` may hold `filename` (or `name`), `filetype` (or `type`, `content_type`) and `purpose`.
    """
    headers, context = call.request.headers, call.context
    check_version(headers)
    size, text = upload_length(headers), headers.get("upload-metadata", "")
    if size > max_appended_bytes(call):
        raise ApiProblem("body-too-large", f"A file has at most {max_appended_bytes(call)} bytes.")
    file = announce_file(size, *describe(read_metadata(text)))
    checksum, with_bytes = read_checksum(headers), has_body(headers)
    if with_bytes:
        check_body_type(headers)
        if announced_bytes(headers) > size:
            raise too_many_bytes(size)
    upload_id, expires_at = await begin_appended(call, file, text)
    answer = {"Location": f"{FILES}/{upload_id}", "Upload-Expires": expiry(expires_at)}
    if with_bytes:
        async with appending(context, call.org_id, upload_id, 0, all_or_nothing=checksum is not None) as appender:
            await _receive(call, appender, checksum)
        answer |= _standing(appender)
        if appender.is_full:
            await finish_appended(call, upload_id)
    return Reply(headers=answer, made=MadeUpload(upload_id=upload_id))


async def get_tus_upload(call: Call[None, None]) -> Reply:
    """See at which byte an upload goes on."""
    upload = await find_appended_upload(call.context, call.org_id, call.ids["upload_id"])
    check_version(call.request.headers)
    if upload.state == "aborted":
        raise gone()
    if upload.state == "open" and upload.offset_bytes == upload.size_bytes:
        await finish_appended(call, upload.upload_id)  # who sent the last byte did not see it done
    offset = upload.size_bytes if upload.state == "complete" else upload.offset_bytes
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    if upload.state == "open":
        headers["Upload-Expires"] = expiry(upload.expires_at)
    return Reply(headers=headers)


async def append_tus_upload(call: Call[None, None]) -> Reply:
    """Send the next bytes of an upload. Those that came before a connection breaks off are kept."""
    upload = await find_appended_upload(call.context, call.org_id, call.ids["upload_id"])
    headers = call.request.headers
    check_version(headers)
    if upload.state == "aborted":
        raise gone()
    check_body_type(headers)
    offset, checksum = upload_offset(headers), read_checksum(headers)
    if upload.state == "complete" and offset == upload.size_bytes and not has_body(headers):
        return Reply(headers={"Upload-Offset": str(offset)})
    if upload.state == "complete":
        raise ApiProblem("upload-closed", "The upload is complete: it takes no more bytes.")
    if offset + announced_bytes(headers) > upload.size_bytes:
        raise too_many_bytes(upload.size_bytes)
    async with appending(
        call.context, call.org_id, upload.upload_id, offset, all_or_nothing=checksum is not None
    ) as appender:
        await _receive(call, appender, checksum)
    if appender.is_full:
        await finish_appended(call, upload.upload_id)
    return Reply(headers=_standing(appender))


def _standing(appender: Appender) -> dict[str, str]:
    return {"Upload-Offset": str(appender.offset), "Upload-Expires": expiry(appender.expires_at)}


async def _receive(call: Call[Any, Any], appender: Appender, checksum: Checksum | None) -> None:
    await append_stream(call.context, call.org_id, appender, _pieces(call.request), checksum)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece


async def end_tus_upload(call: Call[None, None]) -> Reply:
    """End an upload that is not complete, and free what it holds."""
    upload = await find_appended_upload(call.context, call.org_id, call.ids["upload_id"])
    check_version(call.request.headers)
    async with call.rows() as rows:
        row = await uploads.lock_upload_row(rows, call.org_id, upload.upload_id)
        if row is None or row["state"] == "aborted":
            raise gone()
        if row["state"] == "complete":
            raise ApiProblem("upload-closed", "The upload is complete; erase the projects made of it instead.")
        await uploads.abort_upload(rows, call.org_id, upload.upload_id)
        await end_appended(rows, call.org_id, upload.upload_id)
    await call.context.uploads.abort_multipart(upload.object_key, upload.multipart_id)
    if upload.tail_key is not None:
        await call.context.uploads.delete_keys([upload.tail_key])
    return Reply(status=204)


async def override_tus_method(call: Call[None, None]) -> Reply:
    """Do what `X-HTTP-Method-Override` names, for clients that can send neither PATCH nor DELETE."""
    match call.request.headers.get("x-http-method-override", "").upper():
        case "PATCH":
            return await append_tus_upload(call)
        case "DELETE":
            return await end_tus_upload(call)
    await find_appended_upload(call.context, call.org_id, call.ids["upload_id"])
    raise ApiProblem(
        "method-not-allowed",
        "A POST here needs `X-HTTP-Method-Override: PATCH` or `DELETE`.",
        headers={"Allow": "HEAD, PATCH, DELETE"},
    )


def _header(name: str, description: str, schema: Mapping[str, Any] = _TEXT, *, required: bool = False) -> HeaderField:
    return HeaderField(name=name, description=description, schema={**_TEXT, **schema}, required=required)


_COUNT: Mapping[str, Any] = {"pattern": "^[0-9]{1,18}$", "examples": ["0"]}
_RESUMABLE = _header(
    "Tus-Resumable", "Version of the protocol.", {"enum": [VERSION], "examples": [VERSION]}, required=True
)
_OFFSET = _header("Upload-Offset", "Bytes that are stored: the next body begins here.", _COUNT)
_STORED = _header("Upload-Offset", "Bytes that are stored: the next body begins here.", _COUNT, required=True)
_SENT_OFFSET = _header("Upload-Offset", "The byte that the body begins at.", _COUNT, required=True)
_LENGTH = _header("Upload-Length", "Bytes of the whole file.", _COUNT, required=True)
_SENT_LENGTH = _header("Upload-Length", "Bytes of the whole file, at least 1.", _COUNT, required=True)
_EXPIRES = _header("Upload-Expires", "When the upload is removed, unless more bytes come.")
_METADATA = _header("Upload-Metadata", "Pairs of a key and a text in Base64.", {"examples": ["filename YS5tcDQ="]})
_CHECKSUM = _header(
    "Upload-Checksum",
    f"Algorithm ({', '.join(CHECKSUMS)}) and digest of the body, in Base64.",
    {"examples": ["sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="]},
)
_OVERRIDE = _header(
    "X-HTTP-Method-Override",
    "The method that is meant.",
    {"enum": ["PATCH", "DELETE"], "examples": ["PATCH"]},
    required=True,
)
_APPENDING = ("upload-gone", "upload-closed", "offset-mismatch", "upload-locked", "checksum-mismatch", "tus-version")

OPERATIONS = (
    Operation(
        method="OPTIONS",
        path=PATH,
        name="describeTus",
        tag="uploads",
        permission="authenticated",
        summary="See which version, extensions and limits of tus are spoken",
        handler=describe_tus,
        status=204,
        fixed_headers=RESUMABLE,
        gives_headers=(
            _header("Tus-Version", "Versions."),
            _header("Tus-Extension", "Extensions."),
            _header("Tus-Checksum-Algorithm", "Algorithms of checksums."),
            _header("Tus-Max-Size", "Most bytes of a file."),
        ),
    ),
    Operation(
        method="POST",
        path=PATH,
        name="createTusUpload",
        tag="uploads",
        permission="projects:write",
        summary="Begin a resumable upload by tus",
        handler=create_tus_upload,
        status=201,
        located=True,
        streams={BODY_TYPE: {"type": "string", "format": "binary"}},
        fixed_headers=RESUMABLE,
        takes_headers=(_RESUMABLE, _SENT_LENGTH, _METADATA, _CHECKSUM),
        gives_headers=(_OFFSET, _EXPIRES),
        problems=("invalid", "quota-exceeded", "upload-mismatch", "upload-not-complete", *_APPENDING),
    ),
    Operation(
        method="HEAD",
        path=f"{FILES}/{{upload_id}}",
        name="getTusUpload",
        tag="uploads",
        permission="projects:write",
        summary="See at which byte a tus upload goes on",
        handler=get_tus_upload,
        fixed_headers=RESUMABLE,
        takes_headers=(_RESUMABLE,),
        gives_headers=(_STORED, _LENGTH, _METADATA, _EXPIRES),
        problems=("upload-gone", "upload-mismatch", "upload-not-complete", "tus-version"),
    ),
    Operation(
        method="PATCH",
        path=f"{FILES}/{{upload_id}}",
        name="appendTusUpload",
        tag="uploads",
        permission="projects:write",
        summary="Send the next bytes of a tus upload",
        handler=append_tus_upload,
        unaudited="a piece of an upload: the entry is of its beginning",
        status=204,
        streams={BODY_TYPE: {"type": "string", "format": "binary"}},
        fixed_headers=RESUMABLE,
        takes_headers=(_RESUMABLE, _SENT_OFFSET, _CHECKSUM),
        gives_headers=(_STORED, _EXPIRES),
        problems=("upload-mismatch", "upload-not-complete", *_APPENDING),
    ),
    Operation(
        method="DELETE",
        path=f"{FILES}/{{upload_id}}",
        name="endTusUpload",
        tag="uploads",
        permission="projects:write",
        summary="End a tus upload that is not complete",
        handler=end_tus_upload,
        transactional=False,
        status=204,
        fixed_headers=RESUMABLE,
        takes_headers=(_RESUMABLE,),
        problems=("upload-gone", "upload-closed", "tus-version"),
    ),
    Operation(
        method="POST",
        path=f"{FILES}/{{upload_id}}",
        name="overrideTusMethod",
        tag="uploads",
        permission="projects:write",
        summary="PATCH or DELETE a tus upload by a POST",
        handler=override_tus_method,
        status=204,
        streams={BODY_TYPE: {"type": "string", "format": "binary"}},
        fixed_headers=RESUMABLE,
        takes_headers=(_RESUMABLE, _OVERRIDE, _header("Upload-Offset", "As with PATCH.", _COUNT), _CHECKSUM),
        gives_headers=(_OFFSET, _EXPIRES),
        problems=("method-not-allowed", "upload-mismatch", "upload-not-complete", *_APPENDING),
    ),
)
