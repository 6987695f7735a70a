"""Preparing an index keeps its data: vectors survive each change of a setting, and no change writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from core.infra.meilisearch import IndexSchema, MeilisearchSearch, index_schemas, wait_for_task
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
SCHEMAS = {schema.uid: schema for schema in index_schemas()}
OTHER: dict[str, Any] = {
    "searchableAttributes": ["*"],
    "filterableAttributes": ["id", "org_id"],
    "sortableAttributes": ["id"],
    "displayedAttributes": ["id"],
    "rankingRules": ["words", "exactness"],
    "localizedAttributes": [{"attributePatterns": ["said_ja"], "locales": ["jpn"]}],
    "pagination": {"maxTotalHits": 500},
    "synonyms": {"walrus": ["seal"]},
    "embedders": {
        "meaning": {"source": "userProvided", "dimensions": 384},
        "sound": {"source": "userProvided", "dimensions": 2},
    },
}
"""A setting of each kind that differs from what every schema says."""
EVERY = [(uid, name) for uid, schema in SCHEMAS.items() for name in schema.settings]
ROW = [round(n / 384, 4) for n in range(384)]


@pytest.fixture
async def search(search_front: Server) -> AsyncIterator[MeilisearchSearch]:
    made = MeilisearchSearch(search_front.url, search_front.password)
    yield made
    made.close()


async def copy(search: MeilisearchSearch, uid: str) -> IndexSchema:
    """An index with the settings of one of ours and three documents: with one vector, with two, without."""
    schema = SCHEMAS[uid]
    made = IndexSchema(uid=f"kept-{uuid4().hex}", version=1, primary_key="id", settings=schema.settings)
    await search.prepare(made)
    meant = "embedders" in schema.settings
    rows = {"one": ROW, "two": [ROW, ROW[::-1]], "none": None}
    vectors = {name: {"_vectors": {"meaning": row}} if meant else {} for name, row in rows.items()}
    await search.upsert(made.uid, [{"id": name, "text": f"walrus {name}"} | more for name, more in vectors.items()])
    return made


async def contents(search: MeilisearchSearch, uid: str) -> list[dict[str, Any]]:
    def read(client: Any) -> list[dict[str, Any]]:
        asked = {"retrieveVectors": True, "limit": 100}
        return sorted(map(dict, client.index(uid).get_documents(asked).results), key=lambda one: one["id"])

    return await search._call(read)


async def tasks(search: MeilisearchSearch, uid: str) -> int:
    """Number of tasks that the engine took, from the number of an empty one."""

    def write_nothing(client: Any) -> int:
        info = client.index(uid).update_settings({})
        wait_for_task(client, info)
        return int(info.task_uid)

    return await search._call(write_nothing)


async def drop(search: MeilisearchSearch, uid: str) -> None:
    await search._call(lambda client: wait_for_task(client, client.index(uid).delete()))


@pytest.mark.parametrize("uid", SCHEMAS)
async def test_preparing_again_writes_nothing(search: MeilisearchSearch, uid: str) -> None:
    made = await copy(search, uid)
    before, done = await contents(search, made.uid), await tasks(search, made.uid)
    await search.prepare(made)
    assert await contents(search, made.uid) == before
    assert await tasks(search, made.uid) == done + 1, "an index that is as it should be gets no task"
    await drop(search, made.uid)


@pytest.mark.parametrize(("uid", "name"), EVERY)
async def test_vectors_outlive_every_change_of_a_setting(search: MeilisearchSearch, uid: str, name: str) -> None:
    made = await copy(search, uid)
    before = await contents(search, made.uid)
    done = await tasks(search, made.uid)
    for value in (OTHER[name], made.settings[name]):
        changed = IndexSchema(uid=made.uid, version=2, primary_key="id", settings=made.settings | {name: value})
        await search.prepare(changed)
        assert await tasks(search, made.uid) > done + 1, "the change reaches the engine"
        done = await tasks(search, made.uid)
        now = {one["id"]: one for one in await contents(search, made.uid)}
        for one in before:
            assert now[one["id"]].get("_vectors", {}).get("meaning") == one.get("_vectors", {}).get("meaning")
    await drop(search, made.uid)


@pytest.mark.parametrize("uid", ["segments", "clips", "chapters", "entities"])
async def test_documents_older_than_a_field_are_rebuilt_once(search: MeilisearchSearch, uid: str) -> None:
    schema = SCHEMAS[uid]
    without = [name for name in schema.settings["filterableAttributes"] if name != "project_at"]
    settings = schema.settings | {"filterableAttributes": without}
    older = IndexSchema(uid=f"older-{uuid4().hex}", version=1, primary_key="id", settings=settings)
    newer = IndexSchema(uid=older.uid, version=2, primary_key="id", settings=schema.settings)
    assert not await search.lacks_fields(newer), "it is not there yet"
    await search.prepare(older)
    assert not await search.lacks_fields(newer), "it is empty"
    vectors = {"_vectors": {"meaning": None}} if "embedders" in schema.settings else {}
    await search.upsert(older.uid, [{"id": "one", "text": "walrus"} | vectors])
    assert await search.lacks_fields(newer)
    await search.prepare(newer)
    assert not await search.lacks_fields(newer)
    await drop(search, older.uid)


async def test_a_new_embedder_takes_the_existing_vectors(search: MeilisearchSearch) -> None:
    uid = f"late-{uuid4().hex}"
    plain = IndexSchema(uid=uid, version=1, primary_key="id", settings={"searchableAttributes": ["text"]})
    await search.prepare(plain)
    given = {"fits": [1.0, 0.0], "short": [1.0], "none": None}
    older = [{"id": one, "_vectors": {"meaning": row}} for one, row in given.items()]
    await search.upsert(uid, [*older, {"id": "old"}])
    embedders = {"meaning": {"source": "userProvided", "dimensions": 2}}
    await search.prepare(IndexSchema(uid=uid, version=2, primary_key="id", settings={"embedders": embedders}))
    found = {one["id"]: one["_vectors"]["meaning"]["embeddings"] for one in await contents(search, uid)}
    assert found == {"fits": [[1.0, 0.0]], "short": [], "none": [], "old": []}
    await drop(search, uid)
