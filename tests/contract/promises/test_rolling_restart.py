"""Promise 28: while the two processes of an API are replaced in turn, no client sees an error.

The clients reach them as through a balancer that repeats a request whose connection was refused, but not one that was
sent. A process that is to go gets SIGTERM, and drains.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import msgspec
import pytest

from core.settings import Settings
from tests.contract.promises.processes import ProductProcess, all_up, new_customer
from tests.support.progress import HANG_S
from tests.support.soak import bound, record, time_out, volume

RATE_HZ = volume(25, 50)
RESTARTS = volume(2, 10)
AFTER_S = 0.5
DRAIN_S = 30.0


@pytest.fixture
async def parts(postgres: Settings, tmp_path: Path) -> AsyncIterator[list[ProductProcess]]:
    """Two running APIs of one installation."""
    settings = msgspec.structs.replace(postgres)
    made = [ProductProcess(["api"], settings, tmp_path / f"api-{number}.log") for number in (1, 2)]
    async with all_up(made):
        yield made


class Balancer:
    """Requests to the processes in turn, past those that refuse connections."""

    def __init__(self, parts: Sequence[ProductProcess], headers: dict[str, str]) -> None:
        self._clients = [
            httpx2.AsyncClient(base_url=part.url, headers=headers, timeout=HANG_S, trust_env=False) for part in parts
        ]
        self.answers: Counter[str] = Counter()

    async def send(self, number: int) -> None:
        """One request: every third makes a project, the others read."""
        first = number % len(self._clients)
        for client in (*self._clients[first:], *self._clients[:first]):
            try:
                if number % 3:
                    answer = await client.get("/v1/projects", params={"limit": 1})
                else:
                    answer = await client.post(
                        "/v1/projects",
                        json={"source_url": "https://video.example/talk.mp4"},
                        headers={"Idempotency-Key": str(uuid.uuid4())},
                    )
            except httpx2.ConnectError:
                continue  # the balancer knows that nothing was sent
            except httpx2.TransportError as error:
                self.answers[type(error).__name__] += 1
                return
            self.answers[str(answer.status_code)] += 1
            return
        self.answers["none took it"] += 1

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def keep_sending(balancer: Balancer, stop: asyncio.Event) -> None:
    """Requests at a steady rate until ``stop``; all of them are awaited."""
    begun_s, under_way = time.monotonic(), set[asyncio.Task[None]]()
    for number in itertools.count():
        if stop.is_set():
            break
        under_way.add(asyncio.create_task(balancer.send(number)))
        await asyncio.sleep(max(0.0, begun_s + number / RATE_HZ - time.monotonic()))
    await asyncio.gather(*under_way)


@time_out(1800)
async def test_a_rolling_restart_is_not_noticed(postgres: Settings, parts: list[ProductProcess]) -> None:
    customer, stop = await new_customer(postgres), asyncio.Event()
    balancer = Balancer(parts, customer.headers)
    sending = asyncio.create_task(keep_sending(balancer, stop))
    drains_s = []
    for number in range(RESTARTS):
        await asyncio.sleep(AFTER_S)
        part, begun_s = parts[number % len(parts)], time.monotonic()
        part.signal(signal.SIGTERM)
        assert await part.ended() == 0
        drains_s.append(time.monotonic() - begun_s)
        part.start()
        await part.until_up()
    await asyncio.sleep(AFTER_S)
    stop.set()
    await sending
    await balancer.close()
    assert set(balancer.answers) == {"200", "202"}, balancer.answers
    assert max(drains_s) <= bound(DRAIN_S)
    record(
        28,
        f"{RESTARTS} restarts under {RATE_HZ} requests/s: {balancer.answers.total()} answers, 0 of 5xx, 0 cut; "
        f"drained in {max(drains_s):.1f} s at most",
    )
