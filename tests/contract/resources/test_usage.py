"""The usage ledger and the limits of plans, on a real Postgres."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.settings import Settings
from core.storage.billing.usage import add_usage, free_storage
from tests.contract.rigs.api_world import URL, Tenant, World, new_project, open_world

DAY = dt.timedelta(days=1)


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


def cause() -> Cause:
    return Cause(input_id=uuid4(), source="test", now=dt.datetime.now(dt.UTC), traceparent="")


async def set_plan(world: World, tenant: Tenant, plan: str | None) -> None:
    answer = await world.ann.client.patch(f"/v1/admin/organisations/{tenant.org_id}/plan", json={"plan": plan})
    assert answer.status_code == 200, answer.text


async def end(world: World, tenant: Tenant, project_id: UUID, how: str, duration_ms: int) -> None:
    """End a project whose recording has this length."""
    async with org_transaction(world.worker, tenant.org_id) as rows:
        owner = (tenant.org_id, project_id)
        await rows.execute(
            "update projects set duration_ms = $3 where (org_id, project_id) = ($1, $2)", *owner, duration_ms
        )
        if how == "completed":
            await project_lifecycle.complete_project(rows, *owner, 0, cause())
        elif how == "failed":
            await project_lifecycle.fail_project(rows, *owner, "media.unsupported", "no", cause())
        else:
            await project_lifecycle.cancel_project(rows, *owner, cause())


async def usage(tenant: Tenant, **query: str) -> dict[str, Any]:
    answer = await tenant.client.get("/v1/usage", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_ledger_equals_what_was_completed(world: World) -> None:
    dice, done_ms = random.Random(7), {"ann": 0, "bob": 0}
    for _ in range(30):
        name = dice.choice(["ann", "bob"])
        tenant: Tenant = getattr(world, name)
        project_id, how = await new_project(tenant), dice.choice(["completed", "failed", "cancelled"])
        duration_ms = dice.randrange(1, 10**7)
        for _ in range(dice.randint(1, 3)):  # an event that comes again ends nothing twice
            await end(world, tenant, project_id, how, duration_ms)
        done_ms[name] += duration_ms if how == "completed" else 0
    for name, expected in done_ms.items():
        tenant = getattr(world, name)
        by_day, by_project = await usage(tenant), await usage(tenant, group="project")
        assert by_day["total"]["source_ms"] == by_project["total"]["source_ms"] == expected
        assert sum(item["source_ms"] for item in by_project["items"]) == expected


async def test_a_row_of_the_ledger_is_never_changed(world: World) -> None:
    project_id = await new_project(world.ann)
    await end(world, world.ann, project_id, "completed", 1000)
    change, removal = "update usage_entries set quantity = 0", "delete from usage_entries"
    # who works for an installation of before also erases its organisations, with their rows
    for pool, statement in ((world.api, change), (world.api, removal), (world.worker, change)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with org_transaction(pool, world.ann.org_id) as rows:
                await rows.execute(statement)


async def test_what_is_erased_is_given_back_once(world: World) -> None:
    project_id, owner = await new_project(world.ann), world.ann.org_id
    async with org_transaction(world.worker, owner) as rows:
        now = dt.datetime.now(dt.UTC)
        for entry_id, count in ((project_id, 1000), (uuid4(), 234)):
            await add_usage(rows, owner, entry_id, "stored_bytes", count, project_id=project_id, at=now)
        for _ in range(2):
            await free_storage(rows, owner, project_id, now)
    total = (await usage(world.ann))["total"]
    assert (total["stored_bytes"], total["freed_bytes"]) == (1234, 1234)
    assert (await world.ann.client.get("/v1/limits")).json()["used"]["stored_bytes"] == 0


async def test_usage_is_a_table_too(world: World) -> None:
    await end(world, world.ann, await new_project(world.ann), "completed", 61_000)
    answer = await world.ann.client.get("/v1/usage", params={"format": "csv", "group": "kind"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["kind"], row["source_ms"]) == ("source_ms", "61000")


@pytest.mark.parametrize(
    "query", [{"from": "2026-02-02", "to": "2026-02-01"}, {"from": "2020-01-01", "to": "2026-01-01"}]
)
async def test_a_wrong_range_is_refused(world: World, query: dict[str, str]) -> None:
    answer = await world.ann.client.get("/v1/usage", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?from")


async def test_only_the_installation_sets_a_plan(world: World) -> None:
    path = f"/v1/admin/organisations/{world.bob.org_id}/plan"
    assert (await world.bob.client.patch(path, json={"plan": "pro"})).status_code == 403
    assert (await world.ann.client.patch(path, json={"plan": "nothing"})).status_code == 422
    foreign = f"/v1/admin/organisations/{uuid4()}/plan"
    assert (await world.ann.client.patch(foreign, json={"plan": "pro"})).status_code == 404
    await set_plan(world, world.bob, "pro")
    assert (await world.bob.client.get("/v1/limits")).json()["plan"]["name"] == "pro"
    assert (await world.ann.client.get("/v1/limits")).json()["plan"]["name"] == "unlimited"


async def test_projects_at_work_are_limited(world: World) -> None:
    await set_plan(world, world.bob, "free")
    first = await new_project(world.bob)
    refused = await world.bob.client.post("/v1/projects", json=URL)
    assert (refused.status_code, refused.json()["code"]) == (429, "concurrency-limited")
    assert (refused.headers["clipstream-limit"], refused.headers["retry-after"]) == ("running_projects", "30")
    await end(world, world.bob, first, "failed", 1000)
    await new_project(world.bob)


async def test_two_requests_do_not_both_take_the_last_place(world: World) -> None:
    await set_plan(world, world.bob, "free")
    answers = await asyncio.gather(*(world.bob.client.post("/v1/projects", json=URL) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 11


async def test_used_up_minutes_refuse_projects_until_next_month(world: World) -> None:
    await set_plan(world, world.bob, "free")
    await end(world, world.bob, await new_project(world.bob), "completed", 3_599_999)
    await end(world, world.bob, await new_project(world.bob), "failed", 10**9)
    await end(world, world.bob, await new_project(world.bob), "completed", 1)
    refused = await world.bob.client.post("/v1/projects", json=URL)
    assert (refused.status_code, refused.json()["code"]) == (402, "quota-exceeded")
    assert refused.headers["clipstream-limit"] == "source_minutes"
    assert "60 minutes" in refused.json()["detail"]
    async with world.owner.transaction():
        await world.owner.execute("select set_config('app.org', $1, true)", str(world.bob.org_id))
        await world.owner.execute("update orgs set plan_since = plan_since - interval '45 days'")
        await world.owner.execute("update usage_entries set at = at - interval '32 days'")
    await new_project(world.bob)


async def test_storage_refuses_an_upload_that_does_not_fit(world: World) -> None:
    await set_plan(world, world.bob, "free")
    fits = {"filename": "a.mp4", "size_bytes": 5 * 10**9, "content_type": "video/mp4"}
    async with org_transaction(world.worker, world.bob.org_id) as rows:
        owner = world.bob.org_id
        await add_usage(rows, owner, uuid4(), "stored_bytes", 1, project_id=uuid4(), at=dt.datetime.now(dt.UTC))
    refused = await world.bob.client.post("/v1/uploads/sign", json=fits)
    assert (refused.status_code, refused.headers["clipstream-limit"]) == (402, "storage_gb")
    assert (await world.bob.client.post("/v1/uploads/sign", json=fits | {"size_bytes": 10**9})).status_code == 201
