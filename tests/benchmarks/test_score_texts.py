"""The labels match the windows that the benchmark cuts: none is missing, no text has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.ranking.score_texts import sampled, texts
from tests.support.media.shared_media import media

LABELS = Path(__file__).parents[2] / "benchmarks/labels"


@pytest.mark.parametrize("reader", ["a", "b"])
def test_each_pass_labels_each_sampled_window_once(reader: str) -> None:
    found = texts(media("text").parent)
    cut = [(one.name, one.first, one.last) for name, said in found.items() for one in sampled(name, said)]
    labels = json.loads((LABELS / f"worth_pass_{reader}.json").read_text())["labels"]
    assert sorted((one["text"], one["first"], one["last"]) for one in labels) == sorted(cut)
    assert {one["label"] for one in labels} == {0, 1, 2, 3}
