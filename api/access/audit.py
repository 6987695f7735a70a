"""The audit log: list it, and export the chain of its entries."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import FieldError, invalid
from core.domain.identity.actors import Actor, parse_actor
from core.domain.identity.audit_chain import FIELDS, ORIGIN, ChainEnd, Outcome
from core.infra.postgres.connection import Row
from core.storage.identity import audit

NDJSON, CSV = "application/x-ndjson", "text/csv"
MAX_PAGE_ENTRIES = 1_000
"""Number of entries that one statement of an export reads."""
_FORMULA_STARTS = ("=", "+", "-", "@")
ActorText = Annotated[str, Meta(max_length=60, pattern=r"^[a-z_]{1,20}:[0-9a-f-]{36}$")]


class ListAudit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of the audit log."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    actor: ActorText | None = None
    """Only what this actor did: its kind and id with a colon between them."""
    operation: Annotated[str, Meta(max_length=60)] | None = None
    """Only this operation, by its name in the OpenAPI document."""
    target_id: UUID | None = None
    """Only what was done to this thing or inside of it."""
    since: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only from this time on."""
    until: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only before this time."""


class ExportAudit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to export."""

    format: Literal["ndjson", "csv"] = "ndjson"
    """`ndjson`: a chain that can be verified; `csv`: a table for people."""
    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    """Only what follows this position; without it, everything that is kept."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: who did what, from where, and when."""

    entry_id: UUID
    """Id of the entry."""
    created_at: dt.datetime
    actor: Actor
    """Who did it."""
    key_id: UUID | None
    """The API key that the actor used; null: none."""
    operation: str
    """Name of the operation in the OpenAPI document."""
    target_kind: str
    """Kind of the last of the targets; empty where it has no target."""
    target_ids: list[UUID]
    """What it was done to, from the outermost to what was made or changed."""
    address: str
    """Address that the request came from; empty once its person is erased."""
    user_agent: str
    """What the client calls itself, cut to 200 characters; empty once its person is erased."""
    request_id: str
    outcome: Outcome
    """`done`, or `refused`: the caller lacked the permission."""
    position: int | None
    """Place in the chain of the organisation, from 1; null until it is sealed, about a second later."""
    hash: str | None
    """SHA-256 over the hash of the entry before and what this one says; null until it is sealed."""


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, newest first. ``next_cursor`` is absent on the last page."""

    items: list[Audited]
    next_cursor: str | None = None


def _view(row: Row) -> Audited:
    fields: dict[str, Any] = {name: row[name] for name in Audited.__struct_fields__}
    sealed = row["hash"].hex() if row["hash"] is not None else None
    return Audited(**fields | {"actor": parse_actor(row["actor"]), "hash": sealed})


def time_errors(query: ListAudit) -> list[FieldError]:
    """An error where the range of time holds nothing."""
    if query.since is not None and query.until is not None and query.since >= query.until:
        return [FieldError(pointer="?until", detail="It must lie after `since`.")]
    return []


async def list_audit(call: Call[None, ListAudit]) -> Reply:
    """Entries of the audit log, newest first."""
    query, ring = call.query, call.context.ring
    filters = (query.actor, query.operation, query.target_id, query.since, query.until)
    scope = "/".join(["audit", str(call.org_id), *map(str, filters)])
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        entry_rows = await audit.list_entry_rows(
            rows,
            call.org_id,
            actor=query.actor,
            operation=query.operation,
            target_id=query.target_id,
            since=query.since,
            until=query.until,
            after=place_of(after),
            limit=query.limit + 1,
        )
    cursor = next_cursor(ring, scope, entry_rows, query.limit, "entry_id")
    return Reply(body=AuditPage(items=[_view(row) for row in entry_rows[: query.limit]], next_cursor=cursor))


async def export_audit(call: Call[None, ExportAudit]) -> Response:
    """Export the sealed entries in the order of their chain.

    NDJSON begins with a `checkpoint` and ends with the `head`.
    """
    async with call.rows() as rows:
        start, head = await audit.read_chain_ends(rows, call.org_id)
        if call.query.after is not None and call.query.after != start.position:
            after_hash = head.hash if call.query.after == head.position else None
            after_hash = after_hash or await audit.find_sealed_hash(rows, call.org_id, call.query.after)
            if after_hash is None:
                raise invalid("?after", f"It must be a position from {start.position} to {head.position}.")
            start = ChainEnd(position=call.query.after, hash=after_hash)
    headers = {"Content-Disposition": f'attachment; filename="audit.{call.query.format}"'}
    if call.query.format == "csv":
        return StreamingResponse(_csv_lines(call, start, head), headers=headers, media_type=CSV)
    return StreamingResponse(_json_lines(call, start, head), headers=headers, media_type=NDJSON)


async def _pages(call: Call[Any, Any], start: ChainEnd, head: ChainEnd) -> AsyncIterator[list[Row]]:
    """Pages of the sealed entries between two places, each in a transaction of its own."""
    at = start.position
    while at < head.position:
        async with call.rows() as rows:
            page = await audit.list_sealed_rows(
                rows, call.org_id, after=at, until=head.position, limit=MAX_PAGE_ENTRIES
            )
        if not page:
            return
        at = page[-1]["position"]
        yield page


async def _json_lines(call: Call[Any, Any], start: ChainEnd, head: ChainEnd) -> AsyncIterator[bytes]:
    yield _line({"line": "checkpoint", "org_id": call.org_id, "position": start.position, "hash": start.hash.hex()})
    async for page in _pages(call, start, head):
        yield b"".join(
            _line(
                {"line": "entry"}
                | {name: row[name] for name in (*FIELDS, *ORIGIN)}
                | {"previous_hash": row["previous_hash"].hex(), "hash": row["hash"].hex()}
            )
            for row in page
        )
    yield _line({"line": "head", "org_id": call.org_id, "position": head.position, "hash": head.hash.hex()})


def _line(fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode(fields) + b"\n"


async def _csv_lines(call: Call[Any, Any], start: ChainEnd, head: ChainEnd) -> AsyncIterator[bytes]:
    names = (*FIELDS, "address", "user_agent", "hash")
    yield _table([names])
    async for page in _pages(call, start, head):
        yield _table([[_cell(row[name]) for name in names] for row in page])


def _table(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, bytes):
        value = value.hex()
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/audit",
        name="listAudit",
        tag="audit",
        permission="audit:read",
        summary="List who did what, newest first",
        handler=list_audit,
        query=ListAudit,
        check=time_errors,
        response=AuditPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/audit/export",
        name="exportAudit",
        tag="audit",
        permission="audit:read",
        summary="Export the audit log as a chain that can be verified",
        handler=export_audit,
        query=ExportAudit,
        media_types=(NDJSON, CSV),
    ),
)
