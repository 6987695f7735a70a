"""Clips of a project, and requests for more files of them. Writes an export and its event together; renders nothing."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.exports import Export, export_view
from api.problems import ApiProblem, FieldError, not_found
from api.projects import find_project
from api.registry import Call, Operation, Reply
from schemas.documents import Aspect, SubScore
from schemas.events import ExportRequested
from schemas.ids import result_id
from schemas.media import TimeRange
from schemas.options import CLIP_MS
from schemas.scenery import Framing
from streams import lifecycle
from streams.adapters.postgres import Connection, Row
from streams.outbox import put


class ClipExport(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a clip, in short."""

    export_id: UUID
    aspect: Aspect
    captions: bool
    state: Literal["waiting", "rendering", "done", "failed"]
    edit_version: int
    automatic: bool
    start_ms: int
    end_ms: int
    framing: list[Framing]
    """What its picture holds on, and why; empty until it is done."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A chosen moment: why it was chosen, with its evidence, and the files made of it."""

    clip_id: UUID
    project_id: UUID
    ordinal: int
    start_ms: int
    end_ms: int
    title: str
    hook: str
    """The line it opens with."""
    description: str
    hashtags: list[str]
    reason: str
    without_words: str | None
    """Why nothing is said in it, and so it has no captions; None where there are words."""
    score: float
    confidence: float
    signals: list[SubScore]
    exports: list[ClipExport]
    created_at: dt.datetime


class ClipList(msgspec.Struct, frozen=True, kw_only=True):
    """Clips of a project, best first."""

    items: list[Clip]
    nothing_found_reason: str | None = None


class RequestExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that is wanted. ``start_ms`` and ``end_ms`` replace the clip's own, on the project's time line."""

    aspect: Aspect = "9:16"
    captions: bool = True
    start_ms: Annotated[int, Meta(ge=0)] | None = None
    end_ms: Annotated[int, Meta(ge=0)] | None = None


async def list_clips(call: Call[None, None]) -> Reply:
    """Clips of a project, best first."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        owner = (call.org_id, project["project_id"])
        clips = await rows.fetch("select * from clips where org_id = $1 and project_id = $2 order by ordinal", *owner)
        exports = await rows.fetch(
            "select * from exports where org_id = $1 and project_id = $2 order by created_at, export_id", *owner
        )
    items = [_clip(row, [export for export in exports if export["clip_id"] == row["clip_id"]]) for row in clips]
    return Reply(body=ClipList(items=items, nothing_found_reason=project["nothing_found_reason"]))


async def get_clip(call: Call[None, None]) -> Reply:
    """One clip."""
    async with call.rows() as rows:
        row = await find_clip(rows, call.org_id, call.ids["clip_id"])
        exports = await rows.fetch(
            "select * from exports where org_id = $1 and clip_id = $2 order by created_at, export_id",
            call.org_id,
            row["clip_id"],
        )
    return Reply(body=_clip(row, exports))


async def find_clip(rows: Connection, org_id: UUID, clip_id: UUID) -> Row:
    """A clip of the caller's with its project's length; raises a 404, also when its project was erased."""
    row = await rows.fetchrow(
        """select c.*, p.duration_ms from clips c join projects p using (org_id, project_id)
           where c.org_id = $1 and c.clip_id = $2 and p.state not in ('erased', 'cancelled')""",
        org_id,
        clip_id,
    )
    if row is None:
        raise not_found("clip")
    return row


def _clip(row: Row, exports: list[Row]) -> Clip:
    names = [name for name in Clip.__struct_fields__ if name not in ("signals", "exports")]
    brief = [_brief(export) for export in exports]
    signals = msgspec.convert(row["signals"], list[SubScore])
    return Clip(**{name: row[name] for name in names}, signals=signals, exports=brief)


def _brief(export: Row) -> ClipExport:
    names = [name for name in ClipExport.__struct_fields__ if name != "framing"]
    framing = (export["certificate"] or {}).get("framing", [])
    return ClipExport(**{name: export[name] for name in names}, framing=msgspec.convert(framing, list[Framing]))


def wanted_range(wanted: RequestExport, clip: Row) -> TimeRange:
    """The stretch to export; raises a 422 for one that the source cannot give."""
    start = clip["start_ms"] if wanted.start_ms is None else wanted.start_ms
    end = clip["end_ms"] if wanted.end_ms is None else wanted.end_ms
    low, high = CLIP_MS
    errors = []
    if clip["duration_ms"] is not None and end > clip["duration_ms"]:
        errors.append(FieldError(pointer="/end_ms", detail=f"The source ends at {clip['duration_ms']} ms."))
    if not low <= end - start <= high:
        pointer = "/end_ms" if wanted.end_ms is not None else "/start_ms"
        detail = f"A clip lasts {low} to {high} ms, not {end - start}."
        # the automatic clip of a very short source may be shorter than what may be asked for
        if (start, end) != (clip["start_ms"], clip["end_ms"]):
            errors.append(FieldError(pointer=pointer, detail=detail))
    if errors:
        raise ApiProblem("invalid", errors[0].detail, errors=errors)
    return TimeRange(start_ms=start, end_ms=end)


def export_name(wanted: RequestExport, stretch: TimeRange, clip: Row) -> str:
    """What names an export of a clip: the same wish, the same export (also the automatic one)."""
    name = f"{wanted.aspect}/{wanted.captions}"
    if (stretch.start_ms, stretch.end_ms) != (clip["start_ms"], clip["end_ms"]):
        name += f"/{stretch.start_ms}-{stretch.end_ms}"
    return name


async def request_export(call: Call[RequestExport, None]) -> Reply:
    """Ask for a file of a clip; the same wish gives the same export."""
    async with call.rows() as rows:
        clip = await find_clip(rows, call.org_id, call.ids["clip_id"])
        await rows.execute("select pg_advisory_xact_lock(hashtextextended($1, 7302))", str(clip["clip_id"]))
        project = await lifecycle.lock_project(rows, call.org_id, clip["project_id"])
        if project is None or project["state"] in lifecycle.GONE:
            raise not_found("clip")  # erased since it was found
        row = await _ensure_export(rows, call, clip)
    view: Export = export_view(row, call.context.objects, call.now)
    return Reply(body=view, headers={"Location": f"/v1/exports/{row['export_id']}"})


async def _ensure_export(rows: Connection, call: Call[RequestExport, None], clip: Row) -> Row:
    """The export of this wish; a failed one is asked for again under a new id."""
    stretch = wanted_range(call.body, clip)
    name = export_name(call.body, stretch, clip)
    again = 0
    while True:
        export_id = result_id(clip["clip_id"], "export", f"{name}/again-{again}" if again else name)
        row = await rows.fetchrow("select * from exports where org_id = $1 and export_id = $2", call.org_id, export_id)
        if row is None:
            return await _write_export(rows, call, clip, export_id, stretch)
        if row["state"] != "failed":
            return row
        again += 1


async def _write_export(
    rows: Connection, call: Call[RequestExport, None], clip: Row, export_id: UUID, stretch: TimeRange
) -> Row:
    row: Any = await rows.fetchrow(
        """insert into exports (org_id, export_id, project_id, clip_id, ordinal, edit_version, aspect, captions,
                                start_ms, end_ms, automatic)
           select $1, $2, $3, $4, $5, coalesce(max(edit_version), 0) + 1, $6, $7, $8, $9, false
           from exports where org_id = $1 and clip_id = $4 returning *""",
        call.org_id,
        export_id,
        clip["project_id"],
        clip["clip_id"],
        clip["ordinal"],
        call.body.aspect,
        call.body.captions,
        stretch.start_ms,
        stretch.end_ms,
    )
    event = ExportRequested(
        org_id=call.org_id,
        project_id=clip["project_id"],
        clip_id=clip["clip_id"],
        export_id=export_id,
        ordinal=clip["ordinal"],
        edit_version=row["edit_version"],
        range=stretch,
        aspect=call.body.aspect,
        captions=call.body.captions,
    )
    await put(rows, event, call.cause(export_id))
    return row


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/clips",
        name="listClips",
        tag="clips",
        permission="read",
        summary="List the clips of a project, best first",
        handler=list_clips,
        response=ClipList,
        problems=("project-erased",),
    ),
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}",
        name="getClip",
        tag="clips",
        permission="read",
        summary="Read a clip",
        handler=get_clip,
        response=Clip,
    ),
    Operation(
        method="POST",
        path="/v1/clips/{clip_id}/export",
        name="requestExport",
        tag="clips",
        permission="write",
        status=202,
        summary="Ask for a file of a clip",
        handler=request_export,
        request=RequestExport,
        response=Export,
    ),
)
