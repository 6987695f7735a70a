"""The Faust app on a real Kafka: a message whose handler fails is not acknowledged and comes again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.support.progress import HANG_S

PLACE = TopicPartition("transcripts.v1", 3)
WAITING = (
    ("deliver", TopicPartition("deliveries.v1", 3), 0),
    ("study", TopicPartition("transcripts.v1", 5), 0),
    ("listen", TopicPartition("spans.v1", 5), 2),
)
"""Stages that wait for others' answers, a partition of theirs that no other test uses, and what the setting says."""
WORKER = """
import asyncio, os, sys
from pathlib import Path
import msgspec
from streams.worker import build_app
from tests.contract.rigs.servers import make_settings

two_is_taken = asyncio.Event()

async def handle(message):
    if message.partition != int(sys.argv[4]):
        return "done"
    print(message.payload.decode(), flush=True)
    if message.payload == b"poison":
        raise RuntimeError("nobody catches this")
    if message.payload == b"slow":
        await two_is_taken.wait()
        await asyncio.sleep(2.0)  # commits come each second
        os._exit(0)
    if message.payload == b"two":
        two_is_taken.set()
    return "done"

async def main():
    given = make_settings(kafka=sys.argv[1], concurrency=int(sys.argv[5]))
    settings = msgspec.structs.replace(given, work_dir=Path(sys.argv[2]))
    await build_app(settings, sys.argv[3], handle).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def run_worker(kafka: str, folder: Path, place: TopicPartition, stage: str, concurrency: int) -> tuple[list[str], int]:
    """Messages that a stage's worker took from a partition until it ended, and its exit code."""
    command = [sys.executable, "-c", WORKER, kafka, str(folder), stage, str(place.partition), str(concurrency)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    return [line for line in ended.stdout.splitlines() if line in ("one", "poison", "two", "slow")], ended.returncode


async def send(kafka: str, place: TopicPartition, *bodies: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for body in bodies:
            await producer.send_and_wait(place.topic, body, partition=place.partition)


async def committed(kafka: str, place: TopicPartition, stage: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=f"clipstream-{stage}", enable_auto_commit=False)
    await consumer.start()
    try:
        return await consumer.committed(place) or 0
    finally:
        await consumer.stop()


async def test_a_message_that_breaks_its_worker_is_not_lost(kafka: str, tmp_path: Path) -> None:
    await send(kafka, PLACE, b"one", b"poison", b"two")
    for _ in range(2):
        taken, code = run_worker(kafka, tmp_path, PLACE, "close", 0)
        assert taken[-1] == "poison"
        assert code == 1
    assert await committed(kafka, PLACE, "close") <= 1


@pytest.mark.parametrize(("stage", "place", "concurrency"), WAITING, ids=[row[0] for row in WAITING])
async def test_a_slow_event_holds_up_no_other_and_is_not_lost(
    kafka: str, tmp_path: Path, stage: str, place: TopicPartition, concurrency: int
) -> None:
    """A slow event and the one behind it: both are taken, and the committed offset stays at the first."""
    await send(kafka, place, b"slow", b"two")
    for _ in range(2):
        taken, _ = run_worker(kafka, tmp_path, place, stage, concurrency)
        assert taken == ["slow", "two"]
    assert await committed(kafka, place, stage) == 0
