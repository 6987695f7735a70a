"""Searches of the search front by meaning: vectors kept, shown, mixed with words, refused where they do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from meilisearch.errors import MeilisearchApiError

from tests.contract.rigs.search_index import client, done, ids, index

__all__ = ["client", "index"]
pytestmark = pytest.mark.contract


VECTORS = {"a1": [1.0, 0.0], "a2": [0.6, 0.8], "a3": [[0.0, 1.0], [-1.0, 0.0]], "a4": None, "a5": [0.0, -1.0]}
EMBEDDERS = {"meaning": {"source": "userProvided", "dimensions": 2}}


@pytest.fixture
def vector_index(client: Any, index: Any) -> Any:
    """The same documents with vectors of two numbers."""
    done(client, index.update_documents([{"id": one, "_vectors": {"meaning": row}} for one, row in VECTORS.items()]))
    done(client, index.update_settings({"embedders": EMBEDDERS}))
    return index


def near(vector: list[float], ratio: float, **more: Any) -> dict[str, Any]:
    return {"vector": vector, "hybrid": {"embedder": "meaning", "semanticRatio": ratio}, **more}


def test_vectors_find_documents_that_words_do_not(client: Any, vector_index: Any) -> None:
    answer = vector_index.search("solace", near([1.0, 0.0], 1.0, showRankingScore=True))
    assert ids(answer) == ["a1", "a2", "a3", "a5", "a4"], "nearest first; without a vector: behind those with one"
    assert [round(hit["_rankingScore"], 2) for hit in answer["hits"]] == [1.0, 0.8, 0.5, 0.5, 0.0]
    assert answer["semanticHitCount"] == 5
    near_enough = vector_index.search("solace", near([1.0, 0.0], 1.0, rankingScoreThreshold=0.5))
    assert ids(near_enough) == ["a1", "a2", "a3", "a5"], "what reaches the threshold, and nothing without a vector"
    assert ids(vector_index.search("solace", near([1.0, 0.0], 1.0, rankingScoreThreshold=0.81))) == ["a1"]
    assert ids(vector_index.search("solace", near([1.0, 0.0], 0.0))) == ["a2"]
    both = vector_index.search("zürich", near([1.0, 0.0], 0.5, limit=3))
    assert {"a4", "a1"} <= set(ids(both))
    assert 0 < both["semanticHitCount"] < 3
    assert len(ids(both)) == len(set(ids(both)))
    walled = vector_index.search("x", near([1.0, 0.0], 1.0, filter="org = two", facets=["org"]))
    assert ids(walled) == ["a3", "a5", "a4"]
    assert walled["facetDistribution"] == {"org": {"two": 3}}
    first, second = client.multi_search(
        [{"indexUid": vector_index.uid, "q": "x", **near([0.0, 1.0], 1.0, limit=1)}] * 2
    )["results"]
    assert ids(first) == ids(second) == ["a3"]


def test_vectors_are_stored_replaced_returned_and_removed(client: Any, vector_index: Any) -> None:
    done(client, vector_index.update_documents([{"id": "a1", "extra": 1}]))
    assert ids(vector_index.search("", near([1.0, 0.0], 1.0, limit=1))) == ["a1"], (
        "an update without vectors keeps them"
    )
    assert "_vectors" not in vector_index.search("", near([1.0, 0.0], 1.0))["hits"][0]
    shown = vector_index.search("", near([1.0, 0.0], 1.0, limit=1, retrieveVectors=True))["hits"][0]
    assert shown["_vectors"]["meaning"]["embeddings"] == [[1.0, 0.0]]
    done(client, vector_index.update_documents([{"id": "a1", "_vectors": {"meaning": None}}]))
    some = {"rankingScoreThreshold": 0.001}
    assert "a1" not in ids(vector_index.search("", near([1.0, 0.0], 1.0, **some)))
    again = {"id": "a4", "_vectors": {"meaning": {"embeddings": [1.0, 0.0], "regenerate": False}}}
    done(client, vector_index.update_documents([again]))
    assert ids(vector_index.search("", near([1.0, 0.0], 1.0)))[0] == "a4"
    done(client, vector_index.delete_documents(filter="id = a4"))
    assert "a4" not in ids(vector_index.search("", near([1.0, 0.0], 1.0)))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"id": "n"}, "vector_embedding_error"),
        ({"id": "n", "_vectors": {"meaning": [1.0]}}, "invalid_vector_dimensions"),
        ({"id": "n", "_vectors": {"meaning": "one"}}, "invalid_vectors_type"),
        ({"id": "n", "_vectors": [1.0, 2.0]}, "internal"),
    ],
)
def test_a_document_has_a_vector_or_an_explicit_null(
    client: Any, vector_index: Any, document: dict[str, Any], code: str
) -> None:
    task = client.wait_for_task(vector_index.update_documents([document]).task_uid)
    assert (task.status, task.error["code"]) == ("failed", code)
    assert vector_index.get_stats().number_of_documents == 5


def test_an_embedder_needs_vectors_in_every_document(client: Any, index: Any) -> None:
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
        (near([1.0, 0.0], 1.0, rankingScoreThreshold=1.5), "invalid_search_ranking_score_threshold"),
        ({"vector": "one", "hybrid": {"embedder": "meaning"}}, "invalid_search_vector"),
    ],
)
def test_invalid_vector_searches_are_refused(vector_index: Any, options: dict[str, Any], code: str) -> None:
    with pytest.raises(MeilisearchApiError) as caught:
        vector_index.search("x", options)
    assert caught.value.code == code
