"""Walls in the search engine itself: a token shows one organisation, a key does what its process needs."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError

from api.search import handlers
from api.search.query import LISTS, SearchQuery
from core.errors import Unavailable
from core.infra.meilisearch import MeilisearchSearch, index_schemas, migrate_meilisearch
from core.infra.tenant_search import TenantSearch, make_tenant_token
from core.settings import Settings
from schemas.access.search_keys import API_KEY, SEARCH_KEYS, SINK_KEY, derive_search_key
from tests.contract.rigs.api_world import open_world
from tests.contract.rigs.servers import Server, make_settings

pytestmark = pytest.mark.contract
WORD = "walled"
LIFE = dt.timedelta(minutes=1)
Rules = Mapping[str, Any] | Sequence[str] | None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def sign(key: str, claims: Mapping[str, Any], algorithm: str = "HS256") -> str:
    """A JWT of any claims, right or wrong."""
    parts = [{"typ": "JWT", "alg": algorithm}, claims]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = hmac.new(key.encode(), signed, hashlib.sha256).digest() if algorithm != "none" else b""
    return b".".join([signed, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


class Engine:
    """The server with documents of two organisations in each index."""

    def __init__(self, server: Server) -> None:
        self.url, self.master = server.url, server.password
        self.ann, self.bob = uuid4(), uuid4()
        self.api_key = derive_search_key(self.master, API_KEY)
        self.sink_key = derive_search_key(self.master, SINK_KEY)

    def client(self, key: str) -> Any:
        return meilisearch.Client(self.url, key)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a token of Ann's says, changed."""
        rules = {index: {"filter": f'org_id = "{self.ann}"'} for index in API_KEY.indexes}
        right = {"apiKeyUid": str(API_KEY.uid), "searchRules": rules, "exp": int(time.time()) + 60}
        return {name: value for name, value in (right | changes).items() if value is not ...}

    def found(self, key: str, index: str = "segments", **options: Any) -> set[str]:
        """Organisations of the documents that a key or token finds."""
        hits = self.client(key).index(index).search(WORD, {"limit": 100} | options)["hits"]
        return {hit["org_id"] for hit in hits}


@pytest.fixture
async def engine(search_front: Server) -> AsyncIterator[Engine]:
    made = Engine(search_front)
    settings = make_settings(meilisearch=made.url, meilisearch_key=made.master)
    await migrate_meilisearch(settings)
    sink = MeilisearchSearch(made.url, made.sink_key)
    for index in API_KEY.indexes:
        documents = [
            {"id": uuid4().hex, "org_id": str(org_id), "project_id": str(org_id), "text": WORD, "title": WORD,
             "name": WORD, "start_ms": 0, "end_ms": 1, "said_ms": [0], "ordinal": 0, "project_at": 1}
            | ({} if index == "entities" else {"_vectors": {"meaning": None}})
            for org_id in (made.ann, made.bob)
        ]  # fmt: skip
        await sink.upsert(index, documents)
    yield made
    for index in API_KEY.indexes:
        for org_id in (made.ann, made.bob):
            await sink.delete(index, f'org_id = "{org_id}"')
    sink.close()


@pytest.mark.parametrize("index", API_KEY.indexes)
async def test_a_token_finds_no_document_of_another_organisation(engine: Engine, index: str) -> None:
    both, only = {str(engine.ann), str(engine.bob)}, {str(engine.ann)}
    assert engine.found(engine.master, index) >= both, "the search itself finds both"
    bob, ann = f'org_id = "{engine.bob}"', f'org_id = "{engine.ann}"'
    tries: list[tuple[Any, set[str]]] = [
        (None, only), ([], only), (bob, set()), (f"{bob} OR {ann}", only), ([[bob, ann]], only),
        ("org_id EXISTS", only), (f"NOT ({ann})", set()), ([bob, ann], set()),
    ]  # fmt: skip
    search = TenantSearch(engine.url, engine.api_key)
    for asked, expected in tries:
        options = {"filter": asked, "limit": 100, "facets": ["project_id"]}
        (answer,) = await search.search_each(engine.ann, [(index, options)], WORD)
        assert {hit["org_id"] for hit in answer["hits"]} == expected, asked
        assert set(answer["facetDistribution"]["project_id"]) == expected, asked
    with pytest.raises(MeilisearchApiError, match="invalid_search_filter"):
        await search.search_each(engine.ann, [(index, {"filter": f"{ann}) OR ({bob}"})], WORD)
    search.close()


async def test_a_forgotten_filter_shows_nothing_of_others(
    engine: Engine, postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall that this is for: a bug of ours in the one place that makes filters."""
    make_options = handlers.make_options

    def forgetful(org_id: UUID, query: SearchQuery, index: str) -> dict[str, Any]:
        return make_options(org_id, query, index) | {"filter": []}

    monkeypatch.setattr(handlers, "make_options", forgetful)
    search = TenantSearch(engine.url, engine.api_key)
    async with open_world(postgres, search=search) as world:
        stranger = await world.bob.client.get("/v1/search", params={"q": WORD})
        assert stranger.status_code == 200, stranger.text
        assert str(engine.ann) not in stranger.text
        assert all(stranger.json()[name] == [] for name in LISTS), stranger.text
    search.close()


async def test_a_token_that_is_not_ours_is_refused(engine: Engine) -> None:
    right = sign(engine.api_key, engine.claims())
    assert engine.found(right) == {str(engine.ann)}, "what is forged below is otherwise right"
    head, payload, signature = right.split(".")
    everything = {"*": {}}
    forged = {
        "another key": sign(engine.sink_key, engine.claims()),
        "the master key": sign(engine.master, engine.claims()),
        "no key": sign("", engine.claims()),
        "no algorithm": sign(engine.api_key, engine.claims(), "none"),
        "a changed filter": ".".join([head, sign("", engine.claims(searchRules=everything)).split(".")[1], signature]),
        "no signature": f"{head}.{payload}.",
        "another key's uid": sign(engine.api_key, engine.claims(apiKeyUid=str(SINK_KEY.uid))),
        "an unknown uid": sign(engine.api_key, engine.claims(apiKeyUid=str(uuid4()))),
        "no uid": sign(engine.api_key, engine.claims(apiKeyUid=...)),
        "no rules": sign(engine.api_key, engine.claims(searchRules=...)),
        "rules of null": sign(engine.api_key, engine.claims(searchRules=None)),
        "an expired one": sign(engine.api_key, engine.claims(exp=int(time.time()) - 2)),
        "no index": sign(engine.api_key, engine.claims(searchRules={})),
        "another index": sign(engine.api_key, engine.claims(searchRules={"clips": {}})),
    }
    for name, token in forged.items():
        with pytest.raises(MeilisearchApiError) as refused:
            engine.found(token)
        assert (refused.value.code, refused.value.status_code) == ("invalid_api_key", 403), name


async def test_a_token_searches_the_indexes_of_its_key(engine: Engine) -> None:
    token = sign(engine.api_key, engine.claims(searchRules={"*": None}))
    client = engine.client(token)
    attempts: list[Callable[[], Any]] = [
        lambda: engine.found(token, "tombstones"),
        lambda: client.multi_search([{"indexUid": "segments", "q": ""}, {"indexUid": "tombstones", "q": ""}]),
        lambda: client.index("segments").get_documents(),
        lambda: client.index("segments").update_documents([{"id": "a"}]),
        lambda: client.index("segments").delete_documents(filter="org_id EXISTS"),
        client.get_indexes,
        client.get_keys,
    ]
    for attempt in attempts:
        with pytest.raises(MeilisearchApiError) as refused:
            attempt()
        assert (refused.value.code, refused.value.status_code) == ("invalid_api_key", 403)


async def test_a_key_does_what_its_process_needs(engine: Engine) -> None:
    """The least of rights: by what each key may not do."""
    settings = {"stopWords": ["a"]}
    refused: dict[str, list[Callable[[Any], Any]]] = {
        "api": [
            lambda client: client.index("segments").get_documents(),
            lambda client: client.index("segments").update_documents([{"id": "a"}]),
            lambda client: client.index("segments").delete_documents(filter="org_id EXISTS"),
            lambda client: client.index("tombstones").search(""),
            lambda client: client.get_task(0),
        ],
        "sink-meilisearch": [lambda client: client.index("other").search("")],
    }
    of_none: list[Callable[[Any], Any]] = [
        lambda client: client.create_index("other"),
        lambda client: client.index("segments").update_settings(settings),
        lambda client: client.index("segments").get_settings(),
        lambda client: client.delete_index("segments"),
        lambda client: client.get_keys(),
        lambda client: client.delete_key(str(API_KEY.uid)),
        lambda client: client.create_key({"actions": ["*"], "indexes": ["*"], "expiresAt": None}),
    ]
    for process, key in SEARCH_KEYS.items():
        client = engine.client(derive_search_key(engine.master, key))
        for attempt in [*refused[process], *of_none]:
            with pytest.raises(MeilisearchApiError) as error:
                attempt(client)
            assert error.value.code == "invalid_api_key", process


async def test_migrating_gives_each_process_its_key_again(engine: Engine) -> None:
    """Keys that somebody changed or removed; the text that a process has stays valid."""
    admin, uid = engine.client(engine.master), str(API_KEY.uid)
    admin.delete_key(uid)
    token = make_tenant_token(engine.api_key, engine.ann, _now() + LIFE)
    with pytest.raises(MeilisearchApiError, match="invalid"):
        engine.found(token)
    search = TenantSearch(engine.url, engine.api_key)
    with pytest.raises(Unavailable, match="refuses the key"):
        await search.search_each(engine.ann, [("segments", {})], WORD)
    search.close()
    admin.create_key({"uid": uid, "actions": ["*"], "indexes": ["*"], "expiresAt": None})
    await migrate_meilisearch(make_settings(meilisearch=engine.url, meilisearch_key=engine.master))
    found = admin.get_key(uid)
    assert (found.key, sorted(found.actions)) == (engine.api_key, ["search"])
    assert sorted(found.indexes) == sorted(API_KEY.indexes)
    assert engine.found(token) == {str(engine.ann)}


async def test_an_expired_key_ends_its_tokens(engine: Engine) -> None:
    admin, uid = engine.client(engine.master), str(uuid4())
    key = admin.create_key(
        {
            "uid": uid,
            "actions": ["search"],
            "indexes": ["*"],
            "expiresAt": (_now() + dt.timedelta(seconds=1)).isoformat(),
        }
    ).key
    time.sleep(1.2)
    for credential in (key, sign(key, engine.claims(apiKeyUid=uid))):
        with pytest.raises(MeilisearchApiError) as refused:
            engine.found(credential)
        assert refused.value.code == "invalid_api_key"
    admin.delete_key(uid)


def test_the_keys_name_the_indexes_that_there_are() -> None:
    assert sorted(API_KEY.indexes) == sorted(LISTS)
    assert sorted(SINK_KEY.indexes) == sorted(schema.uid for schema in index_schemas())
