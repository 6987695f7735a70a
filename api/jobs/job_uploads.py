"""Begin a job with a file in a form, or with a URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request

from api.http.operations import Call, Operation, Reply
from api.jobs.form_reader import FormPart, FormReader, is_form
from api.problems.problem_details import ApiProblem, invalid
from api.projects.handlers import CreateProject, create_project, prepare_project
from api.uploads.appending import append_stream, appending
from api.uploads.received_files import (
    announce_file,
    begin_appended,
    check_storage,
    finish_appended,
    max_appended_bytes,
)
from schemas.metadata import MAX_TITLE_CHARACTERS

FILE_FIELDS = ("file", "video")
MAX_JSON_BYTES = 65_536
JSON, FORM = "application/json", "multipart/form-data"


class BeginJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A video to make clips of."""

    url: Annotated[str, Meta(min_length=1, max_length=4000)]
    """Public http or https URL of a video."""
    title: Annotated[str, Meta(max_length=MAX_TITLE_CHARACTERS)] = ""


class BegunJob(msgspec.Struct, frozen=True, kw_only=True):
    """The job that was begun; ``job_id`` is the id of its project."""

    job_id: UUID
    """Id of the job, and of its project."""
    status: Literal["queued"] = "queued"
    """Always `queued`."""


async def upload_video(call: Call[None, None]) -> Reply:
    """Make clips of a video: a form with the file as `file` or `video`, or JSON with its `url`."""
    content_type = call.request.headers.get("content-type", "")
    if is_form(content_type):
        project = await _read_form(call, content_type)
    elif content_type.partition(";")[0].strip().lower() == JSON:
        job = await _read_json(call.request)
        project = CreateProject(source_url=job.url, title=job.title)
    else:
        raise ApiProblem("unsupported-media-type", f"Send `{FORM}` with a file, or `{JSON}` with a `url`.")
    of_project: Call[CreateProject, None] = msgspec.structs.replace(cast("Call[Any, None]", call), body=project)
    reply = await create_project(of_project, await prepare_project(of_project, url_pointer="/url"))
    project_id = reply.body.project_id
    return Reply(body=BegunJob(job_id=project_id), headers={"Location": f"/api/status/{project_id}"})


async def _read_json(request: Request) -> BeginJob:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_JSON_BYTES:
            raise ApiProblem("body-too-large", f"JSON here has at most {MAX_JSON_BYTES} bytes.")
    try:
        job = msgspec.json.decode(body, type=BeginJob)
    except msgspec.ValidationError as error:
        raise invalid("", f"The body cannot be used: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiProblem("malformed-request", f"The body is not JSON that can be read: {error}.") from None
    if "\0" in job.url + job.title:
        raise invalid("", "The character NUL is not allowed.")
    return job


async def _read_form(call: Call[Any, Any], content_type: str) -> CreateProject:
    """The project that a form asks for; its file is stored."""
    upload_id, texts = None, dict[str, str]()
    async for part in FormReader(content_type, call.request.stream()).read_parts():
        if part.name in FILE_FIELDS and part.filename is not None:
            if upload_id is not None:
                raise invalid(f"/{part.name}", "A form holds one file.")
            upload_id = await _store_file(call, part)
        elif part.name in ("url", "title") and part.name not in texts:
            texts[part.name] = await part.text()
        else:
            raise invalid(f"/{part.name[:40]}", "A form holds a `file` (or `video`) or a `url`, and a `title`, once.")
    if (upload_id is None) == ("url" not in texts):
        raise invalid("", "Give exactly one of a `file` (or `video`) and a `url`.")
    fields = {"source_url": texts.get("url"), "title": texts.get("title", ""), "upload_id": upload_id}
    try:
        project = msgspec.convert(fields, CreateProject)
    except msgspec.ValidationError as error:
        raise invalid("", f"The form cannot be used: {error}.") from None
    if "\0" in "".join(texts.values()):
        raise invalid("", "The character NUL is not allowed.")
    return project


async def _store_file(call: Call[Any, Any], part: FormPart) -> UUID:
    """Store a file whose size shows at its end; the id of its upload."""
    length = int(call.request.headers.get("content-length", "0"))
    most = max_appended_bytes(call)
    if length > most:
        raise ApiProblem("body-too-large", f"A file has at most {most} bytes.")
    filename = (part.filename or "upload").replace("\0", "")[:255] or "upload"
    file = announce_file(length or most, filename, part.content_type, "source")
    upload_id, _ = await begin_appended(call, file, "", is_size_known=bool(length))
    async with appending(call.context, call.org_id, upload_id, 0) as appender:
        await append_stream(call.context, call.org_id, appender, _refusing_none(part), is_size_known=False)
    if not length:
        await check_storage(call, appender.offset)
    await finish_appended(call, upload_id)
    return upload_id


async def _refusing_none(part: FormPart) -> AsyncIterator[bytes]:
    """The bytes of a file. Raises a 422 where there are none."""
    is_empty = True
    async for piece in part.pieces:
        is_empty = False
        yield piece
    if is_empty:
        raise invalid(f"/{part.name}", "The file is empty.")


_BINARY = {"type": "string", "format": "binary"}
_FORM_SCHEMA = {
    "type": "object",
    "properties": {
        "file": _BINARY | {"description": "The video, or else as `video`, or its `url`."},
        "video": _BINARY | {"description": "As `file`."},
        "url": {"type": "string", "description": "Public URL of the video.", "examples": ["https://example.org/a.mp4"]},
        "title": {"type": "string", "maxLength": MAX_TITLE_CHARACTERS, "examples": ["A talk"]},
    },
}
_JSON_SCHEMA = {
    "type": "object",
    "required": ["url"],
    "additionalProperties": False,
    "properties": {
        "url": {"type": "string", "minLength": 1, "maxLength": 4000, "examples": ["https://example.org/a.mp4"]},
        "title": {"type": "string", "maxLength": MAX_TITLE_CHARACTERS, "examples": ["A talk"]},
    },
}

OPERATIONS = (
    Operation(
        method="POST",
        path="/api/upload-video",
        name="uploadVideo",
        tag="jobs",
        permission="projects:write",
        status=202,
        located=True,
        summary="Begin a job with a file or a URL",
        handler=upload_video,
        streams={FORM: _FORM_SCHEMA, JSON: _JSON_SCHEMA},
        response=BegunJob,
        successor="/v1/projects",
        problems=(
            "invalid",
            "quota-exceeded",
            "concurrency-limited",
            "url-refused",
            "upload-mismatch",
            "upload-not-complete",
            "upload-closed",
            "upload-gone",
            "upload-locked",
        ),
    ),
)
