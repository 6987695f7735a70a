"""Languages without spaces between words, or with other word breaks, for the search. Pure data.

A text in one of them is searched in a field of its own, which the engine reads in that language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LOCALES: Mapping[str, str] = {"ja": "jpn", "zh": "cmn", "ko": "kor", "th": "tha"}
"""By the end of the field's name: what the engine calls the language."""
_WRITTEN = {"yue": "zh"}
"""Languages that are written as another is."""


def written_in(language: str | None) -> str | None:
    """The field that a language's texts go to; None where it needs none of its own."""
    locale = _WRITTEN.get(language or "", language or "")
    return locale if locale in LOCALES else None


def said_in(languages: Iterable[str | None], texts: object) -> dict[str, object]:
    """The fields of a document for these languages; those of all others are empty."""
    locales = {written_in(language) for language in languages}
    return {f"said_{name}": texts if name in locales else None for name in LOCALES}
