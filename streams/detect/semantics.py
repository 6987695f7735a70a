"""What sentences mean, as vectors: how near they are to each other, to a wish, to examples. Pure; asks no model.

The vectors of an English talk come from the sentence model (the agent asks it once). In another language, or where the
model is away, a sentence is its words weighed by rarity (TF-IDF), and the result says so; then there are no examples.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.detect.lexicon import Lexicon, bare
from streams.detect.timeline import Embedded, Timeline

Float32 = NDArray[np.float32]
HOUSEKEEPING = "housekeeping"
MOST_WORDS = 4_000
"""Words a sentence is told by without a model: the most frequent ones that occur more than once."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """``rows``: one unit vector a sentence, shape (n, d). ``wished``: one a wish.

    ``near``: by kind of example, how near each sentence comes to the nearest one (cosine); empty without the model.
    """

    engine: str
    rows: Float32
    wished: Float32
    wishes: Sequence[str]
    near: Mapping[str, Float32]
    lengths: Float32
    """Words of each sentence, shape (n, 1)."""
    sums: Float32
    """Running sums of ``rows``, each weighed by its number of words; shape (n + 1, d)."""
    centre: Float32
    is_model: bool

    def of(self, first: int, end: int) -> Float32:
        """The direction of sentences ``first`` to ``end`` (exclusive), unit length; zero where they say nothing."""
        return unit(self.sums[end] - self.sums[first])

    def to_others(self, first: int, end: int) -> Float32:
        """How near each of the sentences is to the rest of them (cosine), shape (end - first,)."""
        rows, lengths = self.rows[first:end], self.lengths[first:end]
        others = unit((self.sums[end] - self.sums[first])[None, :] - rows * lengths)
        return np.asarray((rows * others).sum(axis=1), dtype=np.float32)

    def own(self, first: int, end: int) -> Float32:
        """The same less what the whole video is about: by it two stretches of one talk are told apart."""
        return unit(self.of(first, end) - self.centre)


def examples() -> Mapping[str, Sequence[str]]:
    """The example sentences by kind."""
    return msgspec.json.decode(
        (files("streams.detect.features") / "examples.json").read_bytes(), type=dict[str, list[str]]
    )


def texts_to_embed(timeline: Timeline, wishes: Sequence[str]) -> list[str]:
    """What the sentence model is asked for: the sentences, the wishes, the examples, in this order."""
    return [*(s.text for s in timeline.sentences), *wishes, *(text for kind in examples().values() for text in kind)]


def read_meaning(timeline: Timeline, embedded: Embedded | None, wishes: Sequence[str]) -> Meaning | None:
    """The meaning of all sentences; None where nothing is said."""
    count = len(timeline.sentences)
    if not count:
        return None
    expected = len(texts_to_embed(timeline, wishes))
    if embedded is not None and embedded.values.shape[0] == expected:
        rows, wished = embedded.values[:count], embedded.values[count : count + len(wishes)]
        near, at = {}, count + len(wishes)
        for kind, texts in examples().items():
            near[kind] = (rows @ embedded.values[at : at + len(texts)].T).max(axis=1)
            at += len(texts)
        return _meaning(timeline, embedded.model, rows, wished, wishes, near)
    said = [content_words(sentence.text, sentence.lexicon) for sentence in timeline.sentences]
    rows, wished = by_words(said, [content_words(wish, timeline.lexicon) for wish in wishes])
    why = embedded.model if embedded is not None else "no sentence model was asked"
    return _meaning(timeline, f"words in common ({why})", rows, wished, wishes, {})


def _meaning(
    timeline: Timeline, engine: str, rows: Float32, wished: Float32, wishes: Sequence[str], near: Mapping[str, Float32]
) -> Meaning:
    lengths = np.array([[s.end_word - s.first_word] for s in timeline.sentences], dtype=np.float32)
    sums = np.concatenate([np.zeros((1, rows.shape[1]), dtype=np.float32), np.cumsum(rows * lengths, axis=0)])
    return Meaning(
        engine=engine,
        rows=rows,
        wished=wished,
        wishes=wishes,
        near=near,
        lengths=lengths,
        sums=sums,
        centre=unit(sums[-1]),
        is_model=bool(near),
    )


def unit(row: Float32) -> Float32:
    """A vector, or rows of them, of length one; zero stays zero."""
    length = np.linalg.norm(row, axis=-1, keepdims=True)
    return np.asarray(np.divide(row, length, out=np.zeros_like(row), where=length > 0), dtype=np.float32)


def by_words(said: Sequence[Sequence[str]], wishes: Sequence[Sequence[str]]) -> tuple[Float32, Float32]:
    """Sentences and wishes as words weighed by rarity: unit vectors, shapes (n, d) and (m, d)."""
    spread = Counter(word for words in said for word in set(words))
    wanted = {word for wish in wishes for word in wish}
    ranked = sorted(spread, key=lambda word: (-spread[word], word))
    kept = [word for word in ranked if spread[word] > 1 or word in wanted][:MOST_WORDS]
    column = {word: at for at, word in enumerate(kept)}
    rarity = {word: math.log((1 + len(said)) / (1 + spread[word])) + 1 for word in kept}

    def rows(every: Sequence[Sequence[str]]) -> Float32:
        found = np.zeros((len(every), max(1, len(kept))), dtype=np.float32)
        for row, words in enumerate(every):
            for word in words:
                if word in column:
                    found[row, column[word]] += rarity[word]
        return unit(found)

    return rows(said), rows(wishes)


def content_words(text: str, lexicon: Lexicon | None) -> list[str]:
    """Words that carry meaning, lower case, a plural's s gone."""
    words = [bare(word) for word in text.split()]
    kept = [word for word in words if len(word) > 2 and not (lexicon and word in lexicon.stop)]
    return [word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word for word in kept]
