"""Refused upload messages of the organisation's producers on Kafka."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from core.infra.postgres.connection import Row
from core.storage.uploads import list_refusal_rows


class RefusedUpload(msgspec.Struct, frozen=True, kw_only=True):
    """A message on `uploads.v1` that made no project, and why."""

    refusal_id: UUID
    """Id of the refusal, the same on the topic `uploads.refused.v1`."""
    reason: str
    """Code of the reason."""
    detail: str
    """Next step for the sender, and the exact error where the signature holds."""
    key_id: str
    """The producer key that the message names."""
    signed: bool
    """Whether the signature holds. Without it anybody may have sent the message."""
    project_id: UUID | None
    """Key of the message, the id of the project that it asks for; null where it is no UUID."""
    event_id: UUID | None
    """CloudEvents id of the message; null where it is no UUID."""
    partition: int
    """Partition of `uploads.v1` where the message lies."""
    offset: int
    """Its offset in that partition."""
    unlisted: int
    """How many messages were refused after this one and are not listed: there were too many."""
    created_at: dt.datetime
    """When the message was refused."""


class RefusedUploadPage(msgspec.Struct, frozen=True, kw_only=True):
    """Refused messages, newest first. `next_cursor` is absent on the last page."""

    items: list[RefusedUpload]
    next_cursor: str | None = None


class ListRefusedUploads(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of a list of refused messages."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None


async def list_refused_uploads(call: Call[None, ListRefusedUploads]) -> Reply:
    """Refused messages that name a producer key of the organisation, newest first."""
    query, ring = call.query, call.context.ring
    scope = f"refused/{call.org_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        refusal_rows = await list_refusal_rows(rows, call.org_id, after=place_of(after), limit=query.limit + 1)
    cursor = next_cursor(ring, scope, refusal_rows, query.limit, "refusal_id")
    return Reply(body=RefusedUploadPage(items=[_view(row) for row in refusal_rows[: query.limit]], next_cursor=cursor))


def _view(row: Row) -> RefusedUpload:
    fields = {name: row[name] for name in RefusedUpload.__struct_fields__ if name != "project_id"}
    return RefusedUpload(**fields, project_id=row["message_key"])


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/uploads/refused",
        name="listRefusedUploads",
        tag="uploads",
        permission="projects:read",
        summary="List messages of Kafka producers that were refused",
        handler=list_refused_uploads,
        query=ListRefusedUploads,
        response=RefusedUploadPage,
        problems=("cursor-invalid",),
        description="Messages on `uploads.v1` that made no project, of the last seven days. Those of senders that no "
        "producer key tells are on the topic `uploads.refused.v1` only.",
    ),
)
