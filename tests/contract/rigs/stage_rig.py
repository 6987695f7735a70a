"""Rig for tests of whole stages: real Postgres, objects and attempts; only Triton is faked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Unpack

import asyncpg
import msgspec
import pytest

from core.infra.kafka.message import Message
from core.infra.postgres.connection import Pool, create_pool, org_transaction, set_org
from core.infra.postgres.outbox import Cause
from core.infra.s3.object_store import S3Objects, ensure_bucket, open_objects
from core.ports.models import Int16, Recognition, WindowListener
from core.progress import Report
from core.services import project_lifecycle
from core.settings import Settings, SpanRules
from schemas import codec, events
from schemas.common import ObjectRef, TimeRange, Value, Word
from schemas.documents import encode_document
from schemas.options.project import ProjectOptions
from schemas.topics import BY_NAME, PARTITIONS, TOPIC_OF, partition_for, route
from streams.ingest.agent import IngestStage
from streams.runtime.attempts import Attempts, Verdict
from streams.runtime.context import GivenPorts, StageContext
from streams.runtime.leases import Rules
from streams.runtime.stage import Stage, Work
from tests.contract.rigs.parser_guard import guarded_parsers
from tests.contract.rigs.servers import Server
from tests.look.fakes import BrightestFaces, DarkLipped
from tests.support.media.hostile_files import film
from tests.support.vectors import EvenAlignment, PitchVoices, WordSentences

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RULES = Rules(lease_s=5, renew_s=0.1, patience_s=30, max_tries=2, retry_base_s=0.01, outage_s=3600)
SPANS = SpanRules(target_ms=2000, search_ms=500, overlap_ms=400, padding_ms=100, window=2)
"""Six seconds of film become three spans, of which two may be outstanding."""


Beside = events.ProjectProgressed | events.CostIncurred
"""What is said beside what a stage finds out."""


class SpeechTwin:
    """Transcribes one word a second of any sound; calls ``before`` first, which may fail."""

    def __init__(self) -> None:
        self.before: Callable[[], Awaitable[None]] | None = None
        self.glossary: list[str] = []
        self.language = "en"
        self.tasks: list[str] = []

    async def transcribe(
        self,
        audio: Int16,
        *,
        language: str | None,
        report: Report,
        hint: str | None = None,
        glossary: Sequence[str] = (),
        task: str = "transcribe",
        on_window: WindowListener | None = None,
    ) -> Recognition:
        self.glossary = list(glossary)
        self.tasks.append(task)
        if self.before:
            await self.before()
        report(1)
        length_ms = len(audio) // 16
        starts = range(0, length_ms - 500, 1000)
        text = "word" if task == "transcribe" else "english"
        return Recognition(
            words=[Word(text=text, start_ms=at, end_ms=at + 400, probability=0.9) for at in starts],
            speech=[TimeRange(start_ms=0, end_ms=length_ms)] if length_ms else [],
            language=self.language, language_probability=0.9, model="twin", compute_ms=7,
        )  # fmt: skip


class KilledError(Exception):
    """Raised where the worker dies."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox, decoded."""

    id: uuid.UUID
    event: events.AnyEvent


class Rig:
    """One project in an organisation of its own, and every stage that a test hands its events to."""

    def __init__(self, context: StageContext, objects: S3Objects, speech: SpeechTwin, org_id: uuid.UUID) -> None:
        self.context, self.objects, self.speech, self.pool = context, objects, speech, context.pool
        self.org_id, self.project_id = org_id, uuid.uuid4()
        self.owner = (org_id, self.project_id)
        self.of: dict[str, Any] = {"org_id": org_id, "project_id": self.project_id}
        self._told: set[uuid.UUID] = set()

    async def send(self, stage: Stage, event: events.AnyEvent, input_id: uuid.UUID) -> Verdict:
        """Handle the event in the stage as a worker would: claim, work, commit with its fence."""
        topic, key, partition = route(event)
        envelope = codec.Envelope(id=input_id, source="/test", type=codec.type_name(type(event)), time=NOW)
        message = Message(
            topic=topic.name, partition=partition, offset=0, key=str(key), headers=codec.encode_headers(envelope),
            payload=codec.encode(event),
        )  # fmt: skip
        attempts = Attempts(pool=self.pool, stage=stage, worker="a", rules=RULES, clock=lambda: NOW)
        return await attempts.run(message, envelope, event)

    async def rehearse(self, stage: Stage, event: events.AnyEvent, input_id: uuid.UUID) -> set[uuid.UUID]:
        """Event ids that an attempt would write, as if its worker were killed just before the commit."""
        work = Work(cause=Cause(input_id=input_id, source=stage.name, now=NOW), report=lambda _: None)
        commit = await stage.work(event, work)
        ids: set[uuid.UUID] = set()
        with suppress(KilledError):
            async with org_transaction(self.pool, self.org_id) as connection:
                await project_lifecycle.lock_project(connection, *self.owner)
                await commit(connection)
                ids |= {row["event_id"] for row in await connection.fetch("select event_id from outbox")}
                raise KilledError
        return ids - self._told

    async def fresh(self) -> list[Sent]:
        """Events written to the outbox since the last call, except progress and costs; each on its partition."""
        sent = []
        for row in await self.rows("select * from outbox where org_id = $1 and project_id = $2 order by seq"):
            envelope, event = codec.decode(BY_NAME[row["topic"]], row["headers"], row["payload"])
            place = partition_for(BY_NAME[row["topic"]], self.project_id, getattr(event, "ordinal", 0))
            assert (row["topic"], row["key"]) == (TOPIC_OF[type(event)].name, str(self.project_id))
            assert row["partition"] % PARTITIONS == place
            assert envelope.id == row["event_id"]
            if row["event_id"] not in self._told and not isinstance(event, Beside):
                sent.append(Sent(id=row["event_id"], event=event))
            self._told.add(row["event_id"])
        return sent

    async def count_events(self) -> Counter[str]:
        """Count of new events by type."""
        return Counter(type(sent.event).__name__ for sent in await self.fresh())

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        async with org_transaction(self.pool, self.org_id) as connection:
            found: list[asyncpg.Record] = await connection.fetch(sql, *self.owner)
            return found

    async def row(self, sql: str) -> asyncpg.Record:
        (found,) = await self.rows(sql)
        return found

    async def project(self) -> asyncpg.Record:
        return await self.row("select * from projects where org_id = $1 and project_id = $2")

    async def stage(self, name: str) -> asyncpg.Record:
        found = await self.rows("select * from project_stages where org_id = $1 and project_id = $2")
        return next(row for row in found if row["stage"] == name)

    async def set_options(self, options: ProjectOptions) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            await connection.execute(
                "update projects set options = $3 where org_id = $1 and project_id = $2", *self.owner, options
            )

    async def erase(self) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            await project_lifecycle.erase_project(
                connection, *self.owner, Cause(input_id=uuid.uuid4(), source="api", now=NOW)
            )
        await self.fresh()

    async def put(self, document: Value) -> ObjectRef:
        prefix = f"{self.org_id}/{self.project_id}/t"
        return await self.objects.put(prefix, encode_document(document), "application/json", ".json")

    async def upload(self, path: Path) -> events.UploadReceived:
        """Put the file where uploads are stored, and return its event."""
        ref = await self.objects.put_file(f"{self.org_id}/uploads/u", path, "video/mp4", ".mp4")
        return events.UploadReceived(**self.of, title="A film", object_key=ref.key)

    async def ingested(self, path: Path) -> list[Sent]:
        """Ingest a film; returns the spans that were sent."""
        assert await self.send(IngestStage(self.context), await self.upload(film(path, seconds=6)), uuid.uuid4()) == (
            "committed"
        )
        return await self.fresh()


def context_with_fakes(settings: Settings, pool: Pool, **ports: Unpack[GivenPorts]) -> StageContext:
    """A context with fake models, except for ``ports``; everything else is opened as in production."""
    fakes = GivenPorts(
        speech=SpeechTwin(), faces=BrightestFaces(), landmarks=DarkLipped(), alignment=EvenAlignment(),
        voices=PitchVoices(), sentences=WordSentences(),
    )  # fmt: skip
    return StageContext(settings=settings, stage="test", pool=pool, **{**fakes, **ports})


@pytest.fixture(name="rig")
async def make_rig(postgres: Settings, seaweedfs: Server, tmp_path: Path) -> AsyncIterator[Rig]:
    settings = msgspec.structs.replace(
        postgres, s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password,
        s3_bucket="stages", work_dir=tmp_path / "work", spans=SPANS,
    )  # fmt: skip
    await ensure_bucket(settings)
    owner, org_id = await asyncpg.connect(settings.postgres_owner), uuid.uuid4()
    async with owner.transaction():
        await set_org(owner, org_id)
        await owner.execute("insert into orgs (org_id, name) values ($1, 'test')", org_id)
    await owner.close()
    pool, objects, speech = await create_pool(settings.postgres_worker, size=4), open_objects(settings), SpeechTwin()
    context = context_with_fakes(settings, pool, objects=objects, speech=speech)
    with guarded_parsers() as caught:
        yield Rig(context, objects, speech, org_id)
    assert caught == [], "a worker parsed in its own process"
    await context.close()
    objects.close()
    await pool.close()
