"""Pure parts of search: times of matches, languages of a query, options of the engine."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from api.problems.problem_details import ApiProblem
from api.search.match_times import BEGIN, END, MatchRun, choose_run, find_match_ms, find_runs
from api.search.query import SearchQuery, choose_indexes, make_meaning_options, make_options
from api.search.query_languages import make_readings, merge_answers

ORG = UUID(int=1)


def marked(text: str) -> str:
    return text.replace("<", BEGIN).replace(">", END)


def test_adjacent_matches_form_one_run_and_the_longest_counts() -> None:
    found = find_runs(marked("the history <of> it, a <history> <of> <computing>, <history>"))
    assert [run.words for run in found] == [("of",), ("history", "of", "computing", "history")]
    assert choose_run(found).start == "the history of it, a history".index("history", 10)
    assert choose_run([MatchRun(0, ("of",)), MatchRun(9, ("energy",)), MatchRun(20, ("of",))]).start == 9
    assert find_runs("no match") == []


@pytest.mark.parametrize(
    ("formatted", "said"),
    [
        ({"text": "the walrus <swims> far"}, 900),
        ({"text": "<the> <walrus> swims far"}, 100),
        ({"title": "<Swims>", "text": "the walrus swims far"}, 900),
        ({"phrases": ["<far> away"], "text": "x"}, 1200),
        ({"title": "<Tides>", "phrases": ["<tides>", "seals"]}, 7000),
        ({"title": "nothing"}, 50),
        ({}, 50),
    ],
)
def test_a_hit_has_the_time_of_its_matching_words(formatted: dict[str, Any], said: int) -> None:
    shown = {name: [marked(one) for one in v] if isinstance(v, list) else marked(v) for name, v in formatted.items()}
    hit = {"start_ms": 50, "text": "the walrus swims far", "word_at": [0, 100, 4, 300, 11, 900, 17, 1200]}
    hit |= {"phrases": ["tides", "seals"], "phrase_ms": [7000, None], "_formatted": shown}
    assert find_match_ms(hit) == said


def test_a_name_has_the_time_of_the_form_that_matches() -> None:
    mentions = [{"start_ms": 10, "text": "Ms Curie"}, {"start_ms": 70, "text": "Marie"}]
    assert find_match_ms({"mentions": mentions, "_formatted": {"forms": ["Ms Curie", marked("<Marie>")]}}) == 70
    assert find_match_ms({"mentions": mentions, "_formatted": {"name": marked("<Skłodowska>")}}) == 10


def search_locales(**given: Any) -> list[list[str] | None]:
    query = SearchQuery(**given)
    return [one.get("locales") for one in make_readings(query, make_options(ORG, query, "segments"))]


def test_a_query_is_read_in_the_language_of_its_script() -> None:
    assert (
        search_locales(q="half-life") == search_locales(q="") == search_locales(q="history", language=["de"]) == [None]
    )
    assert search_locales(q="れきし") == search_locales(q="量子の歴史") == [["jpn"]]
    assert search_locales(q="역사") == [["kor"]]
    assert search_locales(q="ประวัติศาสตร์") == [["tha"]]
    assert search_locales(q="歴史") == [["jpn"], ["cmn"]]
    assert search_locales(q="歴史", language=["ja"]) == [["jpn"]]
    assert search_locales(q="历史", language=["zh"]) == search_locales(q="歷史", language=["yue"]) == [["cmn"]]
    assert search_locales(q="歴史", language=["ja", "zh"]) == [["jpn"], ["cmn"]]


def test_two_searches_share_no_hit_and_return_one_page() -> None:
    query = SearchQuery(q="歴史", offset=1, limit=2, facets=True)
    options = make_options(ORG, query, "segments")
    first, second = make_readings(query, options)
    assert (first["filter"][-1], second["filter"][-1]) == ('language = "ja"', 'language != "ja"')
    assert (first["offset"], first["limit"]) == (0, 3)
    counts = {"facetDistribution": {"language": {"ja": 2}}, "estimatedTotalHits": 2}
    answers = [
        {"hits": [{"id": 1, "_rankingScore": 0.9}, {"id": 2, "_rankingScore": 0.4}], **counts},
        {"hits": [{"id": 3, "_rankingScore": 1.0}, {"id": 4, "_rankingScore": 0.6}], **counts},
    ]
    page = merge_answers(answers, options)
    assert [hit["id"] for hit in page["hits"]] == [1, 4]
    assert (page["estimatedTotalHits"], page["facetDistribution"]) == (4, {"language": {"ja": 4}})
    by_time = {"sort": ["project_at:desc", "start_ms:asc"], "offset": 0, "limit": 9}
    placed = [
        {"hits": [{"id": 1, "project_at": 5, "start_ms": 9}, {"id": 2, "project_at": 1, "start_ms": 0}]},
        {"hits": [{"id": 3, "project_at": 5, "start_ms": 2}]},
    ]
    assert [hit["id"] for hit in merge_answers(placed, by_time)["hits"]] == [3, 1, 2]


def test_several_values_match_any_and_no_text_lifts_a_filter() -> None:
    odd = 'x"] OR org_id EXISTS OR speaker IN ["'
    query = SearchQuery(q="a", speaker=["Ann", odd], project_title=["one, two"], language=["en", "de"])
    filters = make_options(ORG, query, "segments")["filter"]
    assert filters[0] == f'org_id = "{ORG}"'
    assert 'project_title IN ["one, two"]' in filters
    assert 'language IN ["en", "de"]' in filters
    assert any(r'"x\"] OR org_id EXISTS OR speaker IN [\""]' in one for one in filters)


def test_a_least_score_is_passed_to_the_engine() -> None:
    assert "rankingScoreThreshold" not in make_options(ORG, SearchQuery(q="a"), "clips")
    assert make_options(ORG, SearchQuery(q="a", min_score=0.4), "clips")["rankingScoreThreshold"] == 0.4
    for given, least in ((None, 0.65), (0.0, 0.0001), (0.9, 0.9)):
        query = SearchQuery(q="a", mode="meaning", min_score=given)
        assert make_meaning_options(query, [1.0])["rankingScoreThreshold"] == least


def test_dates_and_order_are_passed_to_the_engine() -> None:
    day = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    options = make_options(ORG, SearchQuery(since=day, until=day + dt.timedelta(days=1)), "entities")
    assert options["sort"] == ["project_at:desc", "ordinal:asc"]
    assert options["filter"][-2:] == ["project_at >= 1772323200000", "project_at < 1772409600000"]
    for sort, rules in (
        ("time", ["project_at:desc", "start_ms:asc"]),
        ("time_desc", ["project_at:desc", "start_ms:desc"]),
        ("oldest", ["project_at:asc", "start_ms:asc"]),
    ):
        assert make_options(ORG, SearchQuery(q="a", sort=sort), "clips")["sort"] == rules  # type: ignore[arg-type]
    assert "sort" not in make_options(ORG, SearchQuery(q="a"), "clips")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"mode": "meaning"}, "?mode"),
        ({"q": "a", "mode": "hybrid", "sort": "time"}, "?sort"),
        ({"since": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "until": dt.datetime(2026, 3, 1, tzinfo=dt.UTC)}, "?until"),
    ],
)
def test_parameters_that_exclude_each_other_are_refused(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        choose_indexes(SearchQuery(**given))
    assert caught.value.errors[0].pointer == pointer
