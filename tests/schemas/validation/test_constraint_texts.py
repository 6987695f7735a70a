"""Texts of refusals: allowed values and patterns, in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.http.validation import field_errors
from api.problems.problem_details import ApiProblem
from api.search.query import SearchQuery, choose_indexes
from schemas.options.brand_kit import BrandKit
from streams.renderer.captions.word_painter import parse_colour


@pytest.mark.parametrize(
    ("query", "pointer", "told"),
    [
        ({"q": "a", "mode": "fuzzy"}, "?mode", "one of hybrid, meaning, words"),
        ({"q": "a", "kind": ["zebra"]}, "?kind", "topic, work"),
        ({"q": "a", "only": "everything"}, "?only", "some of segments, clips, chapters, entities, separated by commas"),
    ],
)
def test_a_choice_with_a_description_lists_its_values(query: dict[str, Any], pointer: str, told: str) -> None:
    (found,) = field_errors(query, SearchQuery, prefix="?", strict=False)
    assert found.pointer == pointer
    assert told in found.detail


@pytest.mark.parametrize(
    ("kit", "told"),
    [
        ({"colours": {"primary": "red"}}, "It must be written so: #rrggbb, or #rrggbbaa"),
        ({"end_card": {"fill": "#12345"}}, "It must be written so: #rrggbb, or #rrggbbaa"),
        ({"colours": {"My Red": "#ff0000"}}, "a small letter, then up to 19 more, digits or _"),
    ],
)
def test_a_pattern_is_described_in_words(kit: dict[str, Any], told: str) -> None:
    (found,) = field_errors({"name": "House"} | kit, BrandKit)
    assert told in found.detail
    assert "regex" not in found.detail


def test_a_colour_may_be_written_in_capitals() -> None:
    kit = msgspec.convert({"name": "House", "colours": {"primary": "#E4572E", "text": "#FFFFFFAA"}}, BrandKit)
    assert parse_colour(kit.colours["primary"]) == parse_colour("#e4572e")


@pytest.mark.parametrize("words", [" ", "🎬", "“ ”", "…?!"])
def test_a_query_without_words_is_refused(words: str) -> None:
    with pytest.raises(ApiProblem) as caught:
        choose_indexes(SearchQuery(q=words))
    assert caught.value.errors[0].pointer == "?q"
    assert choose_indexes(SearchQuery(q="é")) == choose_indexes(SearchQuery(q="हिन्दी 7"))
