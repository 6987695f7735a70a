"""Searches of the search front by the official client: words, typos, filters, order, pages, highlights, errors."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from meilisearch.errors import MeilisearchApiError

from tests.contract.rigs.search_index import client, done, ids, index

__all__ = ["client", "index"]
pytestmark = pytest.mark.contract


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
def test_a_query_finds_the_matching_documents(index: Any, query: str, found: set[str]) -> None:
    assert set(ids(index.search(query, {"matchingStrategy": "all"}))) == found


def test_the_best_document_is_first(client: Any, index: Any) -> None:
    assert ids(index.search("quantum computing"))[0] == "a1"
    assert ids(index.search("history of computing"))[:2] == ["a1", "a3"]
    assert ids(index.search("quantum solace", {"matchingStrategy": "all"})) == ["a2"]
    assert set(ids(index.search("quantum history nonsense", {"matchingStrategy": "last"}))) >= {"a1"}
    assert ids(index.search("quantum nonsense", {"matchingStrategy": "all"})) == []
    scores = [hit["_rankingScore"] for hit in index.search("quantum computing", {"showRankingScore": True})["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] <= 1
    done(client, index.update_settings({"synonyms": {"boffin": ["physics", "see"]}}))
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
def test_filters_select_documents(index: Any, expression: Any, found: str) -> None:
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


def test_results_are_sorted_paged_and_counted(index: Any) -> None:
    answer = index.search("", {"sort": ["at:desc"], "limit": 2, "offset": 1, "facets": ["org", "tags", "at"]})
    assert ids(answer) == ["a4", "a3"]
    assert (answer["limit"], answer["offset"], answer["estimatedTotalHits"]) == (2, 1, 5)
    assert answer["facetDistribution"]["org"] == {"one": 2, "two": 3}
    assert answer["facetStats"]["at"] == {"min": 1000, "max": 5000}
    paged = index.search("", {"hitsPerPage": 2, "page": 3})
    assert (len(paged["hits"]), paged["totalHits"], paged["totalPages"]) == (1, 5, 3)


def test_hits_are_highlighted_cropped_and_located(index: Any) -> None:
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


def test_a_multi_search_answers_each_query(client: Any, index: Any) -> None:
    other = f"other-{uuid4().hex}"
    done(client, client.create_index(other, {"primaryKey": "id"}))
    done(client, client.index(other).add_documents([{"id": 7, "text": "quantum elsewhere"}]))
    asked = [{"indexUid": index.uid, "q": "quantum"}, {"indexUid": other, "q": "elsewhere"}]
    first, second = client.multi_search(asked)["results"]
    assert (first["indexUid"], len(first["hits"]), ids(second)) == (index.uid, 2, [7])
    done(client, client.delete_index(other))
    with pytest.raises(MeilisearchApiError) as caught:
        client.multi_search([{"indexUid": "no-such-index", "q": "x"}])
    assert caught.value.code == "index_not_found"
