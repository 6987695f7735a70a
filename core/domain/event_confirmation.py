"""Compare an event with the rows about what it names: its owner, its objects, its state. Pure.

Anyone who can write to a topic can write any event. One that the rows contradict is not worked on and not counted. Rows
only go forward (core.domain.project_states), so an event that was true once is confirmed by the rows of today.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from core.domain.project_states import ProjectState
from schemas import events
from schemas.common import ObjectRef

UNCONFIRMED = "event.unconfirmed"
"""Reason of the dead letter of such an event."""
OwnerKind = Literal["project", "asset", "organisation"]
"""What an event is about: an organisation itself, where it is about none of its projects."""
ExportEnd = events.ExportCompleted | events.ExportFailed | events.ExportCancelled
_PROJECT_ENDS: Mapping[type, ProjectState] = {
    events.ProjectCompleted: "completed",
    events.ProjectFailed: "failed",
    events.ProjectCancelled: "cancelled",
}
_EXPORT_ENDS: Mapping[type, Collection[str]] = {
    events.ExportCompleted: ("done",),
    # An operator may have replayed its dead letter: it was made after all.
    events.ExportFailed: ("failed", "done"),
    events.ExportCancelled: ("cancelled",),
}


class KnownExport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an export by its row."""

    state: str
    retries: int


class KnownOwner(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an event's project, or of its asset, by its row."""

    state: str
    kind: OwnerKind = "project"
    retries: int = 0
    source_keys: frozenset[str] = frozenset()
    """Keys of the project's source and its index. A source may be an upload, or lie under another project."""
    export: KnownExport | None = None
    """The export that the event names, if it is one of this project."""


@cache
def _has_references(kind: type) -> bool:
    """Whether events of a type can refer to objects: most cannot, and a sink asks for each event."""
    return ObjectRef.__name__ in msgspec.json.schema_components((kind,))[1]


def list_references(event: events.AnyEvent) -> list[ObjectRef]:
    """Every object that an event refers to, however deep, in the order of its fields."""
    return _collect(event) if _has_references(type(event)) else []


def _collect(value: Any) -> list[ObjectRef]:
    if isinstance(value, ObjectRef):
        return [value]
    parts: Collection[Any] = ()
    if isinstance(value, msgspec.Struct):
        parts = [getattr(value, name) for name in value.__struct_fields__]
    elif isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    return [reference for part in parts for reference in _collect(part)]


def named_export(event: events.AnyEvent) -> UUID | None:
    """The export whose row has to confirm an event."""
    return event.export_id if isinstance(event, ExportEnd) else None


def find_contradiction(event: events.AnyEvent, owner: KnownOwner | None) -> str | None:
    """Describe where an organisation's rows contradict its event; None where they confirm it.

    ``owner`` is None where no row of that organisation has the project or asset. Events of an erased project are true
    as far as anybody still knows: their consumers drop them.
    """
    if owner is None or owner.kind not in _owner_kinds(event):
        return f"organisation {event.org_id} has no project or asset {event.project_id} of this event"
    if owner.state == "erased":
        return None
    if isinstance(event, events.ProjectErased):
        return f"no row calls project {event.project_id} of organisation {event.org_id} erased"
    return _find_foreign(event, owner) or _find_wrong_state(event, owner)


def owner_kind(event: events.AnyEvent) -> OwnerKind:
    """The kind of owner that an event names; a dead letter's may be another."""
    if isinstance(event, events.NoticeDue):
        return "organisation"
    return "asset" if isinstance(event, events.AssetEvent) else "project"


def _owner_kinds(event: events.AnyEvent) -> Collection[OwnerKind]:
    """The kinds that the owner of an event may be of. A dead letter may be about any."""
    return get_args(OwnerKind) if isinstance(event, events.DeadLetter) else (owner_kind(event),)


def _find_foreign(event: events.AnyEvent, owner: KnownOwner) -> str | None:
    """The first object that is neither the owner's own nor the source of its project."""
    folder = f"assets/{event.project_id}" if isinstance(event, events.AssetEvent) else f"{event.project_id}"
    prefix = f"{event.org_id}/{folder}/"
    for reference in list_references(event):
        if reference.key not in owner.source_keys and not _lies_under(prefix, reference.key):
            return f"{reference.key[:300]!r} does not belong to {event.project_id}"
    return None


def _lies_under(prefix: str, key: str) -> bool:
    """Whether a key lies under a prefix, also for a store that resolves '..' as a path."""
    return key.startswith(prefix) and not {"", ".", ".."} & set(key.split("/"))


def _find_wrong_state(event: events.AnyEvent, owner: KnownOwner) -> str | None:
    expected_state = _PROJECT_ENDS.get(type(event))
    # A failed project that was retried may be in any state by now.
    was_retried = isinstance(event, events.ProjectFailed) and owner.retries > 0
    if expected_state is not None and owner.state != expected_state and not was_retried:
        return f"project {event.project_id} is {owner.state}, not {expected_state}"
    if isinstance(event, events.ProjectRetried) and owner.retries == 0:
        return f"project {event.project_id} was never retried"
    return _find_wrong_export(event, owner.export) if isinstance(event, ExportEnd) else None


def _find_wrong_export(event: ExportEnd, export: KnownExport | None) -> str | None:
    if export is None:
        return f"project {event.project_id} has no export {event.export_id}"
    was_retried = isinstance(event, events.ExportFailed) and export.retries > 0
    if export.state in _EXPORT_ENDS[type(event)] or was_retried:
        return None
    return f"export {event.export_id} is {export.state}, not as {type(event).__name__} says"
