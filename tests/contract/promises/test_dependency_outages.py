"""Promise 27: while a part is a black hole or resets, the API answers 503 soon, says so in /readyz, and recovers.

The API is a process; each part is reached through a TCP proxy. A black hole accepts connections and passes nothing on,
which no client library notices by itself. Without Kafka and Triton the API answers all the same: the outbox keeps what
is due, a search finds by words alone, and /readyz says "degraded".
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import msgspec
import pytest

from core.infra.clickhouse import migrate_clickhouse
from core.infra.meilisearch import migrate_meilisearch
from core.infra.s3.object_store import ensure_bucket
from core.settings import Settings
from tests.contract.promises.processes import ProductProcess, new_customer
from tests.contract.promises.test_accepted_set import forget_unsent, read_log, until_sent
from tests.contract.rigs.brokers import run_cluster
from tests.contract.rigs.search_keys import with_search_key
from tests.contract.rigs.servers import Server, free_ports
from tests.contract.rigs.triton_server import Triton
from tests.support.progress import HANG_S
from tests.support.soak import SHARE, bound, record, time_out, volume
from tests.support.tcp_proxy import Mode, TcpProxy

OUTAGE_S: Mapping[Mode, int] = {"black-hole": volume(3, 60), "refuse": volume(1, 60)}
ANSWER_S, FLIP_S, BACK_S = 2.0, 10.0, 30.0
EVERY_S = 0.25
NEEDED = ("postgres", "objects")
"""Without these the API is not ready."""
SPARED = ("kafka", "triton")
"""Without these each request is answered."""
MODES: tuple[Mode, ...] = ("black-hole", "refuse")
Links = Mapping[str, TcpProxy]


def through(address: str, link: TcpProxy) -> str:
    """The address with the proxy's port."""
    url = urlsplit(address)
    login = url.netloc.rpartition("@")[0]
    return url._replace(netloc=f"{login}@{link.address}" if login else link.address).geturl()


@pytest.fixture
def links(
    postgres: Settings,
    seaweedfs: Server,
    clickhouse_front: Server,
    search_front: Server,
    triton_server: Triton,
    tmp_path: Path,
) -> Any:
    """A proxy to each part; the broker tells its clients the proxy's address, so that none goes past it."""
    (broker,) = free_ports(1)
    behind = {
        "postgres": postgres.postgres_api, "objects": seaweedfs.url, "clickhouse": clickhouse_front.url,
        "search": search_front.url, "kafka": f"kafka://127.0.0.1:{broker}", "triton": f"grpc://{triton_server.url}",
    }  # fmt: skip
    with ExitStack() as stack:
        made = {}
        for name, address in behind.items():
            url = urlsplit(address)
            assert url.hostname
            assert url.port
            made[name] = stack.enter_context(TcpProxy(url.hostname, url.port))
        told = f"advertised.listeners=PLAINTEXT://{made['kafka'].address}\n"
        stack.enter_context(run_cluster(tmp_path / "kafka", 1, told, [broker]))
        yield made


@pytest.fixture
async def api(
    postgres: Settings,
    seaweedfs: Server,
    clickhouse_front: Server,
    search_front: Server,
    links: Links,
    tmp_path: Path,
) -> AsyncIterator[ProductProcess]:
    """An API that reaches its parts through the proxies."""
    direct = msgspec.structs.replace(
        postgres, s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password, s3_bucket="outages",
        clickhouse=clickhouse_front.url, meilisearch=search_front.url, meilisearch_key=search_front.password,
    )  # fmt: skip
    await forget_unsent(postgres)
    await ensure_bucket(direct)
    await migrate_clickhouse(direct)
    await migrate_meilisearch(direct)
    proxied = msgspec.structs.replace(
        with_search_key(direct, "api"),
        postgres_api=through(direct.postgres_api, links["postgres"]),
        s3=through(direct.s3, links["objects"]),
        clickhouse=through(direct.clickhouse, links["clickhouse"]),
        meilisearch=through(direct.meilisearch, links["search"]),
        kafka=links["kafka"].address,
        triton=links["triton"].address,
    )
    part = ProductProcess(["api"], proxied, tmp_path / "api.log")
    relay = ProductProcess(["streams", "--relay"], proxied, tmp_path / "relay.log")
    try:
        for process in (part, relay):
            process.start()
        for process in (part, relay):
            await process.until_up()
        yield part
    finally:
        for process in (part, relay):
            process.end()


class Client:
    """Requests that need one part, none of which can be answered from memory; each POST until it is accepted."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client, self._numbers = client, itertools.count()
        self.accepted: set[str] = set()
        self.by_meaning: list[bool] = []
        """Of each search in turn: whether it was by meaning."""

    async def ask(self, part: str) -> tuple[int, float]:
        """Status and seconds of a request that needs the part."""
        number, begun_s = next(self._numbers), time.monotonic()
        if part in ("postgres", "kafka"):
            answer = await self._client.post(
                "/v1/projects",
                json={"source_url": "https://video.example/talk.mp4"},
                headers={"Idempotency-Key": str(uuid.uuid4())},
            )
            if answer.status_code == 202:
                self.accepted.add(answer.json()["project_id"])
        elif part == "objects":
            body = {"filename": "a.mp4", "size_bytes": 20 * 2**20, "parts": 2}
            answer = await self._client.post("/v1/uploads/sign", json=body)
        elif part == "clickhouse":
            since = f"2026-01-01T00:00:{number % 60:02d}.{number:03d}Z"
            answer = await self._client.get("/v1/analytics/summary", params={"since": since})
        elif part == "triton":
            answer = await self._client.get(
                "/v1/search", params={"q": f"what they said about number {number}", "mode": "hybrid"}
            )
            self.by_meaning.append(answer.status_code == 200 and answer.json()["semantic"]["used"])
        else:
            answer = await self._client.get("/v1/search", params={"q": f"word{number}", "mode": "words"})
        if answer.status_code == 503:
            assert answer.headers["content-type"] == "application/problem+json", answer.headers
        return answer.status_code, time.monotonic() - begun_s

    async def ready(self) -> tuple[int, list[str], float]:
        """Status of /readyz, the parts that it calls down, and its seconds."""
        begun_s = time.monotonic()
        answer = await self._client.get("/readyz")
        return answer.status_code, answer.json()["down"], time.monotonic() - begun_s


async def outage(client: Client, link: TcpProxy, part: str, mode: Mode) -> tuple[float, float, float]:
    """One outage: slowest refusal, seconds until /readyz said so, seconds until all was well again."""
    link.mode = mode
    link.cut() if mode == "refuse" else None
    begun_s, asked, flipped_s = time.monotonic(), list[asyncio.Task[tuple[int, float]]](), None
    searched = len(client.by_meaning)
    while time.monotonic() - begun_s < OUTAGE_S[mode] or flipped_s is None or not any(task.done() for task in asked):
        asked.append(asyncio.create_task(client.ask(part)))
        status, down, _ = await client.ready()
        if part in down and (part not in NEEDED or status == 503) and flipped_s is None:
            flipped_s = time.monotonic() - begun_s
        assert time.monotonic() - begun_s < OUTAGE_S[mode] + HANG_S, "readiness never changed"
        await asyncio.sleep(EVERY_S)
    early = [task for task in asked if task.done()]
    link.mode = "open"
    healed_s = time.monotonic()
    while True:
        status, _ = await client.ask(part)
        found = part != "triton" or client.by_meaning[-1]
        if status < 300 and found and part not in (await client.ready())[1]:
            break
        assert time.monotonic() - healed_s < HANG_S, (part, mode, status)
        await asyncio.sleep(EVERY_S)
    back_s = time.monotonic() - healed_s
    answers = await asyncio.gather(*asked)
    assert part != "triton" or not all(client.by_meaning[searched:]), "the model was away"
    assert early, "nothing was answered during the outage"
    assert {status for status, _ in answers} <= {503, 200, 201, 202}, (part, mode, answers)
    assert any(status == 503 for status, _ in answers) == (part not in SPARED), (part, mode, answers)
    return max(seconds for _, seconds in answers), flipped_s, back_s


@time_out(3600)
async def test_outages_are_answered_reported_and_survived(
    postgres: Settings, api: ProductProcess, links: Links
) -> None:
    customer = await new_customer(postgres)
    figures, late = {}, []
    async with httpx2.AsyncClient(
        base_url=api.url, headers=customer.headers, timeout=HANG_S, trust_env=False
    ) as connection:
        client = Client(connection)
        for part, link in links.items():
            assert (await client.ask(part))[0] < 300
            for mode in MODES if SHARE or part not in SPARED else MODES[:1]:  # the suite has half a minute for it
                answer_s, flip_s, back_s = figures[part, mode] = await outage(client, link, part, mode)
                print(f"{part} {mode}: answered ≤ {answer_s:.1f} s, /readyz {flip_s:.1f} s, back {back_s:.1f} s")
                if answer_s > bound(ANSWER_S) or flip_s > bound(FLIP_S) or back_s > bound(BACK_S):
                    late.append((part, mode, answer_s, flip_s, back_s))
    owner = await asyncpg.connect(postgres.postgres_owner)
    rows = await owner.fetch("select project_id from projects where org_id = $1", customer.org_id)
    await owner.close()
    assert client.accepted <= {str(row[0]) for row in rows}
    await until_sent(postgres, customer.org_id)
    assert client.accepted <= set(await read_log(links["kafka"].address, customer.org_id))
    assert not late
    worst = [max(figure[at] for figure in figures.values()) for at in range(3)]
    record(
        27,
        f"{len(figures)} outages of up to {max(OUTAGE_S.values())} s: answered ≤ {worst[0]:.1f} s, "
        f"/readyz ≤ {worst[1]:.1f} s, back ≤ {worst[2]:.1f} s, 0 of {len(client.accepted)} lost",
    )
