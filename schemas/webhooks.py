"""Webhook messages: events that subscribers get, their types, filters and bodies. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

import msgspec

from schemas import events
from schemas.metadata import Label

EndEvent = events.ProjectCompleted | events.ProjectFailed | events.ExportCompleted | events.ExportFailed
NotifiedEvent = (
    EndEvent
    | events.ExportCancelled
    | events.ClipEdited
    | events.ProjectExpiring
    | events.ProjectUpdated
    | events.ClipUpdated
    | events.ExportUpdated
)
Kind = Literal[
    "project.completed",
    "project.failed",
    "project.expiring",
    "project.updated",
    "export.completed",
    "export.failed",
    "export.cancelled",
    "export.updated",
    "clip.edited",
    "clip.updated",
    "webhook.delivery_exhausted",
    "webhook.endpoint_disabled",
]
"""Types that an endpoint can ask for."""
TEST: Literal["webhook.test"] = "webhook.test"
"""Type of the message that a person sends to one endpoint, whatever it asked for."""
MessageType = Literal[Kind, "webhook.test"]
Wildcard = Literal["project.*", "export.*", "clip.*", "webhook.*", "*"]
Filter = Literal[Kind, Wildcard]
"""A type, or all types with a beginning."""
MESSAGE_TYPES: tuple[MessageType, ...] = (*get_args(Kind), TEST)
FILTERS: tuple[Filter, ...] = (*get_args(Kind), *get_args(Wildcard))
DisabledReason = Literal["gone", "failing"]


class DeliveryExhausted(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery was given up: its last try failed, or its address is refused."""

    endpoint_id: UUID
    url: str
    """URL that did not take it."""
    delivery_id: UUID
    event_type: str
    """Type of the message that did not arrive."""
    attempt: int
    """Tries that were made."""
    response_status: int | None
    """HTTP status of the last answer; null without one."""
    detail: str


class EndpointDisabled(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint was disabled: its receiver is gone, or failed for five days."""

    endpoint_id: UUID
    url: str
    """URL that gets no more messages."""
    reason: DisabledReason
    failing_since: dt.datetime | None
    """Since when each try failed; null where the one that ended it was the first."""
    disabled_at: dt.datetime
    """When it was disabled."""


class EndpointTested(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked for a test message to this endpoint. It says nothing about a project."""

    endpoint_id: UUID


Notice = DeliveryExhausted | EndpointDisabled | EndpointTested
"""What is said about endpoints themselves; it belongs to no project."""
NOTICES: Mapping[type, MessageType] = MappingProxyType(
    {
        DeliveryExhausted: "webhook.delivery_exhausted",
        EndpointDisabled: "webhook.endpoint_disabled",
        EndpointTested: TEST,
    }
)
"""Message type of each notice."""
TYPES: Mapping[type, Kind] = MappingProxyType(
    {
        events.ProjectCompleted: "project.completed",
        events.ProjectFailed: "project.failed",
        events.ProjectExpiring: "project.expiring",
        events.ProjectUpdated: "project.updated",
        events.ExportCompleted: "export.completed",
        events.ExportFailed: "export.failed",
        events.ExportCancelled: "export.cancelled",
        events.ExportUpdated: "export.updated",
        events.ClipEdited: "clip.edited",
        events.ClipUpdated: "clip.updated",
    }
)
"""Message type of each event of a project."""
INTERNAL = ("org_id", "video", "version")
"""Fields of events that messages leave out."""
MEASURED = ("checks", "faults")
"""Fields of an export's checks: values by name, and names of those that warn or fail."""


def filters_of(event_type: str) -> list[str]:
    """Every filter that takes a message of this type."""
    return [event_type, f"{event_type.partition('.')[0]}.*", "*"]


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
    return _encode(TYPES[type(event)], event_id, at, data)


def encode_notice(notice: Notice, *, event_id: UUID, at: dt.datetime) -> bytes:
    """The body of a message about an endpoint."""
    return _encode(NOTICES[type(notice)], event_id, at, notice)


def _encode(kind: MessageType, event_id: UUID, at: dt.datetime, data: object) -> bytes:
    return msgspec.json.encode({"type": kind, "timestamp": at.isoformat(), "id": str(event_id), "data": data})
