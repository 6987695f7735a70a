"""Grapheme clusters by UAX 29, and where captions join more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.text.graphemes import clusters

LINES = """
÷ 000D × 000A ÷ 0061 ÷ 000A ÷ 0308 ÷
÷ 0020 × 200D ÷ 0646 ÷
÷ 0646 × 200D ÷ 0020 ÷
÷ 1100 × 1100 ÷
÷ AC00 × 11A8 ÷ 1100 ÷
÷ AC01 × 11A8 ÷ 1100 ÷
÷ 1F1E6 × 1F1E7 ÷ 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 1F1E7 × 200D ÷ 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 200D ÷ 1F1E7 × 1F1E8 ÷ 0062 ÷
÷ 0061 ÷ 1F1E6 × 1F1E7 ÷ 1F1E8 × 1F1E9 ÷ 0062 ÷
÷ 0061 × 0308 ÷ 0062 ÷
÷ 0061 × 0903 ÷ 0062 ÷
÷ 0061 ÷ 0600 × 0062 ÷
÷ 1F476 × 1F3FF ÷ 1F476 ÷
÷ 0061 × 1F3FF ÷ 1F476 × 200D × 1F6D1 ÷
÷ 1F476 × 1F3FF × 0308 × 200D × 1F476 × 1F3FF ÷
÷ 1F6D1 × 200D × 1F6D1 ÷
÷ 0061 × 200D ÷ 1F6D1 ÷
÷ 0915 ÷ 0924 ÷
÷ 0915 × 094D × 0924 ÷
÷ 0915 × 094D × 200D × 0924 ÷
÷ 0915 × 093C × 094D × 200D × 0924 ÷
÷ 0915 × 094D × 0924 × 094D × 092F ÷
÷ 0915 × 094D ÷ 0061 ÷
""".strip().splitlines()
"""Cases in the notation of Unicode's GraphemeBreakTest.txt (Unicode License v3): ÷ is a border, × is none."""


@pytest.mark.parametrize("line", LINES)
def test_borders_are_those_of_unicode(line: str) -> None:
    expected = ["".join(chr(int(code, 16)) for code in one.split(" × ")) for one in line.strip("÷ ").split(" ÷ ")]
    assert clusters("".join(expected)) == expected


@pytest.mark.parametrize("text", ["ਕ੍ਕ", "ಕ್ಕ", "ක්ක", "ක්\u200dක", "ထ\u102c\u1038", "န\u103a\u1038"])
def test_conjuncts_and_burmese_marks_are_one_sign(text: str) -> None:
    assert clusters(text) == [text]


def test_scripts_are_not_mixed_into_conjuncts() -> None:
    assert clusters("ಕ್a") == ["ಕ್", "a"]


@given(st.text(max_size=30))
def test_clusters_join_to_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text
    assert all(clusters(text))
