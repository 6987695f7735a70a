"""An event as one row of ClickHouse's ``events``, without customers' words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from schemas import codec, events
from schemas.events.rendition import FIELD as RENDITION

COLUMNS = (
    "org_id", "project_id", "event_id", "type", "topic", "partition", "offset", "time", "stage", "state",
    "elapsed_ms", "cpu_ms", "media_ms", "reason", "version", "body",
)  # fmt: skip
"""Columns of ``events`` in the order of ``row_of``."""
TOMBSTONE_COLUMNS = ("org_id", "project_id", "erased_at")
CUSTOMERS_WORDS = frozenset(
    {
        "title",
        "metadata",
        "source_url",
        "object_key",
        "detail",
        "headers",
        "payload_base64",
        "prompt",
        "topics",
        "glossary",
        "script",
        "script_text",
    }
)
"""Fields that may hold a customer's words: names, addresses, file names, sentences about them.

They are left out.
"""
ELSEWHERE = frozenset({"items", "calls", "checks"})
"""Fields that have rows of their own (streams/sinks/clickhouse/fact_rows.py)."""
LEFT_OUT = CUSTOMERS_WORDS | ELSEWHERE
NOBODY = UUID(int=0)
ProjectKey = tuple[UUID, UUID]
"""(org, project): a project id alone may be another organisation's."""


def project_key(event: events.AnyEvent) -> ProjectKey:
    """Organisation and project of an event; the nil UUID for one without."""
    return event.org_id or NOBODY, event.project_id or NOBODY


def row_of(envelope: codec.Envelope, event: events.AnyEvent, *, topic: str, partition: int, offset: int) -> list[Any]:
    """The row of an event that arrived at this place."""
    org_id, project_id = project_key(event)
    return [
        org_id,
        project_id,
        envelope.id,
        type(event).__name__,
        topic,
        partition,
        offset,
        envelope.time,
        getattr(event, "stage", ""),
        getattr(event, "state", ""),
        getattr(event, "elapsed_ms", None),
        getattr(event, "cpu_ms", None),
        _media_ms(event),
        getattr(event, "reason", ""),
        getattr(event, "version", 0),
        body_of(event),
    ]


def _media_ms(event: events.AnyEvent) -> int | None:
    if isinstance(event, events.ExportCompleted):
        return event.duration_ms
    return getattr(event, "media_ms", None)


def body_of(event: events.AnyEvent) -> str:
    """The event as JSON, keys sorted, without customers' words."""
    body = msgspec.to_builtins(event)
    body |= body.pop(RENDITION, {})  # views and saved queries read its fields at the top level
    fields = {name: value for name, value in body.items() if name not in LEFT_OUT}
    if isinstance(fields.get("options"), dict):
        fields["options"] = {name: value for name, value in fields["options"].items() if name not in CUSTOMERS_WORDS}
    return msgspec.json.encode(fields, order="sorted").decode()


def erased_of(log_events: Iterable[events.AnyEvent]) -> set[ProjectKey]:
    """Projects that these events erase."""
    return {project_key(event) for event in log_events if isinstance(event, events.ProjectErased)}
