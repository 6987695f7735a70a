"""Promise 8: requests under one Idempotency-Key have one effect and one answer, byte for byte."""

from __future__ import annotations

import asyncio
import signal
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import msgspec
import pytest

from core.settings import Settings
from tests.contract.promises.processes import ProductProcess, all_up, new_customer
from tests.contract.rigs.api_world import URL, open_world, outbox
from tests.support.progress import await_while_moving
from tests.support.soak import record
from tests.support.tcp_proxy import TcpProxy

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


class LostCommits(TcpProxy):
    """Passes a COMMIT after a kept answer on, and nothing after it: who sent it never learns that it was done."""

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = b""
        while body := await reader.read(65_536):
            await self._until_open()
            seen += body
            if b"insert into idempotency_keys" in seen and b"commit" in seen.partition(b"insert into idempotency")[2]:
                self.mode = "black-hole"
            writer.write(body)
            await writer.drain()
        writer.write_eof()


async def test_killed_between_commit_and_answer_the_repeat_is_answered(postgres: Settings, tmp_path: Path) -> None:
    customer = await new_customer(postgres)
    headers = customer.headers | {"Idempotency-Key": f'"{uuid.uuid4()}"'}
    behind = urlsplit(postgres.postgres_api)
    assert behind.hostname
    assert behind.port
    owner = await asyncpg.connect(postgres.postgres_owner)
    kept = "select status, created_at from idempotency_keys where org_id = $1"
    with LostCommits(behind.hostname, behind.port) as link:
        login = behind.netloc.rpartition("@")[0]
        proxied = msgspec.structs.replace(
            postgres, postgres_api=behind._replace(netloc=f"{login}@{link.address}").geturl()
        )
        api = ProductProcess(["api"], proxied, tmp_path / "api.log")
        async with (
            all_up([api]),
            httpx2.AsyncClient(base_url=api.url, headers=headers, timeout=60, trust_env=False) as client,
        ):
            unanswered = asyncio.create_task(client.post("/v1/projects", json=URL))

            async def committed() -> bool:
                return await owner.fetchrow(kept, customer.org_id) is not None

            await await_while_moving(committed, "the commit whose answer is withheld")
            assert not unanswered.done()
            api.signal(signal.SIGKILL)
            await api.ended()
            with pytest.raises(httpx2.TransportError):
                await unanswered
    first = await owner.fetchrow(kept, customer.org_id)
    api = ProductProcess(["api"], postgres, tmp_path / "api.log")
    async with (
        all_up([api]),
        httpx2.AsyncClient(base_url=api.url, headers=headers, timeout=60, trust_env=False) as client,
    ):
        answers = [await client.post("/v1/projects", json=URL) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert {answer.headers["idempotent-replayed"] for answer in answers} == {"true"}
        assert answers[0].content == answers[1].content
        project_id = answers[0].json()["project_id"]
        assert (await client.get(answers[0].headers["location"])).json()["project_id"] == project_id
        assert [one["project_id"] for one in (await client.get("/v1/projects")).json()["items"]] == [project_id]
    assert await owner.fetchrow(kept, customer.org_id) == first
    await owner.close()
