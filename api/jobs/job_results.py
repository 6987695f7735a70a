"""The state of a job, and downloads of its files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from api.exports.handlers import EXPIRES_S, TRACK, StoredFile, file_stem, list_stored_files
from api.health.handlers import Alive, get_health
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import not_found
from api.projects.handlers import find_project
from api.projects.models import Failure, State, project_view
from core.domain.subtitles.ass_ttml import SUBTITLE_TYPES
from core.infra.postgres.connection import Row
from core.storage.clips import list_clip_rows
from core.storage.costs import list_cost_rows
from core.storage.exports import list_exports_to_bundle
from core.storage.projects import list_stage_rows

MAX_EXPORTS = 200


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to download with the same key."""

    filename: str
    download_url: str
    """Path that redirects to the file."""


class JobClip(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a clip, and the captions that go with it."""

    clip_id: UUID
    title: str
    score: float
    start_ms: int
    """Start on the project's time line, in ms."""
    end_ms: int
    filename: str
    download_url: str
    """Path that redirects to the file."""
    captions: list[JobFile]
    """Captions of the clip; empty where nothing is said."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job, and the clips that are done."""

    job_id: UUID
    """Id of the job, and of its project."""
    status: State
    """State of the project."""
    percent: int
    clips: list[JobClip]
    """Files that are done, by clip."""
    failure: Failure | None = None


async def get_job(call: Call[None, None]) -> Reply:
    """See how a job stands, and what is done of it."""
    org_id, project_id = call.org_id, call.ids["project_id"]
    async with call.rows() as rows:
        row = await find_project(rows, org_id, project_id)
        stages = await list_stage_rows(rows, org_id, project_id)
        costs = await list_cost_rows(rows, org_id, project_id)
        clips = {clip["clip_id"]: clip for clip in await list_clip_rows(rows, org_id, project_id)}
        exports = await list_exports_to_bundle(rows, org_id, project_id, None, limit=MAX_EXPORTS)
    project = project_view(row, stages, costs, call.now)
    done = [_job_clip(project_id, export, clips[export["clip_id"]]) for export in exports if export["state"] == "done"]
    body = Job(job_id=project_id, status=project.state, percent=project.percent, clips=done, failure=project.failure)
    return Reply(body=body)


def _job_clip(project_id: UUID, export: Row, clip: Row) -> JobClip:
    stem = file_stem(export)
    files = list_stored_files(export)
    name = stem + files["video"].suffix
    captions = [stem + file.suffix for kind, file in files.items() if _is_caption(kind)]
    return JobClip(
        clip_id=clip["clip_id"],
        title=clip["title"],
        score=clip["score"],
        start_ms=export["start_ms"],
        end_ms=export["end_ms"],
        filename=name,
        download_url=f"/api/download/clips/{project_id}/{name}",
        captions=[
            JobFile(filename=caption, download_url=f"/api/download/captions/{project_id}/{caption}")
            for caption in captions
        ],
    )


def _is_caption(kind: str) -> bool:
    return kind in SUBTITLE_TYPES or kind.startswith(TRACK)


async def download_clip(call: Call[None, None]) -> Reply:
    """Go to the file of a clip, by the name that the job gives it."""
    return await _redirect(call, captions=False)


async def download_captions(call: Call[None, None]) -> Reply:
    """Go to captions, by the name that the job gives them."""
    return await _redirect(call, captions=True)


async def _redirect(call: Call[Any, Any], *, captions: bool) -> Reply:
    project_id, filename = call.ids["project_id"], call.request.path_params["filename"]
    async with call.rows() as rows:
        await find_project(rows, call.org_id, project_id)
        exports = await list_exports_to_bundle(rows, call.org_id, project_id, None, limit=MAX_EXPORTS)
    for export in exports:
        if export["state"] == "done" and (file := _find_file(export, filename, captions=captions)) is not None:
            url = call.context.objects.presign_get(file.ref.key, filename=filename, expires_s=EXPIRES_S)
            return Reply(headers={"Location": url})
    raise not_found("file of this job")


def _find_file(export: Row, filename: str, *, captions: bool) -> StoredFile | None:
    stem = file_stem(export)
    for kind, file in list_stored_files(export).items():
        if (_is_caption(kind) if captions else kind == "video") and stem + file.suffix == filename:
            return file
    return None


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/status/{project_id}",
        name="getJob",
        tag="jobs",
        permission="projects:read",
        summary="See how a job stands, and what is done of it",
        handler=get_job,
        response=Job,
        successor="/v1/projects/{project_id}",
        problems=("project-erased",),
    ),
    *(
        Operation(
            method="GET",
            path=f"/api/download/{kind}/{{project_id}}/{{filename}}",
            name=name,
            tag="jobs",
            permission="projects:read",
            status=307,
            located=True,
            summary=summary,
            handler=handler,
            media_types=(),
            also={"200": ("application/octet-stream",)},
            successor="/v1/exports/{export_id}",
            problems=("project-erased",),
        )
        for kind, name, summary, handler in (
            ("clips", "downloadClip", "Go to the file of a clip", download_clip),
            ("captions", "downloadCaptions", "Go to the captions of a clip", download_captions),
        )
    ),
    Operation(
        method="GET",
        path="/api/health",
        name="getJobsHealth",
        tag="jobs",
        permission="public",
        summary="Whether the API answers",
        handler=get_health,
        response=Alive,
        successor="/healthz",
    ),
)
