"""``clipstream search``: its requests, and its output in eighty columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli.__main__ import make_parser
from cli.commands.queries import show_hits
from cli.output.terminal import Display

ID = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"
LINE = "and so the <mark>conservation</mark> <mark>of</mark> <mark>energy</mark> is what we shall speak of for the rest"
HIT = {"project_id": ID, "start_ms": 61_240, "end_ms": 66_080, "word_ms": 64_100, "match_score": 0.987}
NAMED = {"kind": "topic", "name": "kinetic energy", "mentions": [{"start_ms": 64_400}]}
FOUND: dict[str, Any] = {
    "query": "conservation of energy",
    "segments": [HIT | {"highlight": LINE}],
    "clips": [HIT | {"clip_id": ID, "title": "Energy is never lost, and here is the reason why that is so"}],
    "chapters": [HIT | {"title": "Conservation of energy"}],
    "entities": [{"project_id": ID, "word_ms": 3_664_400, "match_score": 0.5} | NAMED],
}


def hits_text(found: dict[str, Any]) -> str:
    out = io.StringIO()
    show_hits(Display(Console(file=out, width=80), lambda: 0.0), found)
    return out.getvalue()


def test_hits_show_the_words_time_and_score_in_eighty_columns() -> None:
    text = hits_text(FOUND)
    assert max(map(len, text.splitlines())) <= 80
    first = text.splitlines()[0].split()
    assert (first[0], first[1], first[-1]) == ("1:04", "0.99", ID[:8])
    assert "clip 1:01 – 1:06  Energy is never lost" in text
    assert "1:01:04  0.50  topic kinetic energy" in text


def test_an_answer_of_an_older_server_is_shown_too() -> None:
    old = {name: value for name, value in FOUND["segments"][0].items() if name not in ("word_ms", "match_score")}
    text = hits_text({"query": "x", "segments": [old], "clips": [], "chapters": [], "entities": []})
    assert text.split()[0] == "1:01"


def test_an_empty_result_says_so() -> None:
    empty = {"segments": [], "clips": [], "chapters": [], "entities": []}
    assert "“seals”" in hits_text({"query": "seals", **empty})
    assert hits_text({"query": "", **empty}).strip() == "There is nothing."


def test_flags_may_repeat_and_words_may_be_absent() -> None:
    line = "search --speaker Ann --speaker Bea,Ltd --language en --since 2026-03-01 --sort time_desc --min-score 0.4"
    given = make_parser().parse_args(line.split())
    assert (given.words, given.speaker, given.language) == ([], ["Ann", "Bea,Ltd"], ["en"])
    assert (given.since, given.sort, given.min_score) == ("2026-03-01", "time_desc", 0.4)
    with pytest.raises(SystemExit):
        make_parser().parse_args(["search", "--min-score", "1.5"])
