"""Projects in a list, as a card shows them: progress, cost so far, time left, picture. Pure."""

from __future__ import annotations

import datetime as dt

import msgspec

from api.projects.models import Failure, ProjectSummary, State, failure_of, overall_percent, summary_fields
from core.domain.estimates import Estimate, Range, estimate_left
from core.domain.project_expiry import Keeping
from core.infra.postgres.connection import Row
from core.ports.stores import Objects
from schemas.events import Stage, StageState
from schemas.stages import ON_DEMAND, stage_position

PICTURE_EXPIRES_S = 900
"""Life of a picture's URL: a page is shown and left open for a while."""


class StageBrief(msgspec.Struct, frozen=True, kw_only=True):
    """One stage, in short."""

    stage: Stage
    state: StageState
    percent: int


class CostSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What a project cost so far."""

    currency: str
    """Empty where nothing has a price."""
    money: float | None
    """Cost of everything that has a price; null where nothing has."""


class ProjectCard(ProjectSummary, frozen=True, kw_only=True):
    """A project in a list, with what a card of it shows."""

    percent: int
    stage: Stage | None
    """The stage at work, the earliest of several; null where none is."""
    stages: list[StageBrief]
    """Stages in their order, in short."""
    clip_count: int
    """Number of clips."""
    cost: CostSoFar
    time_left: Range | None
    """Time until its end, in ms: the estimate's, by the share of the estimated work that is not done. Null where it
    is not at work, or has no estimate yet."""
    failure: Failure | None
    warnings: int
    """Number of warnings; the project itself has their texts."""
    thumbnail_url: str | None
    """Signed URL of a picture of its best finished clip, else of its source; null until there is one."""
    thumbnail_expires_at: dt.datetime | None
    """When that URL ends; null without one."""


class ProjectPage(msgspec.Struct, frozen=True, kw_only=True):
    """Projects, newest first. ``next_cursor`` is absent on the last page."""

    items: list[ProjectCard]
    next_cursor: str | None = None


def list_stage_briefs(stages: list[Row]) -> list[StageBrief]:
    """A project's stages in their order, from rows with ``stage``, ``state`` and ``percent``."""
    briefs = [msgspec.convert(dict(stage), StageBrief) for stage in stages]
    return sorted(briefs, key=lambda brief: (stage_position(brief.stage), brief.stage))


def stage_at_work(stages: list[StageBrief]) -> Stage | None:
    """The earliest stage that runs, of those that move a project."""
    return next((brief.stage for brief in stages if brief.state == "running" and brief.stage not in ON_DEMAND), None)


def percent_of(state: str, stages: list[StageBrief]) -> int:
    """How far a project is, as its own answer says it."""
    return overall_percent(state, [brief.percent for brief in stages if brief.stage not in ON_DEMAND])


def _time_left(row: Row, state: State, stages: list[StageBrief]) -> Range | None:
    if state != "running" or not row["estimate"]:
        return None
    percents = {brief.stage: 100 if brief.state in ("done", "skipped") else brief.percent for brief in stages}
    return estimate_left(msgspec.convert(row["estimate"], Estimate), percents)


def card_view(row: Row, keeping: Keeping, objects: Objects, now: dt.datetime) -> ProjectCard:
    """A project in a list, from its row of `list_project_cards`.

    ``keeping``: how long its organisation's projects are kept.
    """
    stages = list_stage_briefs(row["stages"])
    picture = row["thumbnail_key"]
    url = objects.presign_get(picture, filename="thumbnail.jpg", expires_s=PICTURE_EXPIRES_S) if picture else None
    return ProjectCard(
        **summary_fields(row, keeping, now),
        percent=percent_of(row["state"], stages),
        stage=stage_at_work(stages),
        stages=stages,
        clip_count=row["clip_count"],
        cost=CostSoFar(currency=row["currency"] or "", money=row["money"]),
        time_left=_time_left(row, row["state"], stages),
        failure=failure_of(row),
        warnings=len(row["warnings"]),
        thumbnail_url=url,
        thumbnail_expires_at=now + dt.timedelta(seconds=PICTURE_EXPIRES_S) if url else None,
    )
