"""Effects of a project's end on its stages and its upload, on a real Postgres."""

from __future__ import annotations

import uuid

import pytest

from core.infra.postgres.connection import create_pool, org_transaction
from core.services import project_lifecycle
from core.settings import Settings
from schemas import events
from schemas.stages import PROJECT_STAGES
from streams.ingest.agent import IngestStage
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.runtime.test_project_lifecycle import Project, end_stage, project, settled

__all__ = ["make_rig", "project"]
pytestmark = pytest.mark.contract


async def stages(project: Project) -> dict[str, str]:
    async with org_transaction(project.pool, project.org_id) as connection:
        rows = await connection.fetch(
            "select stage, state from project_stages where org_id = $1 and project_id = $2", *project.owner
        )
    return {row["stage"]: row["state"] for row in rows}


async def published(project: Project) -> list[tuple[str, str, str]]:
    """Type, stage and state of the project's own events, in order of version."""
    async with org_transaction(project.pool, project.org_id) as connection:
        rows = await connection.fetch(
            "select type, body from project_events where org_id = $1 and project_id = $2 order by version",
            *project.owner,
        )
    return [
        (row["type"].removeprefix("clipstream."), row["body"].get("stage", ""), row["body"].get("state", ""))
        for row in rows
    ]


async def test_stages_without_work_are_skipped_before_the_end(project: Project) -> None:
    await project.plan(1)
    for stage in ("ingest", "listen", "look", "close", "detect", "study"):
        await end_stage(project, stage)
    assert await settled(project) == {"ProjectCompleted": 1}
    assert await stages(project) == dict.fromkeys(PROJECT_STAGES, "done") | {"frame": "skipped", "render": "skipped"}
    assert (await published(project))[-3:] == [
        ("ProjectProgressed", "frame", "skipped"),
        ("ProjectProgressed", "render", "skipped"),
        ("ProjectCompleted", "", ""),
    ]


@pytest.mark.parametrize("way", ["fail", "erase"])
async def test_no_stage_waits_or_runs_in_a_project_that_ended(project: Project, way: str) -> None:
    await project.plan(2)
    async with org_transaction(project.pool, project.org_id) as connection:
        await project_lifecycle.lock_project(connection, *project.owner)
        for stage in ("ingest", "listen"):
            await project_lifecycle.start_stage(connection, *project.owner, stage, project.cause(f"start {stage}"))
    await end_stage(project, "ingest")
    async with org_transaction(project.pool, project.org_id) as connection:
        await project_lifecycle.lock_project(connection, *project.owner)
        if way == "fail":
            await project_lifecycle.fail_project(
                connection, *project.owner, "media.corrupt", "It is.", project.cause("end")
            )
        else:
            await project_lifecycle.erase_project(connection, *project.owner, project.cause("end"))
    left = ("close", "look", "study", "detect", "frame", "render")
    assert await stages(project) == {"ingest": "done", "listen": "failed"} | dict.fromkeys(left, "skipped")
    said = await published(project)
    end = {"fail": ["ProjectFailed"], "erase": ["ProjectCancelled", "ProjectErased"]}[way]
    assert [name for name, _, _ in said][-len(end) :] == end
    assert said[-len(end) - 7 : -len(end)] == [
        ("ProjectProgressed", "listen", "failed"),
        *[("ProjectProgressed", stage, "skipped") for stage in left],
    ]


async def test_a_stage_that_ends_later_is_no_longer_skipped(project: Project) -> None:
    await project.plan(1)
    async with org_transaction(project.pool, project.org_id) as connection:
        await project_lifecycle.lock_project(connection, *project.owner)
        await project_lifecycle.fail_project(connection, *project.owner, "detect.bug", "It is.", project.cause("end"))
    assert (await stages(project))["study"] == "skipped"
    await end_stage(project, "study", settle=True)
    assert (await stages(project))["study"] == "done"
    assert (await project.emitted())["ProjectFailed"] == 1


async def test_a_stage_on_demand_is_listed_once_it_is_requested(project: Project) -> None:
    await project.plan(1)
    assert set(await stages(project)) == set(PROJECT_STAGES)
    before = await published(project)
    for failed in (False, True, False):
        async with org_transaction(project.pool, project.org_id) as connection:
            await project_lifecycle.lock_project(connection, *project.owner)
            cause = project.cause(f"preview {failed}")
            await project_lifecycle.count_on_demand(
                connection, *project.owner, "preview", cause, cpu_ms=5, failed=failed
            )
    async with org_transaction(project.pool, project.org_id) as connection:
        row = await connection.fetchrow(
            "select * from project_stages where org_id = $1 and project_id = $2 and stage = 'preview'", *project.owner
        )
    assert row is not None
    assert (row["state"], row["percent"], row["parts_done"], row["parts_total"], row["cpu_ms"]) == (
        "done",
        100,
        3,
        3,
        15,
    )
    assert await published(project) == before, "one picture more is no progress of the project"


UPLOADED = """
insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, state, multipart_id)
values ($1, $2, $3, 'a.mp4', 'video/mp4', 7, $4, $5)
"""


@pytest.mark.parametrize(
    ("state", "multipart", "after"),
    [("open", None, "complete"), ("open", "m", "open"), ("aborted", None, "aborted"), ("complete", None, "complete")],
)
async def test_an_upload_of_a_producer_completes_with_its_project(
    project: Project, postgres: Settings, state: str, multipart: str | None, after: str
) -> None:
    upload_id, key = uuid.uuid4(), f"{project.org_id}/uploads/{uuid.uuid4()}/a.mp4"
    api = await create_pool(postgres.postgres_api, size=1)
    async with org_transaction(api, project.org_id) as connection:
        await connection.execute(UPLOADED, project.org_id, upload_id, key, state, multipart)
        await connection.execute(UPLOADED, project.org_id, uuid.uuid4(), f"{key}x", "open", None)
    upload = events.UploadReceived(org_id=project.org_id, project_id=project.project_id, object_key=key)
    for _ in range(2):
        async with org_transaction(project.pool, project.org_id) as connection:
            await project_lifecycle.create_project(connection, upload)
            row = await connection.fetchrow("select state from uploads where upload_id = $1", upload_id)
            others = await connection.fetch("select state from uploads where upload_id <> $1", upload_id)
        assert row is not None
        assert row["state"] == after
        assert [other["state"] for other in others] == ["open"]
    await api.close()


@pytest.mark.parametrize("there", [False, True])
async def test_an_upload_named_too_early_is_open_again(rig: Rig, postgres: Settings, there: bool) -> None:
    key = f"{rig.org_id}/uploads/{uuid.uuid4()}/a.mp4"
    if there:
        key = (await rig.objects.put(f"{rig.org_id}/uploads/u", b"no video", "video/mp4", ".mp4")).key
    api = await create_pool(postgres.postgres_api, size=1)
    async with org_transaction(api, rig.org_id) as connection:
        await connection.execute(UPLOADED, rig.org_id, uuid.uuid4(), key, "open", None)
    await api.close()
    assert await rig.send(IngestStage(rig.context), events.UploadReceived(**rig.of, object_key=key), uuid.uuid4()) == (
        "refused"
    )
    assert (await rig.project())["failure_reason"] == ("media.corrupt" if there else "upload.not_found")
    async with org_transaction(rig.pool, rig.org_id) as connection:
        assert await connection.fetchval("select state from uploads where object_key = $1", key) == (
            "complete" if there else "open"
        )
