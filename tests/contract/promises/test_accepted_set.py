"""Promises 1 and 2: what was answered with 202 lies in Kafka, once in effect, though API and relay are killed.

A set test: requests at a steady rate, each repeated under its key until it is accepted, while a seeded schedule kills
−9 or stops the API and the relay. Then the log and the rows are read: the accepted projects, no others, one event each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from core.settings import Settings
from schemas.topics import BY_NAME
from tests.contract.promises.processes import Customer, ProductProcess, all_up, new_customer
from tests.support.progress import HANG_S, Patience
from tests.support.soak import SEED, record, time_out, volume

RATE_HZ = 50.0
POSTS = volume(200, 5_000)
KILLS = volume(3, 30)
STOPS = volume(1, 5)
STOP_S = 1.0
TOPIC = "uploads.v1"
PASSING = {408, 409, 502, 503, 504}
"""Answers after which a client asks again under the same key."""


@pytest.fixture
async def parts(postgres: Settings, kafka: str, tmp_path: Path) -> AsyncIterator[list[ProductProcess]]:
    """A running API and a running relay, which would send what other tests left behind."""
    await forget_unsent(postgres)
    settings = msgspec.structs.replace(postgres, kafka=kafka)
    made = [
        ProductProcess(["api"], settings, tmp_path / "api.log"),
        ProductProcess(["streams", "--relay"], settings, tmp_path / "relay.log"),
    ]
    async with all_up(made):
        yield made


async def forget_unsent(settings: Settings) -> None:
    """Remove the events and places of earlier tests on this Postgres."""
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        await owner.execute("set row_security = off; delete from outbox; delete from admissions")
        await owner.execute("update attempts set state = 'done' where state in ('running', 'free')")
    finally:
        await owner.close()


async def accept(client: httpx2.AsyncClient, number: int) -> str:
    """The id of a project that was accepted, however often that takes."""
    key, body = f"set-{number}-{uuid.uuid4()}", {"source_url": "https://video.example/talk.mp4", "title": str(number)}
    patience = Patience(f"the acceptance of request {number}", still_s=HANG_S)
    while True:
        with contextlib.suppress(httpx2.TransportError):
            answer = await client.post("/v1/projects", json=body, headers={"Idempotency-Key": key})
            if answer.status_code == 202:
                return str(answer.json()["project_id"])
            assert answer.status_code in PASSING, answer.text
        patience.check()
        await asyncio.sleep(0.1)


async def strike(parts: list[ProductProcess], stop: asyncio.Event) -> Counter[str]:
    """All kills and stops in a seeded order, spread over the time of the requests, the part up again after each."""
    dice, struck = random.Random(SEED), Counter[str]()
    blows = dice.sample(["kill"] * KILLS + ["stop"] * STOPS, KILLS + STOPS)
    for number, blow in enumerate(blows):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), dice.uniform(0.2, 1.0) * POSTS / RATE_HZ / len(blows))
        part = parts[number % len(parts)]
        if blow == "kill":
            part.signal(signal.SIGKILL)
            await part.ended()
            part.start()
            await part.until_up()
        else:
            part.signal(signal.SIGSTOP)
            await asyncio.sleep(STOP_S)
            part.signal(signal.SIGCONT)
        struck[blow] += 1
    return struck


async def read_log(kafka: str, org_id: uuid.UUID) -> Counter[str]:
    """Project → messages of it on the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    seen: Counter[str] = Counter()
    try:
        places = [TopicPartition(TOPIC, number) for number in range(BY_NAME[TOPIC].partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        patience = Patience("the end of the topic")
        while left := [place for place in places if await consumer.position(place) < ends[place]]:
            patience.check([await consumer.position(place) for place in left])
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for one in records:
                    body: dict[str, Any] = json.loads(one.value)
                    if body.get("org_id") == str(org_id):
                        seen[body["project_id"]] += 1
    finally:
        await consumer.stop()
    return seen


async def until_sent(settings: Settings, org_id: uuid.UUID) -> float:
    """Seconds until the organisation's outbox is empty."""
    owner, begun_s = await asyncpg.connect(settings.postgres_owner), time.monotonic()
    try:
        patience = Patience("an empty outbox")
        while left := await owner.fetchval(
            "select count(*) from outbox where org_id = $1 and published_at is null and due_at <= now()", org_id
        ):
            patience.check(left)
            await asyncio.sleep(0.2)
    finally:
        await owner.close()
    return time.monotonic() - begun_s


async def rows_of(settings: Settings, org_id: uuid.UUID) -> tuple[set[str], int]:
    """Projects of the organisation, and its distinct events of uploads."""
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        projects = {
            str(row[0]) for row in await owner.fetch("select project_id from projects where org_id = $1", org_id)
        }
        events = "select count(distinct event_id) from outbox where org_id = $1 and topic = $2"
        return projects, await owner.fetchval(events, org_id, TOPIC)
    finally:
        await owner.close()


@time_out(3600)
async def test_every_accepted_request_is_sent_though_all_are_killed(
    postgres: Settings, kafka: str, parts: list[ProductProcess]
) -> None:
    customer: Customer = await new_customer(postgres)
    posted = asyncio.Event()
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(
        base_url=parts[0].url, headers=customer.headers, timeout=20, trust_env=False, limits=limits
    ) as client:
        striking = asyncio.create_task(strike(parts, posted))
        requests, begun_s = [], time.monotonic()
        for number in range(POSTS):
            requests.append(asyncio.create_task(accept(client, number)))
            await asyncio.sleep(max(0.0, begun_s + number / RATE_HZ - time.monotonic()))
        accepted = await asyncio.gather(*requests)
        posted.set()
        struck = await striking
    drained_s = await until_sent(postgres, customer.org_id)
    log = await read_log(kafka, customer.org_id)
    projects, events = await rows_of(postgres, customer.org_id)
    lost, strange = set(accepted) - set(log), set(log) - set(accepted)
    again = sum(log.values()) - len(log)
    assert len(set(accepted)) == POSTS
    assert (lost, strange, projects, events) == (set(), set(), set(accepted), POSTS)
    record(
        1, f"{POSTS} accepted, {struck['kill']} kills, {struck['stop']} stops: 0 lost; all sent {drained_s:.1f} s later"
    )
    record(2, f"{POSTS} accepted: 0 double projects or events, {again} sent again ({100 * again / POSTS:.1f} %)")
    record(8, f"{POSTS} keys repeated over {struck['kill']} kills: 1 project each")
