"""Corrections: words take the time of those they replace, segments keep covering all words, the rest stays."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.transcripts.corrections import BadEditError, WordEdit, corrected
from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript

SAID = ("we met doctor whom", "in paris last year")


def transcript() -> Transcript:
    words = [
        Word(text=text, start_ms=500 * at, end_ms=500 * at + 400, probability=0.5, speaker="A")
        for at, text in enumerate(" ".join(SAID).split())
    ]
    segments = [
        Segment(
            start_ms=words[first].start_ms, end_ms=words[first + 3].end_ms, text=text, first_word=first,
            end_word=first + 4, trust="doubtful", doubts=["unsure"],
        )
        for first, text in zip((0, 4), SAID, strict=True)
    ]  # fmt: skip
    return Transcript(
        language="en", language_probability=1.0, duration_ms=4_000, words=words, segments=segments, speech=[], model="m"
    )


def edit(first: int, end: int, text: str) -> WordEdit:
    return WordEdit(first_word=first, end_word=end, text=text)


def test_a_word_for_a_word_keeps_its_time() -> None:
    after, (change,) = corrected(transcript(), [edit(3, 4, "Who.")], 2)
    assert (after.words[3].text, after.words[3].start_ms, after.words[3].end_ms) == ("Who.", 1500, 1900)
    assert (after.words[3].probability, after.words[3].speaker, after.version) == (1.0, "A", 2)
    assert (change.before, change.after, change.start_ms) == ("whom", "Who.", 1500)
    assert [(one.text, one.trust) for one in after.segments] == [
        ("we met doctor Who.", "trusted"), ("in paris last year", "doubtful"),
    ]  # fmt: skip


def test_more_or_fewer_words_share_the_time_and_shift_indices() -> None:
    after, _ = corrected(transcript(), [edit(2, 4, "Dr Who himself"), edit(4, 8, "there")], 2)
    assert [word.text for word in after.words] == ["we", "met", "Dr", "Who", "himself", "there"]
    assert (after.words[2].start_ms, after.words[4].end_ms) == (1000, 1900)
    assert [(one.first_word, one.end_word) for one in after.segments] == [(0, 5), (5, 6)]


def test_words_and_entire_segments_are_deleted() -> None:
    after, _ = corrected(transcript(), [edit(0, 4, " "), edit(4, 5, "")], 2)
    assert [word.text for word in after.words] == ["paris", "last", "year"]
    assert [(one.text, one.start_ms) for one in after.segments] == [("paris last year", 2500)]


@pytest.mark.parametrize(
    ("edits", "at"),
    [
        ([edit(3, 5, "over the seam")], 0),
        ([edit(0, 1, "a"), edit(7, 9, "b")], 1),
        ([edit(0, 3, "a"), edit(2, 4, "b")], 1),
        ([edit(2, 2, "a")], 0),
        ([edit(2, 3, "a " * 21)], 0),
        ([edit(0, 1, "a"), edit(2, 3, "a" * 101)], 1),
    ],
)
def test_an_invalid_edit_is_named(edits: list[WordEdit], at: int) -> None:
    with pytest.raises(BadEditError) as caught:
        corrected(transcript(), edits, 2)
    assert caught.value.at == at


def test_each_sign_is_a_word_in_scripts_without_spaces() -> None:
    japanese = msgspec.structs.replace(transcript(), language="ja")
    after, (change,) = corrected(japanese, [edit(2, 4, "今日、iPhone 15")], 2)
    assert [word.text for word in after.words[2:6]] == ["今", "日、", "iPhone", "15"]
    assert (after.words[2].start_ms, after.words[5].end_ms, change.after) == (1000, 1900, "今日、iPhone15")


def test_a_filler_corrected_to_a_word_is_not_a_filler() -> None:
    told = transcript()
    words = [msgspec.structs.replace(told.words[0], filler=True), *told.words[1:]]
    after, _ = corrected(msgspec.structs.replace(told, words=words), [edit(0, 1, "on")], 2)
    assert not after.words[0].filler


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4), st.text("ab ", max_size=60)), max_size=3))
def test_any_correction_leaves_a_complete_transcript(wanted: list[tuple[int, int, str]]) -> None:
    try:
        after, changes = corrected(transcript(), [edit(first, first + more, text) for first, more, text in wanted], 2)
    except BadEditError:
        return
    assert len(changes) == len(wanted)
    assert [at for one in after.segments for at in range(one.first_word, one.end_word)] == list(range(len(after.words)))
    assert all(word.start_ms < word.end_ms for word in after.words)
    assert all(one.start_ms < other.start_ms for one, other in itertools.pairwise(after.words))
