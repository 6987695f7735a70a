"""All files of finished exports as one zip, streamed out of object storage."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from api.exports.handlers import VTT, file_stem, list_stored_files, read_storyboard
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, check_with, invalid
from api.projects.handlers import find_project
from core.domain.exports.storyboard_vtt import storyboard_vtt
from core.domain.project_states import ACTIVE_EXPORT_STATES, ACTIVE_PROJECT_STATES
from core.infra.postgres.connection import Row
from core.infra.s3.zip_stream import Member, compute_zip_size, stream_zip
from core.ports.stores import Objects
from core.storage.exports import list_exports_to_bundle

MAX_EXPORTS = 200
MANIFEST = "manifest.json"
ZIP = "application/zip"
RETRY_S = "5"
MAX_NAMED = 5


class ReadBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exports to bundle."""

    export_ids: (
        Annotated[str, Meta(max_length=40 * MAX_EXPORTS, description="Ids with commas between them.")] | None
    ) = None
    """Without it all that are finished."""


class BundledFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the manifest."""

    name: str
    kind: str
    """``video`` is the clip itself, whatever kind of file it is."""
    export_id: UUID
    clip_id: UUID
    size_bytes: int
    sha256: str
    content_type: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of a zip."""

    project_id: UUID
    title: str
    files: list[BundledFile]


def parse_export_ids(text: str | None) -> list[UUID] | None:
    """Ids of the requested exports; raises a 422 for text that is no list of ids."""
    if text is None:
        return None
    try:
        ids = [UUID(export_id) for export_id in text.split(",")]
    except ValueError:
        raise invalid("?export_ids", "It must be ids of exports with commas between them.") from None
    if len(ids) > MAX_EXPORTS:
        raise invalid("?export_ids", f"A zip holds at most {MAX_EXPORTS} exports.")
    return ids


def list_members(rows: Sequence[Row], call: Call[Any, Any], project: Row) -> list[Member]:
    """The manifest and every file of these exports, with unique names."""
    files = [pair for row in rows for pair in _list_files(row, call.context.objects)]
    manifest = Manifest(project_id=project["project_id"], title=project["title"], files=[file for file, _ in files])
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    newest = max(row["finished_at"] for row in rows)
    return [
        Member(name=MANIFEST, size=len(body), made_at=newest, open=partial(_single_block, body)),
        *(member for _, member in files),
    ]


def _list_files(row: Row, store: Objects) -> Iterator[tuple[BundledFile, Member]]:
    """Each file of an export as a manifest entry and as a zip member."""
    stem, made_at = file_stem(row), row["finished_at"]
    owner: dict[str, Any] = {"export_id": row["export_id"], "clip_id": row["clip_id"]}
    for kind, file in list_stored_files(row).items():
        facts: dict[str, Any] = {
            "size_bytes": file.ref.size,
            "sha256": file.ref.sha256,
            "content_type": file.media_type,
        }
        entry = BundledFile(name=stem + file.suffix, kind=kind, **facts, **owner)
        read = partial(store.stream, file.ref)
        yield entry, Member(name=entry.name, size=entry.size_bytes, made_at=made_at, open=read)
    board = read_storyboard(row)
    if board is not None:
        text = storyboard_vtt(board, f"{stem}-storyboard.jpg").encode()
        facts = {"size_bytes": len(text), "sha256": hashlib.sha256(text).hexdigest(), "content_type": VTT}
        entry = BundledFile(name=f"{stem}-storyboard.vtt", kind="storyboard_vtt", **facts, **owner)
        yield entry, Member(name=entry.name, size=len(text), made_at=made_at, open=partial(_single_block, text))


async def _single_block(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def get_bundle(call: Call[None, ReadBundle]) -> Reply | Response:
    """The zip; `Content-Length` says its length where it is below 2 GiB."""
    ids = parse_export_ids(call.query.export_ids)
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        requested = await list_exports_to_bundle(rows, call.org_id, project["project_id"], ids, limit=MAX_EXPORTS + 1)
    finished = [row for row in requested if row["state"] == "done"]
    why = find_refusal(project, finished, [row for row in requested if row["state"] != "done"], ids)
    if why is not None:
        raise why
    if len(finished) > MAX_EXPORTS:
        raise invalid("?export_ids", f"There are more than {MAX_EXPORTS} finished exports: ask for some of them.")
    members = list_members(finished, call, project)
    size = compute_zip_size(members)
    headers = {"Content-Disposition": f'attachment; filename="clips-{project["project_id"]}.zip"'}
    headers |= {"Content-Length": str(size)} if size is not None else {}
    headers["Cache-Control"] = "private, no-store"
    if call.request.method == "HEAD":
        return Response(headers=headers, media_type=ZIP)
    call.context.followers.require(str(call.caller.actor))
    return StreamingResponse(_stream_in_place(call, members), headers=headers, media_type=ZIP)


def find_refusal(
    project: Row, done: Sequence[Row], unfinished: Sequence[Row], ids: Sequence[UUID] | None
) -> ApiProblem | None:
    """The problem of a zip with an unknown, failed or unfinished export; None where it can be made.

    ``unfinished``: the requested exports without a file, in all states.
    """
    unknown = set(ids or ()) - {row["export_id"] for row in (*done, *unfinished)}
    if unknown:
        return ApiProblem("not-found", f"This project has no export {', '.join(sorted(map(str, unknown)))}.")
    pending = [str(row["export_id"]) for row in unfinished if row["state"] in ACTIVE_EXPORT_STATES]
    failed = [str(row["export_id"]) for row in unfinished if row["state"] == "failed"]
    cancelled = [str(row["export_id"]) for row in unfinished if row["state"] == "cancelled"]
    if ids is not None and cancelled:
        return ApiProblem("export-not-done", f"Cancelled, and without a file: {', '.join(cancelled)}. Leave them out.")
    if ids is not None and failed:
        return ApiProblem("export-not-done", f"Failed, and without a file: {', '.join(failed)}. Leave them out.")
    if (ids is not None or not done) and pending:
        return _not_yet(f"Still being made: {', '.join(pending[:MAX_NAMED])}.")
    if not done and project["state"] in ACTIVE_PROJECT_STATES:
        return _not_yet("This project has no export yet.")
    if not done:
        why = f"all {len(failed)} exports of it failed" if failed else "it has no exports"
        return ApiProblem("export-not-done", f"This project has no file: {why}. Ask for an export of one of its clips.")
    return None


def _not_yet(detail: str) -> ApiProblem:
    return ApiProblem("not-ready", detail, headers={"Retry-After": RETRY_S})


async def _stream_in_place(call: Call[Any, Any], members: Sequence[Member]) -> AsyncIterator[bytes]:
    """Stream the zip while it takes one of the key's places for long answers."""
    with call.context.followers.hold(str(call.caller.actor)):
        async for block in stream_zip(members):
            yield block


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/exports.zip",
        name="downloadExports",
        tag="clips",
        permission="projects:read",
        summary="Download the files of finished exports as one zip",
        handler=get_bundle,
        query=ReadBundle,
        check=check_with(lambda query: parse_export_ids(query.export_ids)),
        media_types=(ZIP,),
        problems=("project-erased", "not-ready", "export-not-done"),
        description="Files are stored in it as they are, with a `manifest.json` that tells the SHA-256 of each. "
        "`Content-Length` is there where the whole is below 2 GiB. A file that cannot be read breaks the answer off: "
        "a zip without its end is not whole.",
    ),
)
