"""Pictures of a project: one that stands for it, or of its source at a time."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.infra.postgres.connection import Connection
from core.storage.media.thumbnails import ProjectThumbnail, find_thumbnails
from core.storage.spans import list_spans
from schemas.common import ObjectRef
from schemas.documents.span import Thumbnail

URL_LIFE_S = 3600
"""A page of cards stays open for a while."""
JPEG = "image/jpeg"
REACH_MS = 12_000
"""Longest distance of a picture from the time that it is asked for: pictures are 10 s apart."""


class ReadThumbnail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The picture."""

    at_ms: Annotated[int, Meta(ge=0, le=2**42)] | None = None
    """The source near this time, from pictures 10 s apart; null: the picture that stands for the project."""


class ThumbnailFile(msgspec.Struct, frozen=True, kw_only=True):
    """A small picture."""

    project_id: UUID
    url: str
    """Signed URL of the JPEG."""
    expires_at: dt.datetime
    content_type: str
    shows: Literal["clip", "source"]
    """`clip`: the project's best clip, in its own shape; `source`: a picture of the source, at most 320 pixels wide."""
    at_ms: int | None
    """Time of the picture in the source; null for a clip's."""


class _Pictures(msgspec.Struct, frozen=True):
    """The part of a documents span that is read here."""

    thumbnails: list[Thumbnail] = []


async def get_thumbnail(call: Call[None, ReadThumbnail]) -> Reply:
    """Read the picture that stands for a project, or that of a time of its source."""
    project_id, at_ms = call.ids["project_id"], call.query.at_ms
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, project_id)
        thumbnail = (await find_thumbnails(rows, call.org_id, [project_id])).get(project_id) if at_ms is None else None
        documents = await _list_seen_near(rows, call.org_id, project_id, at_ms or 0) if thumbnail is None else []
    thumbnail = thumbnail or await _find_nearest(call, documents, at_ms or 0)
    if thumbnail is None:
        raise not_ready("picture", project)
    sign = call.context.objects.presign_get
    file = ThumbnailFile(
        project_id=project_id,
        url=sign(thumbnail.image.key, filename="thumbnail.jpg", expires_s=URL_LIFE_S, shown_as=JPEG),
        expires_at=call.now + dt.timedelta(seconds=URL_LIFE_S),
        content_type=JPEG,
        shows=thumbnail.shows,
        at_ms=thumbnail.at_ms,
    )
    return Reply(body=file, headers={"Cache-Control": "private, max-age=300"})


async def _list_seen_near(rows: Connection, org_id: UUID, project_id: UUID, at_ms: int) -> list[ObjectRef]:
    """Documents of the spans whose pictures may be the nearest to a time."""
    return [
        span.seen
        for span in await list_spans(rows, org_id, project_id)
        if span.seen is not None and span.event.range.start_ms - REACH_MS <= at_ms < span.event.range.end_ms + REACH_MS
    ]


async def _find_nearest(
    call: Call[None, ReadThumbnail], documents: list[ObjectRef], at_ms: int
) -> ProjectThumbnail | None:
    thumbnails = [
        thumbnail
        for ref in documents
        for thumbnail in msgspec.json.decode(await call.context.documents.get(ref), type=_Pictures).thumbnails
    ]
    nearest = min(thumbnails, key=lambda thumbnail: abs(thumbnail.at_ms - at_ms), default=None)
    if nearest is None:
        return None
    return ProjectThumbnail(image=nearest.image, shows="source", at_ms=nearest.at_ms)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/thumbnail",
        name="getThumbnail",
        tag="projects",
        permission="projects:read",
        summary="Read a small picture of a project, or of a time of its source",
        handler=get_thumbnail,
        query=ReadThumbnail,
        response=ThumbnailFile,
        problems=("not-ready", "project-erased"),
    ),
)
"""The operation of thumbnails."""
