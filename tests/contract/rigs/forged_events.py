"""Rig for tests of forged events: examples of the contract as events of a project, and the rows that confirm them."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import asyncpg
import msgspec

from schemas import events
from schemas.common import ObjectRef
from schemas.stages import STAGES
from schemas.topics import TOPICS
from streams.registry import actor_path
from tests.support.event_factory import passing_examples

Connection = Any
PROJECT_STATES: dict[type, str] = {
    events.ProjectCompleted: "completed",
    events.ProjectFailed: "failed",
    events.ProjectCancelled: "cancelled",
    events.ProjectErased: "erased",
}
EXPORT_STATES: dict[type, str] = {
    events.ExportCompleted: "done",
    events.ExportFailed: "failed",
    events.ExportCancelled: "cancelled",
}
EXAMPLES = {type(one.event): one.event for one in passing_examples()}
_CLIP = """
insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title, reason, signals)
values ($1, $2, $3, 1, 0, 9, 1, 1, '', '', '[]') on conflict do nothing
"""
_EXPORT = """
insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms, automatic,
  state) values ($1, $2, $3, $4, 1, '9:16', true, 0, 9, false, $5) on conflict do nothing
"""


def find_taken() -> list[tuple[str, type]]:
    """(stage, event) for each event that a stage takes, but for uploads: those have a signature."""
    named = [kind for topic in TOPICS if {*topic.consumers} & {*STAGES} for kind in topic.events]
    found: list[tuple[str, type]] = []
    for stage in STAGES:
        module, _, name = actor_path(stage).partition(":")
        actor = getattr(import_module(module), name)
        found += [(stage, kind) for kind in named if actor.wants(object.__new__(actor), EXAMPLES[kind])]
    return [pair for pair in found if pair[1] is not events.UploadReceived]


def own_ref(org_id: uuid.UUID, project_id: uuid.UUID) -> ObjectRef:
    """A reference to an object of this project; there is none."""
    return ObjectRef(key=f"{org_id}/{project_id}/t/{'0' * 64}", sha256="0" * 64, size=1)


def event_of(kind: type, org_id: uuid.UUID, owner_id: uuid.UUID) -> Any:
    """The example of an event as one of this project or asset, with objects of its own."""
    body = msgspec.to_builtins(EXAMPLES[kind])
    is_asset = issubclass(kind, events.AssetEvent)
    body |= {"org_id": str(org_id), "asset_id" if is_asset else "project_id": str(owner_id)}
    for reference in _references(body):
        reference["key"] = f"{org_id}/{'assets/' * is_asset}{owner_id}/t/{reference['sha256']}"
    return msgspec.convert(body, kind)


def with_key(event: Any, key: str) -> Iterator[Any]:
    """The event once for each object that it refers to, with another key there."""
    for number in range(len(_references(msgspec.to_builtins(event)))):
        body = copy.deepcopy(msgspec.to_builtins(event))
        _references(body)[number]["key"] = key
        yield msgspec.convert(body, type(event))


def _references(body: Any) -> list[dict[str, Any]]:
    if isinstance(body, dict) and {"key", "sha256", "size"} <= body.keys():
        return [body]
    parts = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return [found for part in parts for found in _references(part)]


async def insert_owner(owner: Connection, event: Any, *, state: str = "", export_state: str = "") -> None:
    """Write the rows that confirm an event, or that contradict it by their states."""
    if isinstance(event, events.AssetEvent):
        await owner.execute(
            """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, state, purpose)
               values ($1, $2, $3, 'a', 'image/png', 7, 'complete', $4) on conflict do nothing""",
            event.org_id,
            event.asset_id,
            f"{event.org_id}/uploads/{event.asset_id}/a",
            event.kind,
        )
        await owner.execute(
            """insert into assets (org_id, asset_id, upload_id, object_key, kind, name)
               values ($1, $2, $2, $3, $4, 'a') on conflict do nothing""",
            event.org_id,
            event.asset_id,
            f"{event.org_id}/uploads/{event.asset_id}/a",
            event.kind,
        )
        return
    await insert_project(owner, event.org_id, event.project_id, state or PROJECT_STATES.get(type(event), "running"))
    if type(event) in EXPORT_STATES:
        await owner.execute(_CLIP, event.org_id, event.clip_id, event.project_id)
        export = export_state or EXPORT_STATES[type(event)]
        await owner.execute(_EXPORT, event.org_id, event.export_id, event.project_id, event.clip_id, export)


async def insert_project(owner: Connection, org_id: uuid.UUID, project_id: uuid.UUID, state: str = "running") -> None:
    """Write the row of a project, and that of its organisation."""
    await owner.execute("insert into orgs (org_id, name) values ($1, 'test') on conflict do nothing", org_id)
    await owner.execute(
        """insert into projects (org_id, project_id, state) values ($1, $2, $3)
           on conflict (org_id, project_id) do update set state = excluded.state""",
        org_id,
        project_id,
        state,
    )


async def connect(dsn: str) -> Connection:
    """A connection of the owner, who sees every organisation."""
    return await asyncpg.connect(dsn)
