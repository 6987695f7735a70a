"""Orders for files of a clip, in one shape or several. Writes exports and their event together; renders nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.clips.edits import lock_clip
from api.exports.handlers import Export, export_reply, export_view
from api.exports.models import (
    ExportWish,
    RequestExport,
    clip_fields,
    export_errors,
    export_name,
    look_of,
    rendition_of,
    wanted,
)
from api.http.metadata_etags import metadata_errors
from api.http.operations import Call, Operation, Reply
from api.labels.handlers import relabel_export
from api.problems.problem_details import ApiProblem, FieldError, breaches, invalid
from core.domain.subtitles.cues import clean
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.storage.exports import count_exports, insert_requested_export, read_export_row
from schemas.common import Aspect, Sibling
from schemas.events import ExportRequested, Rendition
from schemas.ids import result_id
from schemas.metadata import CLIP_TITLE_CHARS, Metadata, encode_metadata
from schemas.options.project import MOST_SHAPES

MOST_OF_A_CLIP, MOST_OPEN = 500, 200
"""Exports of a clip, and such of a project that wait or are being made: more than anybody looks at."""
DISTINCT = {"uniqueItems": True}


class OrderExport(RequestExport, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that is wanted, and what it is called. ``start_ms`` and ``end_ms`` replace the clip's own."""

    title: Annotated[str, Meta(max_length=CLIP_TITLE_CHARS)] = ""
    """Title of its own; empty: the clip's."""
    metadata: Metadata = {}


class RequestExports(ExportWish, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The files that are wanted: the same in each of ``aspects``, all different."""

    aspects: Annotated[list[Aspect], Meta(min_length=1, max_length=MOST_SHAPES, extra_json_schema=DISTINCT)]
    title: Annotated[str, Meta(max_length=CLIP_TITLE_CHARS)] = ""
    """Title of each of them; empty: the clip's."""
    metadata: Metadata = {}
    """Of each of them, in the bounds of a clip's."""


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """The exports of one wish, in the order of its shapes."""

    items: list[Export]
    """The exports, in the order of `aspects`."""


async def request_export(call: Call[OrderExport, None]) -> Reply:
    """Ask for a file of a clip; the same wish gives the same export, with the title and metadata of this one."""
    (row,) = await _ordered(call, [call.body])
    reply = export_reply(row, call.context.objects, call.now)
    return msgspec.structs.replace(reply, headers={**reply.headers, "Location": f"/v1/exports/{row['export_id']}"})


async def request_exports(call: Call[RequestExports, None]) -> Reply:
    """Ask for files of a clip in several shapes; what was asked for before is given as it is."""
    rows = await _ordered(call, in_each_shape(call.body))
    return Reply(body=Exports(items=[export_view(row, call.context.objects, call.now) for row in rows]))


def in_each_shape(wish: RequestExports) -> list[RequestExport]:
    """The same as one wish for each shape. Raises a 422 for a shape that is named twice."""
    if len(set(wish.aspects)) < len(wish.aspects):
        raise invalid("/aspects", "Each shape can be asked for once.")
    fields = {name: getattr(wish, name) for name in ExportWish.__struct_fields__}
    return [RequestExport(aspect=aspect, **fields) for aspect in wish.aspects]


def order_errors(wish: OrderExport | RequestExports) -> list[FieldError]:
    """What is wrong with an order whatever the clip."""
    return [*export_errors(wish), *metadata_errors(wish.metadata)]


async def _labelled(rows: Connection, call: Call[Any, None], row: Row) -> Row:
    """The export with the title and the metadata that the order gives; what it leaves out stays."""
    given: OrderExport | RequestExports = call.body
    title, metadata = clean(given.title) or row["title"], encode_metadata(given.metadata)
    return await relabel_export(rows, call, row, title, metadata if given.metadata else row["metadata"])


async def _ordered(call: Call[Any, None], asked: Sequence[RequestExport]) -> list[Row]:
    """The exports of a wish in its shapes, in their order; those that are new share one event."""
    async with call.rows() as rows:
        clip = await lock_clip(rows, call.org_id, call.ids["clip_id"])
        wish = await wanted(rows, asked[0], clip)
        look = await look_of(rows, asked[0], clip)
        found, new = [], list[tuple[UUID, RequestExport]]()
        for one in asked:
            export_id, row = await find_named(rows, clip, export_name(one, look, wish, clip))
            if row is None:
                title, metadata = clean(call.body.title), encode_metadata(call.body.metadata)
                rendition = rendition_of(one, wish, look)
                row = await write_export(
                    rows, clip, export_id, rendition, wish.edit_version, title=title, metadata=metadata
                )
                new.append((export_id, one))
            found.append(await _labelled(rows, call, row))
        if new:
            (export_id, first), *others = new
            siblings = [Sibling(export_id=other_id, aspect=one.aspect) for other_id, one in others]
            event = ExportRequested(
                export_id=export_id,
                edit_version=wish.edit_version,
                rendition=rendition_of(first, wish, look),
                siblings=siblings,
                **clip_fields(clip),
            )
            await put(rows, event, call.cause(export_id))
    return found


async def find_named(rows: Connection, clip: Row, name: str) -> tuple[UUID, Row | None]:
    """The export of this name, or the id of the one to be made: a failed or cancelled one is made under a new id."""
    again = 0
    while True:
        export_id = result_id(clip["clip_id"], "export", f"{name}/again-{again}" if again else name)
        row = await read_export_row(rows, clip["org_id"], export_id)
        if row is None or row["state"] not in ("failed", "cancelled"):
            return export_id, row
        again += 1


async def check_room(rows: Connection, clip: Row) -> None:
    """Raises a 409 where the clip has as many exports as it may, or the project too many that are being made."""
    counts = await count_exports(rows, clip["org_id"], clip["project_id"], clip["clip_id"])
    if counts.of_clip >= MOST_OF_A_CLIP:
        raise ApiProblem("limit-reached", f"A clip has at most {MOST_OF_A_CLIP} exports.")
    if counts.unfinished >= MOST_OPEN:
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
    """The row of an export that a person asked for, by its title and metadata. Raises a 409 where there is no room."""
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
        permission="write",
        status=202,
        located=True,
        summary="Ask for a file of a clip",
        handler=request_export,
        request=OrderExport,
        check=order_errors,
        response=Export,
        problems=("limit-reached",),
    ),
    Operation(
        method="POST",
        path="/v1/clips/{clip_id}/exports",
        name="requestExports",
        tag="clips",
        permission="write",
        status=202,
        summary="Ask for files of a clip in several shapes, made by one decode",
        handler=request_exports,
        request=RequestExports,
        check=lambda wish: [*order_errors(wish), *breaches(in_each_shape)(wish)],
        response=Exports,
        problems=("limit-reached",),
    ),
)
