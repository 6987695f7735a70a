"""The official Meilisearch client on the stand-in: indexes, documents, tasks, settings, its key; what survives a kill.

Nothing here is particular to the stand-in but what it refuses (marked so): the suite reads on a real Meilisearch 1.50.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError

from tests.contract.rigs.search_index import DOCUMENTS, client, done, ids, index
from tests.contract.rigs.servers import Server, external_search, run_search_front

__all__ = ["client", "index"]
pytestmark = pytest.mark.contract


def test_health_version_and_stats_are_served(client: Any, index: Any) -> None:
    assert client.health() == {"status": "available"}
    assert client.is_healthy()
    assert client.get_version()["pkgVersion"].startswith("1.")
    stats = index.get_stats()
    assert stats.number_of_documents == 5
    assert stats.is_indexing is False


def test_indexes_are_created_listed_and_deleted(client: Any) -> None:
    uid = f"made-{uuid4().hex}"
    done(client, client.create_index(uid))
    assert uid in [found.uid for found in client.get_indexes({"limit": 100})["results"]]
    again = client.wait_for_task(client.create_index(uid).task_uid)
    assert (again.status, again.error["code"]) == ("failed", "index_already_exists")
    done(client, client.delete_index(uid))
    with pytest.raises(MeilisearchApiError) as caught:
        client.index(uid).get_stats()
    assert (caught.value.code, caught.value.status_code) == ("index_not_found", 404)
    gone = client.wait_for_task(client.delete_index(uid).task_uid)
    assert (gone.status, gone.error["code"]) == ("failed", "index_not_found")


def test_documents_are_replaced_updated_read_and_deleted(client: Any, index: Any) -> None:
    done(client, index.update_documents([{"id": "a1", "extra": 1}]))
    (first,) = index.get_documents({"limit": 1}).results
    assert (first.text, first.extra) == (DOCUMENTS[0]["text"], 1)
    done(client, index.add_documents([{"id": "a1", "text": "only this"}]))
    (first,) = index.get_documents({"limit": 1}).results
    assert dict(first) == {"id": "a1", "text": "only this"}
    page = index.get_documents({"limit": 2, "offset": 1, "fields": ["id"]})
    assert (page.total, [dict(document) for document in page.results]) == (5, [{"id": "a2"}, {"id": "a3"}])
    assert done(client, index.delete_documents(filter="org = two AND at > 3000")).details["deletedDocuments"] == 2
    assert set(ids(index.search(""))) == {"a1", "a2", "a3"}
    for bad, code in (("", "invalid_document_filter"), ("org", "invalid_document_filter")):
        with pytest.raises(MeilisearchApiError) as caught:
            index.delete_documents(filter=bad)
        assert caught.value.code == code


def test_a_task_is_shown_from_queue_to_end(client: Any, index: Any) -> None:
    info = index.add_documents([{"id": "t"}])
    assert (info.status, info.index_uid, info.type) == ("enqueued", index.uid, "documentAdditionOrUpdate")
    task = done(client, info)
    assert task.details == {"receivedDocuments": 1, "indexedDocuments": 1}
    assert task.enqueued_at <= task.started_at <= task.finished_at
    assert task.duration.startswith("PT")
    with pytest.raises(MeilisearchApiError) as caught:
        client.get_task(10**9)
    assert caught.value.code == "task_not_found"


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


def setting(index: Any, name: str) -> Any:
    path = f"{index.config.paths.index}/{index.uid}/{index.config.paths.setting}"
    return index.http.get(path)[name]


def test_settings_are_read_changed_and_reset(client: Any, index: Any) -> None:
    assert index.get_settings()["searchableAttributes"] == ["text", "tags"]
    done(client, index.update_settings({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 4}}}))
    assert setting(index, "typoTolerance")["minWordSizeForTypos"]["twoTypos"] == 9
    done(client, index.update_settings({"rankingRules": ["words", "typo", "at:desc"]}))
    assert setting(index, "rankingRules") == ["words", "typo", "at:desc"]
    assert ids(index.search("history")) == ["a3", "a1"]
    done(client, index.update_settings({"rankingRules": None}))
    assert setting(index, "rankingRules")[0] == "words"
    done(client, index.update_settings({"displayedAttributes": ["id"]}))
    assert index.search("solace")["hits"] == [{"id": "a2"}]
    done(client, index.update_settings({"stopWords": ["the", "of"]}))
    done(client, index.update_settings({"filterableAttributes": ["org"]}))
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


def test_only_the_master_key_is_let_in(search_front: Server) -> None:
    for wrong in ("wrong-key", "a.b.c"):
        with pytest.raises(MeilisearchApiError) as caught:
            meilisearch.Client(search_front.url, wrong).get_indexes()
        assert (caught.value.code, caught.value.status_code) == ("invalid_api_key", 403)
    answer = httpx2.get(f"{search_front.url}/indexes")
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_authorization_header")


@pytest.mark.skipif(external_search() is not None, reason="a real server can do it")
def test_unsupported_features_are_refused(client: Any, index: Any) -> None:
    for attempt in (
        lambda: index.update_settings({"embedders": {"e": {"source": "huggingFace"}}}),
        lambda: index.search("x", {"showRankingScoreDetails": True}),
        lambda: index.search("", {"filter": "_geoRadius(1, 2, 3)"}),
        lambda: index.update_settings({"dictionary": ["J. R. R."]}),
        lambda: index.update_settings({"distinctAttribute": "org"}),
        lambda: index.search("x", {"distinct": "org"}),
        lambda: index.update_ranking_rules(["words"]),
        lambda: index.get_document("a1"),
        lambda: index.get_documents({"filter": "org = two"}),
        index.delete_all_documents,
        index.reset_settings,
        index.fetch_info,
        client.get_all_stats,
        lambda: client.update_key("a", {"name": "b"}),
        client.get_tasks,
        lambda: client.cancel_tasks({"statuses": "enqueued"}),
        lambda: client.swap_indexes([{"indexes": [index.uid, index.uid]}]),
        lambda: index.facet_search("org", "on"),
        client.create_dump,
        client.get_batches,
        lambda: client.multi_search([{"indexUid": index.uid, "q": ""}], {"limit": 1}),
    ):
        with pytest.raises(MeilisearchApiError) as caught:
            attempt()
        assert caught.value.code == "feature_not_enabled"


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
