"""Promise 8: requests under one Idempotency-Key have one effect and one answer, byte for byte."""

from __future__ import annotations

import asyncio
import uuid

from core.settings import Settings
from tests.contract.rigs.api_world import URL, open_world, outbox
from tests.support.soak import record

AT_ONCE = 200


async def test_two_hundred_concurrent_posts_have_one_effect(postgres: Settings) -> None:
    async with open_world(postgres, pool_size=8) as world:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        client = world.ann.client
        first = await asyncio.gather(*(client.post("/v1/projects", json=URL, headers=key) for _ in range(AT_ONCE)))
        assert {answer.status_code for answer in first} <= {202, 409}, "made, or under way"
        again = [await client.post("/v1/projects", json=URL, headers=key) for _ in range(3)]
        bodies = {answer.content for answer in (*first, *again) if answer.status_code == 202}
        assert len(bodies) == 1
        assert all(answer.status_code == 202 for answer in again)
        assert len([row for row in await outbox(world, world.ann) if row["topic"] == "uploads.v1"]) == 1
        other = await client.post("/v1/projects", json=URL | {"title": "another"}, headers=key)
        assert other.status_code == 422
    record(8, f"{AT_ONCE} at once under one key: 1 project, 1 event, equal bytes")


async def test_a_refused_request_leaves_its_key_free(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        refused = await world.ann.client.post("/v1/projects", json={"title": 5}, headers=key)
        assert refused.status_code == 422
        assert (await world.ann.client.post("/v1/projects", json=URL, headers=key)).status_code == 202
