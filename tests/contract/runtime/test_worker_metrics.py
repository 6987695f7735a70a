"""/metrics of a running worker, on a real Kafka and Postgres: events by outcome, and lag."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings
from streams.runtime.health import Pulse, serve_health
from streams.runtime.metrics import EVENTS, IN_FLIGHT, LAG, OF_SINK, UNMOVED, ProcessMetrics
from tests.contract.api.test_api_process import environment
from tests.contract.rigs.servers import begun, free_ports
from tests.support.progress import HANG_S, Patience, await_while_moving

LABELS = {"stage": "detect"}


async def page(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples of a metrics page by name and labels; empty without a connection."""
    async with httpx2.AsyncClient(trust_env=False, timeout=HANG_S) as client:
        try:
            text = (await client.get(url)).text
        except httpx2.TransportError:
            return {}
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for each in families for one in each.samples}


async def test_a_worker_counts_the_messages_it_took(postgres: Settings, kafka: str, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    given = environment(msgspec.structs.replace(postgres, kafka=kafka), 1)
    given |= {"CLIPSTREAM_WORK_DIR": str(tmp_path), "CLIPSTREAM_WORKER_PORT": str(port)}
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait("transcripts.v1", b"no event", partition=9)
    log = (tmp_path / "log").open("wb")
    worker = begun(["streams", "--stage", "detect"], given, log)
    dead = (EVENTS.name, (("stage", "detect"), ("verdict", "dead")))
    try:
        patience = Patience("a worker without lag")
        while not (found := await page(f"http://127.0.0.1:{port}/metrics")).get(dead) or any(
            found.get((one.name, tuple(LABELS.items())), 1) for one in (LAG, IN_FLIGHT, UNMOVED)
        ):  # other tests' messages lie on the topic as well
            assert worker.poll() is None, (tmp_path / "log").read_text()
            patience.check(found.get((LAG.name, tuple(LABELS.items()))))
            await asyncio.sleep(0.3)
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, HANG_S) == 0
    finally:
        worker.kill()
        worker.wait()
        log.close()


async def test_a_health_server_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The health server checks the clock once a second; stopping it does not wait for the next check."""
    monkeypatch.setattr("streams.runtime.health.DATE_S", 2 * HANG_S)
    (port,) = free_ports(1)
    pulse = Pulse(stall_s=60, now=asyncio.get_running_loop().time)
    async with (
        asyncio.timeout(HANG_S),
        serve_health("127.0.0.1", port, pulse, ProcessMetrics(OF_SINK), ready=lambda: True),
    ):
        await await_while_moving(lambda: page(f"http://127.0.0.1:{port}/metrics"), "its answer")
