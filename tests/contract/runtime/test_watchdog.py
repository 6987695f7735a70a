"""The watchdog on a real Postgres: still projects are reported, and lost events go out again."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import asyncpg
import pytest

from core.infra.postgres.connection import Pool, create_pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services.watchdog import TAKEN_BY
from core.settings import Settings
from schemas import events
from schemas.stages import ON_DEMAND, PROJECT_STAGES
from streams.background.watchdog import watch_projects
from streams.registry import actor_path
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.api_world import Tenant, World, new_project, open_world
from tests.support.event_factory import passing_examples

pytestmark = pytest.mark.contract
STILL_HOURS = 24
STILL_S = STILL_HOURS * 3600.0
"""Longer than the suite runs: what earlier tests left in the database does not count."""


class Story:
    """A project whose first event was sent long ago."""

    def __init__(self, world: World, relay: Pool, project_id: uuid.UUID) -> None:
        self.world, self.relay, self.project_id = world, relay, project_id
        self.metrics = ProcessMetrics(OF_RELAY)

    async def run(self, sql: str, *values: object) -> list[asyncpg.Record]:
        async with org_transaction(self.world.worker, self.world.ann.org_id) as rows:
            return list(await rows.fetch(sql, *values))

    async def age(self, hours: int) -> None:
        """Let everything of the project be older."""
        ago = f"- interval '{hours} hours'"
        async with self.relay.acquire() as rows:
            await rows.execute(
                f"update outbox set published_at = coalesce(published_at, now()) {ago} where project_id = $1",
                self.project_id,
            )
            await rows.execute(f"update watchdog_rounds set at = at {ago} where project_id = $1", self.project_id)
        await self.run(f"update projects set created_at = created_at {ago} where project_id = $1", self.project_id)

    async def watch(self) -> bool:
        """Look once; whether the project stands still."""
        return self.project_id in {one.project_id for one in await watch_projects(self.relay, STILL_S, self.metrics)}

    async def waiting(self) -> list[tuple[str, str]]:
        """Types and stages of events that wait to be sent."""
        rows = await self.run(
            """select headers ->> 'ce_type' as type, for_stage from outbox
               where project_id = $1 and published_at is null""",
            self.project_id,
        )
        return [(row["type"].removeprefix("clipstream."), row["for_stage"]) for row in rows]


@pytest.fixture
async def story(postgres: Settings) -> AsyncIterator[Story]:
    relay = await create_pool(postgres.postgres_relay, size=2)
    async with open_world(postgres) as world:
        yield Story(world, relay, await new_project(world.ann))
    await relay.close()


async def stuck_of(tenant: Tenant) -> list[dict[str, Any]]:
    """The answer to the tenant about projects that stand still."""
    answer = await tenant.client.get("/v1/admin/stuck", params={"minutes": 60 * STILL_HOURS})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_published_but_unclaimed_message_goes_out_again(story: Story) -> None:
    assert not await story.watch(), "it is young"
    await story.age(30)
    assert await story.watch()
    assert await story.waiting() == [("UploadReceived", "ingest")]
    assert not await story.watch(), "it waits for a place"
    async with story.relay.acquire() as rows:
        await rows.execute("update outbox set waits = false where project_id = $1", story.project_id)
    assert await story.watch()
    assert len(await story.waiting()) == 1, "one round at a time"
    page = story.metrics.page().decode()
    counted = re.search(r"^clipstream_watchdog_reemitted_total (\S+)", page, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= 1, "those that earlier tests left count too"


async def test_a_project_that_waits_for_its_turn_is_not_stuck(story: Story) -> None:
    await story.age(30)
    async with story.relay.acquire() as rows:
        await rows.execute(
            "update outbox set published_at = null, waits = true where project_id = $1 and lane is not null",
            story.project_id,
        )
    assert not await story.watch()


async def test_the_pause_between_two_rounds_doubles(story: Story) -> None:
    await story.age(30)
    rounds = 0
    for hours in (30, 30, 60, 60, 120):
        await story.age(hours)
        await story.watch()
        rounds += len(await story.waiting())
    assert rounds == 3


async def test_running_and_unpublished_events_are_not_re_emitted(story: Story) -> None:
    await story.age(30)
    insert = """insert into attempts
                  (org_id, input_id, stage, project_id, state, started_at, lease_until, topic, key, partition, headers,
                   payload)
                select org_id, $2, 'ingest', project_id, $3, now() - interval '45 hours', now() + $4::interval, topic,
                  key, partition, headers, payload
                from outbox where project_id = $1"""
    await story.run(insert, story.project_id, uuid.uuid4(), "running", dt.timedelta(seconds=9))
    assert not await story.watch(), "a lease is held"
    await story.run(
        """update attempts set state = 'free', lease_until = null, last_error = 'triton is not available: away',
             waiting_since = now() - interval '30 hours', started_at = now() where project_id = $1""",
        story.project_id,
    )
    async with story.relay.acquire() as rows:
        await rows.execute(
            """update outbox set published_at = null, waits = false, due_at = now() + interval '1 hour'
               where project_id = $1""",
            story.project_id,
        )
    assert await story.watch(), "it is reported"
    assert len(await story.waiting()) == 1, "but not sent a second time"
    (mine,) = [one for one in await stuck_of(story.world.ann) if one["project_id"] == str(story.project_id)]
    assert (mine["stages"], mine["waits_for"]) == (["ingest"], "triton is not available: away")


async def test_an_attempt_with_a_lost_retry_message_goes_out_again(story: Story) -> None:
    await story.age(30)
    await story.run(
        """insert into attempts
             (org_id, input_id, stage, project_id, state, started_at, topic, key, partition, headers, payload)
           select org_id, $2, 'ingest', project_id, 'free', now() - interval '30 hours',
             topic, key, partition, headers, payload
           from outbox where project_id = $1""",
        story.project_id,
        uuid.uuid4(),
    )
    assert await story.watch()
    assert await story.waiting() == [("UploadReceived", "ingest")]


async def test_a_delivery_goes_out_again_in_its_endpoints_queue(story: Story) -> None:
    endpoint_id, event_id = uuid.uuid4(), uuid.uuid4()
    async with org_transaction(story.world.worker, story.world.ann.org_id) as rows:
        due = events.DeliveryDue(
            org_id=story.world.ann.org_id, project_id=story.project_id, delivery_id=uuid.uuid4(), attempt=1
        )
        cause = Cause(input_id=uuid.uuid4(), source="test", now=dt.datetime.now(dt.UTC))
        await put(rows, due, cause, event_id=event_id, queue=endpoint_id)
    async with story.relay.acquire() as rows:
        await rows.execute("update outbox set waits = false, published_at = now() where event_id = $1", event_id)
    await story.run(
        """insert into attempts
             (org_id, input_id, stage, project_id, state, started_at, topic, key, partition, headers, payload)
           select org_id, input_id, 'deliver', project_id, 'free', now() - interval '30 hours',
             topic, key, partition, headers, payload
           from outbox where event_id = $1""",
        event_id,
    )
    await story.age(30)
    assert await story.watch()
    again = await story.run(
        "select lane, queue, waits from outbox where event_id = $1 and published_at is null", event_id
    )
    assert [tuple(row) for row in again] == [("deliver", endpoint_id, True)]


async def test_operators_see_all_organisations_and_others_their_own(story: Story) -> None:
    await story.age(30)
    bobs = await new_project(story.world.bob)
    async with org_transaction(story.world.worker, story.world.bob.org_id) as rows:
        await rows.execute("update projects set created_at = now() - interval '30 hours' where project_id = $1", bobs)
    async with story.relay.acquire() as rows:
        await rows.execute("update outbox set published_at = now() - interval '30 hours' where project_id = $1", bobs)
    tenants = {"ann": story.world.ann, "bob": story.world.bob}
    ids = {name: {one["project_id"] for one in await stuck_of(tenant)} for name, tenant in tenants.items()}
    assert {str(story.project_id), str(bobs)} <= ids["ann"]
    assert ids["bob"] == {str(bobs)}
    listed = (await story.world.ann.client.get("/v1/projects")).json()["items"]
    assert {one["project_id"] for one in listed} == {str(story.project_id)}, "nowhere else"


def test_the_table_of_takers_matches_the_stages() -> None:
    wanted: dict[type[events.AnyEvent], set[str]] = {}
    for arrived in passing_examples():
        for stage in (*PROJECT_STAGES, *ON_DEMAND):
            module, _, name = actor_path(stage).partition(":")
            actor = getattr(import_module(module), name)
            if actor.wants(object.__new__(actor), arrived.event):
                wanted.setdefault(type(arrived.event), set()).add(stage)
    wanted.pop(events.AssetReceived, None)
    assert {kind: set(stages) for kind, stages in TAKEN_BY.items()} == wanted
