"""Words of a transcript as people type them: by number (``12-15``), or by what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERS = re.compile(r"(\d+)-(\d+)")
_SIGNS = re.compile(r"[\W_]+")


def parse_word_numbers(typed: str) -> tuple[int, int] | None:
    """``12-15`` as the first word and the end (not included); None for anything else."""
    numbers = _NUMBERS.fullmatch(typed.strip())
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def find_phrase(typed: str, words: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
    """Every place where a phrase is said: its first word and its end, as ``words`` number them.

    Signs and case do not count. Words whose numbers have a gap between them are no phrase. Empty for a text of signs.
    """
    phrase = [bare for part in typed.split() if (bare := _letters_of(part))]
    letters = [_letters_of(text) for _, text in words]
    if not phrase:
        return []
    return [
        (words[at][0], words[at][0] + len(phrase))
        for at in range(len(words) - len(phrase) + 1)
        if letters[at : at + len(phrase)] == phrase and words[at + len(phrase) - 1][0] - words[at][0] == len(phrase) - 1
    ]


def has_letters(typed: str) -> bool:
    """Whether anything of a text could be said."""
    return bool(_letters_of(typed))


def _letters_of(text: str) -> str:
    return _SIGNS.sub("", text).casefold()
