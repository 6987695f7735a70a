"""Webhook messages: which events subscribers get, under which name, and what the body tells. Pure; sends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import msgspec

from schemas import events

Ended = events.ProjectCompleted | events.ProjectFailed | events.ExportCompleted | events.ExportFailed
Told = Ended | events.ClipEdited
TYPES: Mapping[type, str] = MappingProxyType(
    {
        events.ProjectCompleted: "project.completed",
        events.ProjectFailed: "project.failed",
        events.ExportCompleted: "export.completed",
        events.ExportFailed: "export.failed",
        events.ClipEdited: "clip.edited",
    }
)
"""Name of each event's messages."""
INTERNAL = ("org_id", "video", "version")
"""Fields of events that messages leave out."""
MEASURED = ("checks", "faults")
"""Of an export's checks: the values by name, and the names of those that warn or fail."""


def encode_message(event: Told, *, event_id: UUID, at: dt.datetime) -> bytes:
    """The body of a message: type, time, id and data."""
    data = {name: value for name, value in msgspec.to_builtins(event).items() if name not in INTERNAL}
    if isinstance(event, events.ExportCompleted):
        data |= {
            "checks": {one.name: one.value for one in event.checks if one.value is not None},
            "faults": [one.name for one in event.checks if one.verdict in ("warn", "fail")],
        }
    body = {"type": TYPES[type(event)], "timestamp": at.isoformat(), "id": str(event_id), "data": data}
    return msgspec.json.encode(body)
