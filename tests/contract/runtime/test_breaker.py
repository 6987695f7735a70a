"""Fifty unreadable messages in a row mean a bad deploy: the stage stops instead of diverting more."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from core.infra.kafka.message import Message
from core.settings import Settings
from schemas import events
from streams.runtime.consumer import BREAKER_LETTER_COUNT, BreakerOpen
from streams.runtime.letter_cap import MAX_LETTERS_OF_SENDER_COUNT
from streams.runtime.metrics import UNKEPT
from streams.runtime.stage import Commit, Work
from tests.contract.api.test_api_process import environment
from tests.contract.runtime.test_poison import Rig, rig
from tests.support.progress import HANG_S

__all__ = ["rig"]


async def garbage(rig: Rig, topic: str = "spans.v1") -> str:
    message = Message(
        topic=topic, partition=rig.partition, offset=next(rig.place), key="k", headers={}, payload=b"no event"
    )
    return await asyncio.wait_for(rig.consumption.handle(message), HANG_S)


async def test_consecutive_dead_letters_stop_the_stage(rig: Rig) -> None:
    for _ in range(BREAKER_LETTER_COUNT):
        assert await garbage(rig) == "dead"
    for _ in range(2):
        with pytest.raises(BreakerOpen, match=r"spans\.v1"):
            await garbage(rig)
    assert len(await rig.letters()) == BREAKER_LETTER_COUNT


async def test_a_good_message_in_between_resets_the_count(rig: Rig) -> None:
    for _ in range(BREAKER_LETTER_COUNT):
        await garbage(rig)
    body = rig.body(project_id=str(uuid.uuid4()))
    assert await rig.take(body, rig.headers(body)) == "committed"
    assert await garbage(rig) == "dead"


async def test_a_good_message_of_another_stage_resets_the_count(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(BREAKER_LETTER_COUNT):
        await garbage(rig)
    body = rig.body()
    with monkeypatch.context() as patched:
        patched.setattr(rig, "wants", lambda _: False)
        assert await rig.take(body, rig.headers(body)) == "skipped"
    assert await garbage(rig) == "dead"


async def test_a_stage_that_meets_a_bug_with_everything_stops(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad deploy: valid events would all be diverted."""

    async def broken(event: events.AnyEvent, work: Work) -> Commit:
        raise KeyError("a name that the last release forgot")

    async def tell_nobody(*_: object) -> None:
        return

    monkeypatch.setattr(rig, "work", broken)
    monkeypatch.setattr(rig, "give_up", tell_nobody)
    for _ in range(BREAKER_LETTER_COUNT):
        body = rig.body()
        assert await rig.take(body, rig.headers(body)) == "dead"
    with pytest.raises(BreakerOpen, match="met a bug"):
        await rig.take(body := rig.body(), rig.headers(body))


async def test_invalid_messages_of_outsiders_stop_no_stage(rig: Rig) -> None:
    for _ in range(BREAKER_LETTER_COUNT + 5):
        assert await garbage(rig, "uploads.v1") == "dead"


async def test_a_worker_with_an_open_breaker_ends_and_logs_why(postgres: Settings, kafka: str, tmp_path: Path) -> None:
    """The supervisor restarts it with growing pauses, and the current message is delivered again."""
    place, count = TopicPartition("spans.v1", 7), BREAKER_LETTER_COUNT + 1
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for _ in range(count):
            await producer.send_and_wait(place.topic, b"no event", partition=place.partition)
    settings = msgspec.structs.replace(postgres, kafka=kafka)
    given = environment(settings, 1) | {"CLIPSTREAM_WORK_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "streams", "--stage", "look"]
    ended = await asyncio.to_thread(
        subprocess.run, command, env=given, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    lines = [msgspec.json.decode(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert (ended.returncode, lines[-1]["event"], lines[-1]["level"]) == (1, "stopped by itself", "error")
    assert f"{count} dead letters in a row on spans.v1" in lines[-1]["why"]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id="clipstream-look", enable_auto_commit=False)
    await consumer.start()
    assert (await consumer.committed(place) or 0) < count
    await consumer.stop()


async def test_a_flood_of_garbage_costs_its_letters_and_nothing_more(rig: Rig) -> None:
    """Of ten thousand bad uploads a hundred are kept and the rest is counted; a good one behind them is worked on."""
    for _ in range(10_000):
        assert await garbage(rig, "uploads.v1") == "dead"
    body = rig.body(project_id=str(uuid.uuid4()))
    assert await rig.take(body, rig.headers(body)) == "committed"
    assert len(await rig.letters()) == MAX_LETTERS_OF_SENDER_COUNT
    unkept = rig.metrics.registry.get_sample_value(UNKEPT.name, {"stage": "ingest", "reason": "undecodable"})
    assert unkept == 10_000 - MAX_LETTERS_OF_SENDER_COUNT
