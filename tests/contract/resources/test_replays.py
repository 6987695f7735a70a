"""Replays on real servers: one at a time, walled, from the log of a real Kafka."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.topic_reader import KafkaLog
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas.documents.replay import Difference, ReplayResult
from tests.contract.resources.test_edits import clip_of
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.kafka import kafka

__all__ = ["kafka"]
pytestmark = pytest.mark.contract
FOUND = ReplayResult(
    outcome="different", detail="Other bytes: video.", files=["video"], compared=3,
    differences=[Difference(what="library.av", then="1", now="2")],
)  # fmt: skip


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def export_of(world: World, state: str = "done") -> str:
    clip = await clip_of(world, world.ann)
    export_id = (await world.ann.client.post(f"{clip}/export", json={})).json()["export_id"]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update exports set state = $2 where export_id = $1", UUID(export_id), state)
    return f"/v1/exports/{export_id}/replay"


async def test_a_replay_is_requested_once_until_it_is_done(world: World) -> None:
    path = await export_of(world)
    assert (await world.ann.client.get(path)).status_code == 404
    first = await world.ann.client.post(path)
    assert (first.status_code, first.json()["state"], first.headers["location"]) == (202, "waiting", path)
    assert (await world.ann.client.post(path)).json() == first.json() == (await world.ann.client.get(path)).json()
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        count = "select count(*) from outbox where org_id = $1 and headers->>'ce_type' = 'clipstream.ReplayRequested'"
        assert await rows.fetchval(count, world.ann.org_id) == 1
        await rows.execute(
            "update replays set state = 'done', report = $2, finished_at = now() where replay_id = $1",
            UUID(first.json()["replay_id"]), FOUND,
        )  # fmt: skip
    done = (await world.ann.client.get(path)).json()
    assert (done["state"], done["outcome"], done["files"]) == ("done", "different", ["video"])
    assert done["differences"] == [{"what": "library.av", "then": "1", "now": "2"}]
    again = (await world.ann.client.post(path)).json()
    assert (again["state"], again["outcome"]) == ("waiting", None)
    assert again["replay_id"] != first.json()["replay_id"]


async def test_an_unfinished_export_cannot_be_replayed(world: World) -> None:
    refused = await world.ann.client.post(await export_of(world, "rendering"))
    assert (refused.status_code, refused.json()["code"]) == (409, "export-not-done")


async def test_replays_are_confined_and_go_with_their_export(world: World) -> None:
    path = await export_of(world)
    await world.ann.client.post(path)
    for answer in (await world.bob.client.post(path), await world.bob.client.get(path)):
        assert answer.status_code == 404
    for pool in (world.api, world.worker):
        async with org_transaction(pool, world.bob.org_id) as rows:
            assert await rows.fetchval("select count(*) from replays") == 0
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        assert await rows.fetchval("select count(*) from replays") == 1
        await rows.execute("delete from exports where org_id = $1", world.ann.org_id)
        assert await rows.fetchval("select count(*) from replays") == 0


async def test_the_log_is_read_from_a_time_on_to_its_end(kafka: str) -> None:
    topic, partition, key = "renders.v1", 5, str(uuid4()).encode()
    now = dt.datetime.now(dt.UTC)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for number in range(3):
        at_ms = round((now + dt.timedelta(hours=number - 2)).timestamp() * 1000)
        await producer.send_and_wait(
            topic, b"%d" % number, key=key, partition=partition, headers=[("a", b"b")], timestamp_ms=at_ms
        )
    await producer.stop()
    log = KafkaLog(KafkaAccess(bootstrap=kafka))

    async def since(hours: float) -> list[bytes]:
        found = [one async for one in log.read(topic, partition, now - dt.timedelta(hours=hours))]
        assert {(one.key, one.headers["a"]) for one in found} <= {(key.decode(), "b")}
        return [one.payload for one in found]

    assert await since(3) == [b"0", b"1", b"2"]
    assert await since(1.5) == [b"1", b"2"]
    assert await since(-1) == [], "nothing was written since"


async def test_an_absent_kafka_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        [
            one
            async for one in KafkaLog(KafkaAccess(bootstrap="127.0.0.1:9")).read(
                "renders.v1", 0, dt.datetime.now(dt.UTC)
            )
        ]
