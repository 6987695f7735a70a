"""The Faust app on a real Kafka: a message whose handling breaks is not acknowledged, so it comes again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

PLACE = TopicPartition("transcripts.v1", 3)
WORKER = """
import asyncio, sys
from pathlib import Path
import msgspec
from streams.app import build_app
from tests.contract.servers import make_settings

async def handle(message):
    print(message.payload.decode(), flush=True)
    if message.payload == b"poison":
        raise RuntimeError("nobody catches this")
    return "done"

async def main():
    settings = msgspec.structs.replace(make_settings(kafka=sys.argv[1]), work_dir=Path(sys.argv[2]))
    await build_app(settings, "close", handle).start()
    await asyncio.sleep(40)

asyncio.run(main())
"""


def run_worker(kafka: str, folder: Path) -> tuple[list[str], int]:
    """What a worker took until it ended, and its exit code."""
    command = [sys.executable, "-c", WORKER, kafka, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    return [line for line in ended.stdout.splitlines() if line in ("one", "poison", "two")], ended.returncode


async def send(kafka: str, *bodies: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for body in bodies:
            await producer.send_and_wait(PLACE.topic, body, partition=PLACE.partition)


async def committed(kafka: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id="clipstream-close", enable_auto_commit=False)
    await consumer.start()
    try:
        return await consumer.committed(PLACE) or 0
    finally:
        await consumer.stop()


async def test_a_message_that_breaks_its_worker_is_not_lost(kafka: str, tmp_path: Path) -> None:
    await send(kafka, b"one", b"poison", b"two")
    for _ in range(2):
        taken, code = run_worker(kafka, tmp_path)
        assert taken[-1] == "poison"
        assert code == 1
    assert await committed(kafka) <= 1
