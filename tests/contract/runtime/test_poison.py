"""A poison message becomes a dead letter, and the message behind it is processed. Real Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from core.infra.kafka.message import Message, as_message
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Connection, Pool, create_pool, transaction
from core.infra.postgres.outbox import Cause
from core.services.upload_signatures import (
    INTERNAL_KEY_ID,
    KEY,
    ORG,
    SIGNATURE,
    TIME,
    Verifier,
    sign,
)
from core.settings import Settings
from schemas import codec, events
from streams.runtime import dead_letters
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.health import Pulse
from streams.runtime.leases import Rules
from streams.runtime.metrics import ATTEMPT, CHILD_CPU, DEAD, EVENTS, OF_STAGE, ProcessMetrics
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.postgres import new_org
from tests.support.progress import HANG_S

RULES = Rules(lease_s=60, renew_s=1, patience_s=60, max_tries=3, retry_base_s=0.01, outage_s=60)


class Record:
    """A record as returned by a Kafka client."""

    topic, partition, key = "uploads.v1", 0, b"k"

    def __init__(self, offset: int, headers: list[tuple[str, bytes]], value: bytes) -> None:
        self.offset, self.headers, self.value = offset, headers, value


class Rig:
    """An organisation with a trusted producer, and one stage's consumer."""

    def __init__(self, settings: Settings, pool: Pool, org_id: uuid.UUID) -> None:
        self.pool, self.org_id, self.worked = pool, org_id, list[uuid.UUID]()
        self.place = iter(range(10**6))
        self.partition = uuid.uuid4().int % 10**6
        self.metrics = ProcessMetrics(OF_STAGE)
        loop = asyncio.get_running_loop()
        self.consumption = EventConsumer(
            attempts=Attempts(pool=pool, stage=self, worker="w", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)),
            stage=self,
            pool=pool,
            pulse=Pulse(stall_s=60, now=loop.time),
            verifier=Verifier(pool=pool, ring=open_key_ring(settings)),
            metrics=self.metrics,
        )
        self.ring, self.dsn = open_key_ring(settings), settings.postgres_owner
        self.secret = self.ring.derive("internal-producer")

    name: events.Stage = "ingest"

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        assert event.project_id is not None
        self.worked.append(event.project_id)

        async def commit(connection: Connection) -> None:
            return

        return commit

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        raise AssertionError("nothing here is given up")

    def body(self, **changes: object) -> bytes:
        event = events.UploadReceived(org_id=self.org_id, project_id=uuid.uuid4(), source_url="https://a.org/v")
        return msgspec.json.encode(msgspec.to_builtins(event) | changes)

    def headers(self, body: bytes, **changes: str) -> dict[str, str]:
        envelope = codec.Envelope(
            id=uuid.uuid4(), source="/t", type="clipstream.UploadReceived", time=dt.datetime.now(dt.UTC)
        )
        made = codec.encode_headers(envelope) | changes
        return made | sign(made, body, secret=self.secret, key_id=INTERNAL_KEY_ID, org_id=self.org_id)

    async def take(self, body: bytes, headers: dict[str, str], raw: dict[str, bytes] | None = None) -> str:
        pairs = {name: value.encode() for name, value in headers.items()} | (raw or {})
        message = as_message(Record(next(self.place), list(pairs.items()), body))
        message = msgspec.structs.replace(message, partition=self.partition)
        return await asyncio.wait_for(self.consumption.handle(message), HANG_S)

    async def letters(self) -> list[asyncpg.Record]:
        owner = await asyncpg.connect(self.dsn)
        try:
            return list(await owner.fetch("select * from dead_letters where partition = $1", self.partition))
        finally:
            await owner.close()


@pytest.fixture
async def rig(postgres: Settings) -> AsyncIterator[Rig]:
    pool = await create_pool(postgres.postgres_worker, size=4)
    org_id = await new_org(postgres)
    yield Rig(postgres, pool, org_id)
    await pool.close()


async def is_buried(rig: Rig, verdict: str, reason: str) -> None:
    """The message becomes a dead letter, and the stage takes the next one."""
    assert verdict == "dead"
    assert [row["reason"] for row in await rig.letters()] == [reason]
    assert rig.worked == []
    body = rig.body()
    assert await rig.take(body, rig.headers(body)) == "committed"


async def test_too_deeply_nested_json_becomes_a_letter(rig: Rig) -> None:
    body = rig.body()[:-1] + b',"more":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    await is_buried(rig, await rig.take(body, rig.headers(body)), "undecodable")


async def test_a_body_that_unpacks_a_thousandfold_becomes_a_letter(rig: Rig) -> None:
    body = rig.body() + b" " * 3_000_000
    await is_buried(rig, await rig.take(body, rig.headers(body)), "undecodable")
    assert len((await rig.letters())[0]["payload"]) == dead_letters.MAX_UPLOAD_BYTES


async def test_a_signature_that_is_not_ascii_becomes_a_letter(rig: Rig) -> None:
    body = rig.body()
    headers = rig.headers(body) | {SIGNATURE: "é" * 64}
    await is_buried(rig, await rig.take(body, headers), "producer.bad_signature")


async def test_a_signed_title_with_a_nul_becomes_a_letter(rig: Rig) -> None:
    body = rig.body(title="a\0b")
    await is_buried(rig, await rig.take(body, rig.headers(body)), "upload.text")


@pytest.mark.parametrize("name", ["x-other", "clipstream-key", "traceparent", "ce_source"])
async def test_a_header_with_a_nul_does_not_stop_the_worker(rig: Rig, name: str) -> None:
    body = rig.body()
    verdict = await rig.take(body, rig.headers(body), {name: b"a\0b"})
    assert verdict in ("dead", "committed")
    body = rig.body()
    assert await rig.take(body, rig.headers(body)) == "committed"


async def test_a_header_that_is_not_text_becomes_a_letter(rig: Rig) -> None:
    body = rig.body()
    await is_buried(rig, await rig.take(body, rig.headers(body), {TIME: b"\xff\xfe"}), "producer.bad_signature")


async def test_a_nul_that_the_reason_repeats_becomes_a_letter(rig: Rig) -> None:
    body = rig.body(options={"aspect": "a\0b"})
    await is_buried(rig, await rig.take(body, rig.headers(body)), "undecodable")


async def test_the_largest_headers_and_body_become_a_letter(rig: Rig) -> None:
    body = b"\x00" * 1_000_000
    headers = {f"h{n}": "\x01" * 10_000 for n in range(90)}
    await is_buried(rig, await rig.take(body, headers), "undecodable")


async def test_an_id_that_postgres_cannot_read_becomes_a_letter(rig: Rig) -> None:
    body = rig.body()
    headers = rig.headers(body, ce_id=f"urn:uuid:{uuid.uuid4()}")
    await is_buried(rig, await rig.take(body, headers), "undecodable")


async def test_an_outsiders_old_message_is_refused(rig: Rig) -> None:
    secret, key_id, body = b"s" * 32, f"pk_{uuid.uuid4().hex}", rig.body()
    owner = await asyncpg.connect(rig.dsn)
    await owner.execute(
        "insert into producer_keys (org_id, key_id, secret_encrypted) values ($1, $2, $3)",
        rig.org_id, key_id, rig.ring.seal("secrets", secret),
    )  # fmt: skip
    await owner.close()
    headers = rig.headers(body, ce_time="2020-01-01T00:00:00+00:00")
    headers |= sign(headers, body, secret=secret, key_id=key_id, org_id=rig.org_id)
    await is_buried(rig, await rig.take(body, headers), "producer.bad_time")


async def test_a_bug_before_the_stage_is_reached_is_a_letter_too(rig: Rig) -> None:
    body = rig.body(org_id=str(uuid.uuid4()))  # signed by us, of an organisation that does not exist
    other = msgspec.json.decode(body)["org_id"]
    headers = rig.headers(body)
    headers |= sign(headers, body, secret=rig.secret, key_id=INTERNAL_KEY_ID, org_id=uuid.UUID(other))
    assert headers[KEY] == INTERNAL_KEY_ID
    assert headers[ORG] == other
    await is_buried(rig, await rig.take(body, headers), "bug")


async def test_a_letter_of_a_sink_is_stored_with_any_content(rig: Rig) -> None:
    letter = dead_letters.letter_of(
        Message(topic="spans.v1", partition=rig.partition, offset=1, key="", headers={"a\0": "b\0"}, payload=b"\0"),
        dead_id=uuid.uuid4(), stage="clickhouse", reason="undecodable", detail="c\0", owner=None,
    )  # fmt: skip
    await dead_letters.keep(rig.pool, letter)
    assert len(await rig.letters()) == 1


async def test_a_letter_with_a_nul_in_its_headers_is_stored(rig: Rig) -> None:
    letter = events.DeadLetter(
        dead_id=uuid.uuid4(), topic="spans.v1", partition=rig.partition, offset=1, stage="x", reason="undecodable",
        detail="c\0", headers={"a\0": "b\0"}, payload_base64="AA==",
    )  # fmt: skip
    await dead_letters.keep(rig.pool, letter)
    assert len(await rig.letters()) == 1
    async with transaction(rig.pool) as connection:
        assert await connection.fetchval("select 1") == 1


async def test_the_verdicts_of_messages_are_counted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(event: events.AnyEvent, work: Work) -> Commit:
        raise KeyError("a bug")

    async def tell_nobody(*_: object) -> None:
        return

    await rig.take(body := rig.body(), headers := rig.headers(body))
    await rig.take(body, headers)
    await rig.take(b"no event", {})
    monkeypatch.setattr(rig, "work", broken)
    monkeypatch.setattr(rig, "give_up", tell_nobody)
    await rig.take(body := rig.body(), rig.headers(body))
    monkeypatch.setattr(rig, "wants", lambda _: False)
    await rig.take(body := rig.body(), rig.headers(body))
    told = rig.metrics.registry.get_sample_value
    verdicts = {"committed": 1, "done": 1, "dead": 2, "skipped": 1}
    assert {name: told(EVENTS.name, {"stage": "ingest", "verdict": name}) for name in verdicts} == verdicts
    assert [told(DEAD.name, {"stage": "ingest", "reason": reason}) for reason in ("undecodable", "bug")] == [1, 1]
    durations = [told(f"{ATTEMPT.name}_count", {"stage": "ingest", "verdict": name}) for name in verdicts]
    assert durations == [1, None, 2, None]
    assert told(CHILD_CPU.name, {"stage": "ingest"}) is not None
