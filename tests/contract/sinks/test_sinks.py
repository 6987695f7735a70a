"""Both sinks from a real Kafka into the real stores: soon, once, erased for good, nothing lost while one is down."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from core.domain.event_confirmation import UNCONFIRMED
from core.infra.clickhouse import ClickHouseAnalytics, migrate_clickhouse
from core.infra.kafka.group_consumer import GroupConsumer
from core.infra.meilisearch import MeilisearchSearch, migrate_meilisearch
from core.infra.s3.object_store import S3Objects, ensure_bucket, open_objects
from core.services.upload_signatures import sign_as_relay
from core.settings import Settings
from schemas import codec, events
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.topics import PARTITIONS, route
from streams.background.main import rewind_sink
from streams.runtime.metrics import DEAD, OF_SINK, SINK_BATCH, SINK_LAG, SINK_ROWS, ProcessMetrics
from streams.sinks.batch_consumer import BREAKER_LETTER_COUNT, SinkRunsError
from streams.sinks.clickhouse.sink import run_clickhouse_sink
from streams.sinks.clickhouse.storable_rows import UNSTORABLE
from streams.sinks.poison import MAX_BUGS
from streams.sinks.search.sink import run_meilisearch_sink
from tests.contract.rigs.forged_events import EXAMPLES, connect, event_of, insert_project, with_key
from tests.contract.rigs.servers import Server, make_settings, run_clickhouse_front, run_search_front
from tests.support.event_factory import intelligence, moments, transcript
from tests.support.keys import ring_of
from tests.support.progress import HANG_S, await_while_moving, measure_slowness
from tests.support.soak import SEED, record, volume

pytestmark = pytest.mark.contract
DEATHS = volume(3, 20)
FORGED_COUNT = BREAKER_LETTER_COUNT + 50
FOUND_WITHIN_S = 5.0
"""What the documentation promises of an idle machine; longer on a busy one, by as much as it is busy."""
Run = Callable[[Settings, asyncio.Event, Callable[[], None], ProcessMetrics], Awaitable[None]]


@asynccontextmanager
async def running(run: Run, settings: Settings, metrics: ProcessMetrics | None = None) -> AsyncIterator[list[float]]:
    """A running sink; yields the times of its health reports."""
    stop, beats = asyncio.Event(), list[float]()
    task = asyncio.ensure_future(
        run(settings, stop, lambda: beats.append(time.monotonic()), metrics or ProcessMetrics(OF_SINK))
    )
    try:
        yield beats
    finally:
        stop.set()
        await asyncio.wait_for(task, HANG_S)


class Writer:
    """Publishes events as the relay does."""

    def __init__(self, producer: Any, objects: S3Objects, dsn: str) -> None:
        self.producer, self.objects, self.dsn = producer, objects, dsn
        self.org, self.project = uuid4(), uuid4()
        self.written = set[UUID]()

    async def send(
        self,
        event: events.AnyEvent,
        event_id: UUID | None = None,
        *,
        signed: bool = True,
        forged: bool = False,
        at: dt.datetime | None = None,
    ) -> UUID:
        """Publish an event; the rows confirm it, unless it is forged."""
        if not forged and self.project not in self.written:
            await self.write("failed")
        topic, key, slot = route(event)
        envelope = codec.Envelope(
            id=event_id or uuid4(),
            source="/test",
            type=codec.type_name(type(event)),
            time=at or dt.datetime.now(dt.UTC),
        )
        body, headers = codec.encode(event), codec.encode_headers(envelope)
        if isinstance(event, events.UploadReceived) and signed:
            headers |= sign_as_relay(headers, body, ring=ring_of(), org_id=event.org_id)
        pairs = [(name, value.encode()) for name, value in headers.items()]
        await self.producer.send_and_wait(
            topic.name, body, key=str(key).encode(), partition=slot % PARTITIONS, headers=pairs
        )
        return envelope.id

    def failed(self, reason: str = "media.bomb") -> events.ProjectFailed:
        return events.ProjectFailed(org_id=self.org, project_id=self.project, version=1, reason=reason, detail="d")

    async def write(self, state: str) -> None:
        """Write the row of the project."""
        connection = await connect(self.dsn)
        await insert_project(connection, self.org, self.project, state)
        await connection.close()
        self.written.add(self.project)

    async def erase(self) -> None:
        """Let the rows call the project erased, and say so."""
        await self.write("erased")
        await self.send(self.erased())

    def erased(self) -> events.ProjectErased:
        return events.ProjectErased(org_id=self.org, project_id=self.project, version=2)

    async def words(self, *texts: str, version: int = 1) -> events.TranscriptCompleted:
        prefix = f"{self.org}/{self.project}/transcript/x"
        ref = await self.objects.put(prefix, encode_document(transcript(*texts)), "application/json")
        return events.TranscriptCompleted(
            org_id=self.org, project_id=self.project, transcript=ref, language="en", word_count=1, segment_count=1,
            speech_ms=1, version=version,
        )  # fmt: skip

    async def chosen(self, title: str) -> events.MomentsDetected:
        prefix = f"{self.org}/{self.project}/moments/x"
        ref = await self.objects.put(prefix, encode_document(moments(title)), "application/json")
        return events.MomentsDetected(
            org_id=self.org, project_id=self.project, moments=ref, candidate_count=2, clip_count=1
        )

    async def studied(self) -> events.IntelligenceCompleted:
        prefix = f"{self.org}/{self.project}/intelligence/x"
        ref = await self.objects.put(prefix, encode_document(intelligence()), "application/json")
        return events.IntelligenceCompleted(
            org_id=self.org, project_id=self.project, intelligence=ref, engine="local", chapter_count=1, topic_count=1,
            entity_count=1,
        )  # fmt: skip


async def until(true: Callable[[], Awaitable[Any]], moves: Callable[[], object] = lambda: None) -> float:
    """Return the seconds until the condition was true."""
    began_at = time.monotonic()
    await await_while_moving(true, "an answer", progress=moves)
    return time.monotonic() - began_at


@pytest.fixture
async def settings(kafka: str, seaweedfs: Server, postgres: Settings) -> Settings:
    made = msgspec.structs.replace(
        postgres,
        kafka=kafka,
        s3=seaweedfs.url,
        s3_access_key=seaweedfs.user,
        s3_secret_key=seaweedfs.password,
        s3_bucket="sinks",
    )
    await ensure_bucket(made)
    return made


@pytest.fixture
async def writer(settings: Settings) -> AsyncIterator[Writer]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    objects = open_objects(settings)
    yield Writer(producer, objects, settings.postgres_owner)
    await producer.stop()
    objects.close()


@pytest.fixture
async def columns(settings: Settings, tmp_path: Path) -> AsyncIterator[tuple[Settings, ClickHouseAnalytics, Server]]:
    with run_clickhouse_front(tmp_path) as server:
        whole = make_settings(**{**_dict(settings), "clickhouse": server.url})
        await migrate_clickhouse(whole)
        analytics = ClickHouseAnalytics(server.url)
        yield whole, analytics, server
        await analytics.close()


@pytest.fixture
async def search_index(settings: Settings, tmp_path: Path) -> AsyncIterator[tuple[Settings, MeilisearchSearch, Server]]:
    with run_search_front(tmp_path) as server:
        whole = make_settings(**{**_dict(settings), "meilisearch": server.url, "meilisearch_key": server.password})
        await migrate_meilisearch(whole)
        await migrate_meilisearch(whole)
        search = MeilisearchSearch(server.url, server.password)
        yield whole, search, server
        search.close()


def _dict(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


Columns = tuple[Settings, ClickHouseAnalytics, Server]
Found = tuple[Settings, MeilisearchSearch, Server]


async def count(analytics: ClickHouseAnalytics, org: UUID) -> int:
    sql = "SELECT count() AS n FROM events_once WHERE org_id = {org:UUID}"
    return int((await analytics.query(sql, {"org": str(org)}))[0]["n"])


async def test_events_are_counted_once_though_the_store_goes_down(columns: Columns, writer: Writer) -> None:
    settings, analytics, server = columns
    async with running(run_clickhouse_sink, settings) as beats:
        for number in range(200):
            identity = await writer.send(writer.failed(f"r{number % 3}"))
            if number % 10 == 0:
                await writer.send(writer.failed(f"r{number % 3}"), identity)
            if number == 100:
                server.stop(signal.SIGKILL)
        await asyncio.sleep(2)
        silent_since = len(beats)
        await asyncio.sleep(1)
        assert len(beats) == silent_since, "nothing is taken while the store is down"
        server.start()
        await until(lambda: _is(count(analytics, writer.org), 200))
    async with running(run_clickhouse_sink, settings):
        await writer.send(writer.failed("one more"))
        await until(lambda: _is(count(analytics, writer.org), 201))
    await rewind_sink(settings, "clickhouse")
    async with running(run_clickhouse_sink, settings):
        await writer.send(writer.failed("after all again"))
        await until(lambda: _is(count(analytics, writer.org), 202))


class DiesError(RuntimeError):
    """Ends the sink where it would commit: the batch is in the store, the offset is not in Kafka."""


async def dies(*_: object) -> None:
    raise DiesError


@contextmanager
def patched_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sinks die where they would commit."""
    with monkeypatch.context() as patched:
        patched.setattr(GroupConsumer, "commit", dies)
        yield


async def test_a_sink_that_dies_before_its_commit_counts_once(
    columns: Columns, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, analytics, _ = columns
    dice, reasons = random.Random(SEED), Counter[str]()
    for _ in range(DEATHS):
        for _ in range(dice.randrange(3, 60)):
            reasons[reason := f"r{dice.randrange(3)}"] += 1
            await writer.send(writer.failed(reason))
        with patched_commit(monkeypatch), pytest.raises(DiesError):
            await run_clickhouse_sink(settings, asyncio.Event(), lambda: None, ProcessMetrics(OF_SINK))
    async with running(run_clickhouse_sink, settings):
        await until(lambda: _is(count(analytics, writer.org), reasons.total()))
    by_reason = "SELECT reason, count() AS n FROM events_once WHERE org_id = {org:UUID} GROUP BY reason"
    rows = await analytics.query(by_reason, {"org": str(writer.org)})
    assert {row["reason"]: row["n"] for row in rows} == reasons
    record(20, f"{DEATHS} deaths between insert and commit, {reasons.total()} events: count and sums equal exactly")


async def test_erased_is_erased_and_false_uploads_are_not_counted(columns: Columns, writer: Writer) -> None:
    settings, analytics, _ = columns
    upload = events.UploadReceived(
        org_id=writer.org, project_id=writer.project, source_url="https://example.org/a.mp4", title="T"
    )
    async with running(run_clickhouse_sink, settings):
        await writer.send(upload)
        await writer.send(upload, signed=False)
        await writer.send(writer.failed())
        await until(lambda: _is(count(analytics, writer.org), 2))
        await writer.send(writer.erased(), forged=True)
        await writer.send(writer.failed("still there"))
        await until(lambda: _is(count(analytics, writer.org), 3))
        await writer.erase()
        await until(lambda: _is(count(analytics, writer.org), 0))
        await writer.send(writer.failed("late"))
        writer.project = uuid4()
        await writer.send(writer.failed("another project"))
        await until(lambda: _is(count(analytics, writer.org), 1))
        raw = await analytics.query("SELECT reason FROM events WHERE org_id = {o:UUID}", {"o": str(writer.org)})
        assert raw == [{"reason": "another project"}]


async def test_an_unconfirmed_event_is_not_counted(columns: Columns, writer: Writer) -> None:
    """Of another organisation, of no project, with a foreign object, of an end that did not come; then a rebuild."""
    settings, analytics, _ = columns
    owner, other = uuid4(), uuid4()
    forged = [
        msgspec.structs.replace(writer.failed("foreign"), org_id=owner),
        msgspec.structs.replace(writer.failed("unknown"), project_id=uuid4()),
        *with_key(await writer.chosen("Stolen"), f"{other}/{writer.project}/moments/x/{'0' * 64}"),
        events.ProjectCompleted(org_id=writer.org, project_id=writer.project, version=9, clip_count=1_000_000),
        event_of(events.ExportCompleted, writer.org, writer.project),
        event_of(events.AssetChecked, writer.org, uuid4()),
        event_of(events.CostIncurred, owner, writer.project),
    ]
    metrics = ProcessMetrics(OF_SINK)
    letters = {"stage": "clickhouse", "reason": UNCONFIRMED}
    async with running(run_clickhouse_sink, settings, metrics):
        await writer.send(writer.failed())
        for event in forged:
            await writer.send(event, forged=True)

        async def buried() -> bool:
            return (metrics.registry.get_sample_value(DEAD.name, letters) or 0) >= len(forged)

        await until(buried)
        await until(lambda: _is(count(analytics, writer.org), 1))
        assert await count(analytics, owner) == 0
    await analytics.command("TRUNCATE TABLE events", {})
    await rewind_sink(settings, "clickhouse")
    async with running(run_clickhouse_sink, settings):
        await until(lambda: _is(count(analytics, writer.org), 1))


async def test_an_unconfirmed_document_is_not_found(search_index: Found, writer: Writer) -> None:
    """Neither is an object of another project read, nor words shown of one that does not exist."""
    settings, search, _ = search_index
    true = await writer.words("True words.")
    elsewhere = msgspec.structs.replace(true, project_id=uuid4())
    stolen = msgspec.structs.replace(elsewhere, org_id=uuid4())
    metrics = ProcessMetrics(OF_SINK)
    letters = {"stage": "meilisearch", "reason": UNCONFIRMED}
    async with running(run_meilisearch_sink, settings, metrics):
        for event in (elsewhere, stolen):
            await writer.send(event, forged=True)
        await writer.send(true)
        await until(lambda: _same(texts(search, "segments", "", writer), ["True words."]))

        async def buried() -> bool:
            return (metrics.registry.get_sample_value(DEAD.name, letters) or 0) >= 2

        await until(buried)
        hits = (await search.search("segments", "", {"filter": f'org_id = "{stolen.org_id}"'}))["hits"]
        assert hits == []


async def buried_all(metrics: ProcessMetrics, sink: str, reason: str, wanted: int) -> None:
    """Wait until the sink has written this many dead letters for the reason."""
    letters = {"stage": sink, "reason": reason}
    told = metrics.registry.get_sample_value

    async def buried() -> bool:
        return (told(DEAD.name, letters) or 0) >= wanted

    await until(buried, lambda: told(DEAD.name, letters))


async def test_forged_events_do_not_end_the_sink_of_analytics(columns: Columns, writer: Writer) -> None:
    """Neither more of them in a row than its breaker takes of garbage, nor numbers that no table holds."""
    settings, analytics, _ = columns
    foreign = msgspec.structs.replace(writer.failed(), org_id=uuid4())
    cost = event_of(events.CostIncurred, writer.org, writer.project)
    impossible = [
        msgspec.structs.replace(writer.failed(), version=-1),
        msgspec.structs.replace(cost, attempt=2**40),
        msgspec.structs.replace(cost, wall_ms=10**18),
    ]
    letter = msgspec.structs.replace(EXAMPLES[events.DeadLetter], org_id=None, project_id=None)
    metrics = ProcessMetrics(OF_SINK)
    async with running(run_clickhouse_sink, settings, metrics):
        await writer.write("failed")
        for _ in range(FORGED_COUNT):
            await writer.send(foreign, forged=True)
        for number in range(2 * MAX_BUGS):
            await writer.send(impossible[number % len(impossible)])
        for year in (dt.MINYEAR, dt.MAXYEAR):
            await writer.send(letter, at=dt.datetime(year, 1, 2, tzinfo=dt.UTC))
        await buried_all(metrics, "clickhouse", UNCONFIRMED, FORGED_COUNT)
        await buried_all(metrics, "clickhouse", UNSTORABLE, 2 * MAX_BUGS)
        await writer.send(writer.failed("true"))
        sql = "SELECT count() AS n FROM events_once WHERE org_id = {org:UUID} AND reason = 'true'"

        async def counted() -> bool:
            return bool((await analytics.query(sql, {"org": str(writer.org)}))[0]["n"])

        await until(counted)


async def test_forged_events_do_not_end_the_sink_of_search(search_index: Found, writer: Writer) -> None:
    settings, search, _ = search_index
    true = await writer.words("True words.")
    foreign = msgspec.structs.replace(true, org_id=uuid4())
    metrics = ProcessMetrics(OF_SINK)
    async with running(run_meilisearch_sink, settings, metrics):
        for _ in range(FORGED_COUNT):
            await writer.send(foreign, forged=True)
        for number in range(2 * MAX_BUGS):
            await writer.send(msgspec.structs.replace(true, version=(-1, -(2**70))[number % 2]))
        await writer.send(true)
        await buried_all(metrics, "meilisearch", UNCONFIRMED, FORGED_COUNT)
        await until(lambda: _same(texts(search, "segments", "", writer), ["True words."]))


async def test_a_message_without_an_event_becomes_one_dead_letter(columns: Columns, writer: Writer) -> None:
    settings, analytics, _ = columns
    metrics = ProcessMetrics(OF_SINK)
    async with running(run_clickhouse_sink, settings, metrics):
        await writer.producer.send_and_wait("exports.v1", b"\xff not json", partition=5)
        await writer.send(writer.failed())
        await until(lambda: _is(count(analytics, writer.org), 1))
        sql = "SELECT count() AS n FROM events_once WHERE type = 'DeadLetter' AND stage = 'clickhouse'"

        async def letters() -> bool:
            return bool((await analytics.query(sql, {}))[0]["n"])

        await until(letters)

        async def caught_up() -> bool:
            return metrics.registry.get_sample_value(SINK_LAG.name, {"sink": "clickhouse"}) == 0

        await until(caught_up)
    consumer = AIOKafkaConsumer("dead.v1", bootstrap_servers=settings.kafka, auto_offset_reset="earliest")
    await consumer.start()
    wanted = ("clickhouse", "exports.v1", 5, "undecodable")
    async with asyncio.timeout(HANG_S):
        async for record in consumer:  # among letters that other tests left in this Kafka
            body = json.loads(record.value)
            if (body["stage"], body["topic"], body["partition"], body["reason"]) == wanted:
                break
    await consumer.stop()
    told = metrics.registry.get_sample_value
    assert told(DEAD.name, {"stage": "clickhouse", "reason": "undecodable"})
    assert (told(SINK_ROWS.name, {"sink": "clickhouse", "table": "events"}) or 0) >= 2
    assert (told(f"{SINK_BATCH.name}_sum", {"sink": "clickhouse"}) or 0) >= 3


async def _is(value: Awaitable[int], wanted: int) -> bool:
    return await value == wanted


async def texts(search: MeilisearchSearch, index: str, query: str, writer: Writer) -> list[str]:
    answer = await search.search(index, query, {"filter": f'org_id = "{writer.org}"', "matchingStrategy": "all"})
    return sorted(str(hit.get("text")) for hit in answer["hits"])


async def test_words_and_clips_are_found_within_five_seconds(search_index: Found, writer: Writer) -> None:
    settings, search, server = search_index
    async with running(run_meilisearch_sink, settings) as beats:
        await until(lambda: _true(bool(beats)))
        await writer.send(await writer.words("First words."))
        await until(lambda: _is(texts(search, "segments", "first", writer), ["First words."]), lambda: len(beats))
        writer.org, writer.project = uuid4(), uuid4()
        await writer.send(await writer.words("A walrus sings.", "Nobody listens."))
        await writer.send(await writer.chosen("The walrus"))

        async def there() -> bool:
            segments = await texts(search, "segments", "walrus", writer)
            return segments == ["A walrus sings."] and await texts(search, "clips", "walrus", writer) == [
                "chosen words"
            ]

        assert await until(there) < FOUND_WITHIN_S * measure_slowness()
        await writer.send(await writer.studied())

        async def names() -> bool:
            options = {"filter": f'org_id = "{writer.org}" AND kind = person', "attributesToRetrieve": ["name"]}
            hits = (await search.search("entities", "bob", options))["hits"]
            return hits == [{"name": "Bob"}] and len(await texts(search, "chapters", "tides", writer)) == 1

        assert await until(names) < FOUND_WITHIN_S * measure_slowness()
        await writer.send(await writer.words("A seal sings.", version=2))
        await until(lambda: _same(texts(search, "segments", "", writer), ["A seal sings."]))
        await until(lambda: _same(texts(search, "clips", "", writer), ["A seal sings."]))
        await until(lambda: _same(texts(search, "chapters", "", writer), ["A seal sings."]))
        await writer.send(await writer.words("An old tale.", version=1))
        server.stop(signal.SIGKILL)
        await writer.send(writer.failed())
        server.start()
        prefix = f"{writer.org}/{writer.project}/gone"
        gone = ObjectRef(key=f"{prefix}/{'0' * 64}", sha256="0" * 64, size=1)
        bad = events.MomentsDetected(
            org_id=writer.org, project_id=writer.project, moments=gone, candidate_count=1, clip_count=1
        )
        await writer.send(bad)
        first = writer.project
        writer.project = uuid4()
        await writer.send(await writer.words("A third one."))
        await until(lambda: _same(texts(search, "segments", "", writer), ["A seal sings.", "A third one."]))
        writer.project = first
        await writer.erase()
        await until(lambda: _same(texts(search, "segments", "", writer), ["A third one."]))
        for index in ("clips", "chapters", "entities"):
            await until(lambda index=index: _same(texts(search, index, "", writer), []))  # type: ignore[misc]
        await writer.send(await writer.words("Too late.", version=9))
        writer.project = uuid4()
        await writer.send(await writer.words("In time."))
        await until(lambda: _same(texts(search, "segments", "", writer), ["A third one.", "In time."]))


async def test_a_lost_index_is_rebuilt_from_the_topics(search_index: Found, writer: Writer) -> None:
    settings, search, _ = search_index
    await writer.send(await writer.words("Kept on Kafka."))
    await writer.send(await writer.chosen("Kept too"))
    async with running(run_meilisearch_sink, settings):
        await until(lambda: _same(texts(search, "segments", "", writer), ["Kept on Kafka."]))
        with pytest.raises(SinkRunsError, match="stop it first"):
            await rewind_sink(settings, "meilisearch")
    for index in ("segments", "clips"):
        await search.delete(index, f'org_id = "{writer.org}"')
    assert await texts(search, "segments", "", writer) == []
    await rewind_sink(settings, "meilisearch")
    async with running(run_meilisearch_sink, settings):
        await until(lambda: _same(texts(search, "segments", "", writer), ["Kept on Kafka."]))
        await until(lambda: _same(texts(search, "clips", "", writer), ["chosen words"]))


async def _same(value: Awaitable[list[str]], wanted: list[str]) -> bool:
    return await value == wanted


async def _true(value: bool) -> bool:
    return value
