"""Previews: one frame of a clip as an export would show it.

A request waits a few seconds for its frame.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from math import ceil
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.brand.queries import kit_length_ms
from api.exports.clip_looks import fill_request
from api.exports.models import (
    RequestExport,
    ResolvedSource,
    build_rendition,
    clip_fields,
    export_errors,
    export_name,
    find_usable,
    resolve_look,
    resolve_source,
)
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, invalid, require
from core.domain.editing.clock import length_ms, place_edit
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services.exports import lock_clip
from core.storage.clips import list_versions_framed_alike, read_edit
from core.storage.exports import find_plan, has_waiting_export
from core.storage.previews import count_waiting_previews, find_preview_row, insert_preview, read_preview_row
from schemas.common import ObjectRef
from schemas.events import PreviewPlanned, PreviewRequested, Rendition
from schemas.options.export_options import BrandPin
from schemas.quantities import exactly, spoken_range

MAX_WAIT_S = 8.0
"""Longest wait of a request for its frame; after that the answer says where it will be."""
RETRY_S = "1"
MAX_WAITING_PREVIEWS = 20
"""Most previews of a clip that may wait: more than a person looks at."""
PNG = "image/png"
_WAIT = re.compile(r"\bwait=(\d{1,4})\b")


class PreviewAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time of the frame in the clip as it is played."""

    at_ms: Annotated[int, Meta(ge=0, le=2**42, description="From the clip's first picture on.")]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that is being made; `Location` has it once it is finished."""

    preview_id: UUID
    project_id: UUID
    clip_id: UUID
    at_ms: int
    """Moment of the clip as it is played, in ms from its start."""
    state: Literal["waiting", "done", "failed"]


async def request_preview(call: Call[RequestExport, PreviewAt]) -> Reply:
    """Ask for one frame; the same request gives the same preview."""
    async with call.rows() as rows:
        clip = require(await lock_clip(rows, call.org_id, call.ids["clip_id"]), "clip")
        source = await resolve_source(rows, call.body, clip)
        request = fill_request(call.body, source.look, clip)
        look = await resolve_look(rows, call.context.settings, request, clip, test=call.caller.test)
        await _check_moment(rows, call.query.at_ms, clip, source, look.options.brand)
        name, rendition = export_name(request, look, source, clip), build_rendition(request, source, look)
        row = await _ensure_preview(rows, call, clip, source, rendition, name)
    body = Preview(**{name: row[name] for name in Preview.__struct_fields__})
    return Reply(body=body, headers={"Location": f"/v1/previews/{row['preview_id']}", "Retry-After": RETRY_S})


async def _check_moment(
    rows: Connection, at_ms: int, clip: Row, source: ResolvedSource, brand: BrandPin | None
) -> None:
    edit = await read_edit(rows, clip, source.edit_version) if source.edit_version > 1 else None
    lasts_ms = length_ms(place_edit(edit)) if edit else source.range.length_ms
    lasts_ms += await kit_length_ms(rows, clip["org_id"], brand)
    if at_ms >= lasts_ms:
        raise invalid(
            "?at_ms",
            f"It must be {spoken_range(0, ceil(lasts_ms) - 1, 'ms')}, not {exactly(at_ms, 'ms')}: the clip ends there.",
        )


async def _ensure_preview(
    rows: Connection,
    call: Call[RequestExport, PreviewAt],
    clip: Row,
    source: ResolvedSource,
    rendition: Rendition,
    export: str,
) -> Row:
    """The preview of this request; a failed one is made again under a new id."""
    clip_key = (call.org_id, clip["clip_id"])
    framed_alike = await list_versions_framed_alike(rows, clip, source.edit_version)
    plan = await find_plan(rows, *clip_key, aspect=rendition.aspect, edit_versions=framed_alike, time=source.range)
    if plan is None and clip["tracks"] is None:
        await _check_framed(rows, clip)
    name = "/".join(map(str, (call.query.at_ms, export, plan.sha256 if plan else "")))
    preview_id, row = await find_usable(partial(read_preview_row, rows), clip, "preview", name, remade=("failed",))
    return row or await _write_preview(rows, call, clip, preview_id, source, rendition, plan)


async def _check_framed(rows: Connection, clip: Row) -> None:
    """Raise `not-ready` for a clip that frame is about to analyse: it would be analysed twice."""
    automatic_only = clip["made_by"] != "person"
    if await has_waiting_export(rows, clip["org_id"], clip["clip_id"], automatic_only=automatic_only):
        raise ApiProblem("not-ready", "The clip has not been framed yet.", headers={"Retry-After": "5"})


async def _write_preview(
    rows: Connection,
    call: Call[RequestExport, PreviewAt],
    clip: Row,
    preview_id: UUID,
    source: ResolvedSource,
    rendition: Rendition,
    plan: ObjectRef | None,
) -> Row:
    waiting = await count_waiting_previews(rows, call.org_id, clip["clip_id"])
    if waiting >= MAX_WAITING_PREVIEWS:
        raise ApiProblem("limit-reached", f"{waiting} pictures of this clip are being made: wait for one of them.")
    row = await insert_preview(
        rows,
        call.org_id,
        preview_id,
        project_id=clip["project_id"],
        clip_id=clip["clip_id"],
        at_ms=call.query.at_ms,
        plan=plan,
    )
    request = PreviewRequested(
        preview_id=preview_id,
        at_ms=call.query.at_ms,
        edit_version=source.edit_version,
        rendition=rendition,
        **clip_fields(clip),
    )
    planned = PreviewPlanned(plan=plan, **msgspec.structs.asdict(request)) if plan else request
    await put(rows, planned, call.cause(preview_id))
    return row


def read_wait_s(prefer: str) -> float:
    """Seconds to wait, by the header Prefer (RFC 7240).

    ``respond-async`` waits not at all, ``wait=3`` three seconds.
    """
    wait = _WAIT.search(prefer)
    if wait:
        return min(float(wait[1]), MAX_WAIT_S)
    return 0.0 if "respond-async" in prefer else MAX_WAIT_S


async def answer_with_picture(call: Call[Any, Any], response: Response) -> Response:
    """The frame itself where it is finished in time; else the answer as it is."""
    preview = msgspec.json.decode(bytes(response.body), type=Preview)
    try:
        async with asyncio.timeout(read_wait_s(call.request.headers.get("prefer", ""))):
            async for _ in call.context.wakes.listen(preview.project_id):
                async with call.rows() as rows:
                    row = await _find_preview(rows, call.org_id, preview.preview_id)
                if row["state"] != "waiting":
                    return await _picture_reply(call, row)
    except TimeoutError:
        return response
    return response


async def get_preview(call: Call[None, None]) -> Reply | Response:
    """Read the frame."""
    async with call.rows() as rows:
        row = await _find_preview(rows, call.org_id, call.ids["preview_id"])
    if row["state"] == "waiting":
        raise ApiProblem("not-ready", "The picture is not there yet.", headers={"Retry-After": RETRY_S})
    return await _picture_reply(call, row)


async def _find_preview(rows: Connection, org_id: UUID, preview_id: UUID) -> Row:
    return require(await find_preview_row(rows, org_id, preview_id), "preview")


async def _picture_reply(call: Call[Any, Any], row: Row) -> Response:
    if row["state"] == "failed":
        raise ApiProblem("preview-failed", row["failure_detail"] or "The picture could not be made.")
    ref = msgspec.convert(row["picture"], ObjectRef)
    headers = {
        "Cache-Control": "private, max-age=300",
        "ETag": f'"{ref.sha256[:32]}"',
        "Content-Location": f"/v1/previews/{row['preview_id']}",
    }
    return Response(await call.context.objects.get(ref), headers=headers, media_type=PNG)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/clips/{clip_id}/preview",
        name="previewClip",
        tag="clips",
        permission="projects:write",
        status=202,
        located=True,
        summary="See one picture of a clip as an export would show it",
        handler=request_preview,
        afterwards=answer_with_picture,
        request=RequestExport,
        check=export_errors,
        query=PreviewAt,
        response=Preview,
        problems=("not-ready", "limit-reached", "preview-failed"),
        also={"200": (PNG,)},
        description="200 with the picture (PNG) where it is made within eight seconds; else 202, and `Location` has it "
        "later. `Prefer: wait=3` waits less, `Prefer: respond-async` not at all. It is the very picture that the "
        "encoder would be handed.",
    ),
    Operation(
        method="GET",
        path="/v1/previews/{preview_id}",
        name="getPreview",
        tag="clips",
        permission="projects:read",
        summary="Read a picture that was asked for",
        handler=get_preview,
        media_types=(PNG,),
        problems=("not-ready", "preview-failed"),
    ),
)
