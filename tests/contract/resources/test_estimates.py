"""Estimates on a real Postgres: learnt from the organisation's own projects, kept, compared afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from core.domain.estimates import default_rates
from core.infra.postgres.connection import org_transaction
from core.services import estimates, project_lifecycle
from core.settings import Settings
from schemas import events
from tests.contract.rigs.api_world import Tenant, World, open_world

pytestmark = pytest.mark.contract
PATH = "/v1/projects/estimate"
HALF_HOUR = {"duration_ms": 1_800_000, "width_px": 1920, "height_px": 1080}
STAGES = list(default_rates().stages)
BEGAN = dt.datetime(2026, 5, 6, 12, 0, tzinfo=dt.UTC)


async def ask(tenant: Tenant, body: Any, **headers: str) -> httpx2.Response:
    return await tenant.client.post(PATH, json=body, headers=headers)


async def add(world: World, owner: Tenant, *, elapsed_s: float, cpu_ms: int, settings: Settings | None = None) -> UUID:
    """A completed project of half an hour; with ``settings`` ingest has stored an estimate."""
    project_id = uuid4()
    upload = events.UploadReceived(org_id=owner.org_id, project_id=project_id, source_url="https://example.org/a")
    mine = (owner.org_id, project_id)
    async with org_transaction(world.worker, owner.org_id) as connection:
        await project_lifecycle.create_project(connection, upload)
        await connection.execute(
            "update projects set duration_ms = 1800000, width_px = 1920, height_px = 1080 "
            "where org_id = $1 and project_id = $2",
            *mine,
        )
        if settings is not None:
            await estimates.write_estimate(connection, *mine, settings)
        await connection.execute(
            "update projects set state = 'completed', started_at = $3, finished_at = $4 "
            "where org_id = $1 and project_id = $2",
            *mine,
            BEGAN,
            BEGAN + dt.timedelta(seconds=elapsed_s),
        )
        await connection.execute(
            "update project_stages set cpu_ms = $3 where org_id = $1 and project_id = $2", *mine, cpu_ms
        )
        await connection.execute(
            "insert into costs (org_id, project_id, stage, kind, amount) "
            "values ($1, $2, 'render', 'stored_bytes', 777)",
            *mine,
        )
    return project_id


async def test_an_estimate_has_time_work_and_cost_with_a_range(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        answer = (await ask(world.ann, HALF_HOUR)).json()
        made = answer["estimate"]
        assert answer["assumed"] == []
        assert made["media_ms"] == 1_800_000
        assert [stage["stage"] for stage in made["stages"]] == STAGES
        for found in (made["elapsed_ms"], *(stage["cpu_ms"] for stage in made["stages"])):
            assert 0 < found["low"] < found["expected"] < found["high"]
        assert {"stored_bytes", "read_bytes"} <= {*(kind["kind"] for kind in made["kinds"]), *made["not_estimated"]}
        assert made["basis"] == {"rates": default_rates().version, "projects": 0}
        assert made["money"] is None, "nothing has a price here"


async def test_an_estimate_learns_from_the_callers_projects_only(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        before = (await ask(world.ann, HALF_HOUR)).json()["estimate"]
        slow_s = before["elapsed_ms"]["expected"] / 1000 * 5
        for _ in range(3):
            await add(world, world.ann, elapsed_s=slow_s, cpu_ms=10)
        mine = (await ask(world.ann, HALF_HOUR)).json()["estimate"]
        theirs = (await ask(world.bob, HALF_HOUR)).json()["estimate"]
        assert mine["basis"]["projects"] == 3
        assert before["elapsed_ms"]["expected"] * 1.5 < mine["elapsed_ms"]["expected"] < slow_s * 1000
        assert theirs == before


async def test_an_estimate_by_size_is_less_sure_and_says_why(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        signed = await world.ann.client.post(
            "/v1/uploads/sign", json={"filename": "a.mp4", "size_bytes": 450_000_000, "content_type": "video/mp4"}
        )
        upload_id = signed.json()["upload_id"]
        by_size = (await ask(world.ann, {"size_bytes": 450_000_000})).json()
        by_upload = (await ask(world.ann, {"upload_id": upload_id})).json()
        assert by_upload == by_size
        assert [line.split(":")[0] for line in by_size["assumed"]] == ["length", "picture"]
        length = {"duration_ms": by_size["estimate"]["media_ms"], "width_px": 1920, "height_px": 1080}
        sure = (await ask(world.ann, length)).json()["estimate"]["elapsed_ms"]
        unsure = by_upload["estimate"]["elapsed_ms"]
        assert sure["expected"] == unsure["expected"]
        assert unsure["low"] < sure["low"] < sure["high"] < unsure["high"]
        refused = await ask(world.bob, {"upload_id": upload_id})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/upload_id")


async def test_sound_alone_has_no_clips(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        made = (await ask(world.ann, {"duration_ms": 1_800_000, "video": False})).json()
        assert (made["estimate"]["clips"], made["assumed"]) == (0, [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"duration_ms": 1000, "size_bytes": 5}, ""),
        ({"duration_ms": 0}, "/duration_ms"),
        ({"duration_ms": 10**8}, "/duration_ms"),
        ({"duration_ms": 1000, "width_px": 640}, "/width_px"),
        ({"duration_ms": 1000, "width_px": 5, "height_px": 5}, "/width_px"),
        ({"duration_ms": 1000, "options": {"max_clips": 1000}}, "/options/max_clips"),
        ({"duration_ms": 1000, "source_url": "https://example.org"}, "/source_url"),
        ({"upload_id": str(UUID(int=5))}, "/upload_id"),
    ],
)
async def test_an_invalid_request_names_the_field(postgres: Settings, body: Any, pointer: str) -> None:
    async with open_world(postgres) as world:
        answer = await ask(world.ann, body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_an_answer_under_a_key_is_repeated(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        first = await ask(world.ann, HALF_HOUR, **{"Idempotency-Key": "k"})
        await add(world, world.ann, elapsed_s=10_000, cpu_ms=10)
        again = await ask(world.ann, HALF_HOUR, **{"Idempotency-Key": "k"})
        assert again.json() == first.json()
        assert (await ask(world.ann, HALF_HOUR)).json() != first.json()


async def test_a_finished_project_compares_its_estimate_and_cost(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        project_id = await add(world, world.ann, elapsed_s=1.0, cpu_ms=100, settings=postgres)
        cost = (await world.ann.client.get(f"/v1/projects/{project_id}")).json()["cost"]
        assert cost["estimate"] == (await ask(world.bob, HALF_HOUR)).json()["estimate"]
        beside = {line["what"]: line for line in cost["comparison"]}
        assert set(beside) == {"elapsed", *STAGES, *(kind["kind"] for kind in cost["estimate"]["kinds"])}
        assert (beside["elapsed"]["actual"], beside["elapsed"]["inside"]) == (1000, False)
        assert beside["cpu_ms"]["actual"] == 100 * len(STAGES)
        line = beside["listen"]
        assert line["inside"] == (line["low"] <= 100 <= line["high"])
