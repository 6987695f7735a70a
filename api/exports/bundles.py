"""All files of a project's finished exports as one zip, streamed out of object storage. Stores nothing."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from api.exports.handlers import VTT, stem_of, stored_files, storyboard_of
from api.exports.zip_stream import Member, zip_size, zipped
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, breaches, invalid
from api.projects.handlers import find_project
from core.domain.exports.storyboard_vtt import storyboard_vtt
from core.domain.project_states import ACTIVE_EXPORT_STATES, ACTIVE_PROJECT_STATES
from core.infra.postgres.connection import Row
from core.ports.stores import Objects
from core.storage.exports import list_exports_to_bundle

MOST_EXPORTS = 200
MANIFEST = "manifest.json"
ZIP = "application/zip"
RETRY_S = "5"
MOST_NAMED = 5


class ReadBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which exports are wanted."""

    export_ids: (
        Annotated[str, Meta(max_length=40 * MOST_EXPORTS, description="Ids with commas between them.")] | None
    ) = None
    """Without it all that are finished."""


class Bundled(msgspec.Struct, frozen=True, kw_only=True):
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
    """What is in a zip."""

    project_id: UUID
    title: str
    files: list[Bundled]


def wanted_ids(text: str | None) -> list[UUID] | None:
    """The exports that are asked for; raises a 422 for what is no list of ids."""
    if text is None:
        return None
    try:
        found = [UUID(one) for one in text.split(",")]
    except ValueError:
        raise invalid("?export_ids", "It must be ids of exports with commas between them.") from None
    if len(found) > MOST_EXPORTS:
        raise invalid("?export_ids", f"A zip holds at most {MOST_EXPORTS} exports.")
    return found


def members_of(rows: Sequence[Row], call: Call[Any, Any], project: Row) -> list[Member]:
    """The manifest and every file of these exports, under names of their own."""
    found = [one for row in rows for one in _files_of(row, call.context.objects)]
    told = Manifest(project_id=project["project_id"], title=project["title"], files=[file for file, _ in found])
    body = msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
    newest = max(row["finished_at"] for row in rows)
    return [
        Member(name=MANIFEST, size=len(body), made_at=newest, open=partial(_once, body)),
        *(member for _, member in found),
    ]


def _files_of(row: Row, store: Objects) -> Iterator[tuple[Bundled, Member]]:
    """Each file of an export as the manifest tells it, and as it is read."""
    stem, made_at = stem_of(row), row["finished_at"]
    whose: dict[str, Any] = {"export_id": row["export_id"], "clip_id": row["clip_id"]}
    for kind, file in stored_files(row).items():
        told: dict[str, Any] = {"size_bytes": file.ref.size, "sha256": file.ref.sha256, "content_type": file.media_type}
        one = Bundled(name=stem + file.suffix, kind=kind, **told, **whose)
        read = partial(store.stream, file.ref)
        yield one, Member(name=one.name, size=one.size_bytes, made_at=made_at, open=read)
    board = storyboard_of(row)
    if board is not None:
        text = storyboard_vtt(board, f"{stem}-storyboard.jpg").encode()
        told = {"size_bytes": len(text), "sha256": hashlib.sha256(text).hexdigest(), "content_type": VTT}
        one = Bundled(name=f"{stem}-storyboard.vtt", kind="storyboard_vtt", **told, **whose)
        yield one, Member(name=one.name, size=len(text), made_at=made_at, open=partial(_once, text))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def get_bundle(call: Call[None, ReadBundle]) -> Reply | Response:
    """The zip; its length is told where it is below 2 GiB."""
    ids = wanted_ids(call.query.export_ids)
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        asked = await list_exports_to_bundle(rows, call.org_id, project["project_id"], ids, limit=MOST_EXPORTS + 1)
    found = [row for row in asked if row["state"] == "done"]
    why = refusal(project, found, [row for row in asked if row["state"] != "done"], ids)
    if why is not None:
        raise why
    if len(found) > MOST_EXPORTS:
        raise invalid("?export_ids", f"There are more than {MOST_EXPORTS} finished exports: ask for some of them.")
    members = members_of(found, call, project)
    size = zip_size(members)
    headers = {"Content-Disposition": f'attachment; filename="clips-{project["project_id"]}.zip"'}
    headers |= {"Content-Length": str(size)} if size is not None else {}
    headers["Cache-Control"] = "private, no-store"
    if call.request.method == "HEAD":
        return Response(headers=headers, media_type=ZIP)
    call.context.followers.require(str(call.caller.key_id))
    return StreamingResponse(_held(call, members), headers=headers, media_type=ZIP)


def refusal(project: Row, done: Sequence[Row], others: Sequence[Row], ids: Sequence[UUID] | None) -> ApiProblem | None:
    """Why there is no such zip: one is none of this project's, failed, or is not finished yet; None: there is one.

    ``others``: the exports that were asked for and have no file, in all states.
    """
    unknown = set(ids or ()) - {row["export_id"] for row in (*done, *others)}
    if unknown:
        return ApiProblem("not-found", f"This project has no export {', '.join(sorted(map(str, unknown)))}.")
    making = [str(row["export_id"]) for row in others if row["state"] in ACTIVE_EXPORT_STATES]
    failed = [str(row["export_id"]) for row in others if row["state"] == "failed"]
    cancelled = [str(row["export_id"]) for row in others if row["state"] == "cancelled"]
    if ids is not None and cancelled:
        return ApiProblem("export-not-done", f"Cancelled, and without a file: {', '.join(cancelled)}. Leave them out.")
    if ids is not None and failed:
        return ApiProblem("export-not-done", f"Failed, and without a file: {', '.join(failed)}. Leave them out.")
    if (ids is not None or not done) and making:
        return _not_yet(f"Still being made: {', '.join(making[:MOST_NAMED])}.")
    if not done and project["state"] in ACTIVE_PROJECT_STATES:
        return _not_yet("This project has no export yet.")
    if not done:
        told = f"all {len(failed)} exports of it failed" if failed else "it has no exports"
        return ApiProblem(
            "export-not-done", f"This project has no file: {told}. Ask for an export of one of its clips."
        )
    return None


def _not_yet(detail: str) -> ApiProblem:
    return ApiProblem("not-ready", detail, headers={"Retry-After": RETRY_S})


async def _held(call: Call[Any, Any], members: Sequence[Member]) -> AsyncIterator[bytes]:
    """The zip, while one of the key's places for long answers is taken."""
    with call.context.followers.hold(str(call.caller.key_id)):
        async for block in zipped(members):
            yield block


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/exports.zip",
        name="downloadExports",
        tag="clips",
        permission="read",
        summary="Download the files of finished exports as one zip",
        handler=get_bundle,
        query=ReadBundle,
        check=breaches(lambda query: wanted_ids(query.export_ids)),
        media_types=(ZIP,),
        problems=("project-erased", "not-ready", "export-not-done"),
        description="Files are stored in it as they are, with a `manifest.json` that tells the SHA-256 of each. "
        "`Content-Length` is told where the whole is below 2 GiB. A file that cannot be read breaks the answer off: "
        "a zip without its end is not whole.",
    ),
)
