"""A stalled worker reports it and exits, and the next one finishes the event: real processes, real servers.

What hangs is real as well: the child that it waits for is stopped (SIGSTOP), so that no counter grows.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from core.infra.key_ring import open_key_ring
from core.services.upload_signatures import sign_as_relay
from schemas import codec, events
from schemas.topics import BY_NAME, PARTITIONS, route
from tests.contract.api.test_api_process import environment
from tests.contract.rigs.servers import begun, free_ports
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.support.media.hostile_files import film
from tests.support.progress import HANG_S, Patience, await_while_moving
from tests.support.soak import record

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract

GROUP = "clipstream-ingest"
MIN_STALL_S = 4.0
STALL_STARTS = 4
"""A stall, and a lease, in starts of a Python with the product's modules, measured just before: on a machine so busy
that a child takes seconds to begin, healthy work stands still for as long.
"""
CHILD, CONFINED = "core.media.sandbox.child", "NoNewPrivs:\t1\n"
SECONDS = 60
"""Long enough to be caught at work."""


class Worker:
    """One ``python -m streams --stage ingest``; the test is its supervisor."""

    def __init__(self, rig: Rig, kafka: str, home: Path, stall_s: float) -> None:
        (self.port,) = free_ports(1)
        settings = msgspec.structs.replace(rig.context.settings, kafka=kafka)
        given = environment(settings, 1) | {
            "CLIPSTREAM_WORK_DIR": str(home), "CLIPSTREAM_WORKER_PORT": str(self.port),
            "CLIPSTREAM_STALL_S": str(stall_s), "CLIPSTREAM_LEASE_S": str(stall_s), "CLIPSTREAM_RENEW_S": "1",
        }  # fmt: skip
        home.mkdir()
        self.log = home / "log"
        with self.log.open("wb") as out:
            self.process = begun(["streams", "--stage", "ingest"], given, out)

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz; 0 without a connection."""
        try:
            answer = httpx2.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=HANG_S)
        except httpx2.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def is_idle(self) -> bool:
        """Whether it is ready, and the child that it starts to see its walls has ended."""
        status, answer = self.ready()
        return status == 200 and bool(answer["sandbox"]["walls"]) and self.child() is None

    def has_no_lag(self) -> bool:
        status, answer = self.ready()
        return status == 200 and answer["lag"] == 0 and not answer["stuck"]

    def child(self) -> psutil.Process | None:
        """The process that does the work, once it has confined itself and will die with its parent."""
        for one in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error, OSError):
                if CHILD in one.cmdline() and CONFINED in Path(f"/proc/{one.pid}/status").read_text():
                    return one
        return None

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


async def until(true: Callable[[], Any], awaited: str) -> Any:
    """The first true answer."""
    return await await_while_moving(lambda: asyncio.to_thread(true), awaited, every_s=0.02)


def measure_start() -> float:
    """Seconds that a Python process takes now to start and import what a child needs."""
    began_at = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {CHILD}, streams.ingest.probe.child"], check=True)
    return time.monotonic() - began_at


async def forget_older(kafka: str) -> None:
    """Start the stage behind messages that other tests left on its topics."""
    places = [
        TopicPartition(topic, number)
        for topic in ("uploads.v1", "assets.v1")
        for number in range(BY_NAME[topic].partitions)
    ]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(places)
    await consumer.commit(await consumer.end_offsets(places))
    await consumer.stop()


async def publish(rig: Rig, kafka: str, event: events.UploadReceived) -> None:
    """As the relay does."""
    topic, key, slot = route(event)
    body = codec.encode(event)
    envelope = codec.Envelope(
        id=uuid.uuid4(), source="/test", type="clipstream.UploadReceived", time=dt.datetime.now(dt.UTC)
    )
    headers = codec.encode_headers(envelope)
    headers |= sign_as_relay(headers, body, ring=open_key_ring(rig.context.settings), org_id=rig.org_id)
    pairs = [(name, value.encode()) for name, value in headers.items()]
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait(
            topic.name, body, key=str(key).encode(), partition=slot % PARTITIONS, headers=pairs
        )


async def attempt(rig: Rig) -> dict[str, Any]:
    found = await rig.rows("select state, fence, tries from attempts where org_id = $1 and project_id = $2")
    return dict(found[0]) if found else {}


async def test_a_stalled_worker_ends_and_the_next_one_does_the_event(rig: Rig, kafka: str, tmp_path: Path) -> None:
    await forget_older(kafka)
    stall_s = max(MIN_STALL_S, STALL_STARTS * await asyncio.to_thread(measure_start))
    first = Worker(rig, kafka, tmp_path / "first", stall_s)
    workers = [first]
    try:
        await until(first.is_idle, "the first worker")
        published_at = time.monotonic()
        await publish(rig, kafka, await rig.upload(film(tmp_path / "film.mp4", seconds=SECONDS)))
        child = await until(first.child, "its child")
        child.send_signal(signal.SIGSTOP)
        assert (await attempt(rig))["state"] == "running"

        told = await until(lambda: (one := first.ready())[0] == 503 and one[1], "a worker that says it is stuck")
        assert {name: told[name] for name in ("ready", "lag", "stuck")} == {"ready": False, "lag": 1, "stuck": True}
        assert time.monotonic() - published_at > stall_s
        assert await asyncio.to_thread(first.process.wait, HANG_S) == 1
        record(
            5,
            f"a worker still for {stall_s:.0f} s ended {time.monotonic() - published_at:.1f} s after its event",
        )
        last = msgspec.json.decode(first.log.read_text().splitlines()[-1])
        assert (last["event"], last["why"]) == ("stopped by itself", "stuck")
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the child's end")
        assert (await attempt(rig))["tries"] == 1

        second = Worker(rig, kafka, tmp_path / "second", stall_s)
        workers.append(second)
        patience = Patience("the second worker's end of the attempt")
        while (now := await attempt(rig))["state"] != "done":
            patience.check((now, second.log.read_text()[-2000:]))
            await asyncio.sleep(0.2)
        assert (now["tries"], now["fence"]) == (2, 2)
        assert (await rig.count_events()) == {"SpanPlanned": 1}
        assert (await rig.stage("ingest"))["state"] == "done"
        await until(second.has_no_lag, "no lag")
        second.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.process.wait, HANG_S) == 0
    finally:
        for worker in workers:
            worker.end()
    assert list((tmp_path / "second" / "ingest" / "scratch").iterdir()) == []
