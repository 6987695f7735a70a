"""Webhook messages: events that subscribers get, their types and bodies. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import msgspec

from schemas import events
from schemas.metadata import Label

EndEvent = events.ProjectCompleted | events.ProjectFailed | events.ExportCompleted | events.ExportFailed
NotifiedEvent = (
    EndEvent
    | events.ExportCancelled
    | events.ClipEdited
    | events.ProjectUpdated
    | events.ClipUpdated
    | events.ExportUpdated
)
Kind = Literal[
    "project.completed",
    "project.failed",
    "project.updated",
    "export.completed",
    "export.failed",
    "export.cancelled",
    "export.updated",
    "clip.edited",
    "clip.updated",
]
TYPES: Mapping[type, Kind] = MappingProxyType(
    {
        events.ProjectCompleted: "project.completed",
        events.ProjectFailed: "project.failed",
        events.ProjectUpdated: "project.updated",
        events.ExportCompleted: "export.completed",
        events.ExportFailed: "export.failed",
        events.ExportCancelled: "export.cancelled",
        events.ExportUpdated: "export.updated",
        events.ClipEdited: "clip.edited",
        events.ClipUpdated: "clip.updated",
    }
)
"""Message type of each event."""
INTERNAL = ("org_id", "video", "version")
"""Fields of events that messages leave out."""
MEASURED = ("checks", "faults")
"""Fields of an export's checks: values by name, and names of those that warn or fail."""


def labelled_kinds(event: type) -> tuple[str, ...]:
    """Kinds whose title and metadata a message has: the project, and the clip or export that it names."""
    fields = event.__struct_fields__  # type: ignore[attr-defined]
    return ("project", *(kind for kind in ("clip", "export") if f"{kind}_id" in fields))


def encode_message(event: NotifiedEvent, *, event_id: UUID, at: dt.datetime, labels: Mapping[str, Label]) -> bytes:
    """The body of a message: type, time, id and data; ``labels`` by kind, unless erased."""
    data = {name: value for name, value in msgspec.to_builtins(event).items() if name not in INTERNAL}
    if isinstance(event, events.ExportCompleted):
        data |= {
            "checks": {check.name: check.value for check in event.checks if check.value is not None},
            "faults": [check.name for check in event.checks if check.verdict in ("warn", "fail")],
        }
    data |= {kind: labels.get(kind, Label(title="", metadata={})) for kind in labelled_kinds(type(event))}
    body = {"type": TYPES[type(event)], "timestamp": at.isoformat(), "id": str(event_id), "data": data}
    return msgspec.json.encode(body)
