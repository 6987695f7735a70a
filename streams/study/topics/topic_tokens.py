"""Words to terms that can be counted and compared without a model. Pure."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.domain.text.english.stopwords import FILLERS, TOPICLESS_WORDS
from core.ports.models import Float32

WIDTH = 2048
"""Buckets that terms are hashed into."""
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """Words without punctuation, as they are written."""
    return _WORD.findall(text)


def term(word: str) -> str:
    """What a word counts as: lower case, no possessive, no plural."""
    plain = word.lower().replace("’", "'").removesuffix("'s")
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def carries(word: str) -> bool:
    """Whether a word may say what is spoken of."""
    plain = word.lower().replace("’", "'")
    return len(plain) > 2 and plain not in TOPICLESS_WORDS and plain not in FILLERS and plain[0].isalpha()


def terms(text: str) -> list[str]:
    """Terms of a text that carry meaning."""
    return [term(word) for word in tokens(text) if carries(word)]


def vectors(texts: Sequence[str]) -> Float32:
    """TF-IDF rows of unit length, hashed to ``WIDTH``: for languages that the sentence model does not know."""
    counts = [Counter(zlib.crc32(term(word).encode()) % WIDTH for word in tokens(text)) for text in texts]
    spread = Counter(bucket for count in counts for bucket in count)
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, count in zip(rows, counts, strict=True):
        for bucket, times in count.items():
            row[bucket] = (1 + np.log(times)) * np.log((1 + len(texts)) / (1 + spread[bucket]))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
