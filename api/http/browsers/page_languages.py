"""The language of a page that the API makes itself, by the browser's `Accept-Language`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

PageLanguage = Literal["en", "de"]
MAX_HEADER = 1_000
"""Letters of the header that are read: browsers send a few languages."""


def choose_page_language(accept_language: str | None) -> PageLanguage:
    """The language that an `Accept-Language` prefers; English where it names none of ours."""
    weights: dict[PageLanguage, float] = {}
    for item in (accept_language or "")[:MAX_HEADER].split(","):
        tag, _, parameter = item.partition(";")
        weight = _read_weight(parameter)
        for language in get_args(PageLanguage):
            if tag.strip().lower().partition("-")[0] == language:
                weights[language] = max(weights.get(language, 0.0), weight)
    best = max(weights.values(), default=0.0)
    return next((language for language, weight in weights.items() if weight == best > 0), "en")


def _read_weight(parameter: str) -> float:
    """The weight of `q=0.8`; 1 without one, 0 for one that cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(value))) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0


def language_headers(language: PageLanguage) -> Mapping[str, str]:
    """Headers of a page in a language: caches keep one for each."""
    return {"Content-Language": language, "Vary": "Accept-Language"}
