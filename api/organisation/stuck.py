"""Projects that stand still, for operators."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from core.domain.project_states import ProjectState
from core.services.watchdog import list_still_projects, show_all

MAX_PROJECTS = 100


class StuckProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project at work in which nothing moves."""

    org_id: UUID
    project_id: UUID
    state: ProjectState
    still_since: dt.datetime
    """When an attempt of it last began or ended, or an event of it was sent."""
    stages: list[str]
    """Stages with an attempt that is not over; empty: an event was lost, and is emitted again."""
    waits_for: str | None
    """The part of the installation that it waits for, with its error; null where none was reported."""


class StuckProjects(msgspec.Struct, frozen=True, kw_only=True):
    """The stillest projects, at most a hundred."""

    items: list[StuckProject]


class ListStuck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on a project counts."""

    minutes: Annotated[float, Meta(ge=0.0, le=100_000.0)] | None = None
    """Least time without movement; by default that of the watchdog."""


async def list_stuck(call: Call[None, ListStuck]) -> Reply:
    """Projects of the organisation in which nothing moves.

    Those of all organisations where the caller operates the installation.
    """
    still_s = call.context.settings.still_s if call.query.minutes is None else call.query.minutes * 60
    async with call.rows() as rows:
        if "installation:operate" in call.caller.permissions:
            await show_all(rows)
        projects = await list_still_projects(rows, dt.timedelta(seconds=still_s), MAX_PROJECTS)
    items = [
        StuckProject(
            org_id=project.org_id,
            project_id=project.project_id,
            state=msgspec.convert(project.state, ProjectState),
            still_since=project.moved_at,
            stages=project.stages,
            waits_for=project.waits_for,
        )
        for project in projects
    ]
    return Reply(body=StuckProjects(items=items))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/admin/stuck",
        name="listStuckProjects",
        tag="admin",
        permission="dead-letters:read",
        summary="List projects in which nothing moves",
        handler=list_stuck,
        query=ListStuck,
        response=StuckProjects,
    ),
)
