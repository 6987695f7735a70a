"""Messages of the stream of an organisation: how what changed stands now. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec

from api.projects.cards import StageBrief, list_stage_briefs, percent_of, stage_at_work
from api.projects.models import Failure, failure_of
from core.domain.identity.actors import Actor, parse_actor
from core.domain.project_states import ExportState, ProjectState
from core.infra.postgres.connection import Row
from core.storage.organisation.changes import ChangeKind
from schemas.common import Aspect
from schemas.documents.quality import Verdict
from schemas.events import Stage

RENDERING_PERCENT = 50
"""Of an export that is being made: nothing tells how far it is."""
ResetReason = Literal["opened", "expired", "too-much"]


class StreamReset(msgspec.Struct, frozen=True, kw_only=True):
    """Read again what you show: what changed before this message is not told."""

    reason: ResetReason


class ProjectChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A project as it stands; of an erased one nothing but that."""

    project_id: UUID
    version: int
    """Counts what happened to the project: of two messages the greater is the newer."""
    state: ProjectState
    title: str = ""
    revision: int = 0
    percent: int = 0
    stage: Stage | None = None
    stages: list[StageBrief] = []
    clip_count: int = 0
    duration_ms: int | None = None
    finished_at: dt.datetime | None = None
    failure: Failure | None = None


class ExportChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a clip as it stands."""

    export_id: UUID
    project_id: UUID
    clip_id: UUID
    ordinal: int
    number: int
    aspect: Aspect
    state: ExportState
    percent: int
    edit_version: int
    verdict: Verdict | None
    failure: Failure | None


class ClipChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A new clip, or one with another title or other metadata."""

    clip_id: UUID
    project_id: UUID
    title: str
    revision: int


class ClipEditedBy(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a clip's edit, and who made it."""

    clip_id: UUID
    project_id: UUID
    edit_version: int
    actor: Actor
    at: dt.datetime


class TranscriptCorrected(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a transcript, and who made it."""

    project_id: UUID
    version: int
    actor: Actor
    at: dt.datetime


def project_changed(row: Row) -> ProjectChanged:
    """A project, from its row of `read_changed`."""
    fields: dict[str, Any] = {name: row[name] for name in ("project_id", "version", "state")}
    if row["state"] == "erased":
        return ProjectChanged(**fields)
    stages = list_stage_briefs(row["stages"])
    fields |= {name: row[name] for name in ("title", "revision", "clip_count", "duration_ms", "finished_at")}
    return ProjectChanged(
        **fields,
        percent=percent_of(row["state"], stages),
        stage=stage_at_work(stages),
        stages=stages,
        failure=failure_of(row),
    )


def export_changed(row: Row) -> ExportChanged:
    """An export, from its row of `read_changed`."""
    derived = ("percent", "failure")
    percent = {"done": 100, "rendering": RENDERING_PERCENT}.get(row["state"], 0)
    fields = {name: row[name] for name in ExportChanged.__struct_fields__ if name not in derived}
    return ExportChanged(**fields, percent=percent, failure=failure_of(row))


def _edited(row: Row) -> ClipEditedBy:
    return ClipEditedBy(**dict(row) | {"actor": parse_actor(row["actor"])})


def _corrected(row: Row) -> TranscriptCorrected:
    return TranscriptCorrected(**dict(row) | {"actor": parse_actor(row["actor"])})


MESSAGES: Mapping[ChangeKind, tuple[str, Callable[[Row], msgspec.Struct]]] = {
    "project": ("project.changed", project_changed),
    "export": ("export.changed", export_changed),
    "clip": ("clip.changed", lambda row: ClipChanged(**dict(row))),
    "edit": ("clip.edited", _edited),
    "transcript": ("transcript.corrected", _corrected),
}
"""Kind of a change → name of its message, and how it is made of a row."""
RESET = "stream.reset"
