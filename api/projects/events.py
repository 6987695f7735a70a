"""Live progress of one project as server-sent events, read from the project's event list.

Kafka only says when to look. The id of an event is the project's version, so ``Last-Event-ID`` resumes exactly. Each
read is a transaction of the caller's organisation, so no other organisation's events can appear.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api.http.auth import Caller, Callers
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem
from api.projects.handlers import find_project
from core.domain.project_states import ACTIVE_PROJECT_STATES, ENDED_PROJECT_STATES
from core.errors import Unavailable
from core.infra.postgres.connection import Connection, Row
from core.storage.labels import read_labels
from core.storage.projects import list_project_events, read_project_state
from schemas import codec, events
from schemas.metadata import Label

HEARTBEAT_S = 15
RETRY_MS = 2000
BATCH_ROWS = 200
NAMES = {
    codec.type_name(events.ProjectProgressed): "project.progressed",
    codec.type_name(events.ProjectCompleted): "project.completed",
    codec.type_name(events.ProjectFailed): "project.failed",
    codec.type_name(events.ProjectRetried): "project.retried",
    codec.type_name(events.ProjectCancelled): "project.cancelled",
    codec.type_name(events.ProjectErased): "project.erased",
    codec.type_name(events.ProjectExpiring): "project.expiring",
    codec.type_name(events.ClipEdited): "clip.edited",
    codec.type_name(events.ProjectUpdated): "project.updated",
    codec.type_name(events.ClipUpdated): "clip.updated",
    codec.type_name(events.ExportUpdated): "export.updated",
}
ENDS = frozenset({"project.completed", "project.failed", "project.cancelled", "project.erased"})
FAILURE_RETRIED = "project.failure_retried"
"""A failure that was retried since: under the name of an end, clients would stop at it."""

LABELLED = ENDS | {"project.expiring", "project.updated", "clip.updated", "export.updated"}
"""Events that come with `project`, and with `clip` and `export` where they name one: title and metadata."""


class FollowProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Version to resume after; the header ``Last-Event-ID`` goes before ``after``."""

    after: Annotated[int, Meta(ge=0, le=2**53, description="Version of the last event already seen.")] = 0


def read_last_version(header: str | None, after: int) -> int:
    """Version to resume after; raises a problem for a Last-Event-ID that is none."""
    if not header:
        return after
    if not header.isascii() or not header.isdigit() or len(header) > 18:
        raise ApiProblem("malformed-request", "Last-Event-ID must be the id of an event of this stream.")
    return int(header)


def encode_event(row: Row, labels: Mapping[str, Label]) -> ServerSentEvent:
    """An event of the project's list as a message, with current titles and without the organisation."""
    body = {name: value for name, value in row["body"].items() if name != "org_id"} | {"at": row["at"], **labels}
    name = FAILURE_RETRIED if row["retried"] else NAMES[row["type"]]
    return ServerSentEvent(id=str(row["version"]), event=name, data=msgspec.json.encode(body).decode(), sep="\n")


async def read_events(
    rows: Connection, callers: Callers, caller: Caller, project_id: UUID, after: int
) -> list[Row] | None:
    """The project's events after a version, oldest first; None once the caller may not read on.

    A stream lasts for hours: a key or a session that was revoked since it began gets nothing more.
    """
    if not await callers.is_valid(rows, caller):
        return None
    return await list_project_events(rows, caller.org_id, project_id, after=after, limit=BATCH_ROWS)


async def _encode_messages(
    rows: Connection, caller: Caller, project_id: UUID, event_rows: list[Row]
) -> list[ServerSentEvent]:
    """The events as messages. Titles are read now, so the words of an erased project are not sent."""
    messages = []
    for row in event_rows:
        labels: Mapping[str, Label] = {}
        if NAMES[row["type"]] in LABELLED:
            ids = [UUID(row["body"][name]) if name in row["body"] else None for name in ("clip_id", "export_id")]
            labels = await read_labels(rows, caller.org_id, project_id, *ids)
        messages.append(encode_event(row, labels))
    return messages


async def follow_project(call: Call[None, FollowProject]) -> Reply | Response:
    """The project's events so far, then each new one, until the project has ended."""
    after = read_last_version(call.request.headers.get("last-event-id"), call.query.after)
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        unseen = project["version"] > after
    is_over = project["state"] in ENDED_PROJECT_STATES
    if is_over and not unseen:
        return Response(status_code=204)
    if call.request.method == "HEAD":
        return Response(media_type="text/event-stream")
    call.context.followers.require(str(call.caller.actor))
    stream = _stream(call, project["project_id"], after, is_over=is_over)
    return EventSourceResponse(stream, ping=HEARTBEAT_S, sep="\n", send_timeout=30)


async def _stream(
    call: Call[Any, Any], project_id: UUID, after: int, *, is_over: bool
) -> AsyncIterator[ServerSentEvent]:
    place = call.context.followers.hold(str(call.caller.actor))
    with call.context.metrics.streams.track_inprogress(), place:
        yield ServerSentEvent(comment="follow", retry=RETRY_MS, sep="\n")
        async for _ in call.context.wakes.listen(project_id):
            while True:
                try:
                    async with call.rows() as rows:
                        event_rows = await read_events(rows, call.context.callers, call.caller, project_id, after)
                        messages = await _encode_messages(rows, call.caller, project_id, event_rows or [])
                        if any(NAMES[row["type"]] in ENDS for row in event_rows or []):  # it may have been retried
                            is_over = (
                                await read_project_state(rows, call.org_id, project_id) not in ACTIVE_PROJECT_STATES
                            )
                except Unavailable:
                    break  # the next wake, or the pause, tries again; the client has lost nothing
                if event_rows is None:
                    return
                for row, message in zip(event_rows, messages, strict=True):
                    yield message
                    after = row["version"]
                if len(event_rows) < BATCH_ROWS:
                    if is_over:
                        return
                    break


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/events",
        name="followProject",
        tag="projects",
        permission="projects:read",
        summary="Follow a project live (server-sent events)",
        handler=follow_project,
        query=FollowProject,
        media_types=("text/event-stream",),
        also={"204": ()},
        problems=("project-erased",),
        description="`id` is the project's version: reconnect with `Last-Event-ID` and nothing is lost. "
        "`event` is one of "
        + ", ".join(f"`{name}`" for name in (*NAMES.values(), FAILURE_RETRIED))
        + ". `project.failure_retried` is a failure after which the project was retried: follow on"
        ". Ends and updates have `project` (and `clip`, `export`, where they name one) with `title` and `metadata`"
        ". 204 means that the project has ended and you have seen everything.",
    ),
)
