"""Grapheme clusters by UAX 29, and where captions join more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.text.graphemes import clusters

FILE = Path(__file__).parent / "data" / "GraphemeBreakTest.txt"
"""Unicode's own cases, of version 15.0."""
CHANGED_SINCE = {"÷ 2701 × 200D × 2701 ÷"}
"""U+2701 is no pictograph any more in the newer Unicode that ``regex`` implements."""
CONJUNCTS = """
÷ 0915 ÷ 0924 ÷
÷ 0915 × 094D × 0924 ÷
÷ 0915 × 094D × 200D × 0924 ÷
÷ 0915 × 093C × 094D × 200D × 0924 ÷
÷ 0915 × 094D × 0924 × 094D × 092F ÷
÷ 0915 × 094D ÷ 0061 ÷
""".strip().splitlines()
"""Rule GB9c, which Unicode has since 15.1, in the file's notation (Unicode License v3)."""


def read_cases() -> list[str]:
    lines = (line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return [line for line in lines if line not in CHANGED_SINCE]


def clusters_of(case: str) -> list[str]:
    return ["".join(chr(int(code, 16)) for code in one.split(" × ")) for one in case.strip("÷ ").split(" ÷ ")]


def test_borders_are_those_of_unicodes_file() -> None:
    cases = read_cases()
    assert len(cases) == 601, "the file has 602 lines, and one was left out"
    wrong = [case for case in cases if clusters("".join(clusters_of(case))) != clusters_of(case)]
    assert not wrong


@pytest.mark.parametrize("case", CONJUNCTS)
def test_conjuncts_are_those_of_unicode(case: str) -> None:
    assert clusters("".join(clusters_of(case))) == clusters_of(case)


@pytest.mark.parametrize("text", ["ਕ੍ਕ", "ಕ್ಕ", "ක්ක", "ක්\u200dක", "ထ\u102c\u1038", "န\u103a\u1038"])
def test_conjuncts_and_burmese_marks_are_one_sign(text: str) -> None:
    assert clusters(text) == [text]


def test_scripts_are_not_mixed_into_conjuncts() -> None:
    assert clusters("ಕ್a") == ["ಕ್", "a"]


@given(st.text(max_size=30))
def test_clusters_join_to_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text
    assert all(clusters(text))
