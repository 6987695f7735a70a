"""The seam between two spans: every word appears once, for any cut and any recognition error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.common import Word
from streams.close.transcript.span_merge import merge_spans
from tests.support.spoken_words import span, word

SEAM, END = 50_000, 100_000
REACH_MS, MARGIN_MS = 1_000, 2_000
OFF_MS = 40
"""How far the times of a word are from the truth in both readings; those of aligned words have a median of 17 ms."""


@st.composite
def spoken_words(draw: st.DrawFn) -> list[Word]:
    """Words of different texts around the seam, some close together, some behind pauses."""
    at, found = SEAM - 3_000 + draw(st.integers(0, 400)), []
    while at < SEAM + 3_000:
        length_ms = draw(st.integers(160, 600))
        found.append(word(f"word{len(found)}", at, at + length_ms))
        at += length_ms + draw(st.sampled_from([0, 0, 30, 120, 700]))
    return found


def middle(one: Word) -> float:
    return (one.start_ms + one.end_ms) / 2


def merged(left: list[Word], right: list[Word]) -> list[str]:
    before = span(0, SEAM, [one for one in left if middle(one) < SEAM], [one for one in left if middle(one) >= SEAM])
    after = span(SEAM, END, [one for one in right if middle(one) >= SEAM], [one for one in right if middle(one) < SEAM])
    return [one.text.rstrip("x") for one in merge_spans([before, after], END, []).words]


@st.composite
def two_recognitions(draw: st.DrawFn) -> tuple[list[str], list[Word], list[Word]]:
    """Words that were spoken, and each side's recognition of them: shifted, misspelled, some missing."""
    truth = draw(spoken_words())
    readings: tuple[list[Word], list[Word]] = ([], [])
    for one in truth:
        both = abs(middle(one) - SEAM) + OFF_MS < REACH_MS
        missed = draw(st.sampled_from([None, None, None, 0, 1])) if both else None
        for side, reading in enumerate(readings):
            off_ms = draw(st.integers(-OFF_MS, OFF_MS))
            near = middle(one) + off_ms < SEAM + MARGIN_MS if side == 0 else middle(one) + off_ms > SEAM - MARGIN_MS
            if missed != side and near:
                text = one.text + draw(st.sampled_from(["", "", "", "x"]))
                reading.append(word(text, one.start_ms + off_ms, one.end_ms + off_ms))
    return [one.text for one in truth], *readings


@given(two_recognitions())
def test_no_word_is_doubled_or_lost(case: tuple[list[str], list[Word], list[Word]]) -> None:
    truth, left, right = case
    assert merged(left, right) == truth
