"""Mark hesitations (um, äh). Pure.

Only words that are nothing else in their language are listed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.domain.text.english.stopwords import HESITATIONS, word_set
from schemas.common import Word
from streams.close.transcript.span_overlap import normalise_word

HESITATIONS_BY_LANGUAGE = {
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
_SETS = {"en": HESITATIONS} | {language: word_set(words) for language, words in HESITATIONS_BY_LANGUAGE.items()}


def mark_fillers(words: Sequence[Word], languages: Sequence[str | None]) -> list[Word]:
    """Mark the fillers among the words; none in a language without a list."""
    word_languages = zip(words, languages, strict=True)
    return [
        msgspec.structs.replace(word, filler=True) if _is_filler(word, language) else word
        for word, language in word_languages
    ]


def _is_filler(word: Word, language: str | None) -> bool:
    """Whether a word is a hesitation in its language."""
    return normalise_word(word.text) in _SETS.get(language or "", frozenset())
