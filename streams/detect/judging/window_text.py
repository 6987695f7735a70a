"""The words of a finalist as a model is shown them, and the place of what it quotes. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.text.quoted_words import find_quoted_words, place_words
from core.domain.text.word_joining import join_words
from schemas.common import TimeRange, Word
from streams.detect.window import CandidateWindow

MIN_WORDS = 8
"""Words from which a window can be judged by its words."""
MIN_QUOTE_WORDS, MAX_QUOTE_WORDS = 3, 40
"""Fewer words stand in many windows; more are no reason but the window itself."""
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instruction|prompt|rule|direction)s?\b"
    r"|\bsystem (?:prompt|message)s?\b"
    r"|\b(?:you are|as|act as|acting as) (?:now )?an? (?:ai|large|language)\b.{0,20}\b(?:model|assistant)\b"
    r"|\b(?:choose|select|prefer|pick|post) (?:this|the (?:first|second)) (?:window|clip|text|passage|transcript)\b"
    r"|[\"“”']\s*(?:role|posted|content|quote_[12])\s*[\"“”']\s*:"
    r"|<\|",
    re.IGNORECASE,
)
"""Words to a model instead of to listeners. No list finds all of them: what they can do is bounded by the effect."""


@dataclass(frozen=True, kw_only=True)
class WindowQuote:
    """Words of a window, and when they are said."""

    text: str
    range: TimeRange


@dataclass(frozen=True, kw_only=True)
class WindowText:
    """A window's words; ``starts[i]`` is where word ``i`` begins in ``text``."""

    range: TimeRange
    text: str
    words: Sequence[Word]
    starts: Sequence[int]
    language: str | None

    def find_quote(self, quote: str) -> WindowQuote | None:
        """Find words that were copied from here, widened to whole words; None where they are not said here."""
        place = find_quoted_words(self.text, self.starts, quote, self.language)
        if place is None or not MIN_QUOTE_WORDS <= place[1] - place[0] <= MAX_QUOTE_WORDS:
            return None
        quoted = self.words[place[0] : place[1]]
        return WindowQuote(
            text=join_words((word.text.strip() for word in quoted), self.language),
            range=TimeRange(start_ms=quoted[0].start_ms, end_ms=quoted[-1].end_ms),
        )

    @property
    def certainty(self) -> float:
        """Mean probability of its words."""
        return statistics.fmean(word.probability for word in self.words)

    @property
    def has_orders(self) -> bool:
        """Whether it reads as if it spoke to a model."""
        return _ORDERS.search(self.text) is not None


def join_window_words(window_range: TimeRange, words: Sequence[Word], language: str | None) -> WindowText:
    """Join words to the text of a window."""
    texts = [word.text.strip() for word in words]
    return WindowText(
        range=window_range,
        text=join_words(texts, language),
        words=words,
        starts=place_words(texts, language),
        language=language,
    )


def read_window_text(window: CandidateWindow, words: Sequence[Word], language: str | None) -> WindowText | None:
    """Read the text of a window out of all ``words``; None where too little is said in it."""
    if not window.sentences:
        return None
    own_words = words[window.sentences[0].first_word : window.sentences[-1].end_word]
    return join_window_words(window.range, own_words, language) if len(own_words) >= MIN_WORDS else None
