"""Facts on ClickHouse's real engine: stored once, the docs' queries, the dictionary, erasure, organisations."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.clickhouse import ClickHouseAnalytics, schema_text
from schemas import codec, events
from schemas.common import ObjectRef, Segment, TimeRange, Word
from schemas.costs import CostItem, InferenceCall
from schemas.documents.moments import MomentList, SubScore
from schemas.documents.quality import Figure
from schemas.documents.transcript import Transcript
from schemas.tools import data_dictionary
from streams.sinks.clickhouse import event_rows, fact_rows
from tests.docs.pages import ready_queries
from tests.support import event_factory as made

pytestmark = pytest.mark.contract
NOON = dt.datetime(2026, 5, 6, 12, 0, tzinfo=dt.UTC)
WINDOW = {"since": NOON - dt.timedelta(days=1), "until": NOON + dt.timedelta(days=1)}
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
QUERIES = ready_queries()


class Told:
    """Rows that the sink would write for one project's events."""

    def __init__(self, analytics: ClickHouseAnalytics) -> None:
        self.analytics, self.org, self.project = analytics, uuid4(), uuid4()
        self.owner: dict[str, Any] = {"org_id": self.org, "project_id": self.project}

    def envelope(self, event: events.AnyEvent, number: int = 0) -> codec.Envelope:
        return codec.Envelope(
            id=UUID(int=self.project.int ^ hash((type(event).__name__, number)) % 2**60),
            source="/t", type=codec.type_name(type(event)), time=NOON,
        )  # fmt: skip

    async def write(self, found: fact_rows.Rows) -> None:
        for table, lines in found.items():
            if lines:
                await self.analytics.insert(table, fact_rows.COLUMNS[table], lines, token=str(uuid4()))

    async def transcript(self, transcript: Transcript, version: int = 1) -> None:
        event = events.TranscriptCompleted(
            **self.owner, transcript=REF, language="en", word_count=0, segment_count=0, speech_ms=0, version=version
        )
        await self.write(fact_rows.segment_rows(self.envelope(event, version), event, transcript))

    async def moments(self, found: MomentList) -> None:
        event = events.MomentsDetected(**self.owner, moments=REF, candidate_count=0, clip_count=0)
        await self.write(fact_rows.moment_rows(self.envelope(event), event, found))

    async def cost(self, number: int, **given: Any) -> None:
        event = events.CostIncurred(**self.owner, attempt=1, wall_ms=1000, currency="EUR", **given)
        await self.write(fact_rows.cost_rows(self.envelope(event, number), event))

    async def ingested(self, media_ms: int) -> None:
        event = events.ProjectProgressed(
            **self.owner, version=1, stage="ingest", state="done", percent=100, elapsed_ms=10, cpu_ms=10,
            media_ms=media_ms,
        )  # fmt: skip
        row = event_rows.row_of(self.envelope(event), event, topic="projects.v1", partition=0, offset=0)
        await self.analytics.insert("events", event_rows.COLUMNS, [row], token=str(uuid4()))

    async def everything(self) -> None:
        await self.ingested(600_000)
        await self.transcript(spoken("old words"))
        await self.transcript(spoken("um", "yes"), version=2)
        await self.moments(weighed())
        faces = InferenceCall(model="faces", weights="f", at_ms=0, wall_ms=100, compute_ms=80, gpu_ms=10)
        await self.cost(
            1, stage="look", outcome="done", calls=[faces, msgspec.structs.replace(faces, wall_ms=300, failed=1)],
            items=[CostItem(kind="cpu_ms", amount=6000, money=0.5), CostItem(kind="stored_bytes", amount=50)],
        )  # fmt: skip
        await self.cost(2, stage="look", outcome="later", items=[CostItem(kind="cpu_ms", amount=2000)])
        await self.cost(3, stage="render", outcome="done", items=[CostItem(kind="cpu_ms", amount=12_000, money=1.0)])

        checks = [
            Figure(name="ssim", value=0.9 + n / 100, unit="", limit=0.9, side="at_least", verdict=verdict)
            for n, verdict in enumerate(("pass", "fail"))
        ]
        for export, check in enumerate(checks):
            await self.exported(export, check)

    async def exported(self, number: int, check: Figure) -> None:
        ids: dict[str, Any] = {"clip_id": uuid4(), "export_id": UUID(int=number), "ordinal": 0, "aspect": "9:16"}
        event = events.ExportCompleted(
            **self.owner, **ids, video=REF, duration_ms=1, integrated_lufs=None, verdict="warn", checks=[check]
        )
        await self.write(fact_rows.check_rows(self.envelope(event, number), event))

    async def ask(self, name: str, org: UUID | None = None) -> list[dict[str, Any]]:
        return await self.analytics.query(QUERIES[name], WINDOW | {"org_id": str(org or self.org)})

    async def count(self, view: str) -> int:
        sql = f"SELECT count() AS n FROM {view} WHERE org_id = {{org_id:UUID}}"
        return int((await self.analytics.query(sql, {"org_id": str(self.org)}))[0]["n"])


def spoken(*texts: str) -> Transcript:
    """A minute for each text; the first is doubtful, the second has another speaker."""
    segments = [
        Segment(
            start_ms=60_000 * n, end_ms=60_000 * (n + 1), text=text, first_word=n, end_word=n + 1, speaker=f"S{n + 1}",
            trust="trusted" if n else "doubtful", doubts=[] if n else ["unsure", "repeats"],
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip
    words = [Word(text=text, start_ms=0, end_ms=1, probability=0.5, filler=text == "um") for text in texts]
    return msgspec.structs.replace(made.transcript(), segments=segments, words=words)


def weighed() -> MomentList:
    """A clip near the end and a candidate at the beginning."""
    listed = made.moments()
    chosen, left = listed.moments
    late = msgspec.structs.replace(
        chosen, id=str(uuid4()), range=TimeRange(start_ms=570_000, end_ms=600_000), signals=[made.sub_score(value=0.9)]
    )
    low: list[SubScore] = [made.sub_score(value=0.25)]
    return msgspec.structs.replace(
        listed, moments=[late, msgspec.structs.replace(left, id=str(uuid4()), score=20.5, signals=low)]
    )


@pytest.fixture
async def facts(analytics: ClickHouseAnalytics) -> Told:
    found = Told(analytics)
    await found.everything()
    return found


async def test_repeated_facts_count_once_and_only_the_newest_words(facts: Told) -> None:
    before = {table: await facts.count(f"{table}_once") for table in fact_rows.TABLES}
    await facts.transcript(spoken("old words"))
    await facts.cost(3, stage="render", outcome="done", items=[CostItem(kind="cpu_ms", amount=12_000, money=1.0)])
    assert before == {
        "segments": 2,
        "moments": 2,
        "sub_scores": 2,
        "inference_calls": 2,
        "cost_items": 4,
        "certificate_checks": 2,
        "labels": 0,
    }
    assert {table: await facts.count(f"{table}_once") for table in fact_rows.TABLES} == before


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-5)


async def test_the_eleven_queries_answer_with_the_known_figures(facts: Told) -> None:
    assert len(QUERIES) == 11
    render, look = await facts.ask("What an hour of video costs, stage by stage")
    assert (render["stage"], render["cpu_s_an_hour"], render["money_an_hour"]) == ("render", near(72), near(6))
    assert (look["cpu_s_an_hour"], look["stored_bytes_an_hour"], look["money_an_hour"]) == (
        near(48),
        near(300),
        near(3),
    )
    (dearest,) = await facts.ask("The dearest projects")
    assert (dearest["project_id"], dearest["media_s"], dearest["currency"]) == (facts.project, 600, "EUR")
    assert (dearest["cpu_s_a_second"], dearest["money"]) == (near(20 / 600), near(1.5))
    (model,) = await facts.ask("How fast each model answers, and how often it fails")
    assert (model["model"], model["asked"], model["failed_share"], model["p50_ms"]) == ("faces", 2, 0.5, 200)
    assert (model["cpu_s"], model["gpu_s"]) == (near(0.16), near(0.02))
    lost, kept = await facts.ask("Lost work")
    assert (lost["stage"], lost["tries"], lost["lost"], lost["lost_share"]) == ("look", 2, 1, 0.25)
    assert (kept["stage"], kept["lost"]) == ("render", 0)
    (trust,) = await facts.ask("Doubtful speech, by language")
    assert (trust["language"], trust["minutes"], trust["doubtful_share"]) == ("en", 2, 0.5)
    assert trust["word_probability"] == near(0.5)
    why = {row["reason"]: row["minutes"] for row in await facts.ask("Why speech is doubtful")}
    assert why == {"(none)": 1, "unsure": 1, "repeats": 1}
    first, second = await facts.ask("Speaking time and manner of each speaker")
    assert (first["speaker"], first["share"], first["words_a_minute"], first["hesitations"]) == ("S1", 0.5, 1, 100)
    assert (second["speaker"], second["hesitations"]) == ("S2", 0)
    (hook,) = await facts.ask("What sets the chosen moments apart")
    assert (hook["name"], hook["difference"], hook["for_instance"]) == ("hook", near(0.65), "opening")
    begin, end = await facts.ask("Where in a video the clips lie")
    assert (begin["tenth"], begin["clips"], begin["mean_score"]) == (0, 0, 20.5)
    assert (end["tenth"], end["clips"], end["candidates"]) == (9, 1, 1)
    (wrong,) = await facts.ask("What the certificates report")
    assert (wrong["name"], wrong["failed"], wrong["warned"], wrong["exports"]) == ("ssim", 1, 0, 2)
    assert wrong["middle"] == near(0.905)
    (best,) = await facts.ask("Clips by rank: length, score, confidence")
    assert (best["rank"], best["clips"], best["mean_length_s"], best["mean_score"]) == (1, 1, 30, 70.5)


async def test_no_query_shows_another_organisations_rows(facts: Told) -> None:
    for name, sql in QUERIES.items():
        assert await facts.ask(name, uuid4()) == [], name
        assert sql.count("{org_id:UUID}") >= sql.count("WHERE")


async def test_erasure_hides_and_deletes_facts_and_hides_late_ones(facts: Told) -> None:
    stone = [[facts.org, facts.project, NOON]]
    await facts.analytics.insert("tombstones", event_rows.TOMBSTONE_COLUMNS, stone, token=str(uuid4()))
    assert {table: await facts.count(f"{table}_once") for table in fact_rows.TABLES} == dict.fromkeys(
        fact_rows.TABLES, 0
    )
    for table in fact_rows.TABLES:
        mine = {"org_id": str(facts.org), "project_id": str(facts.project)}
        await facts.analytics.command(schema_text("statements", f"erase_{table}.sql"), mine)
        assert await facts.count(table) == 0
    await facts.cost(9, stage="look", outcome="done", items=[CostItem(kind="cpu_ms", amount=1)])
    assert await facts.count("cost_items_once") == 0


async def test_the_data_dictionary_is_that_of_the_engine(analytics: ClickHouseAnalytics) -> None:
    sql = """SELECT table, name, type, comment FROM system.columns
             WHERE database = currentDatabase() AND table IN {tables:Array(String)} ORDER BY table, position"""
    written = data_dictionary.tables(data_dictionary.migrations())
    there = await analytics.query(sql, {"tables": [table.name for table in written]})
    assert [tuple(row.values()) for row in there] == [
        (table.name, one.name, one.type, one.comment)
        for table in sorted(written, key=lambda table: table.name)
        for one in table.columns
    ]
    engines = await analytics.query(
        "SELECT name, engine, comment FROM system.tables WHERE database = currentDatabase() AND name NOT LIKE '.%'", {}
    )
    views = {row["name"] for row in engines if row["engine"] == "View"}
    computed = {view.name: view for view in data_dictionary.shaped(data_dictionary.migrations())}
    assert views == {*data_dictionary.VIEWS, *computed} == set(data_dictionary.views(data_dictionary.migrations()))
    comments = {row["name"]: row["comment"] for row in engines}
    assert {table.name: table.comment for table in written}.items() <= comments.items()
    timings = await analytics.query("DESCRIBE TABLE stage_timings", {})
    assert {row["name"]: row["comment"] for row in timings} == dict(data_dictionary.TIMINGS)
    assert {name: comments[name] for name in views} == dict(data_dictionary.VIEWS) | {
        name: view.comment for name, view in computed.items()
    }


async def test_every_view_and_each_of_its_columns_has_a_comment(analytics: ClickHouseAnalytics) -> None:
    """With the comments of the columns' tables; a migration that replaces a view repeats them."""
    told = """SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase()
              AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View')
              ORDER BY table, position"""
    found = await analytics.query(told, {})
    assert [f"{row['table']}.{row['name']}" for row in found if not row["comment"]] == []
    tables = {table.name: table for table in data_dictionary.tables(data_dictionary.migrations())}
    computed = {view.name: view for view in data_dictionary.shaped(data_dictionary.migrations())}
    for view in {row["table"] for row in found} - {"stage_timings"}:
        declared = computed.get(view) or tables[view.removesuffix("_once")]
        there = [(row["name"], row["type"], row["comment"]) for row in found if row["table"] == view]
        assert there == [(one.name, one.type, one.comment) for one in declared.columns], view
