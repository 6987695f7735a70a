"""Titles in a sentence: which words are one, and where one begins."""

from __future__ import annotations

import pytest

from streams.study.entities.work_titles import find_work_titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("We saw Harbour Lights, a film by somebody.", ["Harbour Lights"]),
        ("“Harbour Lights” is a novel about ships.", ["Harbour Lights"]),
        ("She wrote a novel called The Tide and the Town.", ["The Tide and the Town"]),
        ("We saw iHarbour, a film by somebody.", []),
    ],
)
def test_titles_are_found_completely(text: str, titles: list[str]) -> None:
    assert [text[begin:end] for begin, end in find_work_titles(text)] == titles
