"""How likely a quote stands alone, by a fitted logistic of its features. Pure.

The weights are fitted by ``python -m benchmarks.posting.quote_train --write`` on quotes that readers judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

from core.domain.text.quotes.quotes import SpokenQuote


class QuoteModel(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of the features for clauses and for noun phrases, and the bias of each in log-odds."""

    clause_bias: float
    clause_weights: Mapping[str, float]
    phrase_bias: float
    phrase_weights: Mapping[str, float]


@lru_cache(maxsize=1)
def read_model() -> QuoteModel:
    """Read the fitted weights."""
    file = files("core.domain.text.quotes") / "quote_weights.json"
    return msgspec.json.decode(file.read_bytes(), type=QuoteModel)


def score_quote(quote: SpokenQuote, measured: Mapping[str, float]) -> float:
    """Return the log-odds that a quote stands alone, whole and true: above 0 it more likely does."""
    model = read_model()
    is_phrase = quote.kind == "phrase"
    weights = model.phrase_weights if is_phrase else model.clause_weights
    return (model.phrase_bias if is_phrase else model.clause_bias) + sum(
        weight * measured[name] for name, weight in weights.items()
    )


def find_probability(log_odds: float) -> float:
    """Return the probability, 0 to 1, of log-odds."""
    return 1 / (1 + math.exp(-log_odds))
