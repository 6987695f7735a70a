"""Requests for files of a clip, in one aspect or several. Exports and their event are one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.billing.quota_checks import require_quota
from api.exports.clip_looks import fill_request
from api.exports.handlers import Export, export_reply, export_view
from api.exports.models import (
    ExportChoices,
    FilledExport,
    RequestExport,
    build_rendition,
    clip_fields,
    export_errors,
    export_name,
    find_usable,
    resolve_look,
    resolve_source,
)
from api.http.metadata_etags import metadata_errors
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError, check_with, invalid, require
from core.domain.subtitles.cues import clean
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services.exports import lock_clip, relabel_export
from core.storage.exports import count_exports, insert_requested_export, read_export_row
from schemas.common import Aspect, Sibling
from schemas.events import ExportRequested, Rendition
from schemas.metadata import MAX_CLIP_TITLE_CHARACTERS, Metadata, encode_metadata
from schemas.options.project import MAX_ASPECTS

MAX_EXPORTS_PER_CLIP, MAX_UNFINISHED_EXPORTS = 500, 200
"""Exports of a clip, and such of a project that wait or are being made: more than anybody looks at."""
DISTINCT = {"uniqueItems": True}


class OrderExport(RequestExport, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The requested file and its title. ``start_ms`` and ``end_ms`` replace the clip's own."""

    title: Annotated[str, Meta(max_length=MAX_CLIP_TITLE_CHARACTERS)] = ""
    """Title of its own; empty: the clip's."""
    metadata: Metadata = {}


class RequestExports(ExportChoices, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The requested files: the same in each of ``aspects``."""

    aspects: Annotated[list[Aspect], Meta(min_length=1, max_length=MAX_ASPECTS, extra_json_schema=DISTINCT)]
    title: Annotated[str, Meta(max_length=MAX_CLIP_TITLE_CHARACTERS)] = ""
    """Title of each of them; empty: the clip's."""
    metadata: Metadata = {}
    """Metadata of each of them, in the bounds of a clip's."""


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """Exports of one request, in the order of its aspects."""

    items: list[Export]
    """The exports, in the order of `aspects`."""


async def request_export(call: Call[OrderExport, None]) -> Reply:
    """Ask for a file of a clip; the same request gives the same export, with its new title and metadata."""
    (row,) = await _write_exports(call, [call.body])
    reply = export_reply(row, call.context.objects, call.now)
    return msgspec.structs.replace(reply, headers={**reply.headers, "Location": f"/v1/exports/{row['export_id']}"})


async def request_exports(call: Call[RequestExports, None]) -> Reply:
    """Ask for files of a clip in several aspects; an export that exists is given as it is."""
    rows = await _write_exports(call, split_by_aspect(call.body))
    return Reply(body=Exports(items=[export_view(row, call.context.objects, call.now) for row in rows]))


def split_by_aspect(request: RequestExports) -> list[RequestExport]:
    """The request once for each aspect. Raises a 422 for an aspect that is named twice."""
    if len(set(request.aspects)) < len(request.aspects):
        raise invalid("/aspects", "Each aspect can be named once.")
    fields = {name: getattr(request, name) for name in ExportChoices.__struct_fields__}
    return [RequestExport(aspect=aspect, **fields) for aspect in request.aspects]


def order_errors(request: OrderExport | RequestExports) -> list[FieldError]:
    """Errors of a request that do not depend on the clip."""
    return [*export_errors(request), *metadata_errors(request.metadata)]


async def _relabel(rows: Connection, call: Call[Any, None], row: Row) -> Row:
    """The export with the title and metadata of the request; fields that it leaves out stay."""
    request: OrderExport | RequestExports = call.body
    title, metadata = clean(request.title) or row["title"], encode_metadata(request.metadata)
    metadata = metadata if request.metadata else row["metadata"]
    return await relabel_export(rows, row, title=title, metadata=metadata, cause=call.cause(row["project_id"]))


async def _write_exports(call: Call[Any, None], orders: Sequence[RequestExport]) -> list[Row]:
    """The exports of a request in the order of its aspects; new ones share one event."""
    async with call.rows() as rows:
        clip = require(await lock_clip(rows, call.org_id, call.ids["clip_id"]), "clip")
        source = await resolve_source(rows, orders[0], clip)
        requests = [fill_request(request, source.look, clip) for request in orders]
        look = await resolve_look(rows, call.context.settings, requests[0], clip, test=call.caller.test)
        export_rows, new = [], list[tuple[UUID, FilledExport]]()
        for request in requests:
            export_id, row = await find_export_by_name(rows, clip, export_name(request, look, source, clip))
            if row is None:
                await require_quota(rows, call, exports=1)
                title, metadata = clean(call.body.title), encode_metadata(call.body.metadata)
                rendition = build_rendition(request, source, look)
                row = await write_export(
                    rows, clip, export_id, rendition, source.edit_version, title=title, metadata=metadata
                )
                new.append((export_id, request))
            export_rows.append(await _relabel(rows, call, row))
        if new:
            (export_id, first), *further = new
            siblings = [Sibling(export_id=sibling_id, aspect=request.aspect) for sibling_id, request in further]
            event = ExportRequested(
                export_id=export_id,
                edit_version=source.edit_version,
                rendition=build_rendition(first, source, look),
                siblings=siblings,
                **clip_fields(clip),
            )
            await put(rows, event, call.cause(export_id))
    return export_rows


async def find_export_by_name(rows: Connection, clip: Row, name: str) -> tuple[UUID, Row | None]:
    """Id of the export with this name, and its row where it exists.

    A failed or cancelled export is made again under a new id.
    """
    return await find_usable(partial(read_export_row, rows), clip, "export", name, remade=("failed", "cancelled"))


async def check_room(rows: Connection, clip: Row) -> None:
    """Raise a 409 where the clip has the most exports, or too many of the project are unfinished."""
    counts = await count_exports(rows, clip["org_id"], clip["project_id"], clip["clip_id"])
    if counts.of_clip >= MAX_EXPORTS_PER_CLIP:
        raise ApiProblem("limit-reached", f"A clip has at most {MAX_EXPORTS_PER_CLIP} exports.")
    if counts.unfinished >= MAX_UNFINISHED_EXPORTS:
        raise ApiProblem(
            "limit-reached", f"{counts.unfinished} exports of this project are being made: wait for one of them."
        )


async def write_export(
    rows: Connection,
    clip: Row,
    export_id: UUID,
    rendition: Rendition,
    edit_version: int,
    *,
    title: str = "",
    metadata: str = "{}",
) -> Row:
    """Insert an export that a person asked for, and return its row. Raises as `check_room`."""
    await check_room(rows, clip)
    return await insert_requested_export(
        rows, clip, export_id, rendition, edit_version=edit_version, title=title, metadata=metadata
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/clips/{clip_id}/export",
        name="requestExport",
        tag="clips",
        permission="projects:write",
        status=202,
        located=True,
        summary="Ask for a file of a clip",
        handler=request_export,
        request=OrderExport,
        check=order_errors,
        response=Export,
        problems=("limit-reached", "quota-exceeded"),
    ),
    Operation(
        method="POST",
        path="/v1/clips/{clip_id}/exports",
        name="requestExports",
        tag="clips",
        permission="projects:write",
        status=202,
        summary="Ask for files of a clip in several aspects, made by one decode",
        handler=request_exports,
        request=RequestExports,
        check=lambda request: [*order_errors(request), *check_with(split_by_aspect)(request)],
        response=Exports,
        problems=("limit-reached", "quota-exceeded"),
    ),
)
