"""Turn words to terms that can be counted and compared without a model. Pure."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.domain.text.english.stopwords import FILLERS, TOPICLESS_WORDS
from core.ports.models import Float32

HASH_BUCKETS = 2048
"""Buckets that terms are hashed into."""
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def split_tokens(text: str) -> list[str]:
    """Split text to words without punctuation."""
    return _WORD.findall(text)


def normalise_term(word: str) -> str:
    """Fold a word to its term: lower case, no possessive, no plural."""
    plain = word.lower().replace("’", "'").removesuffix("'s")
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def is_content_word(word: str) -> bool:
    """Whether a word may name a subject."""
    plain = word.lower().replace("’", "'")
    return len(plain) > 2 and plain not in TOPICLESS_WORDS and plain not in FILLERS and plain[0].isalpha()


def list_terms(text: str) -> list[str]:
    """List the terms of a text that carry meaning."""
    return [normalise_term(word) for word in split_tokens(text) if is_content_word(word)]


def compute_tfidf(texts: Sequence[str]) -> Float32:
    """Compute TF-IDF rows of unit length, hashed to ``HASH_BUCKETS``.

    Used for languages that the sentence model does not know.
    """
    counts = [
        Counter(zlib.crc32(normalise_term(word).encode()) % HASH_BUCKETS for word in split_tokens(text))
        for text in texts
    ]
    document_counts = Counter(bucket for count in counts for bucket in count)
    rows = np.zeros((len(texts), HASH_BUCKETS), dtype=np.float32)
    for row, count in zip(rows, counts, strict=True):
        for bucket, times in count.items():
            row[bucket] = (1 + np.log(times)) * np.log((1 + len(texts)) / (1 + document_counts[bucket]))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
