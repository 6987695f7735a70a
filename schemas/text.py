"""How words become running text. Pure; knows which languages put no spaces between words."""

from __future__ import annotations

from collections.abc import Iterable

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
"""Languages (ISO 639-1, as Whisper names them) whose words are written without spaces."""


def space(language: str | None) -> str:
    """What stands between two words."""
    return "" if language in WITHOUT_SPACES else " "


def join_words(texts: Iterable[str], language: str | None) -> str:
    """One line of text."""
    return space(language).join(texts)
