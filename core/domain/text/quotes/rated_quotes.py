"""How well quotes stand alone, and how well they entitle what they are taken from. English only. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.text.english.parses import Parser
from core.domain.text.english.word_classes import fold_word
from core.domain.text.quotes.quote_features import QuoteContext, list_measured
from core.domain.text.quotes.quote_score import find_probability, score_quote
from core.domain.text.quotes.quotes import SpokenQuote
from core.domain.text.quotes.spoken_sentence import SpokenSentence
from core.domain.text.quotes.stumbles import is_content_word

MAX_QUOTED_TITLE_CHARS = 80
"""Longest title that is quoted whole."""
PHRASE_LOSS_SCORE = 0.1
"""What a noun phrase must be better by than a clause: a title that says something is worth more."""
SHORT_TITLE_CHARS = 20
"""Length below which a title says little."""


@dataclass(frozen=True, kw_only=True)
class RatedQuote:
    """A quote with the log-odds that it stands alone, and what speaks for it besides.

    ``about`` is how much of what is spoken of it says, ``nearness`` how near its sentence is to the whole, 0 to 1 each.
    """

    quote: SpokenQuote
    log_odds: float
    about: float
    nearness: float

    @property
    def log_chance(self) -> float:
        """Logarithm of the probability that it stands alone."""
        return math.log(find_probability(self.log_odds)) - PHRASE_LOSS_SCORE * self.is_phrase

    @property
    def is_phrase(self) -> bool:
        """Whether it is a noun without a verb of its own."""
        return self.quote.kind == "phrase"

    @property
    def text(self) -> str:
        """Its words."""
        return self.quote.text


def rate_quotes(
    sentences: Sequence[SpokenSentence], context: QuoteContext, nearness: Sequence[float], parse: Parser
) -> list[RatedQuote]:
    """Rate the quotes of English sentences; ``nearness`` is one number a sentence."""
    return [
        RatedQuote(
            quote=quote,
            log_odds=score_quote(quote, measured),
            about=_measure_about(quote, context),
            nearness=nearness[quote.index],
        )
        for quote, measured in list_measured(sentences, context, parse)
    ]


def _measure_about(quote: SpokenQuote, context: QuoteContext) -> float:
    content = {word for word in map(fold_word, quote.text.split()) if is_content_word(word)}
    return min(1.0, sum(0.25 + 0.15 * min(2, max(0, context.counts.get(word, 0) - 1)) for word in content))


def value_title(rated: RatedQuote) -> float:
    """Value what speaks for a quote as a title, besides its standing alone."""
    return (
        0.25 * rated.about
        + 0.2 * rated.nearness
        - 0.1 * rated.quote.is_question
        - 0.1 * (len(rated.text) < SHORT_TITLE_CHARS and not rated.is_phrase)
    )


def fits_title(rated: RatedQuote) -> bool:
    """Whether a quote is short enough for a title."""
    return len(rated.text.rstrip(".")) <= MAX_QUOTED_TITLE_CHARS


def as_title(text: str) -> str:
    """Write a quote as a title, without the mark at its end."""
    return text if text.endswith("...") else text.rstrip(".。,;:")
