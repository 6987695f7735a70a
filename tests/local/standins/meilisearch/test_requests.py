"""Filters, settings and search requests of the search front, refused as Meilisearch refuses them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.index.attributes import covers, rows_of
from local.standins.meilisearch.index.index_settings import DEFAULTS, check_settings, merge_defaults, update_settings
from local.standins.meilisearch.query.filters import And, Condition, Not, Or, fields_of, parse_filter
from local.standins.meilisearch.search.search_request import read_search

A, B, C = (Condition(name, "=", ("1",)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = 1", A),
        ("a=1 AND b=1 OR c=1", Or((And((A, B)), C))),
        ("a = 1 AND (b = 1 OR c = 1)", And((A, Or((B, C))))),
        ("NOT a = 1", Not(A)),
        ("not a = 1 and b = 1", And((Not(A), B))),
        ('a IN [x, \'y z\', "q\\"r"]', Condition("a", "IN", ("x", "y z", 'q"r'))),
        ("a NOT IN []", Not(Condition("a", "IN", ()))),
        ("a 1 TO 5", Condition("a", "TO", ("1", "5"))),
        ("a.b IS NOT NULL", Not(Condition("a.b", "NULL"))),
        ('"a b" EXISTS', Condition("a b", "EXISTS")),
        (["a = 1", ["b = 1", "c = 1"]], And((A, Or((B, C))))),
        ("", None),
        ([], None),
    ],
)
def test_filters_parse_to_trees(text: object, tree: object) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    "text", ["a", "a =", "= 1", "a = 1 b", "(a = 1", "a IN x", "a ~ 1", "a IN [1", "a 1 TO", '"a', 5]
)
def test_bad_filters_are_refused(text: object) -> None:
    with pytest.raises(MeiliError) as caught:
        parse_filter(text)
    assert caught.value.code == "invalid_search_filter"


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_an_error(text: str) -> None:
    try:
        node = parse_filter(text)
    except MeiliError:
        return
    assert node is None or fields_of(node)


def test_deep_nesting_is_refused_without_a_crash() -> None:
    with pytest.raises(MeiliError, match="depth"):
        parse_filter("(" * 5000 + "a = 1" + ")" * 5000)
    with pytest.raises(MeiliError, match="depth"):
        parse_filter("NOT " * 5000 + "a = 1")


def test_values_of_nested_attributes_are_found() -> None:
    document = {"a": [1, "Ärger", True], "b": None, "c": {"d": 2.5}, "e": [], "f": "left out"}
    rows = list(rows_of(document, ["a", "b", "c", "e"]))
    assert ("a", "v", "Ärger", None) in rows
    assert ("a", "v", "true", None) in rows
    assert ("a", "v", None, 1.0) in rows
    assert ("b", "n", None, None) in rows
    assert ("c.d", "v", None, 2.5) in rows
    assert ("e", "z", None, None) in rows
    assert not any(row[0] == "f" for row in rows)
    assert covers("c", "c.d")
    assert not covers("c", "cd")


def test_settings_are_checked_and_merged() -> None:
    assert merge_defaults({}) == DEFAULTS
    assert (
        merge_defaults({"typoTolerance": {"enabled": False}})["typoTolerance"]["minWordSizeForTypos"]["twoTypos"] == 9
    )
    assert update_settings({"stopWords": ["a"]}, {"stopWords": None}) == {}
    for given_, code in (
        ({"rankingRules": ["nope"]}, "invalid_settings_ranking_rules"),
        ({"synonyms": []}, "invalid_settings_synonyms"),
        ({"typoTolerance": {"what": 1}}, "bad_request"),
        ({"dictionary": ["x"]}, "feature_not_enabled"),
        ({"x": 1}, "bad_request"),
        ([], "bad_request"),
    ):
        with pytest.raises(MeiliError) as caught:
            check_settings(given_)
        assert caught.value.code == code


def test_search_requests_are_checked() -> None:
    asked = read_search({"q": "x", "hitsPerPage": 5, "page": 3, "attributesToRetrieve": None})
    assert asked.window == (10, 5)
    assert read_search({"offset": 4}).window == (4, 20)
    for body, code in (
        ({"limit": -1}, "invalid_search_limit"),
        ({"limit": "1"}, "invalid_search_limit"),
        ({"q": 5}, "invalid_search_q"),
        ({"vector": [1]}, "missing_search_hybrid"),
        ({"vector": [1], "hybrid": {"embedder": "e"}, "sort": ["a:asc"]}, "feature_not_enabled"),
        ({"hybrid": {"semanticRatio": 1}}, "invalid_search_hybrid"),
        ({"showRankingScoreDetails": True}, "feature_not_enabled"),
        ({"what": 1}, "bad_request"),
        ([], "bad_request"),
    ):
        with pytest.raises(MeiliError) as caught:
            read_search(body)
        assert caught.value.code == code
