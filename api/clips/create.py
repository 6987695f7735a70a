"""Clips that people choose: a range of the source, or a moment. Each becomes rows and one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.clips.handlers import Clip, clip_reply, find_clip
from api.exports.create import DISTINCT, find_export_by_name, write_export
from api.exports.models import (
    FilledExport,
    ResolvedLook,
    ResolvedSource,
    build_rendition,
    clip_fields,
    export_name,
    look_errors,
    resolve_look,
)
from api.http.metadata_etags import metadata_errors
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, FieldError, check_with, invalid, invalid_fields
from api.projects.handlers import find_project
from core.domain.project_states import ACTIVE_PROJECT_STATES
from core.domain.subtitles.cues import clean
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.storage import intelligence
from core.storage.clips import find_clip_of_range, insert_requested_clip
from core.storage.projects import read_stage_state
from core.storage.transcripts import newest_transcript_version
from schemas.common import Aspect, Sibling, TimeRange
from schemas.documents.moments import Moment, MomentList
from schemas.events import ClipRequested
from schemas.ids import result_id
from schemas.metadata import MAX_CLIP_TITLE_CHARACTERS, Metadata, decode_metadata, encode_metadata
from schemas.options.curation import CLIP_MS
from schemas.options.export_options import ExportOptions
from schemas.options.project import MAX_ASPECTS, ProjectOptions
from schemas.quantities import exactly, past_end, spoken_range

MAX_CLIPS_PER_PROJECT = 300
"""Clips of a project, the automatic ones included: a list that a person can still go through."""
Ms = Annotated[int, Meta(ge=0, le=2**42)]


class RequestClip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of the source, or a moment whose ends can be moved; absent fields are the project's options."""

    moment_id: Annotated[UUID | None, Meta(description="Take this moment's range.")] = None
    start_ms: Annotated[
        Ms | None, Meta(description="Where it begins in the source; instead of the moment's.", examples=[12_000])
    ] = None
    end_ms: Annotated[
        Ms | None,
        Meta(
            description=f"Where it ends in the source, {spoken_range(*CLIP_MS, 'ms')} later; instead of the moment's.",
            examples=[47_500],
        ),
    ] = None
    title: Annotated[
        str,
        Meta(
            max_length=MAX_CLIP_TITLE_CHARACTERS,
            description="Empty: made of what is said in it.",
            examples=["Why parachutes work"],
        ),
    ] = ""
    metadata: Metadata = {}
    """Metadata of the clip; its files have none until they are given some."""
    aspects: Annotated[
        Annotated[list[Aspect], Meta(min_length=1, max_length=MAX_ASPECTS, extra_json_schema=DISTINCT)] | None,
        Meta(description="Shapes of its files.", examples=[["9:16", "1:1"]]),
    ] = None
    captions: Annotated[bool | None, Meta(description="Whether captions are burned in.")] = None
    template: Annotated[
        Annotated[str, Meta(max_length=40)] | None, Meta(description="How the captions look.", examples=["minimal"])
    ] = None
    mask_profanity: Annotated[bool | None, Meta(description="Whether coarse words are hidden behind stars.")] = None
    options: Annotated[ExportOptions | None, Meta(description="How the files are made, as for an export.")] = None


class _ResolvedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request: its range, the moment with the same range, and the files in their aspects."""

    range: TimeRange
    moment: Moment | None
    exports: Sequence[FilledExport]


async def read_moments(call: Call[RequestClip, None]) -> list[Moment]:
    """The project's moments; raises as `_check_ready`."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        await _check_ready(rows, project)
        ref = await intelligence.read_moments(rows, call.org_id, project["project_id"])
    if ref is None:
        return []
    body = await call.context.documents.get(ref)
    return msgspec.json.decode(body, type=MomentList).moments


async def request_clip(call: Call[RequestClip, None], moments: Sequence[Moment]) -> Reply:
    """Make a clip of a range or a moment; the same request again answers the clip that exists."""
    async with call.rows() as rows:
        await project_lifecycle.lock_project(rows, call.org_id, call.ids["project_id"])
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        await _check_ready(rows, project)
        request = _resolve_request(call.body, project, moments)
        existing_id = await find_clip_of_range(rows, call.org_id, project["project_id"], request.range)
        clip = await find_clip(rows, call.org_id, existing_id or await _write_clip(rows, call, project, request))
        await (_check_same if existing_id else _request_exports)(rows, call, clip, request)
        reply = await clip_reply(rows, call.org_id, clip["clip_id"])
    headers = {**reply.headers, "Location": f"/v1/clips/{clip['clip_id']}"}
    return msgspec.structs.replace(reply, status=200 if existing_id else 202, headers=headers)


async def _check_ready(rows: Connection, project: Row) -> None:
    """Raise a 409 where the project cannot have clips, or cannot have them yet."""
    if project["state"] in ACTIVE_PROJECT_STATES:
        detect = await read_stage_state(rows, project["org_id"], project["project_id"], "detect")
        if detect not in ("done", "failed"):
            detail = "The transcript and the moments of the project are not there yet."
            raise ApiProblem("project-not-ready", detail, headers={"Retry-After": "5"})
    if project["state"] == "cancelled":
        raise ApiProblem("clip-impossible", "The project was cancelled.")
    if not project["source_index"] or project["duration_ms"] is None:
        raise ApiProblem("clip-impossible", "The project failed before its source could be read.")
    if project["height_px"] is None:
        raise ApiProblem("clip-impossible", "This recording has no pictures to make a clip of.")


def check_named(body: RequestClip) -> None:
    """Raise a 422 where the request names no range, or an aspect twice."""
    errors = []
    if body.moment_id is None and (body.start_ms is None or body.end_ms is None):
        errors.append(FieldError(pointer="", detail="Give `start_ms` and `end_ms`, or a `moment_id`."))
    aspects = body.aspects or []
    if len(set(aspects)) < len(aspects):
        errors.append(FieldError(pointer="/aspects", detail="Each aspect can be named once."))
    if errors:
        raise invalid_fields(errors)


def _resolve_request(body: RequestClip, project: Row, moments: Sequence[Moment]) -> _ResolvedRequest:
    """The requested range and its files. Raises a 422."""
    options = msgspec.convert(project["options"], ProjectOptions)
    moment = next((candidate for candidate in moments if UUID(candidate.id) == body.moment_id), None)
    if body.moment_id is not None and moment is None:
        raise invalid("/moment_id", "The project has no such moment: GET /v1/projects/{project_id}/moments lists them.")
    base = moment.range if moment else TimeRange(start_ms=0, end_ms=0)
    range_ = TimeRange(
        start_ms=base.start_ms if body.start_ms is None else body.start_ms,
        end_ms=base.end_ms if body.end_ms is None else body.end_ms,
    )
    _check_range(range_, body, project["duration_ms"])
    aspects = body.aspects or options.shapes
    fields: dict[str, Any] = {name: getattr(body, name) for name in ("template", "mask_profanity", "options")}
    fields["captions"] = options.captions if body.captions is None else body.captions
    return _ResolvedRequest(
        range=range_,
        moment=next((candidate for candidate in moments if candidate.range == range_), None),
        exports=[FilledExport(aspect=aspect, **fields) for aspect in aspects],
    )


def _check_range(range_: TimeRange, body: RequestClip, duration_ms: int) -> None:
    """Raise a 422 for a range that no clip can have.

    A moment of a short source may be shorter than other clips.
    """
    low, high = CLIP_MS
    errors = []
    if range_.end_ms > duration_ms:
        errors.append(FieldError(pointer="/end_ms", detail=past_end(duration_ms, range_.end_ms)))
    is_whole_moment = body.start_ms is None and body.end_ms is None
    if not is_whole_moment and not low <= range_.length_ms <= high:
        pointer = "/start_ms" if body.end_ms is None else "/end_ms"
        length = exactly(range_.length_ms, "ms")
        detail = f"A clip lasts {spoken_range(low, high, 'ms')}: `end_ms` less `start_ms` is {length}."
        errors.append(FieldError(pointer=pointer, detail=detail))
    if errors:
        raise invalid_fields(errors)


async def _write_clip(rows: Connection, call: Call[RequestClip, None], project: Row, request: _ResolvedRequest) -> UUID:
    """Insert the clip's row and return its id.

    A moment that becomes a clip keeps its id, as detect's own choices do.
    """
    moment, start_ms, end_ms = request.moment, request.range.start_ms, request.range.end_ms
    name = f"{start_ms}-{end_ms}"
    clip_id = UUID(moment.id) if moment else result_id(project["project_id"], "clip", name)
    added = await insert_requested_clip(
        rows,
        call.org_id,
        project["project_id"],
        clip_id,
        request.range,
        moment=moment,
        title=clean(call.body.title),
        metadata=encode_metadata(call.body.metadata),
        max_clips=MAX_CLIPS_PER_PROJECT,
    )
    if not added:
        raise ApiProblem("limit-reached", f"A project has at most {MAX_CLIPS_PER_PROJECT} clips.")
    return clip_id


async def _resolve_look(
    rows: Connection, call: Call[Any, None], clip: Row, request: _ResolvedRequest
) -> tuple[ResolvedLook, ResolvedSource]:
    """Look and source of the files: the range as it is, with the newest transcript. Raises a 422."""
    look = await resolve_look(rows, call.context.settings, request.exports[0], clip, test=call.caller.test)
    words = await newest_transcript_version(rows, clip["org_id"], clip["project_id"])
    return look, ResolvedSource(edit_version=1, range=request.range, transcript_version=int(words or 0))


async def _request_exports(
    rows: Connection, call: Call[RequestClip, None], clip: Row, request: _ResolvedRequest
) -> None:
    """Insert the exports of a new clip, and the event by which detect measures it and render makes them."""
    look, source = await _resolve_look(rows, call, clip, request)
    siblings = []
    for request_export in request.exports:
        export_id, _ = await find_export_by_name(rows, clip, export_name(request_export, look, source, clip))
        await write_export(rows, clip, export_id, build_rendition(request_export, source, look), source.edit_version)
        siblings.append(Sibling(export_id=export_id, aspect=request_export.aspect))
    rendition = build_rendition(request.exports[0], source, look)
    event = ClipRequested(
        export_id=siblings[0].export_id, rendition=rendition, siblings=siblings[1:], **clip_fields(clip)
    )
    await put(rows, event, call.cause(clip["clip_id"]))


async def _check_same(rows: Connection, call: Call[RequestClip, None], clip: Row, request: _ResolvedRequest) -> None:
    """Raise a 409 where the request asks for more than the clip with this range is or has."""
    look, source = await _resolve_look(rows, call, clip, request)
    existing = [
        (await find_export_by_name(rows, clip, export_name(request_export, look, source, clip)))[1]
        for request_export in request.exports
    ]
    title = clean(call.body.title)
    metadata = call.body.metadata in ({}, decode_metadata(clip["metadata"]))
    if title in ("", clip["title"]) and metadata and all(row is not None for row in existing):
        return
    path = f"/v1/clips/{clip['clip_id']}"
    detail = f"This range is the clip {clip['clip_id']} already: ask for its files with POST {path}/exports."
    raise ApiProblem("clip-exists", detail, headers={"Location": path})


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/projects/{project_id}/clips",
        name="requestClip",
        tag="clips",
        permission="projects:write",
        status=202,
        located=True,
        summary="Make a clip of a range or a moment of your choice",
        handler=TwoPhaseHandler(prepare=read_moments, commit=request_clip),
        request=RequestClip,
        check=lambda request: [
            *look_errors(request),
            *metadata_errors(request.metadata),
            *check_with(check_named)(request),
        ],
        response=Clip,
        problems=("project-erased", "project-not-ready", "clip-impossible", "clip-exists", "limit-reached"),
        also={"200": ("application/json",)},
        description="Also beyond the automatic clips, and where there are none. 202 with the clip: its files are being "
        "made, its score follows where there is something to compare it with. 200 with the clip that is there where "
        "the same was asked for before.",
    ),
)
