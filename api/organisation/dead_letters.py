"""Dead letters for operators: list, read, send again.

They are those of the organisation, and those without an owner.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, require
from core.domain.project_states import GONE_PROJECT_STATES
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import Cause
from core.services.media.proxies import revive_proxy
from core.services.project_lifecycle import lock_project
from core.services.project_retry import revive_attempt, revive_preview
from core.services.upload_signatures import SIGNATURE, SIGNED_HEADERS
from core.storage import dead_letters
from core.storage.webhooks import deliveries
from schemas import codec, events
from schemas.topics import BY_NAME, TOPIC_OF

MAX_PAYLOAD_BYTES = 500_000
"""Bytes that a dead letter keeps of its message; one that was cut cannot be sent again."""
DELIVERIES = TOPIC_OF[events.DeliveryDue].name


class DeadLetterSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no consumer could process."""

    dead_id: UUID
    org_id: UUID | None
    """Id of the organisation; null where it could not be read."""
    project_id: UUID | None
    """Id of the project; null where it could not be read."""
    topic: str
    """Topic of the message."""
    partition: int
    """Partition of the message."""
    offset: int
    """Offset of the message."""
    stage: str
    reason: str
    detail: str
    created_at: dt.datetime
    replayed_at: dt.datetime | None


class DeadLetterView(DeadLetterSummary, frozen=True, kw_only=True):
    """A dead letter with the bytes that arrived."""

    headers: dict[str, str]
    """Headers of the message."""
    payload_base64: str
    """Body of the message, in base64."""


class DeadLetterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters, newest first."""

    items: list[DeadLetterSummary]
    next_cursor: str | None = None


class ListDeadLetters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of dead letters."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    stage: Annotated[str, Meta(max_length=40)] | None = None
    """Only of this stage."""
    project_id: UUID | None = None
    """Only of this project."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The letter's message is in the outbox again."""

    dead_id: UUID
    topic: str
    """Topic the message is sent to."""
    replayed_at: dt.datetime


class _DueDelivery(msgspec.Struct):
    """What the events of deliveries have in common."""

    delivery_id: UUID


@asynccontextmanager
async def admin_rows(call: Call[Any, Any]) -> AsyncIterator[Connection]:
    """The caller's rows.

    Dead letters without an owner are among them where the caller operates the installation.
    """
    async with call.rows() as rows:
        if "installation:operate" in call.caller.permissions:
            await dead_letters.show_unowned(rows)
        yield rows


async def list_dead_letters(call: Call[None, ListDeadLetters]) -> Reply:
    """Dead letters, newest first."""
    query, ring = call.query, call.context.ring
    scope = f"dead/{call.org_id}/{query.stage}/{query.project_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with admin_rows(call) as rows:
        letter_rows = await dead_letters.list_dead_letter_rows(
            rows, stage=query.stage, project_id=query.project_id, after=place_of(after), limit=query.limit + 1
        )
    cursor = next_cursor(ring, scope, letter_rows, query.limit, "dead_id")
    return Reply(
        body=DeadLetterPage(
            items=[DeadLetterSummary(**_fields(row)) for row in letter_rows[: query.limit]], next_cursor=cursor
        )
    )


async def get_dead_letter(call: Call[None, None]) -> Reply:
    """Read a dead letter with its headers and bytes."""
    async with admin_rows(call) as rows:
        row = await _find_dead_letter(rows, call.ids["dead_id"])
    payload = base64.b64encode(row["payload"]).decode()
    return Reply(body=DeadLetterView(**_fields(row), headers=row["headers"], payload_base64=payload))


async def replay_dead_letter(call: Call[None, None]) -> Reply:
    """Send a dead letter's message again; its stage takes it up, and what had failed with it waits again."""
    async with admin_rows(call) as rows:
        row = await _find_dead_letter(rows, call.ids["dead_id"])
        if not row["payload"]:
            raise ApiProblem("not-replayable", "Its bytes are gone: its project was erased.")
        if row["reason"].startswith("producer.") or (row["topic"] == "uploads.v1" and SIGNATURE not in row["headers"]):
            raise ApiProblem("not-replayable", "Its sender is not proven; the producer has to sign it again.")
        if len(row["payload"]) >= MAX_PAYLOAD_BYTES:
            raise ApiProblem("not-replayable", f"Only its first {MAX_PAYLOAD_BYTES} bytes were kept.")
        if row["project_id"] is not None:
            await revive_owner(rows, row, call.cause(row["dead_id"]))
        endpoint_id = None
        if (delivery_id := _delivery_of(row)) is not None:
            endpoint_id = await deliveries.revive_delivery(rows, row["org_id"], delivery_id)
        fence = await dead_letters.free_attempt(rows, row)
        # a message that never had an attempt has no fence: the time tells its sendings apart
        emission = int(call.now.timestamp() * 1000) if fence is None else fence
        # a signature was verified before the first attempt, and may be too old by now: the relay signs it
        outdated = () if fence is None else SIGNED_HEADERS
        await dead_letters.requeue(rows, row, emission, call.now, without_headers=outdated, queue=endpoint_id)
    return Reply(body=Replayed(dead_id=row["dead_id"], topic=row["topic"], replayed_at=call.now))


async def revive_owner(rows: Connection, letter: Row, cause: Cause) -> None:
    """Let what failed with the letter wait again: project, exports, preview or proxy of its message."""
    project = await lock_project(rows, letter["org_id"], letter["project_id"])
    if project is None or project["state"] in GONE_PROJECT_STATES:
        return
    input_id = await dead_letters.find_given_up_input(rows, letter)
    if input_id is None:
        return
    await revive_attempt(rows, project, input_id, letter["stage"], cause)
    _, event = codec.decode(BY_NAME[letter["topic"]], letter["headers"], letter["payload"])
    if isinstance(event, events.PreviewRequested | events.PreviewPlanned):
        await revive_preview(rows, event.org_id, event.preview_id)
    if isinstance(event, events.ProxyRequested):
        await revive_proxy(rows, event.org_id, event.project_id)


def _delivery_of(row: Row) -> UUID | None:
    """The delivery that a letter's message is about, or None."""
    if row["topic"] != DELIVERIES:
        return None
    try:
        return msgspec.json.decode(row["payload"], type=_DueDelivery).delivery_id
    except msgspec.DecodeError:
        return None


async def _find_dead_letter(rows: Connection, dead_id: UUID) -> Row:
    return require(await dead_letters.find_dead_letter_row(rows, dead_id), "dead letter")


def _fields(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in DeadLetterSummary.__struct_fields__}


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/admin/dead-letters",
        name="listDeadLetters",
        tag="admin",
        permission="dead-letters:read",
        summary="List what could not be worked on",
        handler=list_dead_letters,
        query=ListDeadLetters,
        response=DeadLetterPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/admin/dead-letters/{dead_id}",
        name="getDeadLetter",
        tag="admin",
        permission="dead-letters:read",
        summary="Read a dead letter with its bytes",
        handler=get_dead_letter,
        response=DeadLetterView,
    ),
    Operation(
        method="POST",
        path="/v1/admin/dead-letters/{dead_id}/replay",
        name="replayDeadLetter",
        tag="admin",
        permission="dead-letters:write",
        status=202,
        summary="Send a dead letter's message again",
        handler=replay_dead_letter,
        response=Replayed,
        problems=("not-replayable",),
    ),
)
