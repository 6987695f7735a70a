"""Which words are sounds of hesitation. Pure; only signs that are nothing else in their language, never a guess."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.text.english.stopwords import HESITATIONS, word_set
from schemas.common import Word
from streams.close.transcript.span_overlap import letters

FILLERS = {
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
_SETS = {"en": HESITATIONS} | {language: word_set(words) for language, words in FILLERS.items()}


def flagged(words: Sequence[Word], tongues: Sequence[str | None]) -> list[Word]:
    """The same words, those that only fill in their language marked as such; none in a language without a list."""
    pairs = zip(words, tongues, strict=True)
    return [msgspec.structs.replace(word, filler=True) if _fills(word, tongue) else word for word, tongue in pairs]


def _fills(word: Word, language: str | None) -> bool:
    return letters(word.text) in _SETS.get(language or "", frozenset())
