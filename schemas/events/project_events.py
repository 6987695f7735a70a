"""Events of a project as a whole: progress, end, erasure, title, cost."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from msgspec import Meta

from schemas import stages
from schemas.costs import CostItem, InferenceCall, Outcome
from schemas.documents.moments import NearMoment
from schemas.events.event_base import Event, Labelled

Stage = stages.Stage
StageState = stages.StageState


class ProjectProgressed(Event, frozen=True, kw_only=True):
    """A stage of a project moved. ``version`` grows by one with each event of the project."""

    version: int
    stage: Stage
    state: StageState
    percent: int
    elapsed_ms: int | None = None
    cpu_ms: int | None = None
    media_ms: int | None = None


class ProjectCompleted(Event, frozen=True, kw_only=True):
    """All automatic exports ended, one with a file, or ``nothing_found_reason`` says why not."""

    version: int
    clip_count: int
    warnings: list[str] = []
    nothing_found_reason: str | None = None
    nearest: list[NearMoment] = []
    """Without a clip: the moments that came nearest, without their titles."""


class ProjectFailed(Event, frozen=True, kw_only=True):
    """The project ended without a result; ``detail`` is a sentence for a person."""

    version: int
    reason: str
    detail: str


class ProjectRetried(Event, frozen=True, kw_only=True):
    """A failed project is at work again: its ``ProjectFailed`` before this is no end any more."""

    version: int
    stages: list[Stage]
    """Stages that were taken up, in the order of the work."""


class ProjectCancelled(Event, frozen=True, kw_only=True):
    """The project was stopped."""

    version: int


class ProjectExpiring(Event, frozen=True, kw_only=True):
    """The plan keeps the project no longer: it is erased at ``expires_at``, unless the plan changes."""

    version: int
    expires_at: Annotated[dt.datetime, Meta(tz=True)]
    """When it is erased, at the earliest."""


class ProjectErased(Event, frozen=True, kw_only=True):
    """Everything of the project is to be deleted; its id stays as a tombstone."""

    version: int


class ProjectUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of a project changed."""


class CostIncurred(Event, frozen=True, kw_only=True):
    """One try of a stage at one event ended. ``attempt`` counts the tries, lost ones included."""

    stage: Stage
    attempt: int
    outcome: Outcome
    wall_ms: int
    items: list[CostItem]
    calls: list[InferenceCall] = []
    """Requests to models in their order; beyond a limit, the rest of each model's are one entry."""
    currency: str = ""
