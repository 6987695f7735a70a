"""The official Meilisearch client on the search front: the calls that we use, and Meilisearch's errors for the rest.

Nothing here is particular to the stand-in but what it refuses (marked so): the suite reads on a real Meilisearch 1.50.
"""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError

from tests.contract.servers import Server, run_search_front

pytestmark = pytest.mark.contract

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "a1",
        "org": "one",
        "text": "The history of quantum computing",
        "at": 1000,
        "tags": ["physics", "talk"],
        "lang": "en",
    },
    {
        "id": "a2",
        "org": "one",
        "text": "A quantum of solace, said the café owner",
        "at": 2000,
        "tags": ["film"],
        "lang": "en",
    },
    {"id": "a3", "org": "two", "text": "Computing the history of the universe", "at": 3000, "tags": [], "lang": "en"},
    {"id": "a4", "org": "two", "text": "Zürich liegt am See", "at": 4000, "tags": ["Physics"], "lang": None},
    {"id": "a5", "org": "two", "text": "量子計算の歴史", "at": 5000, "lang": "ja", "seen": True},
]
SETTINGS = {
    "searchableAttributes": ["text", "tags"],
    "filterableAttributes": ["id", "org", "at", "tags", "lang", "seen"],
    "sortableAttributes": ["at"],
}


def done(client: Any, task: Any) -> Any:
    """The finished task; fails when it failed."""
    ended = client.wait_for_task(task.task_uid, timeout_in_ms=10_000, interval_in_ms=5)
    assert ended.status == "succeeded", ended.error
    return ended


@pytest.fixture
def client(search_front: Server) -> Any:
    return meilisearch.Client(search_front.url, search_front.password, timeout=10)


@pytest.fixture
def index(client: Any) -> Iterator[Any]:
    uid = f"ix-{uuid4().hex}"
    done(client, client.create_index(uid, {"primaryKey": "id"}))
    made = client.index(uid)
    done(client, made.update_settings(SETTINGS))
    done(client, made.add_documents(DOCUMENTS))
    yield made
    done(client, made.delete())


def ids(answer: dict[str, Any]) -> list[Any]:
    return [hit["id"] for hit in answer["hits"]]


def test_health_version_and_stats(client: Any, index: Any) -> None:
    assert client.health() == {"status": "available"}
    assert client.is_healthy()
    assert client.get_version()["pkgVersion"].startswith("1.")
    stats = index.get_stats()
    assert stats.number_of_documents == 5
    assert stats.is_indexing is False
    assert client.get_all_stats()["indexes"][index.uid]["numberOfDocuments"] == 5


def test_indexes_are_made_listed_changed_and_deleted(client: Any) -> None:
    uid = f"made-{uuid4().hex}"
    done(client, client.create_index(uid))
    assert uid in [found.uid for found in client.get_indexes({"limit": 100})["results"]]
    again = client.wait_for_task(client.create_index(uid).task_uid)
    assert (again.status, again.error["code"]) == ("failed", "index_already_exists")
    done(client, client.index(uid).update(primary_key="number"))
    assert client.get_index(uid).primary_key == "number"
    done(client, client.delete_index(uid))
    with pytest.raises(MeilisearchApiError) as caught:
        client.get_index(uid)
    assert (caught.value.code, caught.value.status_code) == ("index_not_found", 404)
    gone = client.wait_for_task(client.delete_index(uid).task_uid)
    assert (gone.status, gone.error["code"]) == ("failed", "index_not_found")


def test_documents_are_replaced_updated_read_and_deleted(client: Any, index: Any) -> None:
    done(client, index.update_documents([{"id": "a1", "extra": 1}]))
    assert index.get_document("a1").text == DOCUMENTS[0]["text"]
    done(client, index.add_documents([{"id": "a1", "text": "only this"}]))
    assert dict(index.get_document("a1")) == {"id": "a1", "text": "only this"}
    page = index.get_documents({"limit": 2, "offset": 1, "fields": ["id"]})
    assert (page.total, [dict(document) for document in page.results]) == (5, [{"id": "a2"}, {"id": "a3"}])
    assert [d.id for d in index.get_documents({"filter": "org = two", "sort": ["at:desc"]}).results] == [
        "a5",
        "a4",
        "a3",
    ]
    done(client, index.delete_document("a1"))
    with pytest.raises(MeilisearchApiError) as caught:
        index.get_document("a1")
    assert caught.value.code == "document_not_found"
    with pytest.warns(DeprecationWarning, match="ids"):
        assert done(client, index.delete_documents(["a2", "nope"])).details["deletedDocuments"] == 1
    assert done(client, index.delete_documents(filter="org = two AND at > 3000")).details["deletedDocuments"] == 2
    assert ids(index.search("")) == ["a3"]
    done(client, index.delete_all_documents())
    assert index.search("")["estimatedTotalHits"] == 0


def test_a_task_is_told_about_from_queue_to_end(client: Any, index: Any) -> None:
    info = index.add_documents([{"id": "t"}])
    assert (info.status, info.index_uid, info.type) == ("enqueued", index.uid, "documentAdditionOrUpdate")
    task = done(client, info)
    assert task.details == {"receivedDocuments": 1, "indexedDocuments": 1}
    assert task.enqueued_at <= task.started_at <= task.finished_at
    assert task.duration.startswith("PT")
    page = client.get_tasks({"indexUids": [index.uid], "types": ["documentAdditionOrUpdate"], "limit": "1"})
    assert page.results[0].uid == info.task_uid
    assert page.total == 2
    assert page.next_ is not None
    assert client.get_tasks({"statuses": ["failed"], "indexUids": [index.uid]}).results == []
    with pytest.raises(MeilisearchApiError) as caught:
        client.get_task(10**9)
    assert caught.value.code == "task_not_found"
    with pytest.raises(MeilisearchApiError) as caught:
        client.get_tasks({"statuses": ["sleeping"]})
    assert caught.value.code == "invalid_task_statuses"


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([{"name": "x"}], "missing_document_id"),
        ([{"id": "a b"}], "invalid_document_id"),
        ([{"id": True}], "invalid_document_id"),
        ([{"id": "good"}, {"id": 1.5}], "invalid_document_id"),
    ],
)
def test_bad_documents_fail_the_whole_task(client: Any, index: Any, documents: Any, code: str) -> None:
    task = client.wait_for_task(index.add_documents(documents).task_uid)
    assert (task.status, task.error["code"], task.error["type"]) == ("failed", code, "invalid_request")
    assert index.get_stats().number_of_documents == 5


def test_settings(client: Any, index: Any) -> None:
    assert index.get_settings()["searchableAttributes"] == ["text", "tags"]
    done(client, index.update_typo_tolerance({"minWordSizeForTypos": {"oneTypo": 4}}))
    assert index.get_typo_tolerance().min_word_size_for_typos.two_typos == 9
    done(client, index.update_ranking_rules(["words", "typo", "at:desc"]))
    assert index.get_ranking_rules() == ["words", "typo", "at:desc"]
    assert ids(index.search("history")) == ["a3", "a1"]
    done(client, index.reset_ranking_rules())
    assert index.get_ranking_rules()[0] == "words"
    done(client, index.update_displayed_attributes(["id"]))
    assert index.search("solace")["hits"] == [{"id": "a2"}]
    done(client, index.update_stop_words(["the", "of"]))
    done(client, index.update_filterable_attributes(["org"]))
    with pytest.raises(MeilisearchApiError) as caught:
        index.search("", {"filter": "at = 1"})
    assert caught.value.code == "invalid_search_filter"
    for change, code in (
        ({"rankingRules": ["nonsense"]}, "invalid_settings_ranking_rules"),
        ({"searchableAttributes": "text"}, "invalid_settings_searchable_attributes"),
        ({"noSuchThing": 1}, "bad_request"),
    ):
        with pytest.raises(MeilisearchApiError) as caught:
            index.update_settings(change)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("quantum", {"a1", "a2"}),
        ("quantmu", {"a1", "a2"}),  # two letters swapped
        ("qantum", {"a1", "a2"}),  # one left out
        ("buantum", set()),  # the first letter counts as two
        ("computign", {"a1", "a3"}),
        ("quan", {"a1", "a2"}),  # a beginning
        ("quan ", set()),  # not with a space after it
        ("cafe", {"a2"}),
        ("ZURICH", {"a4"}),
        ("量子", {"a5"}),
        ("歴史", {"a5"}),
        ('"quantum of"', {"a2"}),
        ('"of quantum"', {"a1"}),
        ("quantum -solace", {"a1"}),
        ("", {"a1", "a2", "a3", "a4", "a5"}),
        ("xylophone", set()),
    ],
)
def test_what_words_find(index: Any, query: str, found: set[str]) -> None:
    assert set(ids(index.search(query, {"matchingStrategy": "all"}))) == found


def test_the_best_answer_is_first(client: Any, index: Any) -> None:
    assert ids(index.search("quantum computing"))[0] == "a1"
    assert ids(index.search("history of computing"))[:2] == ["a1", "a3"]
    assert ids(index.search("quantum solace", {"matchingStrategy": "all"})) == ["a2"]
    assert set(ids(index.search("quantum history nonsense", {"matchingStrategy": "last"}))) >= {"a1"}
    assert ids(index.search("quantum nonsense", {"matchingStrategy": "all"})) == []
    scores = [hit["_rankingScore"] for hit in index.search("quantum computing", {"showRankingScore": True})["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] <= 1
    done(client, index.update_synonyms({"boffin": ["physics", "see"]}))
    assert "a4" in ids(index.search("boffin"))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("org = one", "a1 a2"),
        ("org = 'ONE'", "a1 a2"),
        ("org != one", "a3 a4 a5"),
        ('org = "one" AND at > 1000', "a2"),
        ("at 2000 TO 4000", "a2 a3 a4"),
        ("at >= 4000 OR at < 2000", "a1 a4 a5"),
        ("NOT org = one AND NOT at = 3000", "a4 a5"),
        ("org IN [one, three] AND (at = 1000 OR at = 9)", "a1"),
        ("org NOT IN [one]", "a3 a4 a5"),
        ("tags = physics", "a1 a4"),
        ("tags EXISTS", "a1 a2 a3 a4"),
        ("tags NOT EXISTS", "a5"),
        ("tags IS EMPTY", "a3"),
        ("tags IS NOT EMPTY AND tags EXISTS", "a1 a2 a4"),
        ("lang IS NULL", "a4"),
        ("seen = true", "a5"),
        ("id STARTS WITH a", "a1 a2 a3 a4 a5"),
        (["org = two", ["at = 3000", "at = 5000"]], "a3 a5"),
        ([["org = one", "at = 5000"]], "a1 a2 a5"),
    ],
)
def test_filters(index: Any, expression: Any, found: str) -> None:
    assert sorted(ids(index.search("", {"filter": expression}))) == found.split()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"filter": "org"}, "invalid_search_filter"),
        ({"filter": "org = one AND"}, "invalid_search_filter"),
        ({"filter": "org = one org = two"}, "invalid_search_filter"),
        ({"filter": "(org = one"}, "invalid_search_filter"),
        ({"filter": "secret = 1"}, "invalid_search_filter"),
        ({"filter": 5}, "invalid_search_filter"),
        ({"sort": ["text:asc"]}, "invalid_search_sort"),
        ({"sort": ["at"]}, "invalid_search_sort"),
        ({"facets": ["text"]}, "invalid_search_facets"),
        ({"limit": "many"}, "invalid_search_limit"),
        ({"offset": -1}, "invalid_search_offset"),
        ({"matchingStrategy": "most"}, "invalid_search_matching_strategy"),
        ({"attributesToSearchOn": ["lang"]}, "invalid_search_attributes_to_search_on"),
        ({"nonsense": 1}, "bad_request"),
    ],
)
def test_bad_searches_are_refused_as_meilisearch_does(index: Any, options: dict[str, Any], code: str) -> None:
    with pytest.raises(MeilisearchApiError) as caught:
        index.search("x", options)
    assert (caught.value.code, caught.value.type, caught.value.status_code) == (code, "invalid_request", 400)


def test_sort_pages_and_facets(index: Any) -> None:
    answer = index.search("", {"sort": ["at:desc"], "limit": 2, "offset": 1, "facets": ["org", "tags", "at"]})
    assert ids(answer) == ["a4", "a3"]
    assert (answer["limit"], answer["offset"], answer["estimatedTotalHits"]) == (2, 1, 5)
    assert answer["facetDistribution"]["org"] == {"one": 2, "two": 3}
    assert answer["facetStats"]["at"] == {"min": 1000, "max": 5000}
    paged = index.search("", {"hitsPerPage": 2, "page": 3})
    assert (len(paged["hits"]), paged["totalHits"], paged["totalPages"]) == (1, 5, 3)
    assert ids(index.search("", {"distinct": "org"})) == ["a1", "a3"]


def test_highlight_crop_and_positions(index: Any) -> None:
    options = {
        "attributesToRetrieve": ["id", "at"],
        "attributesToHighlight": ["text"],
        "attributesToCrop": ["text:3"],
        "cropMarker": "[…]",
        "highlightPreTag": "<mark>",
        "highlightPostTag": "</mark>",
        "showMatchesPosition": True,
    }
    (hit,) = index.search("café", options)["hits"]
    assert {"id", "at", "_formatted", "_matchesPosition"} == set(hit)
    assert "<mark>café</mark>" in hit["_formatted"]["text"]
    assert hit["_formatted"]["text"].startswith("[…]")
    assert hit["_formatted"]["at"] == "2000"
    assert hit["_matchesPosition"]["text"] == [{"start": 30, "length": 5}]
    (zurich,) = index.search("zuri", {"attributesToHighlight": ["*"]})["hits"]
    assert zurich["_formatted"]["text"] == "<em>Züri</em>ch liegt am See"


def test_multi_search_and_swap(client: Any, index: Any) -> None:
    other = f"other-{uuid4().hex}"
    done(client, client.create_index(other, {"primaryKey": "id"}))
    done(client, client.index(other).add_documents([{"id": 7, "text": "quantum elsewhere"}]))
    asked = [{"indexUid": index.uid, "q": "quantum"}, {"indexUid": other, "q": "elsewhere"}]
    first, second = client.multi_search(asked)["results"]
    assert (first["indexUid"], len(first["hits"]), ids(second)) == (index.uid, 2, [7])
    done(client, client.swap_indexes([{"indexes": [index.uid, other]}]))
    assert ids(index.search("quantum")) == [7]
    done(client, client.swap_indexes([{"indexes": [index.uid, other]}]))
    done(client, client.delete_index(other))
    with pytest.raises(MeilisearchApiError) as caught:
        client.multi_search([{"indexUid": "no-such-index", "q": "x"}])
    assert caught.value.code == "index_not_found"


def test_keys_and_tenant_tokens_are_walls(search_front: Server, client: Any, index: Any) -> None:
    for wrong, code in (("wrong-key", "invalid_api_key"), ("a.b.c", "invalid_api_key")):
        with pytest.raises(MeilisearchApiError) as caught:
            meilisearch.Client(search_front.url, wrong).get_indexes()
        assert caught.value.code == code
    assert httpx2.get(f"{search_front.url}/indexes").json()["code"] == "missing_authorization_header"
    assert {key.name for key in client.get_keys().results} >= {"Default Search API Key", "Default Admin API Key"}
    key = client.create_key({"description": "t", "actions": ["search"], "indexes": [index.uid], "expiresAt": None})
    searcher = meilisearch.Client(search_front.url, key.key)
    assert len(searcher.index(index.uid).search("quantum")["hits"]) == 2
    with pytest.raises(MeilisearchApiError) as caught:
        searcher.index(index.uid).delete_all_documents()
    assert caught.value.code == "invalid_api_key"
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    token = searcher.generate_tenant_token(key.uid, {index.uid: {"filter": "org = two"}}, expires_at=soon)
    tenant = meilisearch.Client(search_front.url, token)
    assert ids(tenant.index(index.uid).search("quantum")) == []
    assert ids(tenant.index(index.uid).search("", {"filter": "at >= 1000"})) == ["a3", "a4", "a5"]
    assert ids(tenant.index(index.uid).search("", {"filter": [["org = one", "org = two"]]})) == ["a3", "a4", "a5"]
    elsewhere = searcher.generate_tenant_token(key.uid, {"another": None})
    forged = token.rsplit(".", 1)[0] + "." + elsewhere.rsplit(".", 1)[1]
    for bad in (forged, elsewhere):
        with pytest.raises(MeilisearchApiError) as caught:
            meilisearch.Client(search_front.url, bad).index(index.uid).search("")
        assert caught.value.code == "invalid_api_key"
    client.delete_key(key.uid)
    with pytest.raises(MeilisearchApiError):
        tenant.index(index.uid).search("")


def test_what_the_stand_in_cannot_do_it_refuses(client: Any, index: Any) -> None:
    for attempt in (
        lambda: index.update_settings({"embedders": {"e": {"source": "huggingFace"}}}),
        lambda: index.search("x", {"showRankingScoreDetails": True}),
        lambda: index.search("", {"filter": "_geoRadius(1, 2, 3)"}),
        lambda: index.update_dictionary(["J. R. R."]),
        lambda: index.facet_search("org", "on"),
        client.create_dump,
        client.get_batches,
        lambda: client.multi_search([{"indexUid": index.uid, "q": ""}], {"limit": 1}),
    ):
        with pytest.raises(MeilisearchApiError) as caught:
            attempt()
        assert caught.value.code == "feature_not_enabled"


VECTORS = {"a1": [1.0, 0.0], "a2": [0.6, 0.8], "a3": [[0.0, 1.0], [-1.0, 0.0]], "a4": None, "a5": [0.0, -1.0]}
EMBEDDERS = {"meaning": {"source": "userProvided", "dimensions": 2}}


@pytest.fixture
def meant(client: Any, index: Any) -> Any:
    """The same documents with vectors of two numbers."""
    done(client, index.update_documents([{"id": one, "_vectors": {"meaning": row}} for one, row in VECTORS.items()]))
    done(client, index.update_settings({"embedders": EMBEDDERS}))
    return index


def near(vector: list[float], ratio: float, **more: Any) -> dict[str, Any]:
    return {"vector": vector, "hybrid": {"embedder": "meaning", "semanticRatio": ratio}, **more}


def test_meaning_finds_what_words_do_not(client: Any, meant: Any) -> None:
    answer = meant.search("solace", near([1.0, 0.0], 1.0, showRankingScore=True))
    assert ids(answer) == ["a1", "a2", "a3", "a5"], "nearest first; a document without a vector is not found"
    assert [round(hit["_rankingScore"], 2) for hit in answer["hits"]] == [1.0, 0.8, 0.5, 0.5]
    assert answer["semanticHitCount"] == 4
    assert ids(meant.search("solace", near([1.0, 0.0], 0.0))) == ["a2"]
    both = meant.search("zürich", near([1.0, 0.0], 0.5, limit=3))
    assert {"a4", "a1"} <= set(ids(both))
    assert 0 < both["semanticHitCount"] < 3
    assert len(ids(both)) == len(set(ids(both)))
    walled = meant.search("x", near([1.0, 0.0], 1.0, filter="org = two", facets=["org"]))
    assert ids(walled) == ["a3", "a5"]
    assert walled["facetDistribution"] == {"org": {"two": 2}}
    first, second = client.multi_search([{"indexUid": meant.uid, "q": "x", **near([0.0, 1.0], 1.0, limit=1)}] * 2)[
        "results"
    ]
    assert ids(first) == ids(second) == ["a3"]


def test_vectors_are_kept_replaced_shown_and_forgotten(client: Any, meant: Any) -> None:
    done(client, meant.update_documents([{"id": "a1", "extra": 1}]))
    assert ids(meant.search("", near([1.0, 0.0], 1.0, limit=1))) == ["a1"], "an update without vectors keeps them"
    assert "_vectors" not in meant.search("", near([1.0, 0.0], 1.0))["hits"][0]
    shown = meant.search("", near([1.0, 0.0], 1.0, limit=1, retrieveVectors=True))["hits"][0]
    assert shown["_vectors"]["meaning"]["embeddings"] == [[1.0, 0.0]]
    done(client, meant.update_documents([{"id": "a1", "_vectors": {"meaning": None}}]))
    assert "a1" not in ids(meant.search("", near([1.0, 0.0], 1.0)))
    again = {"id": "a4", "_vectors": {"meaning": {"embeddings": [1.0, 0.0], "regenerate": False}}}
    done(client, meant.update_documents([again]))
    assert ids(meant.search("", near([1.0, 0.0], 1.0)))[0] == "a4"
    done(client, meant.delete_documents(filter="id = a4"))
    assert "a4" not in ids(meant.search("", near([1.0, 0.0], 1.0)))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"id": "n"}, "vector_embedding_error"),
        ({"id": "n", "_vectors": {"meaning": [1.0]}}, "invalid_vector_dimensions"),
        ({"id": "n", "_vectors": {"meaning": "one"}}, "invalid_vectors_type"),
        ({"id": "n", "_vectors": [1.0, 2.0]}, "invalid_vectors_type"),
    ],
)
def test_a_document_brings_its_vector_or_says_that_it_has_none(
    client: Any, meant: Any, document: dict[str, Any], code: str
) -> None:
    task = client.wait_for_task(meant.update_documents([document]).task_uid)
    assert (task.status, task.error["code"]) == ("failed", code)
    assert meant.get_stats().number_of_documents == 5


def test_an_embedder_is_refused_while_documents_have_no_vectors_for_it(client: Any, index: Any) -> None:
    task = client.wait_for_task(index.update_settings({"embedders": EMBEDDERS}).task_uid)
    assert (task.status, task.error["code"]) == ("failed", "vector_embedding_error")
    assert not index.get_settings()["embedders"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"vector": [1.0, 0.0]}, "missing_search_hybrid"),
        ({"vector": [1.0], "hybrid": {"embedder": "meaning"}}, "invalid_vector_dimensions"),
        ({"vector": [1.0, 0.0], "hybrid": {"embedder": "nobody"}}, "invalid_search_embedder"),
        (near([1.0, 0.0], 1.5), "invalid_search_semantic_ratio"),
        ({"vector": "one", "hybrid": {"embedder": "meaning"}}, "invalid_search_vector"),
    ],
)
def test_bad_questions_about_meaning_are_refused(meant: Any, options: dict[str, Any], code: str) -> None:
    with pytest.raises(MeilisearchApiError) as caught:
        meant.search("x", options)
    assert caught.value.code == code


def test_http_errors_have_meilisearchs_form(search_front: Server, index: Any) -> None:
    headers = {"Authorization": f"Bearer {search_front.password}"}
    json, text = (headers | {"Content-Type": kind} for kind in ("application/json", "text/plain"))
    url = f"{search_front.url}/indexes/{index.uid}"
    for answer, status, code in (
        (httpx2.post(f"{url}/search", headers=headers, content=b"{"), 415, "missing_content_type"),
        (
            httpx2.post(f"{url}/search", headers=text, content=b"{}"),
            415,
            "invalid_content_type",
        ),
        (
            httpx2.post(f"{url}/search", headers=json, content=b"{"),
            400,
            "malformed_payload",
        ),
        (httpx2.get(f"{search_front.url}/no/such", headers=headers), 404, "not_found"),
        (httpx2.post(f"{search_front.url}/indexes", headers=headers, json={"uid": "a b"}), 400, "invalid_index_uid"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert set(answer.json()) == {"message", "code", "type", "link"}


def test_tasks_and_documents_survive_kill_9(tmp_path: Path) -> None:
    with run_search_front(tmp_path) as server:
        client = meilisearch.Client(server.url, server.password)
        done(client, client.create_index("kept", {"primaryKey": "id"}))
        done(client, client.index("kept").add_documents([{"id": 0, "text": "first"}]))
        tasks = []
        for start in range(1, 2000, 100):
            batch = [{"id": n, "text": f"word{n} common"} for n in range(start, start + 100)]
            tasks.append(client.index("kept").add_documents(batch))
        server.stop(signal.SIGKILL)
        server.start()
        for task in tasks:
            done(client, task)
        assert client.index("kept").search("common")["estimatedTotalHits"] == 1000
        assert client.index("kept").search("word1999")["hits"][0]["id"] == 1999
        assert client.index("kept").get_stats().number_of_documents == 2001
        server.stop(signal.SIGTERM)
        server.start()
        assert ids(client.index("kept").search("first")) == [0]
