"""Rows of spans: ingest writes them, later stages read their documents.

Their progress is in core.services.spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas import events
from schemas.common import ObjectRef, Value


class SpanDocuments(Value, frozen=True, kw_only=True):
    """The documents of what was heard and seen in a span; None if given up, or not there yet."""

    heard: ObjectRef | None
    seen: ObjectRef | None


class SpanRecord(SpanDocuments, frozen=True, kw_only=True):
    """A span with its documents."""

    event: events.SpanPlanned


async def insert_spans(
    connection: Connection, org_id: UUID, project_id: UUID, planned: Sequence[events.SpanPlanned]
) -> None:
    """Write the spans that a source was cut into."""
    await connection.executemany(
        "insert into spans (org_id, project_id, ordinal, event) values ($1, $2, $3, $4)",
        [(org_id, project_id, span.ordinal, span) for span in planned],
    )


async def list_spans(connection: Connection, org_id: UUID, project_id: UUID) -> list[SpanRecord]:
    """The spans of a project, in order of time."""
    rows = await connection.fetch(
        """select event, heard_ref as heard, seen_ref as seen from spans
           where org_id = $1 and project_id = $2 order by ordinal""",
        org_id,
        project_id,
    )
    return [msgspec.convert(dict(row), SpanRecord) for row in rows]


async def list_span_documents(connection: Connection, org_id: UUID, project_id: UUID) -> list[SpanDocuments]:
    """The documents of a project's spans, in order of time."""
    rows = await connection.fetch(
        """select heard_ref as heard, seen_ref as seen from spans
           where org_id = $1 and project_id = $2 order by ordinal""",
        org_id,
        project_id,
    )
    return [msgspec.convert(dict(row), SpanDocuments) for row in rows]
