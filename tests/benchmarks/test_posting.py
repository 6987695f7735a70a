"""Texts, labels and pairs of windows worth posting: cut, held out by a hash, shown without reactions."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from benchmarks.posting import posting_labels, posting_pairs
from benchmarks.posting.posting_labels import LabelledWindow, agreement_line, read_tables
from benchmarks.posting.posting_texts import (
    Kind,
    PostingText,
    held_out_names,
    podcast,
    presidents,
    read_texts,
    sample_windows,
    sheet,
)
from benchmarks.ranking.score_texts import timed
from tests.support.media.shared_media import media


def text_of(count: int) -> PostingText:
    """A text of so many sentences, four seconds each."""
    return PostingText(
        name="talk",
        kind="speech",
        held_out=False,
        sentences=timed([("A", "One two three four five six seven. " * count)]),
    )


def test_an_episode_is_read_without_breaks_links_and_marks(tmp_path: Path) -> None:
    path = tmp_path / "show.md"
    path.write_text(
        "**Ann:** It *works* \\[laughter\\] at [home](https://example.com). \\[00:10:02.11\\]\n\n"
        "**Break:** \\[00:11:00.00\\]\n\n**Bob:** Yes.\n"
    )
    assert list(podcast(path)) == [("Ann", "It works   at home."), ("Bob", "Yes.")]


@pytest.mark.parametrize(
    ("line", "turn"),
    [
        ("**JIM LEHRER:** Good evening. (Applause.)", ("JIM LEHRER", "Good evening.  ")),
        ("Q: Why?", ("Q", "Why?")),
        ("Mr. Wieghart. Mr. President, why?", ("Mr. Wieghart", "Mr. President, why?")),
        ("THE PRESIDENT:  Thank you.", ("THE PRESIDENT", "Thank you.")),
        ("We won [laughter] in Ohio.", ("Jane Doe", "We won   in Ohio.")),
    ],
)
def test_a_line_of_a_speech_or_debate_is_a_turn(line: str, turn: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "speech.txt"
    path.write_text(f"President: Jane Doe\n\n{line}\n")
    assert list(presidents(path)) == [turn]


def test_a_third_is_held_out_whatever_the_order() -> None:
    names = [f"text {number}" for number in range(9)]
    assert held_out_names(names) == held_out_names(names[::-1])
    assert len(held_out_names(names)) == 3


def test_a_long_text_gives_its_begin_its_middle_and_its_end() -> None:
    text = text_of(1000)
    chosen = sample_windows(text)
    assert len(chosen) == 42
    assert chosen[0].first == 0
    assert chosen[-1].last == len(text.sentences) - 1
    assert chosen == sample_windows(text)


def test_a_sheet_shows_no_reaction_and_not_what_is_held_out() -> None:
    texts = read_texts(media("README.md").parent)
    assert len(texts) >= 30
    assert len({text.kind for text in texts}) == 8
    windows = sum(len(sample_windows(text)) for text in texts)
    assert windows >= 1500
    for kind in {text.kind for text in texts}:
        group = [text for text in texts if text.kind == kind]
        assert sum(text.held_out for text in group) == len(group) // 3
    for text in texts:
        shown = sheet(text).lower()
        assert "laughter]" not in shown
        assert "(applause" not in shown
        assert "held" not in shown.split("\n", 1)[0]


def test_a_table_with_other_windows_is_refused(tmp_path: Path) -> None:
    text = text_of(20)
    path = tmp_path / "speech_talk.tsv"
    rows = [f"{window.first}-{window.last}\t2\ta story" for window in sample_windows(text)]
    path.write_text("\n".join(rows))
    labels = read_tables(tmp_path, "a", [text]).labels
    assert [label.label for label in labels] == [2] * len(rows)
    path.write_text("\n".join(rows[1:]))
    with pytest.raises(ValueError, match="other windows"):
        read_tables(tmp_path, "a", [text])
    path.write_text("\n".join([rows[0].replace("\t2\t", "\t4\t"), *rows[1:]]))
    with pytest.raises(ValueError, match="4 is not a label"):
        read_tables(tmp_path, "a", [text])


def test_agreement_counts_labels_and_sides() -> None:
    text = text_of(20)
    windows = [LabelledWindow(text=text, first=0, last=1, labels=labels) for labels in ((0, 0), (2, 3), (1, 2), (3, 3))]
    assert agreement_line("speech", windows) == "speech, 1, 4, 3: 0.83, 50%, 75%"
    assert [window.is_worth_posting for window in windows] == [False, True, True, True]


def test_each_window_of_the_media_has_both_labels() -> None:
    texts = read_texts(media("README.md").parent)
    for held_out in (False, True):
        assert posting_labels.labelled_windows(texts, held_out=held_out)


def test_pairs_are_of_one_kind_and_of_one_side_of_the_held_out_line() -> None:
    texts = read_texts(media("README.md").parent)
    windows = [
        window for held_out in (False, True) for window in posting_labels.labelled_windows(texts, held_out=held_out)
    ]
    pairs = posting_pairs.sample_pairs(windows)
    assert len(pairs) == posting_pairs.PAIRS_COUNT
    for pair in pairs:
        assert pair.first.text.kind == pair.second.text.kind == pair.kind
        assert pair.first.text.held_out == pair.second.text.held_out
    assert len({frozenset(map(posting_pairs.place_of, (pair.first, pair.second))) for pair in pairs}) == len(pairs)


def test_readers_see_a_pair_in_both_orders_and_their_choices_agree(tmp_path: Path) -> None:
    text = text_of(40)
    windows = [LabelledWindow(text=text, first=at, last=at + 4, labels=(2, 2)) for at in (0, 5)]
    pair = posting_pairs.Pair(kind="speech", first=windows[0], second=windows[1])
    for reader, number in (("a", "1"), ("b", "2")):
        folder = tmp_path / f"pairs_{reader}"
        folder.mkdir()
        for kind in get_args(Kind):
            (folder / f"{kind}.tsv").write_text(f"1\t{number}\ta story\n" if kind == "speech" else "")
    chosen = [
        posting_pairs.read_tables(tmp_path / f"pairs_{reader}", reader, [pair]).choices[0].posted
        for reader in get_args(posting_labels.Reader)
    ]
    assert chosen == [("talk", 0, 4)] * 2
    (tmp_path / "pairs_a" / "speech.tsv").write_text("1\t3\ta story\n")
    with pytest.raises(ValueError, match="3 is neither 1 nor 2"):
        posting_pairs.read_tables(tmp_path / "pairs_a", "a", [pair])


def test_each_pair_has_the_choice_of_both_readers() -> None:
    texts = read_texts(media("README.md").parent)
    windows = [
        window for held_out in (False, True) for window in posting_labels.labelled_windows(texts, held_out=held_out)
    ]
    lines = list(posting_pairs.agreement_lines(posting_pairs.sample_pairs(windows)))
    assert lines[-1].startswith(f"all, {posting_pairs.PAIRS_COUNT}: ")
