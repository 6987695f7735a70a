"""Refusals of project options, with their texts."""

from __future__ import annotations

import pytest

from schemas.common import TimeRange
from schemas.options.project import LANGUAGES, ProjectOptions, beyond_warnings, broken_rules


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"aspects": ["9:16", "4:5", "1:1", "16:9"]}, []),
        ({"aspects": ["9:16", "9:16"]}, ["aspects"]),
        ({"language": "en"}, []),
        ({"min_score": 0.0}, []),
        ({"min_score": 100.0}, []),
        ({"min_score": -0.1}, ["min_score"]),
        ({"min_score": 100.1}, ["min_score"]),
        ({"min_score": float("nan")}, ["min_score"]),
        ({"skip": [TimeRange(start_ms=0, end_ms=1)] * 100}, []),
        ({"skip": [TimeRange(start_ms=0, end_ms=1)] * 101}, ["skip"]),
        ({"skip": [TimeRange(start_ms=-1, end_ms=-1)]}, ["skip/0/start_ms", "skip/0/end_ms"]),
        ({"skip": [TimeRange(start_ms=1, end_ms=2), TimeRange(start_ms=5, end_ms=5)]}, ["skip/1/end_ms"]),
        ({"language": "haw"}, []),
        ({"language": "xx"}, ["language"]),
        ({"language": "en-US"}, ["language"]),
        ({"glossary": ("Lorenz", "C++", "日本", "שלום", "Ünal 🎉")}, []),
        ({"glossary": ("🎉",)}, ["glossary"]),
        ({"glossary": ("",)}, ["glossary"]),
        ({"glossary": ("<|startoftranscript|>",)}, ["glossary"]),
        ({"glossary": ("one\ntwo",)}, ["glossary"]),
        ({"glossary": ("a" * 61,)}, ["glossary"]),
        ({"glossary": tuple(f"term {at}" for at in range(10_000))}, ["glossary"]),
        ({"script": "Hello."}, []),
        ({"script": " \n"}, ["script"]),
        ({"script": "é" * 30_001}, ["script"]),
        ({"script": "a" * 1_000_000}, ["script"]),
    ],
)
def test_each_option_has_its_range(given: dict[str, object], refused: list[str]) -> None:
    broken = broken_rules(ProjectOptions(**given))
    assert list(broken) == refused
    assert all(broken.values())


def test_the_languages_are_those_of_whisper() -> None:
    assert len(LANGUAGES) == 100
    assert {"en", "de", "ja", "yue", "jw"} <= LANGUAGES


def test_the_aspects_of_a_project_are_the_listed_or_the_single_one() -> None:
    assert ProjectOptions().shapes == ["9:16"]
    assert ProjectOptions(aspect="1:1").shapes == ["1:1"]
    assert ProjectOptions(aspects=["16:9", "4:5"]).shapes == ["16:9", "4:5"]


def test_ranges_to_skip_beyond_the_source_give_a_warning() -> None:
    """Its length is not known when they are given."""
    inside = TimeRange(start_ms=0, end_ms=60_000)
    options = ProjectOptions(skip=[inside, TimeRange(start_ms=50_000, end_ms=60_001)])
    assert beyond_warnings(ProjectOptions(skip=[inside]), 60_000) == []
    (told,) = beyond_warnings(options, 60_000)
    assert "ends at 60 s (60000 ms)" in told
    assert "50 s (50000 ms) to 60.001 s (60001 ms)" in told
    assert "0 ms to 60 s" not in told
    many = ProjectOptions(skip=[TimeRange(start_ms=at, end_ms=at + 1) for at in range(70_000, 70_009)])
    assert "and 4 more" in beyond_warnings(many, 60_000)[0]
