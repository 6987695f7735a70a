"""Judgements of wording: sheets in each reader's order, tables taken in, shares and agreement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from benchmarks.posting.posting_labels import LabelledWindow
from benchmarks.posting.posting_texts import PostingText
from benchmarks.posting.wording import (
    Judgements,
    Wording,
    changed_wordings,
    make_key,
    read_checklist,
    read_pass,
    result_lines,
    stored_passes,
    write_sheet,
)
from benchmarks.ranking.score_texts import timed

TEXT = PostingText(
    name="talk", kind="speech", held_out=False, sentences=timed([("A", "One two three four five six seven. " * 9)])
)
MOMENTS = [LabelledWindow(text=TEXT, first=first, last=first + 2, labels=(3, 3)) for first in (0, 3, 6)]
WORDINGS = [
    Wording(
        text="talk", first=moment.first, last=moment.last, system=system, title=f"{system} {moment.first}", hook="",
        description="", hashtags=[],
    )
    for moment in MOMENTS
    for system in ("product", "first_sentence")
]  # fmt: skip


KEY = make_key(MOMENTS, WORDINGS)
ALL_PASS = "1" * 11


def judged(tmp_path: Path, digits: str, reader: str = "a") -> Judgements:
    """A pass that answers these digits for every wording A, and that all points pass for B."""
    answers = tmp_path / f"{reader}.txt"
    answers.write_text("\n".join(f"{name} {digits if name.endswith('A') else ALL_PASS}" for name in KEY))
    return read_pass(answers, KEY, reader)


def test_a_sheet_names_no_system_beyond_its_wording() -> None:
    text = write_sheet(MOMENTS, KEY)
    assert text.count("\n## ") == 3
    assert all(text.count(wording.title) == 1 for wording in WORDINGS)
    assert all(f"**{name}** {wording.title}" in text for name, wording in KEY.items())
    assert len({KEY[f"{number}A"].system for number in (1, 2, 3)}) == 2


def test_answers_give_a_judgement_for_each_wording(tmp_path: Path) -> None:
    judgements = judged(tmp_path, "11011111110").judgements
    assert sorted(judgement.wording.title for judgement in judgements) == sorted(word.title for word in WORDINGS)
    assert [judgement.failed for judgement in judgements if judgement.failed] == [["title_true", "hashtags"]] * 3


def test_rates_and_kappa_are_those_of_two_passes(tmp_path: Path) -> None:
    same = list(result_lines([judged(tmp_path, "01111111111"), judged(tmp_path, "11111111110", "b")]))
    assert "all: both pass 50%, same verdict 100%, kappa 1.00" in same
    other = list(result_lines([judged(tmp_path, "01111111111"), judged(tmp_path, ALL_PASS, "b")]))
    assert "all: both pass 50%, same verdict 50%, kappa 0.00" in other
    passed = sum(wording.system == "product" for name, wording in KEY.items() if name.endswith("B"))
    assert same[0].startswith(f"product, pass a: {passed} of 3")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace(ALL_PASS, "111", 1), "digits"),
        (lambda text: text.replace("1", "2", 1), "no wording of the sheet|digits"),
        (lambda text: text + "\n" + text.splitlines()[0], "judged twice"),
        (lambda text: text.split("\n", 1)[1], "not judged"),
        (lambda text: text + f"\n9A {ALL_PASS}", "no wording of the sheet"),
    ],
)
def test_answers_of_another_form_are_refused(tmp_path: Path, change: Callable[[str], str], problem: str) -> None:
    judged(tmp_path, ALL_PASS)
    answers = tmp_path / "a.txt"
    answers.write_text(change(answers.read_text()))
    with pytest.raises(ValueError, match=problem):
        read_pass(answers, KEY, "a")


def test_the_instructions_explain_each_point_and_the_answers() -> None:
    text = read_checklist()
    assert "hook_alone" in text
    assert "eleven digits" in text


def test_a_changed_wording_is_noticed(tmp_path: Path) -> None:
    changed = msgspec.structs.replace(WORDINGS[0], title="another")
    assert changed_wordings(judged(tmp_path, ALL_PASS), [changed, *WORDINGS[1:]]) == [changed]


def test_stored_judgements_can_be_read() -> None:
    for _, passes in stored_passes():
        assert not passes or any(line.startswith("product, pass a") for line in result_lines(passes))
