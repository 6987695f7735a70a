"""Which word of a cue is worth stressing: an amount, else a long word. Knows no language and asks nobody."""

from __future__ import annotations

from collections.abc import Sequence

LONG_SIGNS = 7


def keyword_of(texts: Sequence[str]) -> int | None:
    """Number of the word to stress; None where all are short."""
    lengths = [sum(sign.isalpha() for sign in text) for text in texts]
    for number, text in enumerate(texts):
        if any(sign.isdigit() for sign in text):
            return number
    longest = max(range(len(texts)), key=lambda number: (lengths[number], -number), default=None)
    return longest if longest is not None and lengths[longest] >= LONG_SIGNS else None
