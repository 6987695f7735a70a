"""The measurement of a judging model: both orders, readers' choices, a budget for all, and no silence without one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks.posting import judge
from benchmarks.posting.judge import draw_pairs, judge_pairs, main, report
from benchmarks.posting.posting_labels import LabelledWindow, labelled_windows
from benchmarks.posting.posting_pairs import Pair, place_of, read_choices
from benchmarks.posting.posting_texts import read_texts
from tests.detect.judging.fakes import RULES, WRITER, FakeChat, answer
from tests.detect.material_factory import media

COUNT = 60


@pytest.fixture(scope="module", name="pairs")
def drawn_pairs() -> list[Pair]:
    texts = read_texts(media())
    windows: list[LabelledWindow] = [
        window for held_out in (False, True) for window in labelled_windows(texts, held_out=held_out)
    ]
    return draw_pairs(windows, COUNT)


def prefer_longer(first: str, second: str) -> str:
    return answer(first, second, 1 if len(first) > len(second) else 2)


def test_no_pair_is_held_out_and_the_draw_is_the_same_each_time(pairs: list[Pair]) -> None:
    assert len(pairs) == COUNT
    assert not any(pair.is_held_out for pair in pairs)
    choices = read_choices("a")
    assert all(frozenset((place_of(pair.first), place_of(pair.second))) in choices for pair in pairs)


def test_a_model_is_compared_with_length_and_readers(pairs: list[Pair]) -> None:
    chat = FakeChat(prefer_longer)
    judged = asyncio.run(judge_pairs(chat, pairs, WRITER, RULES, 10.0))
    assert len(chat.asked) == 2 * COUNT
    lines = list(report("fake", judged, {place_of(w): 1.0 for pair in pairs for w in (pair.first, pair.second)}))
    assert lines[0] == f"fake: {COUNT} of {COUNT} pairs count, 0 of them decided by the order of the two"
    figures = {name: [line.split(": ", 1)[1] for line in lines if line.startswith(f"  {name}:")] for name in
               ("fake", "the longer one", "the product's score")}  # fmt: skip
    assert figures["fake"] == figures["the longer one"]
    assert all(figure.startswith("50% [50%, 50%]") for figure in figures["the product's score"]), "all are equal there"


def test_a_model_that_chooses_as_the_readers_do_agrees_with_them(pairs: list[Pair]) -> None:
    posted = read_choices("a")
    texts = {judge.text_of(w).text: place_of(w) for pair in pairs for w in (pair.first, pair.second)}

    def as_reader(first: str, second: str) -> str:
        places = texts[first], texts[second]
        return answer(first, second, 1 if posted[frozenset(places)] == places[0] else 2)

    judged = asyncio.run(judge_pairs(FakeChat(as_reader), pairs, WRITER, RULES, 10.0))
    assert [line for line in report("fake", judged, None) if line.startswith("  fake: 100% [100%, 100%]")]


def test_what_does_not_count_is_listed(pairs: list[Pair]) -> None:
    false = json.dumps({"quote_1": "words never said", "quote_2": "nor these here", "posted": 1})
    lines = list(
        report("fake", asyncio.run(judge_pairs(FakeChat(lambda *_: false), pairs[:3], WRITER, RULES, 1.0)), None)
    )
    assert lines[0].startswith("fake: 0 of 3 pairs count")
    assert "  3 do not count: a quote is not in its window" in lines


def test_the_budget_is_that_of_all_pairs(pairs: list[Pair]) -> None:
    chat = FakeChat(prefer_longer)
    judged = asyncio.run(judge_pairs(chat, pairs, WRITER, RULES, 0.05))
    assert sum(one.cost.money for one in judged) <= 0.05
    assert 0 < len(chat.asked) < 2 * COUNT
    assert any("over the budget" in one.reason for one in judged)


def test_without_an_endpoint_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["judge", "--media", str(Path("nowhere"))])
    monkeypatch.delenv("CLIPSTREAM_WRITER_URL", raising=False)
    assert main() == 2
    assert capsys.readouterr().out.strip() == judge.NO_ENDPOINT
