"""Places of the lanes under generated sequences: each is held by what is in flight, and by nothing else."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.infra.postgres.connection import create_pool, prepare_connection
from core.settings import AdmissionRules, Settings
from streams.background.relay import windows_of
from tests.contract.rigs.api_world import open_world
from tests.contract.rigs.lane_story import LaneStory

pytestmark = pytest.mark.contract
SEQUENCES_COUNT = int(os.environ.get("CLIPSTREAM_TEST_SEQUENCES", "6"))
STEPS_COUNT = 120
RULES = AdmissionRules(ingest=2, span=2, close=1)
"""Windows so small that much waits."""


@pytest.fixture(params=range(SEQUENCES_COUNT))
async def story(postgres: Settings, request: pytest.FixtureRequest) -> AsyncIterator[LaneStory]:
    relay, owner = await asyncpg.connect(postgres.postgres_relay), await asyncpg.connect(postgres.postgres_owner)
    sweeper = await create_pool(postgres.postgres_relay, size=2)
    await prepare_connection(relay)
    await prepare_connection(owner)
    await owner.execute("set row_security = off")
    await owner.execute("delete from outbox; delete from admissions")
    await owner.execute("update attempts set state = 'done' where state in ('running', 'free')")  # of other tests
    async with open_world(postgres) as world:
        yield LaneStory(world, relay, sweeper, owner, windows_of(RULES), request.param)
    await owner.execute("delete from outbox; delete from admissions")
    await sweeper.close()
    await relay.close()
    await owner.close()


async def test_only_events_in_flight_hold_places(story: LaneStory) -> None:
    for _ in range(STEPS_COUNT):
        await story.step()
    print(Counter(story.done))
    await story.rest()
