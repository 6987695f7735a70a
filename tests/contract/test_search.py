"""The `Search` port on the search server: written is findable, failed tasks are told, being down is Unavailable."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from streams.adapters.meilisearch import MeilisearchSearch, TaskFailedError, index_schemas, migrate_meilisearch
from streams.errors import Unavailable
from tests.contract.servers import Server, make_settings, run_search_front
from tests.promises import search_keeps_what_it_promises

pytestmark = pytest.mark.contract


@pytest.fixture
async def search(search_front: Server) -> AsyncIterator[MeilisearchSearch]:
    settings = make_settings(meilisearch=search_front.url, meilisearch_key=search_front.password)
    await migrate_meilisearch(settings)
    await migrate_meilisearch(settings)
    made = MeilisearchSearch(search_front.url, search_front.password)
    yield made
    made.close()


async def test_what_its_twin_promises_too(search: MeilisearchSearch) -> None:
    await search_keeps_what_it_promises(search)


async def test_written_is_findable_merged_and_deletable(search: MeilisearchSearch) -> None:
    org, identity = str(uuid4()), str(uuid4())
    mine = {"filter": f'org_id = "{org}"'}
    await search.upsert("clips", [{"id": identity, "org_id": org, "title": "Penguins"}])
    await search.upsert("clips", [{"id": identity, "org_id": org, "score": 7.5}])
    await search.upsert("clips", [])
    (hit,) = (await search.search("clips", "pengiuns", mine))["hits"]
    assert (hit["title"], hit["score"]) == ("Penguins", 7.5)
    assert (await search.search("clips", "penguins", {"filter": f'org_id = "{uuid4()}"'}))["hits"] == []
    await search.delete("clips", f'org_id = "{org}"')
    assert (await search.search("clips", "", mine))["hits"] == []


async def test_a_task_that_fails_is_told(search: MeilisearchSearch) -> None:
    with pytest.raises(TaskFailedError, match="invalid_document_id"):
        await search.upsert("clips", [{"id": "not an id"}])
    with pytest.raises(TaskFailedError, match="not filterable"):
        await search.delete("clips", "secret = 1")


async def test_an_index_that_is_not_there_yet_is_unavailable(search: MeilisearchSearch) -> None:
    with pytest.raises(Unavailable):
        await search.search("nowhere", "x", {})


async def test_a_changed_setting_is_put_right(search: MeilisearchSearch) -> None:
    (clips,) = (schema for schema in index_schemas() if schema.uid == "clips")
    turned = {**clips.settings, "searchableAttributes": list(reversed(clips.settings["searchableAttributes"]))}
    for settings in (turned, clips.settings):
        changed = type(clips)(uid="clips", version=2, primary_key="id", settings=settings)
        await search.prepare(changed)
        answer = await search._call(lambda client: client.index("clips").get_searchable_attributes())
        assert answer == settings["searchableAttributes"]


async def test_down_is_unavailable_and_up_again_is_fine(tmp_path: Path) -> None:
    with run_search_front(tmp_path) as server:
        await migrate_meilisearch(make_settings(meilisearch=server.url, meilisearch_key=server.password))
        search = MeilisearchSearch(server.url, server.password)
        await search.upsert("segments", [{"id": "a", "text": "kept"}])
        server.stop(signal.SIGKILL)
        began = time.monotonic()
        for attempt in (search.search("segments", "kept", {}), search.upsert("segments", [{"id": "b"}])):
            with pytest.raises(Unavailable):
                await attempt
        assert time.monotonic() - began < 10
        server.start()
        assert len((await search.search("segments", "kept", {}))["hits"]) == 1
        search.close()
