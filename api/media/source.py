"""The file that a player shows of a project's source: the source itself, or its proxy."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

import msgspec

from api.http.operations import Call, Operation, Reply
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.domain.project_states import ACTIVE_PROJECT_STATES, GONE_PROJECT_STATES
from core.infra.postgres.connection import Row
from core.ports.stores import Objects
from core.services.media.proxies import request_proxy
from core.storage.media.source_media import SourceMedia, read_source_media
from schemas.common import ObjectRef

URL_LIFE_S = 3600
"""A player reads as it plays, so its URL lasts longer than that of a download."""
RETRY_S = "10"
NO_STORE = {"Cache-Control": "no-store"}
PREPARING: dict[str, str] = {
    "project-running": "A copy that plays smoothly is made once the project's clips are done.",
    "encoding": "A copy that plays smoothly is being made.",
}
"""Why there is no file yet that plays smoothly."""
UNAVAILABLE = "A copy that plays smoothly could not be made."
CANCELLED = "The project was cancelled: no copy that plays smoothly is made of its source."


class SourceLink(msgspec.Struct, frozen=True, kw_only=True):
    """A file to play, whose time is the project's.

    Until one plays smoothly, `url` may name the source itself: a browser shows it, but begins and jumps slowly.
    """

    project_id: UUID
    state: Literal["ready", "preparing", "unavailable"]
    """`ready`: the file plays smoothly; `preparing`: ask again after `Retry-After`; `unavailable`: see `detail`."""
    kind: Literal["source", "proxy"] | None = None
    """What `url` names: the source itself, or its proxy, a small copy; null without a `url`."""
    url: str | None = None
    """Signed URL that answers GET, with ranges; null where no browser plays the file."""
    expires_at: dt.datetime | None = None
    """When `url` stops working; null without one."""
    content_type: str | None = None
    """Media type of the file, such as `video/mp4`; `audio/…` without pictures. Null without a `url`."""
    width_px: int | None = None
    """Null without pictures, and without a `url`."""
    height_px: int | None = None
    """Null without pictures, and without a `url`."""
    duration_ms: int
    size_bytes: int | None = None
    """Null without a `url`."""
    reason: str | None = None
    """Why no file plays smoothly: `project-running` or `encoding` while it is prepared, else such as `media.corrupt`;
    null where one does."""
    detail: str | None = None
    """The same as a sentence; null where one plays smoothly."""


async def get_source(call: Call[None, None]) -> Reply:
    """Read where a player finds the source; the first one to ask has its proxy made, if it needs one."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, project_id)
        if project["source"] is None:
            raise not_ready("source", project)
        media = await read_source_media(rows, call.org_id, project_id)
        if _may_be_made(project) and await request_proxy(rows, call.org_id, project_id, call.cause(project_id)):
            media = await read_source_media(rows, call.org_id, project_id)
    link = source_link(project, media, call.context.objects, call.now)
    headers = NO_STORE | ({"Retry-After": RETRY_S} if link.state == "preparing" else {})
    return Reply(body=link, headers=headers)


def _may_be_made(project: Row) -> bool:
    """Whether a proxy would delay no clip, and somebody may still play it."""
    return project["state"] not in (*ACTIVE_PROJECT_STATES, *GONE_PROJECT_STATES)


def source_link(project: Row, media: SourceMedia | None, objects: Objects, now: dt.datetime) -> SourceLink:
    """The file to play; ``media`` is None for a project of an older version that works or was cancelled."""
    fields: dict[str, Any] = {"project_id": project["project_id"], "duration_ms": project["duration_ms"]}
    if media is not None and media.state == "done" and media.proxy is not None:
        proxy = media.proxy
        file = _signed(objects, proxy.file, proxy.content_type, "proxy", now)
        file |= {"kind": "proxy", "width_px": proxy.width_px, "height_px": proxy.height_px}
        return SourceLink(state="ready", **fields, **file)
    plain = _plain_file(project, media, objects, now)
    if media is not None and media.state == "source":
        return SourceLink(state="ready", **fields, **plain)
    if media is not None and media.state == "failed":
        detail = media.failure_detail or UNAVAILABLE
        return SourceLink(state="unavailable", reason=media.failure_reason, detail=detail, **fields, **plain)
    if project["state"] == "cancelled":
        return SourceLink(state="unavailable", reason="project.cancelled", detail=CANCELLED, **fields, **plain)
    reason = "project-running" if project["state"] in ACTIVE_PROJECT_STATES else "encoding"
    return SourceLink(state="preparing", reason=reason, detail=PREPARING[reason], **fields, **plain)


def _plain_file(project: Row, media: SourceMedia | None, objects: Objects, now: dt.datetime) -> dict[str, Any]:
    """The source itself, as far as a browser plays it."""
    if media is None or media.playback is None or media.playback.content_type is None:
        return {}
    file = _signed(objects, msgspec.convert(project["source"], ObjectRef), media.playback.content_type, "source", now)
    return file | {"kind": "source", "width_px": project["width_px"], "height_px": project["height_px"]}


def _signed(objects: Objects, file: ObjectRef, content_type: str, filename: str, now: dt.datetime) -> dict[str, Any]:
    return {
        "url": objects.presign_get(file.key, filename=filename, expires_s=URL_LIFE_S, shown_as=content_type),
        "expires_at": now + dt.timedelta(seconds=URL_LIFE_S),
        "content_type": content_type,
        "size_bytes": file.size,
    }


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/source",
        name="getSource",
        tag="projects",
        permission="projects:read",
        summary="Read where a player finds the project's source",
        handler=get_source,
        response=SourceLink,
        problems=("not-ready", "project-erased"),
        description="A source that browsers play and seek smoothly is answered itself. Of any other a proxy is made, "
        "an MP4 of at most 1280 × 720 with a key frame a second, once the project has ended and somebody asks here for "
        "the first time. `Retry-After` says when to ask again.",
    ),
)
"""The operation of players."""
