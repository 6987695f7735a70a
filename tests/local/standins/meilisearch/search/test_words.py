"""Words, typos, queries, ranking and highlights of the search front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.standins.meilisearch.index.index_settings import merge_defaults
from local.standins.meilisearch.query.query_text import distance, tokenise, typos
from local.standins.meilisearch.query.terms import Term, parse_query
from local.standins.meilisearch.search.formatting import Style, crop, format_document, paint, spans_of
from local.standins.meilisearch.search.ranking import match_document, rank

WORDS = st.text("abcde", max_size=8)


def slow_distance(a: str, b: str) -> int:
    """Optimal string alignment by its definition."""
    if not a or not b:
        return len(a) + len(b)
    best = min(slow_distance(a[1:], b) + 1, slow_distance(a, b[1:]) + 1, slow_distance(a[1:], b[1:]) + (a[0] != b[0]))
    if len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0]:
        best = min(best, slow_distance(a[2:], b[2:]) + 1)
    return best


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(0, 3))
def test_the_distance_equals_its_definition(a: str, b: str, most: int) -> None:
    true = slow_distance(a, b)
    assert distance(a, b, most) == (true if true <= most else most + 1)


@given(WORDS, WORDS)
def test_an_equal_word_has_no_typo_and_any_other_has_at_most_two(a: str, b: str) -> None:
    assert typos(a, a, 2, False) == 0
    assert typos(a, b, 0, False) in (None, 0)
    assert typos(a, b, 2, False) in (None, 0, 1, 2)


@pytest.mark.parametrize(
    ("wanted", "word", "most", "prefix", "expected"),
    [
        ("quantum", "qantum", 1, False, 1),
        ("quantum", "qunatum", 1, False, 1),
        ("quantum", "buantum", 1, False, None),
        ("algorithms", "lalgorithms", 2, False, 2),
        ("quan", "quantum", 0, True, 0),
        ("quatn", "quantum", 1, True, 1),
        ("quan", "quantum", 0, False, None),
    ],
)
def test_typos_are_allowed_by_word_length(
    wanted: str, word: str, most: int, prefix: bool, expected: int | None
) -> None:
    assert typos(wanted, word, most, prefix) == expected


def test_words_have_a_normal_form_and_a_place() -> None:
    text = "Café — Größe, ＡＢＣ 漢字!"
    assert [token.word for token in tokenise(text)] == ["cafe", "grosse", "abc", "漢", "字"]
    assert [text[t.start : t.end] for t in tokenise(text)] == ["Café", "Größe", "ＡＢＣ", "漢", "字"]


def test_a_query_has_phrases_exclusions_typos_and_a_prefix() -> None:
    query = parse_query('hello "exact words" -not algorithm wor', merge_defaults({}))
    assert [term.words for term in query.terms] == [("hello",), ("exact", "words"), ("algorithm",), ("wor",)]
    assert [term.typos for term in query.terms] == [1, 0, 2, 0]
    assert [term.prefix for term in query.terms] == [False, False, False, True]
    assert [term.words for term in query.excluded] == [("not",)]
    assert not parse_query("wor ", merge_defaults({})).terms[0].prefix
    assert len(parse_query("a " * 50, merge_defaults({})).terms) == 10
    assert parse_query("the", merge_defaults({"stopWords": ["the"]})).terms[0].words == ("the",)


def terms(text: str) -> tuple[Term, ...]:
    return parse_query(text, merge_defaults({})).terms


def test_nearer_words_earlier_attributes_and_fewer_typos_rank_higher() -> None:
    asked = terms("quantum history")

    def ranked(**texts: str) -> tuple[int, int, int]:
        found = rank(match_document(asked, texts), asked, attributes=2)
        return found.typos, found.proximity, found.attribute

    assert ranked(a="quantum history") == (0, 0, 0)
    assert ranked(a="history quantum") == (0, 1, 0)
    assert ranked(a="quantum and its history") == (0, 2, 0)
    assert ranked(a="nothing", b="qantum history") == (1, 0, 1)
    best, worse = (rank(match_document(asked, {"a": text})).score() for text in ("quantum history", "qantum x history"))
    assert 0 < worse < best <= 1


def test_spans_cover_the_typed_letters() -> None:
    assert spans_of("Zürich liegt", terms("zuri")) == [(0, 4)]
    assert spans_of("Straße", terms("strass")) == [(0, 5)]
    assert spans_of("qantum quantum", terms("quantum ")) == [(0, 6), (7, 14)]


@given(st.text(max_size=80), st.integers(0, 10), st.text("abc déf", max_size=6))
def test_painting_and_cropping_lose_nothing_inside(text: str, words: int, query: str) -> None:
    spans = spans_of(text, terms(query))
    style = Style(pre_tag="<", post_tag=">")
    assert len(paint(text, spans, style)) == len(text) + 2 * len(spans)
    cut, moved = crop(text, spans, words, "…")
    assert cut.removeprefix("…").removesuffix("…") in text or cut == text
    assert all(0 <= start <= end <= len(cut) for start, end in moved)


def test_only_requested_attributes_are_highlighted() -> None:
    style = Style(highlight=("title",), crop={"body": 2})
    hit = format_document({"title": "An owl", "body": "one two owl four", "n": 5, "no": None}, terms("owl"), style)
    assert hit == {"title": "An <em>owl</em>", "body": "…owl four", "n": "5", "no": None}
