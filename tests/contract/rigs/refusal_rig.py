"""Rig for tests of refused messages: producers of two organisations, and ways to break a message."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from core.infra.kafka.message import Message
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool, prepare_connection
from core.services.upload_signatures import SIGNATURE, Verifier, sign
from core.settings import Settings
from schemas import codec, events
from schemas.topics import BY_NAME
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_STAGE, ProcessMetrics
from tests.contract.rigs.api_world import Tenant, World, open_world
from tests.contract.rigs.attempt_rig import RULES, ScriptedStage, nothing

SECRET = b"a producer's secret"
WORDS = "words of the sender"
TOLD = "select * from outbox where topic = 'uploads.refused.v1' and org_id is null order by seq"
Fault = Callable[["Sent"], None]


class Sent:
    """A producer's message; valid until a test breaks it."""

    def __init__(self, tenant: Tenant, key_id: str) -> None:
        self.tenant, self.key_id, self.project_id = tenant, key_id, uuid.uuid4()
        self.body: dict[str, Any] = {
            "org_id": str(tenant.org_id), "project_id": str(self.project_id), "source_url": "https://a.org/v.mp4",
            "title": WORDS,
        }  # fmt: skip
        self.key, self.secret, self.raw = str(self.project_id), SECRET, b""
        envelope = codec.Envelope(
            id=uuid.uuid4(), source=f"/{WORDS}", type="clipstream.UploadReceived", time=dt.datetime.now(dt.UTC)
        )
        self.event_id, self.headers = envelope.id, codec.encode_headers(envelope)
        self.after: list[Callable[[dict[str, str]], None]] = []

    def message(self, partition: int, offset: int) -> Message:
        body = self.raw or json.dumps(self.body).encode()
        headers = self.headers | sign(
            self.headers, body, secret=self.secret, key_id=self.key_id, org_id=self.tenant.org_id
        )
        for change in self.after:
            change(headers)
        return Message(
            topic="uploads.v1", partition=partition, offset=offset, key=self.key, headers=headers, payload=body
        )


class Rig:
    """Two organisations with a producer each, and ingest's way of taking messages."""

    def __init__(self, world: World, consumption: EventConsumer, owner: asyncpg.Connection) -> None:
        self.world, self.consumption, self.owner = world, consumption, owner
        self.partition, self.places = uuid.uuid4().int % 10**6, itertools.count()
        self.keys: dict[uuid.UUID, str] = {}

    def sent(self, tenant: Tenant | None = None) -> Sent:
        tenant = tenant or self.world.ann
        return Sent(tenant, self.keys[tenant.org_id])

    async def take(self, sent: Sent) -> Message:
        message = sent.message(self.partition, next(self.places))
        assert await self.consumption.handle(message) == "dead"
        return message

    async def published_refusals(self) -> list[events.UploadRefused]:
        """Refusals published for this rig's messages."""
        found = []
        for row in await self.owner.fetch(TOLD):
            envelope, event = codec.decode(BY_NAME[row["topic"]], row["headers"], row["payload"])
            assert isinstance(event, events.UploadRefused)
            if event.partition == self.partition:
                assert (envelope.id, row["key"]) == (event.refusal_id, str(event.refusal_id))
                assert WORDS not in f"{row['payload']!r} {row['headers']}"
                found.append(event)
        return found

    async def listed(self, tenant: Tenant | None = None, **query: Any) -> list[dict[str, Any]]:
        answer = await (tenant or self.world.ann).client.get("/v1/uploads/refused", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture(name="rig")
async def make_rig(postgres: Settings) -> AsyncIterator[Rig]:
    pool = await create_pool(postgres.postgres_worker, size=4)
    stage = ScriptedStage(nothing)
    consumption = EventConsumer(
        attempts=Attempts(pool=pool, stage=stage, worker="w", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)),
        stage=stage, pool=pool, pulse=Pulse(stall_s=60, now=asyncio.get_running_loop().time),
        verifier=Verifier(pool=pool, ring=open_key_ring(postgres)), metrics=ProcessMetrics(OF_STAGE),
    )  # fmt: skip
    async with open_world(postgres) as world:
        owner = await asyncpg.connect(postgres.postgres_owner)
        await prepare_connection(owner)
        made = Rig(world, consumption, owner)
        for tenant in (world.ann, world.bob):
            made.keys[tenant.org_id] = f"pk_{uuid.uuid4().hex[:16]}"
            await owner.execute(
                "insert into producer_keys (org_id, key_id, secret_encrypted) values ($1, $2, $3)",
                tenant.org_id, made.keys[tenant.org_id], open_key_ring(postgres).seal("secrets", SECRET),
            )  # fmt: skip
        yield made
        await owner.close()
    await pool.close()


def options(sent: Sent) -> None:
    sent.body["options"] = {"max_clips": 99}


def unknown_option(sent: Sent) -> None:
    sent.body["options"] = {f"secret {WORDS}": 1}


def foreign_prefix(sent: Sent) -> None:
    sent.body.pop("source_url")
    sent.body["object_key"] = f"{uuid.uuid4()}/uploads/x/{WORDS}.mp4"


def no_source(sent: Sent) -> None:
    del sent.body["source_url"]


def too_long(sent: Sent) -> None:
    sent.body["title"] = WORDS * 100


def nul(sent: Sent) -> None:
    sent.body["title"] = f"{WORDS}\0"


def no_json(sent: Sent) -> None:
    sent.raw = f"{WORDS} is no JSON".encode()


def half_a_pair(sent: Sent) -> None:
    """Half of a surrogate pair, as some languages' JSON writers emit it."""
    sent.raw = json.dumps(sent.body | {"title": f"{WORDS} \ud83d"}).encode()


def several(sent: Sent) -> None:
    sent.body["options"] = {"max_clips": 99, "skip": [{"start_ms": 5, "end_ms": 5}]}
    sent.body["title"] = "x" * 501


def several_types(sent: Sent) -> None:
    sent.body["options"] = {"max_clip": 3, "captions": "yes"}


def foreign_org(sent: Sent) -> None:
    sent.body["org_id"] = str(uuid.uuid4())


def old(sent: Sent) -> None:
    sent.headers["ce_time"] = "2020-01-01T00:00:00+00:00"


def no_id(sent: Sent) -> None:
    sent.after.append(lambda headers: headers.pop("ce_id") and None)


def unsigned(sent: Sent) -> None:
    sent.after.append(lambda headers: headers.pop(SIGNATURE) and None)


def wrong_secret(sent: Sent) -> None:
    sent.secret = WORDS.encode()
