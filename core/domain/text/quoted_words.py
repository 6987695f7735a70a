"""The place of a quote among spoken words. Pure."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence

from core.domain.text.word_joining import space

_GAPS = re.compile(r"\s+")


def place_words(texts: Iterable[str], language: str | None) -> list[int]:
    """List where each word begins in the text that joins them."""
    starts, at, gap = [], 0, len(space(language))
    for text in texts:
        starts.append(at)
        at += len(text) + gap
    return starts


def find_quoted_words(text: str, starts: Sequence[int], quote: str, language: str | None) -> tuple[int, int] | None:
    """Find the first words ``[first, end)`` that contain a quote word for word; None where it is not said.

    ``text`` joins the words, word ``i`` begins at ``starts[i]`` of it. A quote that cuts a word is widened to it.
    """
    phrase = space(language).join(_GAPS.split(quote.strip())) if space(language) else quote.strip()
    at = text.find(phrase) if phrase else -1
    if at < 0:
        return None
    return bisect.bisect_right(starts, at) - 1, bisect.bisect_left(starts, at + len(phrase))
