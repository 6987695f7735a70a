"""Judgements of wording: sheets in each reader's order, tables taken in, shares and agreement."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks.posting.posting_labels import LabelledWindow
from benchmarks.posting.posting_texts import PostingText
from benchmarks.posting.wording import (
    Judgements,
    Wording,
    changed_wordings,
    read_table,
    result_lines,
    sheet,
    stored_passes,
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


def judged(tmp_path: Path, failed: str) -> Judgements:
    """A pass in which every wording A fails these points."""
    table = tmp_path / "a.tsv"
    rows = [f"{number}\t{letter}\t{failed if letter == 'A' else '-'}\twhy" for number in (1, 2, 3) for letter in "AB"]
    table.write_text("\n".join(rows))
    return read_table(table, MOMENTS, WORDINGS, "a")


def test_a_sheet_names_no_system_beyond_its_wording() -> None:
    for reader in ("a", "b"):
        text = sheet(MOMENTS, WORDINGS, reader)
        assert text.count("\n## ") == 3
        assert all(text.count(wording.title) == 1 for wording in WORDINGS)
    assert sheet(MOMENTS, WORDINGS, "a") != sheet(MOMENTS, WORDINGS, "b")


def test_a_table_gives_a_judgement_for_each_wording(tmp_path: Path) -> None:
    judgements = judged(tmp_path, "title_true,hashtags").judgements
    assert sorted(judgement.wording.title for judgement in judgements) == sorted(word.title for word in WORDINGS)
    assert sum(not judgement.failed for judgement in judgements) == 3


def test_an_unknown_point_is_no_judgement(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        judged(tmp_path, "title_nice")


def test_a_changed_wording_is_noticed(tmp_path: Path) -> None:
    changed = msgspec.structs.replace(WORDINGS[0], title="another")
    assert changed_wordings(judged(tmp_path, "hashtags"), [changed, *WORDINGS[1:]]) == [changed]


def test_stored_judgements_can_be_read() -> None:
    for _, passes in stored_passes():
        assert any(line.startswith("product, pass a") for line in result_lines(passes))
