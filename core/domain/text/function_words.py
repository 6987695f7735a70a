"""Function words by language (``function_words.json``): neither keywords nor tags. Data only."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


def unstressed(language: str | None) -> frozenset[str]:
    """Function words of a language (``zh-Hans`` counts as ``zh``), lower case; empty without a list."""
    return _lists().get((language or "").split("-")[0].lower(), frozenset())


@cache
def _lists() -> dict[str, frozenset[str]]:
    lists: dict[str, list[str]] = json.loads((files("schemas") / "data" / "function_words.json").read_text())
    return {language: frozenset(words) for language, words in lists.items()}
