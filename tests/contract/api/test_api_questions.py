"""Search and analytics on the real engines and a real Postgres: answers, organisations, highlights."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.errors import Unavailable
from core.infra.clickhouse import migrate_clickhouse, open_analytics
from core.infra.meilisearch import migrate_meilisearch, open_search
from core.ports.models import Vectors
from core.settings import Settings
from schemas import codec, events
from schemas.common import ObjectRef, TimeRange
from schemas.costs import CostItem
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS, row_of
from tests.contract.rigs.api_world import Tenant, World, open_world
from tests.contract.rigs.search_keys import open_api_search
from tests.contract.rigs.servers import Server
from tests.support.vectors import WordSentences

pytestmark = pytest.mark.contract


@pytest.fixture
async def settings(postgres: Settings, clickhouse_front: Server, search_front: Server) -> Settings:
    found = msgspec.structs.replace(
        postgres, clickhouse=clickhouse_front.url, meilisearch=search_front.url, meilisearch_key=search_front.password
    )
    await migrate_clickhouse(found)
    await migrate_meilisearch(found)
    return found


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    analytics, search = await open_analytics(settings), open_api_search(settings)
    async with open_world(settings, analytics=analytics, search=search) as opened:
        yield opened
    await analytics.close()
    search.close()


def segment(tenant: Tenant, project_id: UUID, text: str, start_ms: int) -> dict[str, Any]:
    return {
        "id": uuid4().hex,
        "org_id": str(tenant.org_id),
        "project_id": str(project_id),
        "start_ms": start_ms,
        "end_ms": start_ms + 900,
        "text": text,
        "language": "en",
        "speaker": None,
        "_vectors": {"meaning": None},
    }


async def test_words_are_found_and_marked_for_their_organisation(world: World, settings: Settings) -> None:
    search = open_search(settings)
    mine, other, theirs = uuid4(), uuid4(), uuid4()
    await search.upsert(
        "segments",
        [
            segment(world.ann, mine, "The <b>momentum</b> of a planet & its moon", 1000),
            segment(world.ann, other, "Momentum again", 2000),
            segment(world.bob, theirs, "momentum of somebody else", 3000),
        ],
    )
    clip = {
        "id": uuid4().hex, "clip_id": str(uuid4()), "org_id": str(world.ann.org_id), "project_id": str(mine),
        "start_ms": 0, "end_ms": 20_000, "title": "Why momentum matters", "text": "words", "reason": "r", "score": 70.5,
        "_vectors": {"meaning": None},
    }  # fmt: skip
    await search.upsert("clips", [clip])
    search.close()
    found = (await world.ann.client.get("/v1/search", params={"q": "momentum"})).json()
    assert {hit["project_id"] for hit in found["segments"]} == {str(mine), str(other)}
    marked = next(hit["highlight"] for hit in found["segments"] if hit["project_id"] == str(mine))
    assert marked == "The &lt;b&gt;<mark>momentum</mark>&lt;/b&gt; of a planet &amp; its moon"
    assert [(hit["clip_id"], hit["highlight"]) for hit in found["clips"]] == [
        (clip["clip_id"], "Why <mark>momentum</mark> matters")
    ]
    one = (await world.ann.client.get("/v1/search", params={"q": "momentun", "project_id": str(other)})).json()
    assert [hit["start_ms"] for hit in one["segments"]] == [2000]
    stolen = (await world.ann.client.get("/v1/search", params={"q": "momentum", "project_id": str(theirs)})).json()
    assert stolen["segments"] == []
    assert (await world.ann.client.get("/v1/search", params={"q": 'x" OR org_id EXISTS'})).status_code == 200


async def test_hits_carry_their_projects_title_and_filter_by_it(world: World, settings: Settings) -> None:
    search = open_search(settings)
    titles = ['Lecture 11: "energy"', "Lecture 12", ""]
    found = [segment(world.ann, uuid4(), "a pendulum swings", 1000 * n) for n in range(3)]
    theirs = segment(world.bob, uuid4(), "a pendulum of somebody else", 9000) | {"project_title": titles[0]}
    await search.upsert(
        "segments", [theirs, *(one | {"project_title": title} for one, title in zip(found, titles, strict=True))]
    )
    older = segment(world.ann, uuid4(), "a pendulum from before there were titles", 5000)
    await search.upsert("segments", [older])
    search.close()

    async def titled(title: str | None) -> list[str]:
        asked = {"q": "pendulum"} | ({} if title is None else {"project_title": title})
        answer = await world.ann.client.get("/v1/search", params=asked)
        assert answer.status_code == 200, answer.text
        return sorted(hit["project_title"] for hit in answer.json()["segments"])

    assert await titled(None) == sorted([*titles, ""])
    assert await titled('lecture 11: "ENERGY"') == [titles[0]]
    assert await titled("Lecture") == []
    for odd in ('x" OR org_id EXISTS OR project_title = "', "x\\", 'x\\" OR org_id EXISTS OR project_title = "x'):
        assert await titled(odd) == []


def placed(tenant: Tenant, project_id: UUID, **fields: Any) -> dict[str, Any]:
    return {"id": uuid4().hex, "org_id": str(tenant.org_id), "project_id": str(project_id), **fields}


async def fill(world: World, settings: Settings) -> UUID:
    """A project of Ann's with two segments, a chapter, a company and a topic; and the same company in one of Bob's."""
    search, mine = open_search(settings), uuid4()
    heard = {"language": "en", "trust": "trusted", "speaker": "Ann", "topics": ["Tides"]}
    other = {"language": "de", "trust": "doubtful", "speaker": "Bea", "topics": []}
    await search.upsert(
        "segments",
        [
            segment(world.ann, mine, "a walrus swims", 1000) | heard,
            segment(world.ann, mine, "ein walrus", 9000) | other,
        ],
    )
    chapter = {"title": "Walrus, tides", "phrases": ["walrus"], "text": "a walrus swims", "start_ms": 0, "end_ms": 5000}
    await search.upsert(
        "chapters", [placed(world.ann, mine, **chapter, **heard | {"speaker": ["Ann"], "_vectors": {"meaning": None}})]
    )
    doubted = [{"start_ms": 9000, "end_ms": 9900, "text": "ein walrus"}]
    clip = {"clip_id": str(uuid4()), "title": "Walrus", "text": "a walrus ein walrus", "start_ms": 900, "end_ms": 9900}
    clip |= {"score": 60.0, "reason": "", "trust": "doubtful", "doubtful": doubted, "speaker": ["Ann", "Bea"]}
    await search.upsert("clips", [placed(world.ann, mine, **clip, _vectors={"meaning": None})])
    said = [{"start_ms": at, "end_ms": at + 500, "text": "Walrus & Co", "doubtful": at > 5000} for at in (1000, 7000)]
    name = {"kind": "organisation", "name": "Walrus & Co", "forms": ["Walrus & Co"], "mentions": said}
    name |= {"said_ms": [1000, 7000], "mention_count": 2, "trust": "trusted", "speaker": ["Ann"], "language": "en"}
    topic = name | {"kind": "topic", "name": "walrus tides"}
    everywhere = [placed(who, mine, **what) for who, what in ((world.ann, name), (world.ann, topic), (world.bob, name))]
    await search.upsert("entities", everywhere)
    search.close()
    return mine


COUNTS = ("segments", "clips", "chapters", "entities")


async def test_chapters_and_names_are_found_filtered_and_counted(world: World, settings: Settings) -> None:
    mine = await fill(world, settings)

    async def found(**asked: Any) -> dict[str, Any]:
        answer = await world.ann.client.get("/v1/search", params={"q": "walrus", "project_id": str(mine), **asked})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def counts(**asked: Any) -> list[int]:
        answer = await found(**asked)
        return [len(answer[name]) for name in COUNTS]

    whole = await found(facets="true")
    assert [len(whole[name]) for name in COUNTS] == [2, 1, 1, 2], "nothing of Bob's"
    (clip,) = whole["clips"]
    assert (clip["trust"], clip["doubtful"]) == (
        "doubtful", [{"start_ms": 9000, "end_ms": 9900, "text": "ein walrus"}]
    )  # fmt: skip
    (chapter,) = whole["chapters"]
    assert (chapter["highlight"], chapter["speakers"]) == ("<mark>Walrus</mark>, tides", ["Ann"])
    names = {hit["kind"]: hit for hit in whole["entities"]}
    assert names["organisation"]["highlight"] == "<mark>Walrus</mark> &amp; Co"
    assert [one["start_ms"] for one in names["topic"]["mentions"]] == [1000, 7000]
    assert [one["doubtful"] for one in names["topic"]["mentions"]] == [False, True]
    assert names["organisation"]["across"] == "/v1/entities?q=Walrus+%26+Co&kind=organisation"
    across = await world.ann.client.get(names["topic"]["across"])
    assert across.status_code == 200
    assert whole["facets"]["segments"]["speaker"] == {"Ann": 1, "Bea": 1}
    assert whole["facets"]["segments"]["topics"] == {"Tides": 1}
    assert whole["facets"]["entities"]["kind"] == {"organisation": 1, "topic": 1}
    assert (await found())["facets"] == {}
    assert await counts(speaker="ann") == [1, 1, 1, 2]
    assert await counts(language="de") == [1, 0, 0, 0]
    assert await counts(trust="doubtful") == [1, 1, 0, 0]
    assert await counts(topic="TIDES") == [1, 0, 1, 0]
    assert await counts(kind="topic") == [0, 0, 0, 1]
    assert await counts(only="entities,clips") == [0, 1, 0, 2]
    assert await counts(from_ms=1500, to_ms=9000) == [1, 1, 1, 2]
    assert await counts(from_ms=7001) == [1, 1, 0, 0]
    assert await counts(to_ms=1000) == [0, 1, 1, 0]
    assert await counts(speaker='x" OR org_id EXISTS OR speaker = "x') == [0, 0, 0, 0]


async def test_semantic_search_is_used_or_its_absence_explained(world: World, settings: Settings) -> None:
    search, mine = open_search(settings), uuid4()
    texts = ("a walrus swims", "dogs bark loudly", "ein Satz")
    rows = (await WordSentences().embed(texts)).values.tolist()
    heard = [segment(world.ann, mine, text, 1000 * at) for at, text in enumerate(texts)]
    vectors = [{"_vectors": {"meaning": row}} for row in rows[:2]] + [{"_vectors": {"meaning": None}}]
    await search.upsert("segments", [one | row for one, row in zip(heard, vectors, strict=True)])
    search.close()

    async def found(mode: str, **asked: Any) -> tuple[list[str], dict[str, Any]]:
        params = {"q": "swims a seal", "project_id": str(mine), "mode": mode, **asked}
        answer = await world.ann.client.get("/v1/search", params=params)
        assert answer.status_code == 200, answer.text
        return [hit["text"] for hit in answer.json()["segments"]], answer.json()["semantic"]

    texts_found, semantic = await found("meaning")
    assert (texts_found, semantic) == ([texts[0]], {"used": True, "reason": "", "model": "words-1"})
    assert (await found("meaning", min_score="0"))[0] == list(texts[:2]), "none that has no vector"
    texts_found, semantic = await found("hybrid", limit="1")
    assert (texts_found, semantic["used"]) == ([texts[0]], True)
    assert (await found("words"))[1]["used"] is False
    for asked, told in (({"language": "de"}, "English only"), ({"only": "entities"}, "words alone")):
        _, semantic = await found("hybrid", **asked)
        assert not semantic["used"]
        assert told in semantic["reason"]
    bobs = await world.bob.client.get("/v1/search", params={"q": "a walrus", "mode": "meaning"})
    assert bobs.json()["segments"] == []


async def test_a_search_without_the_model_uses_words_and_says_so(settings: Settings) -> None:
    class Away:
        async def embed(self, texts: Any) -> Any:
            raise Unavailable("triton", "down")

    search = open_search(settings)
    engine = open_api_search(settings)
    async with open_world(settings, search=engine, sentences=Away()) as world:
        await search.upsert("segments", [segment(world.ann, uuid4(), "a walrus", 0) | {"_vectors": {"meaning": None}}])
        answer = (await world.ann.client.get("/v1/search", params={"q": "walrus", "mode": "meaning"})).json()
    search.close()
    engine.close()
    assert [hit["text"] for hit in answer["segments"]] == ["a walrus"]
    assert answer["semantic"]["reason"] == "the sentence model did not answer: words were searched"


async def test_a_query_is_embedded_once_per_organisation(settings: Settings) -> None:
    class Counted(WordSentences):
        asked: list[str] = []
        away = False

        async def embed(self, texts: Sequence[str]) -> Vectors:
            if self.away:
                raise Unavailable("triton", "down")
            self.asked.extend(texts)
            return await super().embed(texts)

    search, sentences = open_api_search(settings), Counted()
    async with open_world(settings, search=search, sentences=sentences) as world:

        async def used(tenant: Tenant, question: str) -> bool:
            answer = await tenant.client.get("/v1/search", params={"q": question, "mode": "hybrid"})
            return bool(answer.json()["semantic"]["used"])

        assert await used(world.ann, "walrus")
        assert await used(world.ann, "walrus")
        assert sentences.asked == ["walrus"]
        assert await used(world.bob, "walrus")
        assert sentences.asked == ["walrus", "walrus"]
        sentences.away = True
        assert not await used(world.ann, "otter")
        assert await used(world.ann, "walrus")
        sentences.away = False
        assert await used(world.ann, "otter"), "a failure is not kept"
    search.close()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"only": "segments,people"}, "?only"),
        ({"only": "clips", "kind": "person"}, "?only"),
        ({"only": "entities", "topic": "x"}, "?only"),
        ({"kind": "person", "topic": "x"}, "?kind"),
        ({"kind": "nonsense"}, "?kind"),
        ({"mode": "meaning", "only": "entities"}, "?mode"),
        ({"mode": "guess"}, "?mode"),
        ({"trust": "rejected"}, "?trust"),
        ({"from_ms": 5, "to_ms": 5}, "?to_ms"),
        ({"from_ms": -1}, "?from_ms"),
        ({"to_ms": 10**15}, "?to_ms"),
        ({"speaker": "x" * 201}, "?speaker"),
        ({"topic": ""}, "?topic"),
        ({"facets": "perhaps"}, "?facets"),
        ({"limit": 101}, "?limit"),
        ({"q": "…"}, "?q"),
        ({"q": "", "mode": "meaning"}, "?mode"),
        ({"mode": "hybrid", "sort": "time"}, "?sort"),
        ({"sort": "best"}, "?sort"),
        ({"min_score": 2}, "?min_score"),
        ({"since": "yesterday"}, "?since"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "?until"),
    ],
)
async def test_an_invalid_query_names_the_parameter(world: World, asked: dict[str, Any], pointer: str) -> None:
    answer = await world.ann.client.get("/v1/search", params={"q": "x", **asked})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def used(cpu_ms: int, **owner: UUID) -> events.CostIncurred:
    """An attempt of a stage that took this much processor time."""
    items = [CostItem(kind="cpu_ms", amount=cpu_ms)]
    return events.CostIncurred(**owner, stage="ingest", attempt=1, outcome="done", wall_ms=10, items=items)


async def insert(settings: Settings, told: list[events.AnyEvent], at: dt.datetime) -> None:
    analytics = await open_analytics(settings)
    rows = []
    for offset, fact in enumerate(told):
        envelope = codec.Envelope(id=uuid4(), source="/test", type=codec.type_name(type(fact)), time=at)
        rows.append(row_of(envelope, fact, topic="t", partition=0, offset=offset))
        if isinstance(fact, events.CostIncurred):
            for table, found in fact_rows.cost_rows(envelope, fact).items():
                await analytics.insert(table, fact_rows.COLUMNS[table], found, token=uuid4().hex)
    await analytics.insert("events", COLUMNS, rows, token=uuid4().hex)
    await analytics.close()


async def test_questions_are_answered_for_one_organisation(world: World, settings: Settings) -> None:
    now = dt.datetime.now(dt.UTC) - dt.timedelta(milliseconds=50)
    owner: dict[str, Any] = {"org_id": world.ann.org_id, "project_id": uuid4()}
    failed: dict[str, Any] = {"org_id": world.ann.org_id, "project_id": uuid4()}
    ref = ObjectRef(key="k", sha256="0" * 64, size=1)
    ingest: dict[str, Any] = {"stage": "ingest", "media_ms": 203_000, "cpu_ms": 700}
    ids: dict[str, Any] = {"clip_id": uuid4(), "export_id": uuid4(), "ordinal": 0}
    told: list[events.AnyEvent] = [
        events.ProjectProgressed(**owner, version=1, state="running", percent=0, **ingest),
        events.ProjectProgressed(**owner, version=2, state="done", percent=100, elapsed_ms=4000, **ingest),
        events.ClipSelected(
            **owner,
            **ids,
            rendition=events.Rendition(range=TimeRange(start_ms=0, end_ms=1), aspect="9:16", captions=True),
            score=1.0,
            confidence=1.0,
        ),
        events.ExportCompleted(**owner, **ids, aspect="9:16", video=ref, duration_ms=30_000, integrated_lufs=-14.0),
        events.ProjectCompleted(**owner, version=3, clip_count=1),
        events.ProjectFailed(**failed, version=1, reason="media.corrupt", detail="secret words"),
        events.ProjectFailed(org_id=world.bob.org_id, project_id=uuid4(), version=1, reason="theirs", detail=""),
        used(700, **owner),
        used(9000, org_id=world.bob.org_id, project_id=uuid4()),
    ]
    await insert(settings, told, now)
    summary = (await world.ann.client.get("/v1/analytics/summary")).json()
    counts = {name: summary[name] for name in ("projects_completed", "projects_failed", "clips", "exports_completed")}
    assert counts == {"projects_completed": 1, "projects_failed": 1, "clips": 1, "exports_completed": 1}
    assert summary["minutes_processed"] == pytest.approx(203 / 60)
    assert summary["cpu_ms"] == 700
    hours = (await world.ann.client.get("/v1/analytics/projects-per-hour")).json()["items"]
    assert [(row["stage"], row["projects"], row["p95_ms"]) for row in hours] == [("ingest", 1, 4000.0)]
    days = (await world.ann.client.get("/v1/analytics/minutes-processed")).json()["items"]
    assert [(row["day"], row["projects"]) for row in days] == [(str(now.date()), 1)]
    failures = (await world.ann.client.get("/v1/analytics/failures-by-reason")).json()["items"]
    assert failures == [{"what": "project", "reason": "media.corrupt", "count": 1}]
    earlier = {"until": (now - dt.timedelta(hours=1)).isoformat()}
    none = (await world.ann.client.get("/v1/analytics/summary", params=earlier)).json()
    assert (none["projects_completed"], none["minutes_processed"], none["cpu_ms"]) == (0, 0.0, 0)


async def test_unavailable_stores_give_503(postgres: Settings) -> None:
    analytics, search = await open_analytics(postgres), open_api_search(postgres)
    async with open_world(postgres, analytics=analytics, search=search) as world:
        for path in ("/v1/search?q=a", "/v1/analytics/summary"):
            answer = await world.ann.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert "127.0.0.1" not in answer.text
    await analytics.close()
    search.close()


def chart_facts(org_id: UUID, project_id: UUID, reference: ObjectRef) -> list[events.AnyEvent]:
    """A project with two clips of 20 s and 200 s, three files of them, a failure, and what it cost."""
    owner: dict[str, Any] = {"org_id": org_id, "project_id": project_id}
    ingest: dict[str, Any] = {"stage": "ingest", "media_ms": 120_000, "cpu_ms": 700}
    told: list[events.AnyEvent] = [
        events.ProjectProgressed(**owner, version=1, state="running", percent=0, **ingest),
        events.ProjectProgressed(**owner, version=2, state="done", percent=100, elapsed_ms=4000, **ingest),
    ]
    for number, (length_ms, template) in enumerate(((20_000, "minimal"), (200_000, "bold_outline"))):
        ids: dict[str, Any] = {"clip_id": uuid4(), "export_id": uuid4(), "ordinal": number}
        span = TimeRange(start_ms=0, end_ms=length_ms)
        shown = events.Rendition(range=span, aspect="9:16", captions=True, template=template)
        told += [
            events.ClipSelected(**owner, **ids, rendition=shown, score=1.0, confidence=1.0),
            events.ExportCompleted(
                **owner, **ids, aspect="9:16", video=reference, duration_ms=length_ms, integrated_lufs=-14.0
            ),
        ]
    again: dict[str, Any] = {"clip_id": ids["clip_id"], "export_id": uuid4(), "ordinal": 1}
    return [
        *told,
        events.ExportRequested(**owner, **again, rendition=shown, edit_version=1),
        events.ExportFailed(**owner, **again, reason="render.failed", detail="secret words"),
        events.ProjectCompleted(**owner, version=3, clip_count=2),
        events.CostIncurred(
            **owner, stage="ingest", attempt=1, outcome="done", wall_ms=10,
            items=[CostItem(kind="cpu_ms", amount=500, money=0.25), CostItem(kind="read_bytes", amount=9)],
            currency="EUR",
        ),
    ]  # fmt: skip


async def test_charts_are_answered_for_one_organisation_as_json_and_csv(world: World, settings: Settings) -> None:
    at = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=2, minutes=-5)
    reference = ObjectRef(key="k", sha256="0" * 64, size=1)
    await insert(settings, chart_facts(world.ann.org_id, uuid4(), reference), at)
    await insert(settings, chart_facts(world.bob.org_id, uuid4(), reference), at)
    await insert(settings, chart_facts(world.ann.org_id, uuid4(), reference), at - dt.timedelta(days=40))
    hour, day = (f"{at:%Y-%m-%dT%H}:00:00Z", f"{at:%Y-%m-%d}T00:00:00Z")

    async def chart(name: str, **query: str) -> dict[str, Any]:
        answer = await world.ann.client.get(f"/v1/analytics/{name}", params=query)
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read

    projects = {"started": 1, "completed": 1, "failed": 0, "cancelled": 0, "minutes": 2.0}
    assert (await chart("projects", bucket="hour"))["items"] == [{"at": hour, **projects}]
    assert (await chart("projects"))["items"] == [{"at": day, **projects}]
    assert (await chart("stage-times"))["items"] == [
        {"at": day, "stage": "ingest", "projects": 1, "p50_ms": 4000.0, "p95_ms": 4000.0}
    ]
    cost = await chart("cost")
    assert (cost["currency"], cost["bucket"]) == ("EUR", "day")
    assert cost["items"] == [
        {"at": day, "stage": "ingest", "kind": "cpu_ms", "amount": 500, "money": 0.25},
        {"at": day, "stage": "ingest", "kind": "read_bytes", "amount": 9, "money": None},
    ]
    assert (await chart("failures"))["items"] == [{"at": day, "what": "export", "reason": "render.failed", "count": 1}]
    assert (await chart("clips-by-template"))["items"] == [
        {
            "template": "bold_outline", "aspect": "9:16", "clips": 1, "exports": 2, "done": 1, "failed": 1,
            "seconds": 200.0,
        },
        {"template": "minimal", "aspect": "9:16", "clips": 1, "exports": 1, "done": 1, "failed": 0, "seconds": 20.0},
    ]  # fmt: skip
    lengths = (await chart("clips-by-length"))["items"]
    assert [(row["from_s"], row["to_s"]) for row in lengths][-2:] == [(120, 180), (180, None)]
    assert {row["from_s"]: row["clips"] for row in lengths if row["clips"]} == {15: 1, 180: 1}
    table = await world.ann.client.get("/v1/analytics/clips-by-length", params={"format": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="clips-by-length.csv"'
    assert table.text.splitlines()[:3] == ["from_s,to_s,clips", "0,15,0", "15,30,1"]
    for name in ("summary", "projects-per-hour", "minutes-processed", "failures-by-reason", "projects", "cost"):
        text = (await world.ann.client.get(f"/v1/analytics/{name}", params={"format": "csv"})).text
        assert len(text.splitlines()) >= 2, name
        assert "secret" not in text
    wide = {"since": (at - dt.timedelta(days=60)).isoformat(), "bucket": "hour"}
    refused = await world.ann.client.get("/v1/analytics/projects", params=wide)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["?bucket"]
