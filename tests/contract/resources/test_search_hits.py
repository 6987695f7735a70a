"""From events through the sink and the engine to the API: times of words, floors, filters, order."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.meilisearch import MeilisearchSearch, migrate_meilisearch
from core.infra.sentence_embeddings import ask, pack_rows
from core.settings import Settings
from schemas.common import Segment, Word
from schemas.documents import encode_document
from schemas.documents.transcript import SentenceRows, Transcript
from streams.sinks.search.sink import MeilisearchSink
from tests.contract.rigs.api_world import Tenant, World, open_world
from tests.contract.rigs.search_keys import open_api_search
from tests.contract.rigs.servers import Server
from tests.sinks.fakes import MemoryObjects
from tests.support import event_factory as made
from tests.support.vectors import WordSentences

pytestmark = pytest.mark.contract
WORD_MS = 400
KINDS = ("segments", "clips", "chapters", "entities")


@pytest.fixture
async def search(search_front: Server) -> AsyncIterator[MeilisearchSearch]:
    made_search = MeilisearchSearch(search_front.url, search_front.password)
    yield made_search
    made_search.close()


@pytest.fixture
async def world(postgres: Settings, search_front: Server) -> AsyncIterator[World]:
    found = msgspec.structs.replace(postgres, meilisearch=search_front.url, meilisearch_key=search_front.password)
    await migrate_meilisearch(found)
    engine = open_api_search(found)
    async with open_world(found, search=engine) as opened:
        yield opened
    engine.close()


class Teller:
    """Tells the sink of one tenant's projects."""

    def __init__(self, tenant: Tenant, search: MeilisearchSearch) -> None:
        self.org, self.objects = tenant.org_id, MemoryObjects()
        self.sink = MeilisearchSink(search, self.objects)  # type: ignore[arg-type]

    def _store(self, project: UUID, document: Any) -> Any:
        return self.objects.store(f"{self.org}/{project}/a", encode_document(document))

    async def _tell(self, project: UUID, *several: Any) -> None:
        mine = [msgspec.structs.replace(event, org_id=self.org, project_id=project) for event in several]
        assert await self.sink.handle([made.arrived(event) for event in mine]) == []

    async def add_transcript(
        self, *lines: str, at: dt.datetime = made.NOW, language: str = "en", speakers: Sequence[str] = (), **more: Any
    ) -> UUID:
        """A project of these lines, a word each 400 ms, each line from the next even ten seconds on."""
        project, words, segments = uuid4(), [], []
        for number, line in enumerate(lines):
            spoken = line.split(" ")
            first = len(words)
            words += [
                Word(text=text, start_ms=10_000 * number + WORD_MS * n, end_ms=10_000 * number + WORD_MS * (n + 1),
                     probability=1.0)
                for n, text in enumerate(spoken)
            ]  # fmt: skip
            text = line if language == "en" else line.replace(" ", "")
            speaker = speakers[number] if speakers else None
            segments.append(
                Segment(start_ms=words[first].start_ms, end_ms=words[-1].end_ms, text=text, first_word=first,
                        end_word=len(words), speaker=speaker)
            )  # fmt: skip
        told = Transcript(
            language=language, language_probability=1.0, duration_ms=60_000, words=words, segments=segments,
            speech=[], model="m", project_title=more.get("title", "A talk"), project_created_at=at,
            meaning=await self._rows(project, lines),
        )  # fmt: skip
        await self._tell(project, made.transcript_completed(self._store(project, told)))
        return project

    async def _rows(self, project: UUID, lines: Sequence[str]) -> SentenceRows:
        rows, model, _ = await ask(WordSentences(), lines, {})
        ref = self.objects.store(f"{self.org}/{project}/meaning", pack_rows(rows))
        return SentenceRows(rows=ref, dimensions=384, model=model, texts=len(rows))

    async def chosen(self, project: UUID, text: str, title: str) -> None:
        """A clip of the first 20 s, and what study found."""
        whole = made.moments(title)
        moments = [msgspec.structs.replace(one, text=text) for one in whole.moments]
        told = made.moments_detected(self._store(project, msgspec.structs.replace(whole, moments=moments)))
        study = made.intelligence_completed(self._store(project, made.intelligence()))
        await self._tell(project, told, study)


def asking(tenant: Tenant) -> Any:
    async def found(**asked: Any) -> dict[str, Any]:
        answer = await tenant.client.get("/v1/search", params=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return found


async def test_each_hit_carries_the_millisecond_of_its_word(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    project = await teller.add_transcript("Bob sings of tides and of seals.", "Later Bob sleeps.")
    await teller.chosen(project, "sings of tides and of seals. Later Bob sleeps.", "Why seals matter")
    answer = await found(q="seals")
    (segment,), (clip,) = answer["segments"], answer["clips"]
    assert (segment["start_ms"], segment["word_ms"]) == (0, 6 * WORD_MS)
    assert (clip["start_ms"], clip["highlight"]) == (5, "Why <mark>seals</mark> matter")
    assert clip["word_ms"] == 6 * WORD_MS, "of a match in the title: when that word is said"
    (chapter,) = answer["chapters"]
    assert (chapter["title"], chapter["word_ms"]) == ("Tides, seals", 6 * WORD_MS), "of a key phrase"
    assert (await found(q="sleeps"))["segments"][0]["word_ms"] == 10_000 + 2 * WORD_MS
    assert (await found(q="sleeps"))["clips"][0]["word_ms"] == 10_000 + 2 * WORD_MS
    assert (await found(q="of seals"))["segments"][0]["word_ms"] == 5 * WORD_MS, "where most of the words stand"
    (bob,) = (await found(q="bob", kind="person"))["entities"]
    assert bob["word_ms"] == 0
    (tides,) = (await found(q="tides", only="entities"))["entities"]
    assert tides["word_ms"] == tides["mentions"][0]["start_ms"]
    assert all(0 < hit["match_score"] <= 1 for kind in KINDS for hit in answer[kind])


async def test_a_minimum_score_leaves_out_other_meanings(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    await teller.add_transcript("a walrus swims", "dogs bark loudly", "the cat sat down")
    near = await found(q="a walrus swims", mode="meaning")
    assert near["semantic"]["used"]
    assert [(hit["text"], hit["match_score"]) for hit in near["segments"]] == [("a walrus swims", 1.0)]
    assert near["segments"][0]["match_score"] == 1.0
    every = await found(q="a walrus swims", mode="meaning", min_score=0)
    assert len(every["segments"]) == 3
    scores = [hit["match_score"] for hit in every["segments"]]
    assert scores == sorted(scores, reverse=True)
    assert (await found(q="zebra crossing", mode="meaning"))["segments"] == []
    assert len((await found(q="walrus bark", min_score=0))["segments"]) == 1, "words are left out from the last on"
    assert (await found(q="walrus bark", min_score=0.9))["segments"] == []


async def test_a_search_without_words_lists_everything_in_order(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    days = [dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
    for day in (days[1], days[2], days[0]):
        await teller.add_transcript(f"walrus one of {day.day}", f"walrus two of {day.day}", at=day)

    async def texts(**asked: Any) -> list[str]:
        answer = await found(**asked)
        assert answer["query"] == asked.get("q", "")
        return [hit["text"].replace("walrus ", "") for hit in answer["segments"]]

    newest = ["one of 3", "two of 3", "one of 2", "two of 2", "one of 1", "two of 1"]
    assert await texts() == await texts(q="") == await texts(sort="time") == newest
    assert await texts(q="walrus", sort="time") == newest
    assert await texts(sort="time_desc", limit=3) == ["two of 3", "one of 3", "two of 2"]
    assert await texts(q="walrus", sort="oldest", limit=3) == ["one of 1", "two of 1", "one of 2"]
    assert await texts(q="walrus two", sort="time") == ["two of 3", "two of 2", "two of 1"], "all words, in this order"
    assert await texts(since="2026-03-02", until="2026-03-03") == ["one of 2", "two of 2"]
    assert await texts(since="2026-03-02T12:00:00Z", q="one") == ["one of 3"]
    assert await texts(until="2026-03-01") == []
    assert await texts(offset=4) == newest[4:]
    theirs = await world.bob.client.get("/v1/search")
    assert theirs.json()["segments"] == []


async def test_a_filter_takes_several_values(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    one = await teller.add_transcript(
        "walrus a", "walrus b", "walrus c", speakers=["Ann", "Bea, Ltd", "Cy"], title="One, two"
    )
    two = await teller.add_transcript("walrus d", language="en", title="Three")

    async def texts(**asked: Any) -> list[str]:
        return sorted(hit["text"][-1] for hit in (await found(q="walrus", **asked))["segments"])

    assert await texts(speaker="ann") == ["a"]
    assert await texts(speaker=["ann", "Bea, Ltd"]) == ["a", "b"]
    assert await texts(speaker="ann,Cy") == [], "a comma is part of a name"
    assert await texts(project_title=["one, two", "Three"]) == ["a", "b", "c", "d"]
    assert await texts(project_id=[str(one), str(two)], speaker="Cy") == ["c"]
    assert await texts(language=["de", "fr"]) == []
    refused = await world.ann.client.get("/v1/search?q=a&trust=trusted&trust=doubtful&project_id=x&project_id=y")
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {"?trust", "?project_id"}


async def test_quotes_and_minus_select_phrases_and_exclusions(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    await teller.add_transcript("the walrus swims far", "far swims the walrus", "the walrus sleeps")

    async def texts(words: str) -> set[str]:
        return {hit["text"] for hit in (await found(q=words))["segments"]}

    assert await texts('"walrus swims"') == {"the walrus swims far"}
    assert await texts("walrus -swims") == {"the walrus sleeps"}
    assert await texts('walrus -"swims far"') == {"far swims the walrus", "the walrus sleeps"}
    assert await texts("-swims") == {"the walrus sleeps"}


async def test_japanese_and_chinese_are_found_by_their_words(world: World, search: MeilisearchSearch) -> None:
    teller, found = Teller(world.ann, search), asking(world.ann)
    await teller.add_transcript("量子 計算の 歴史", language="ja")
    await teller.add_transcript("量子 计算的 历史", language="zh")
    await teller.add_transcript("양자컴퓨터의역사", language="ko")

    async def hits(words: str, **asked: Any) -> list[tuple[str, int]]:
        return [(hit["text"], hit["word_ms"]) for hit in (await found(q=words, **asked))["segments"]]

    japanese, chinese = ("量子計算の歴史", 2 * WORD_MS), ("量子计算的历史", 2 * WORD_MS)
    assert await hits("歴史") == await hits("歴史", language="ja") == [japanese]
    assert await hits("历史") == await hits("历史", language="zh") == [chinese]
    assert sorted(await hits("量子")) == sorted([(japanese[0], 0), (chinese[0], 0)])
    assert await hits("歴史", language="zh") == []
    assert [text for text, _ in await hits("양자")] == ["양자컴퓨터의역사"]
    (marked,) = (await found(q="歴史"))["segments"]
    assert marked["highlight"] == "量子計算の<mark>歴史</mark>"
