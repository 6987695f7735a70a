"""Which words are sounds of hesitation. Pure; only signs that are nothing else in their language, never a guess."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.media import Word
from streams.listen.seams import letters

FILLERS = {
    "en": "um umm uhm uh uhh erm ehm er hm hmm mm mmm",
    "de": "äh ähm öh öhm hm hmm",
    "nl": "uh uhm ehm hm hmm",
    "fr": "euh heu hum hm hmm",
    "es": "ehm hm hmm",
    "it": "ehm uhm hm hmm",
    "pt": "hum ahn hm hmm",
    "sv": "öh öhm hm hmm",
    "da": "øh øhm hm hmm",
    "no": "øh øhm hm hmm",
    "fi": "öö ööö hm hmm",
    "pl": "yyy eee hm hmm",
    "ja": "えーと えっと えー うーん",
}  # fmt: skip
"""Left out on purpose: like, you know, well, so, and what is a word elsewhere (German er, Dutch er, Spanish este)."""
_SETS = {language: frozenset(words.split()) for language, words in FILLERS.items()}


def flagged(words: Sequence[Word], language: str | None) -> list[Word]:
    """The same words, those that only fill marked as such; none in a language without a list."""
    known = _SETS.get(language or "", frozenset())
    return [msgspec.structs.replace(word, filler=True) if letters(word.text) in known else word for word in words]
