"""Projects in the form of answers: summary, stages, failure. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from api.projects.costs import ProjectCost, cost_view, cpu_by_stage
from core.domain.project_expiry import KEPT_WITHOUT_END, Keeping, expiry_of
from core.domain.project_states import ENDED_PROJECT_STATES
from core.infra.postgres.connection import Row
from schemas.documents.moments import NearMoment
from schemas.events import Stage, StageState
from schemas.metadata import Metadata, decode_metadata
from schemas.options.project import ProjectOptions
from schemas.stages import ON_DEMAND, stage_position
from schemas.tags import Tags

State = Literal["queued", "running", "completed", "failed", "cancelled"]


class StageView(msgspec.Struct, frozen=True, kw_only=True):
    """State of one stage. ``cpu_ms`` is its cost so far: later exports and lost tries included.

    ``skipped``: the project ended without it. ``preview`` is listed once one was made, and has no elapsed time.
    """

    stage: Stage
    state: StageState
    percent: int
    parts_done: int
    """Parts that are finished."""
    parts_total: int
    """Parts in all; null while unknown."""
    cpu_ms: int
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    elapsed_ms: int | None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a project or an export has no result."""

    reason: str
    """Machine-readable reason, such as `media.unsupported`."""
    detail: str


class ProjectSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A project in short."""

    project_id: UUID
    title: str
    state: State
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    duration_ms: int | None
    language: str | None
    metadata: Metadata
    tags: Tags
    revision: int
    """Counts the changes of title, metadata and tags, from 1: names the ETag."""
    test: bool
    """Made with a test key: its clips are drafts with a mark over the picture, and are not billed."""
    expires_at: dt.datetime | None
    """When it is erased, with its source and its files, as the plan says; null while it is at work, or is kept."""


class Project(ProjectSummary, frozen=True, kw_only=True):
    """A project, stage by stage. ``warnings`` lists parts that were lost."""

    options: ProjectOptions
    source_url: str | None
    width_px: int | None
    height_px: int | None
    percent: int
    cpu_ms: int
    clip_count: int
    """Number of clips."""
    stages: list[StageView]
    cost: ProjectCost
    warnings: list[str]
    nothing_found_reason: str | None
    nearest: list[NearMoment]
    """Where nothing was found: the moments that came nearest, and what each lacked."""
    without_words: str | None
    """Why there is no word in it, and so no caption anywhere: absent by design. None where there are words."""
    failure: Failure | None


def summary_fields(row: Row, keeping: Keeping, now: dt.datetime) -> dict[str, Any]:
    """Fields of a summary, from a project's row; ``keeping``: how long its organisation's are kept."""
    fields = {name: row[name] for name in ProjectSummary.__struct_fields__ if name != "expires_at"}
    ended_at = row["finished_at"] if row["state"] in ENDED_PROJECT_STATES else None
    expires_at = expiry_of(keeping, ended_at, row["announced_expiry"], now) if ended_at is not None else None
    return fields | {
        "expires_at": expires_at,
        "metadata": decode_metadata(row["metadata"]),
        "tags": list(row["tags"]),
    }


def failure_of(row: Row) -> Failure | None:
    """Why a project or an export failed, from its row."""
    reason = row["failure_reason"]
    return Failure(reason=reason, detail=row["failure_detail"] or "") if reason else None


def overall_percent(state: str, percents: Sequence[int]) -> int:
    """How far a project is, from the percents of the stages that move it."""
    done = 100 * len(percents) if state == "completed" else sum(percents)
    return done // max(1, len(percents))


def project_view(
    row: Row, stages: list[Row], costs: list[Row], now: dt.datetime, keeping: Keeping = KEPT_WITHOUT_END
) -> Project:
    """A project as it is shown, from its row, those of its stages and those of its costs.

    ``keeping``: how long its organisation's projects are kept.
    """
    cost = cost_view(costs, row, stages)
    cpu_ms = cpu_by_stage(cost.items)
    ordered = [_stage(stage, cpu_ms[stage["stage"]], now) for stage in sorted(stages, key=_place)]
    percents = [view.percent for view in ordered if view.stage not in ON_DEMAND]
    return Project(
        **summary_fields(row, keeping, now),
        options=msgspec.convert(row["options"], ProjectOptions),
        source_url=row["source_url"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        percent=overall_percent(row["state"], percents),
        cpu_ms=sum(cpu_ms.values()),
        clip_count=row["clip_count"],
        stages=ordered,
        cost=cost,
        warnings=list(row["warnings"]),
        nothing_found_reason=row["nothing_found_reason"],
        nearest=msgspec.convert(row["nearest"] or [], list[NearMoment]),
        without_words=row["without_words"],
        failure=failure_of(row),
    )


def _place(stage: Row) -> tuple[int, str]:
    return stage_position(stage["stage"]), stage["stage"]


def _stage(row: Row, cpu_ms: int, now: dt.datetime) -> StageView:
    begun, finished = row["started_at"], row["finished_at"]
    elapsed = max(0, int(((finished or now) - begun).total_seconds() * 1000)) if begun else None
    names = ("stage", "state", "percent", "parts_done", "parts_total", "started_at", "finished_at")
    return StageView(**{name: row[name] for name in names}, cpu_ms=cpu_ms, elapsed_ms=elapsed)
