"""Retry: take a failed project, a stage of it or an export up again, where it failed."""

from __future__ import annotations

from uuid import UUID

import msgspec

from api.billing.quota_checks import require_quota
from api.http.operations import Call, Handler, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError
from api.projects.handlers import find_project
from core.domain.project_states import GONE_PROJECT_STATES, ProjectState
from core.services.project_lifecycle import lock_project
from core.services.project_retry import retry_project
from core.storage.projects import read_project_state
from schemas.stages import PROJECT_STAGES, Stage


class RetryProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stage or export to try again; both empty: everything that failed."""

    stage: Stage | None = None
    """Only what failed in this stage."""
    export_id: UUID | None = None
    """Only this export, with the failed ones that are made together with it."""


class RetriedProject(msgspec.Struct, frozen=True, kw_only=True):
    """The stages and exports that are tried again; follow ``Location`` or the project's events."""

    project_id: UUID
    state: ProjectState
    """State of the project from now on: `queued` or `running` where it had failed."""
    stages: list[Stage]
    """Stages that work again."""
    export_ids: list[UUID]
    """Failed exports that are made again."""


def retry_errors(request: RetryProject) -> list[FieldError]:
    """Errors of a request beyond its types."""
    if request.stage is None or request.stage in PROJECT_STAGES:
        return []
    return [FieldError(pointer="/stage", detail=f"It must be one of {', '.join(PROJECT_STAGES)}.")]


async def retry(call: Call[RetryProject, None]) -> Reply:
    """Take up what failed; what is done stays."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        await lock_project(rows, call.org_id, project_id)
        project = await find_project(rows, call.org_id, project_id)
        if project["state"] in GONE_PROJECT_STATES:
            raise ApiProblem("project-ended", f"The project is {project['state']}: it is not taken up again.")
        if project["state"] == "failed":
            await require_quota(rows, call, projects=1, source_ms=project["duration_ms"] or 1)
        retried = await retry_project(
            rows, project, call.cause(call.context.new_id()), stage=call.body.stage, export_id=call.body.export_id
        )
        if not retried.stages:
            raise ApiProblem("nothing-to-retry", "Nothing of it failed that could be taken up again.")
        state = msgspec.convert(await read_project_state(rows, call.org_id, project_id), ProjectState)
    body = RetriedProject(project_id=project_id, state=state, stages=retried.stages, export_ids=retried.export_ids)
    return Reply(body=body, headers={"Location": f"/v1/projects/{project_id}"})


async def restart_ingest(call: Call[None, None]) -> Reply:
    """Take a project's source in: it began when the project was made, and begins again where it failed."""
    return await _restart(call, "ingest")


async def restart_detect(call: Call[None, None]) -> Reply:
    """Find the project's clips: it follows the transcript by itself, and begins again where it failed."""
    return await _restart(call, "detect")


async def _restart(call: Call[None, None], stage: Stage) -> Reply:
    """Retry one stage where it failed; where it did not, say how the project is."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        await lock_project(rows, call.org_id, project_id)
        project = await find_project(rows, call.org_id, project_id)
        cause = call.cause(call.context.new_id())
        gone = project["state"] in GONE_PROJECT_STATES
        retried = None if gone else await retry_project(rows, project, cause, stage=stage, export_id=None)
        state = msgspec.convert(await read_project_state(rows, call.org_id, project_id), ProjectState)
    stages = list(retried.stages) if retried is not None else []
    body = RetriedProject(project_id=project_id, state=state, stages=stages, export_ids=[])
    return Reply(body=body, headers={"Location": f"/v1/projects/{project_id}"})


def _alias(stage: Stage, name: str, handler: Handler, summary: str) -> Operation:
    return Operation(
        method="POST",
        path=f"/v1/projects/{{project_id}}/{stage}",
        name=name,
        tag="projects",
        permission="projects:write",
        status=202,
        located=True,
        summary=summary,
        description=f"An alias for programs that call each step. Every project does this by itself: the answer says "
        f"how it is, and a failed `{stage}` is tried again.",
        handler=handler,
        response=RetriedProject,
        successor="/v1/projects/{project_id}/retry",
        problems=("project-erased",),
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/projects/{project_id}/retry",
        name="retryProject",
        tag="projects",
        permission="projects:write",
        status=202,
        located=True,
        summary="Take a failed project up where it failed",
        description="Everything that failed is worked on again, or only one stage, or one export; what is done is "
        "kept. A failed project is `queued` or `running` again; in a completed one, failed exports and a failed "
        "analysis are made again and its state stays. What came before the clips is taken up only while the project "
        "has none. Something that is refused for what it is fails again, with the same reason.",
        handler=retry,
        request=RetryProject,
        check=retry_errors,
        response=RetriedProject,
        problems=("project-erased", "project-ended", "nothing-to-retry", "quota-exceeded", "concurrency-limited"),
    ),
    _alias("ingest", "ingestProject", restart_ingest, "Take a project's source in"),
    _alias("detect", "detectClips", restart_detect, "Find a project's clips"),
)
