"""The request log: every call of a known caller, written off its path, seen by its organisation."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from core.domain.retention_rules import RetentionRules
from core.errors import Unavailable
from core.infra.postgres.connection import Pool, create_pool, set_org
from core.services.identity.request_log import SHARE_OF_ONE, RequestLog
from core.settings import Settings
from streams.background.sweeper import delete_old
from tests.contract.rigs.api_world import URL, Tenant, World, client_of, new_project, open_world

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


def log_of(world: World) -> RequestLog:
    log: RequestLog = world.app.state.context.request_log
    return log


async def requested(world: World, tenant: Tenant, **filters: Any) -> list[dict[str, Any]]:
    await log_of(world).write()
    response = await tenant.client.get("/v1/requests", params={"limit": 100} | filters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_each_call_is_listed_with_its_answer(world: World) -> None:
    project_id = await new_project(world.ann)
    client = client_of(world.app, world.ann.key, address="192.0.2.7")
    await client.get(f"/v1/projects/{project_id}?secret=1", headers={"X-Request-Id": "this-is-it"})
    await client.get(f"/v1/projects/{uuid4()}")
    await client.post("/v1/projects", json={"source_url": 1})
    await client_of(world.app, "clp_live_wrong").get("/v1/projects")
    await world.bob.client.get("/v1/projects")
    items = await requested(world, world.ann)
    told = [(one["method"], one["route"], one["status"], one["problem"]) for one in reversed(items)]
    assert told == [
        ("POST", "/v1/projects", 202, None),
        ("GET", "/v1/projects/{project_id}", 200, None),
        ("GET", "/v1/projects/{project_id}", 404, "not-found"),
        ("POST", "/v1/projects", 422, "invalid"),
    ]
    asked = items[2]
    assert (asked["request_id"], asked["address"]) == ("this-is-it", "192.0.2.7")
    assert asked["actor"] == {"kind": "key", "id": str(world.ann.key_id)}
    assert asked["took_ms"] > 0
    assert "secret" not in str(items)
    assert str(project_id) not in str(items)
    assert [one["route"] for one in await requested(world, world.bob)] == ["/v1/projects"]


async def test_a_key_that_is_used_from_elsewhere_is_listed(world: World) -> None:
    wanted = {"name": "x", "scopes": ["read"], "allowed_addresses": ["10.0.0.0/8"]}
    key = (await world.ann.client.post("/v1/keys", json=wanted)).json()
    await client_of(world.app, key["key"], address="192.0.2.66").get("/v1/projects")
    (one,) = await requested(world, world.ann, actor=f"key:{key['key_id']}")
    assert (one["status"], one["problem"], one["address"]) == (403, "forbidden", "192.0.2.66")


async def test_the_log_is_filtered_and_paged(world: World) -> None:
    for _ in range(4):
        await new_project(world.ann)
    await world.ann.client.get(f"/v1/projects/{uuid4()}")
    everything = await requested(world, world.ann)
    assert len(everything) == 5
    assert len(await requested(world, world.ann, method="POST")) == 4
    assert len(await requested(world, world.ann, route="/v1/projects", max_status=299)) == 4
    assert [one["status"] for one in await requested(world, world.ann, min_status=400)] == [404]
    first = everything[-1]
    assert await requested(world, world.ann, request_id=first["request_id"]) == [first]
    assert await requested(world, world.ann, actor=f"key:{world.bob.key_id}") == []
    between = {"since": everything[3]["created_at"], "until": everything[1]["created_at"], "method": "POST"}
    assert await requested(world, world.ann, **between) == everything[2:4]
    filters = {"max_status": 299, "method": "POST", "limit": 3}
    page = (await world.ann.client.get("/v1/requests", params=filters)).json()
    rest = (await world.ann.client.get("/v1/requests", params=filters | {"cursor": page["next_cursor"]})).json()
    assert page["items"] + rest["items"] == everything[1:]
    other = await world.ann.client.get("/v1/requests", params={"cursor": page["next_cursor"]})
    assert other.json()["code"] == "cursor-invalid"
    assert (await world.ann.client.get("/v1/requests", params={"min_status": 5, "max_status": 4})).status_code == 422


async def test_who_may_not_read_it_does_not(world: World) -> None:
    key = (await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["read", "write"]})).json()["key"]
    for path in ("/v1/requests", "/v1/audit", "/v1/audit/export"):
        assert (await client_of(world.app, key).get(path)).status_code == 403


async def test_what_waits_too_long_is_dropped_and_counted(world: World) -> None:
    dropped: list[int] = []
    log = RequestLog(world.api, on_dropped=dropped.append, most=6 * SHARE_OF_ONE)
    await world.ann.client.get("/v1/projects")
    await world.bob.client.get("/v1/projects")
    of_ann, of_bob = log_of(world)._noted
    for note in (of_ann, of_bob):
        for _ in range(8):
            log.note(note)
        assert sum(dropped) == 2
        dropped.clear()
    assert await log.write() == 12
    log.note(of_ann)
    assert not dropped
    assert await log.write() == 1
    assert len(await requested(world, world.ann)) == 8


async def test_notes_outlive_a_postgres_that_is_away(world: World, postgres: Settings) -> None:
    away = await create_pool(postgres.postgres_api, size=1, name="away-test")
    log = RequestLog(away, on_dropped=lambda _: None)
    await world.ann.client.get("/v1/projects")
    await world.bob.client.get("/v1/projects")
    for note in list(log_of(world)._noted):
        log.note(note)
    await away.close()
    with pytest.raises(Unavailable):
        await log.write()
    log._pool = world.api
    assert await log.write() == 2


async def test_one_refused_organisation_does_not_stop_the_rest(world: World) -> None:
    dropped: list[int] = []
    log = RequestLog(world.api, on_dropped=dropped.append)
    await world.ann.client.get("/v1/projects")
    (note,) = log_of(world)._noted
    log.note(type(note)(**{name: getattr(note, name) for name in note.__struct_fields__} | {"org_id": uuid4()}))
    log.note(note)
    assert await log.write() == 1
    assert dropped == [1]


async def test_it_is_written_by_itself_and_once_more_at_the_end(world: World) -> None:
    log = RequestLog(world.api, on_dropped=lambda _: None)
    task = asyncio.create_task(log.run())
    await asyncio.sleep(0)
    await world.ann.client.get("/v1/projects")
    (note,) = log_of(world)._noted
    log.note(note)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not log._noted


async def test_it_is_kept_for_thirty_days(world: World, relay: Pool) -> None:
    await new_project(world.ann)
    await new_project(world.ann)
    await requested(world, world.ann)
    async with world.owner.transaction():
        await set_org(world.owner, world.ann.org_id)
        tag = await world.owner.execute(
            """update request_log set created_at = now() - interval '31 days'
               where entry_id = (select entry_id from request_log where method = 'POST' and org_id = $1 limit 1)""",
            world.ann.org_id,
        )
    assert tag == "UPDATE 1"
    await delete_old(relay, RetentionRules())
    left = await requested(world, world.ann, method="POST")
    assert len(left) == 1
    assert dt.datetime.fromisoformat(left[0]["created_at"]) > dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


@pytest.fixture
async def relay(postgres: Settings) -> AsyncIterator[Pool]:
    pool = await create_pool(postgres.postgres_relay, size=2, name="retention-test")
    try:
        yield pool
    finally:
        await pool.close()


async def test_a_post_is_logged_with_the_route_of_its_problem(world: World) -> None:
    await world.ann.client.post("/v1/projects", json=URL | {"unknown": 1})
    (one,) = await requested(world, world.ann)
    assert (one["status"], one["problem"]) == (422, "invalid")
