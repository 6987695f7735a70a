"""Clips of a project with the files made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.metadata_etags import etag_of
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import require
from api.projects.handlers import find_project
from core.domain.project_states import ExportState
from core.infra.postgres.connection import Connection, Row
from core.storage.clips import find_clip_row, list_clip_rows
from core.storage.exports import list_exports_of_clip, list_exports_of_project
from schemas.common import Aspect
from schemas.documents.moments import SubScore
from schemas.documents.quality import Verdict
from schemas.documents.scene import Framing
from schemas.metadata import Metadata, decode_metadata


class ClipExport(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a clip, in short."""

    export_id: UUID
    aspect: Aspect
    captions: bool
    template: str
    mask_profanity: bool
    state: ExportState
    edit_version: int
    """Version of the clip's edit that it plays."""
    number: int
    """Counts the exports of the clip: it names their files."""
    automatic: bool
    start_ms: int
    end_ms: int
    title: str
    """Title of its own; empty: the clip's."""
    metadata: Metadata
    framing: list[Framing]
    """The subjects that its picture holds, and why; empty until it is done."""
    verdict: Verdict | None
    """Verdict of its certificate; None until it is done."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that detect or a person chose: its evidence, and the files made of it."""

    clip_id: UUID
    project_id: UUID
    ordinal: int
    start_ms: int
    end_ms: int
    title: str
    """As a person called it, else as the machine did; edits leave it as it is."""
    metadata: Metadata
    revision: int
    """Counts the changes of title and metadata, from 1: names the ETag."""
    hook: str
    """The line it opens with."""
    description: str
    hashtags: list[str]
    reason: str
    """Why it was chosen, in a sentence."""
    without_words: str | None
    """Why nothing is said in it, and so it has no captions; None where there are words."""
    score: Annotated[float, Meta(ge=0, le=100, description="0 to 100, compared inside its video.")] | None
    """None: a person chose it, and it is not measured yet or there is nothing to compare it with."""
    confidence: Annotated[float, Meta(ge=0, le=1, description="How much of it could be measured, how surely.")] | None
    """None where there is no score."""
    made_by: Annotated[
        Literal["machine", "person"], Meta(description="`person`: made by `POST /v1/projects/{project_id}/clips`.")
    ]
    signals: list[SubScore]
    exports: list[ClipExport]
    created_at: dt.datetime


class ClipList(msgspec.Struct, frozen=True, kw_only=True):
    """Clips of a project: the automatic ones, best first, then those that people chose."""

    items: list[Clip]
    nothing_found_reason: str | None = None


class ListClips(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Order of the clips of a project."""

    order: Literal["best", "score", "time"] = "best"
    """`best`: as they are ranked, the best opening first; `score`: by score, highest first; `time`: by their start in
    the source."""


_ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "best": lambda row: row["ordinal"],
    "score": lambda row: (row["score"] is None, -(row["score"] or 0), row["ordinal"]),
    "time": lambda row: (row["start_ms"], row["ordinal"]),
}


async def list_clips(call: Call[None, ListClips]) -> Reply:
    """Clips of a project, in the order that is asked for."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        owner = (call.org_id, project["project_id"])
        clips = await list_clip_rows(rows, *owner)
        exports = await list_exports_of_project(rows, *owner)
    of_clip: dict[UUID, list[Row]] = {}
    for export in exports:
        of_clip.setdefault(export["clip_id"], []).append(export)
    ordered = sorted(clips, key=_ORDERS[call.query.order])
    items = [clip_view(row, of_clip.get(row["clip_id"], [])) for row in ordered]
    return Reply(body=ClipList(items=items, nothing_found_reason=project["nothing_found_reason"]))


async def get_clip(call: Call[None, None]) -> Reply:
    """Read a clip."""
    async with call.rows() as rows:
        return await clip_reply(rows, call.org_id, call.ids["clip_id"])


async def clip_reply(rows: Connection, org_id: UUID, clip_id: UUID) -> Reply:
    """Answer with a clip; raises a 404."""
    row = await find_clip(rows, org_id, clip_id)
    body: Clip = clip_view(row, await read_exports(rows, row))
    return Reply(body=body, headers={"ETag": etag_of("clip", row["revision"])})


async def read_exports(rows: Connection, clip: Row) -> list[Row]:
    """The files of a clip, in short."""
    return await list_exports_of_clip(rows, clip["org_id"], clip["clip_id"])


async def find_clip(rows: Connection, org_id: UUID, clip_id: UUID) -> Row:
    """A clip of the caller's organisation with its project's length and options.

    Raises a 404, also where the project was erased.
    """
    return require(await find_clip_row(rows, org_id, clip_id), "clip")


def clip_view(row: Row, exports: list[Row]) -> Clip:
    """A clip in the form of an answer, from its row and the rows of its exports."""
    names = [name for name in Clip.__struct_fields__ if name not in ("signals", "exports", "metadata")]
    brief = [_brief(export) for export in exports]
    signals = msgspec.convert(row["signals"], list[SubScore])
    metadata = decode_metadata(row["metadata"])
    return Clip(**{name: row[name] for name in names}, metadata=metadata, signals=signals, exports=brief)


def _brief(export: Row) -> ClipExport:
    fields = {name: export[name] for name in ClipExport.__struct_fields__}
    fields |= {"framing": msgspec.convert(export["framing"], list[Framing])}
    return ClipExport(**fields | {"metadata": decode_metadata(export["metadata"])})


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/clips",
        name="listClips",
        tag="clips",
        permission="projects:read",
        summary="List the clips of a project, best first",
        handler=list_clips,
        query=ListClips,
        response=ClipList,
        problems=("project-erased",),
    ),
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}",
        name="getClip",
        tag="clips",
        permission="projects:read",
        summary="Read a clip",
        handler=get_clip,
        response=Clip,
    ),
)
