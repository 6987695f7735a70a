"""Split a script into words that can be spoken, and match them with those recognised. Pure.

A script is untrusted: dashes and emoji that stand alone, directions, a word as long as a page, a thousand times the
same word, another text altogether. None of it may cost more than the words it holds.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from core.domain.text.word_joining import WITHOUT_SPACES, split_words

MAX_WORD_CHARACTERS = 100
"""Longest word kept; the rest of a longer one is cut, for no spoken word has more."""
MAX_MATCH_STEPS = 200_000_000
"""Steps that matching may take at worst: some seconds of a processor."""
MIN_COMPARED_WORDS = 12
"""Fewer words than this say nothing about whether a script belongs to a recording."""
MIN_COMMON_RATIO = 0.25
"""Share of the shorter text that a script of the recording has in common with it.

Unrelated texts share a tenth (95 of 100 pairs less than 0.27), a script with six words in ten misheard a half (95 of
100 more than 0.33).
"""
MIN_COMMON_SIGNS_RATIO = 0.4
"""Share of signs in common, in a language that is written without spaces."""
MAX_LENGTH_RATIO = 2
"""Length ratio above which every other word is found by chance: there only words in a row count."""
MIN_ROW_WORDS = 3
"""Words in a row that count in a text of another length."""
MIN_ROW_RATIO = 0.2
"""Share of the shorter text in such rows for a script of the recording."""
OPENERS = frozenset({"Ps", "Pi"})
"""Unicode categories of opening brackets and quotes."""
_DIRECTION = re.compile(r"\[[^\[\]]*\]")
Opcode = tuple[str, int, int, int, int]
"""A range of ``difflib``: kind, ``[i1, i2)`` of the recognised words, ``[j1, j2)`` of the script."""


def split_script_words(text: str, language: str | None) -> list[str]:
    """Split a text into spoken words; signs without letter or digit join a neighbour, [directions] go.

    In a language that is written without spaces each sign is a word.
    """
    script_words: list[str] = []
    opening = ""
    for piece in split_words(_DIRECTION.sub(" ", text), language):
        if any(sign.isalnum() for sign in piece):
            script_words.append((opening + piece)[:MAX_WORD_CHARACTERS])
            opening = ""
        elif not script_words or unicodedata.category(piece[-1]) in OPENERS:
            opening += piece
        else:
            script_words[-1] = (script_words[-1] + piece)[:MAX_WORD_CHARACTERS]
    return script_words


def match_words(recognised: Sequence[str], script_words: Sequence[str]) -> Sequence[Opcode]:
    """Match the script's words with the recognised ones, both without case and punctuation.

    Words so frequent in both that they would cost too much are only matched next to others.
    """
    costly_words = _find_costly_words(recognised, script_words)
    junk = costly_words.__contains__ if costly_words else None
    return difflib.SequenceMatcher(junk, recognised, script_words, autojunk=False).get_opcodes()


def _find_costly_words(recognised: Sequence[str], script_words: Sequence[str]) -> set[str]:
    """Find the costliest words, beyond what matching may cost: each place may be compared in each run."""
    recognised_counts, script_counts = Counter(recognised), Counter(script_words)
    costs = sorted(
        (recognised_counts[word] * script_counts[word] * min(recognised_counts[word], script_counts[word]), word)
        for word in recognised_counts.keys() & script_counts
    )
    costly_words: set[str] = set()
    steps = 0
    for cost, word in costs:
        steps += cost
        if steps > MAX_MATCH_STEPS:
            costly_words.add(word)
    return costly_words


def is_other_text(recognised_count: int, script_count: int, opcodes: Sequence[Opcode], language: str | None) -> bool:
    """Whether the script belongs to another recording: no more of it is recognised than by chance."""
    shorter_count, longer_count = sorted((recognised_count, script_count))
    similar_length = longer_count <= MAX_LENGTH_RATIO * shorter_count
    runs = (end - first for kind, first, end, _, _ in opcodes if kind == "equal")
    common_words = sum(length for length in runs if similar_length or length >= MIN_ROW_WORDS)
    min_ratio = (
        MIN_COMMON_SIGNS_RATIO if language in WITHOUT_SPACES else MIN_COMMON_RATIO if similar_length else MIN_ROW_RATIO
    )
    return not script_count or (shorter_count >= MIN_COMPARED_WORDS and common_words < min_ratio * shorter_count)
