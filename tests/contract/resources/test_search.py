"""The `Search` port on the search server: written documents are found, failed tasks and outages raise."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.errors import Unavailable
from core.infra.meilisearch import (
    IndexSchema,
    MeilisearchSearch,
    TaskFailedError,
    index_schemas,
    migrate_meilisearch,
    wait_for_task,
)
from core.ports.stores import NoVectors
from tests.contract.rigs.servers import Server, make_settings, run_search_front
from tests.support.port_contracts import search_keeps_what_it_promises

MAX_REFUSAL_STARTS = 10
"""Bound of two calls to a server that is down, in starts of that server."""

pytestmark = pytest.mark.contract
UNMEANT = {"_vectors": {"meaning": None}}
"""Of a document whose meaning is not known."""


@pytest.fixture
async def search(search_front: Server) -> AsyncIterator[MeilisearchSearch]:
    settings = make_settings(meilisearch=search_front.url, meilisearch_key=search_front.password)
    await migrate_meilisearch(settings)
    await migrate_meilisearch(settings)
    made = MeilisearchSearch(search_front.url, search_front.password)
    yield made
    made.close()


async def test_the_store_keeps_the_promises_of_its_twin(search: MeilisearchSearch) -> None:
    await search_keeps_what_it_promises(search)


async def test_documents_are_found_merged_and_deleted(search: MeilisearchSearch) -> None:
    org, identity = str(uuid4()), str(uuid4())
    mine = {"filter": f'org_id = "{org}"'}
    await search.upsert("clips", [{"id": identity, "org_id": org, "title": "Penguins"} | UNMEANT])
    await search.upsert("clips", [{"id": identity, "org_id": org, "score": 7.5}])
    await search.upsert("clips", [])
    (hit,) = (await search.search("clips", "pengiuns", mine))["hits"]
    assert (hit["title"], hit["score"]) == ("Penguins", 7.5)
    assert (await search.search("clips", "penguins", {"filter": f'org_id = "{uuid4()}"'}))["hits"] == []
    await search.delete("clips", f'org_id = "{org}"')
    assert (await search.search("clips", "", mine))["hits"] == []


async def test_words_that_mean_the_same_find_each_other(search: MeilisearchSearch) -> None:
    org = str(uuid4())
    texts = ("the automobile of tomorrow", "artificial intelligence explained", "a bicycle")
    await search.upsert("segments", [{"id": str(uuid4()), "org_id": org, "text": text} | UNMEANT for text in texts])
    for asked, text in (("car", texts[0]), ("AI", texts[1])):
        hits = (await search.search("segments", asked, {"filter": f'org_id = "{org}"'}))["hits"]
        assert [hit["text"] for hit in hits] == [text]


async def test_a_removed_synonym_has_no_effect(search: MeilisearchSearch) -> None:
    (clips,) = (schema for schema in index_schemas() if schema.uid == "clips")
    more = clips.settings["synonyms"] | {"walrus": ["seal"]}
    for synonyms in (more, clips.settings["synonyms"]):
        await search.prepare(type(clips)(uid="clips", version=3, primary_key="id", settings={"synonyms": synonyms}))
        settings = await search._call(lambda client: client.index("clips").get_settings())
        assert settings["synonyms"] == synonyms


async def test_an_older_index_gets_its_vectors_and_keeps_its_documents(search: MeilisearchSearch) -> None:
    uid, embedders = f"old-{uuid4().hex}", {"meaning": {"source": "userProvided", "dimensions": 2}}
    plain = IndexSchema(uid=uid, version=1, primary_key="id", settings={"searchableAttributes": ["text"]})
    await search.prepare(plain)
    await search.upsert(uid, [{"id": str(n), "text": f"number {n}"} for n in range(3)])
    with pytest.raises(NoVectors):
        await search.search(uid, "x", {"hybrid": {"embedder": "meaning"}, "vector": [1.0, 0.0]})
    newer = IndexSchema(uid=uid, version=2, primary_key="id", settings={"embedders": embedders})
    for _ in range(2):
        await search.prepare(newer)
    assert len((await search.search(uid, "number", {}))["hits"]) == 3
    await search.upsert(uid, [{"id": "1", "_vectors": {"meaning": [1.0, 0.0]}}])
    asked = {"hybrid": {"embedder": "meaning", "semanticRatio": 1.0}, "vector": [1.0, 0.0]}
    found = (await search.search(uid, "x", asked | {"showRankingScore": True}))["hits"]
    assert [(hit["id"], hit["_rankingScore"]) for hit in found] == [("1", 1.0), ("0", 0.0), ("2", 0.0)]
    assert [one["id"] for one in (await search.search(uid, "x", asked | {"rankingScoreThreshold": 0.1}))["hits"]] == [
        "1"
    ]
    await search._call(lambda client: wait_for_task(client, client.index(uid).delete()))


async def test_a_failed_task_is_reported(search: MeilisearchSearch) -> None:
    with pytest.raises(TaskFailedError, match="invalid_document_id"):
        await search.upsert("clips", [{"id": "not an id"}])
    with pytest.raises(TaskFailedError, match="not filterable"):
        await search.delete("clips", "secret = 1")


@pytest.mark.parametrize("vectors", [[1.0, 2.0], {"meaning": "one"}, {"meaning": [1.0]}])
async def test_a_vector_of_the_wrong_kind_is_a_bug_not_an_outage(search: MeilisearchSearch, vectors: Any) -> None:
    """The engine reports one of them as `internal`: repeating the request would never end."""
    with pytest.raises(TaskFailedError):
        await search.upsert("clips", [{"id": "wrong", "_vectors": vectors}])


async def test_a_missing_index_is_unavailable(search: MeilisearchSearch) -> None:
    with pytest.raises(Unavailable):
        await search.search("nowhere", "x", {})


async def test_a_changed_setting_is_restored(search: MeilisearchSearch) -> None:
    (clips,) = (schema for schema in index_schemas() if schema.uid == "clips")
    turned = {**clips.settings, "searchableAttributes": list(reversed(clips.settings["searchableAttributes"]))}
    for settings in (turned, clips.settings):
        changed = type(clips)(uid="clips", version=2, primary_key="id", settings=settings)
        await search.prepare(changed)
        answer = await search._call(lambda client: client.index("clips").get_settings())
        assert answer["searchableAttributes"] == settings["searchableAttributes"]


async def test_a_stopped_server_is_unavailable_until_it_restarts(tmp_path: Path) -> None:
    with run_search_front(tmp_path) as server:
        await migrate_meilisearch(make_settings(meilisearch=server.url, meilisearch_key=server.password))
        search = MeilisearchSearch(server.url, server.password)
        await search.upsert("segments", [{"id": "a", "text": "kept"} | UNMEANT])
        server.stop(signal.SIGKILL)
        began_at = time.monotonic()
        for attempt in (search.search("segments", "kept", {}), search.upsert("segments", [{"id": "b"}])):
            with pytest.raises(Unavailable):
                await attempt
        assert time.monotonic() - began_at < MAX_REFUSAL_STARTS * server.started_s()
        server.start()
        assert len((await search.search("segments", "kept", {}))["hits"]) == 1
        search.close()
