"""Meaning of sentences as vectors: their similarity to each other, to topics, to examples. Pure.

The vectors of an English talk come from the sentence model (the agent embeds them once). In another language, or
where the model is unavailable, a sentence is its words weighted by rarity (TF-IDF), and the result says so; then
there are no examples.
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

from streams.detect.lexicon import Lexicon, normalise_lexicon_word
from streams.detect.timeline import EmbeddedTexts, ProjectTimeline

Float32 = NDArray[np.float32]
HOUSEKEEPING = "housekeeping"
"""Kind of the examples of greeting, thanks and organisation."""
MAX_VOCABULARY_WORDS = 4_000
"""Words that describe a sentence without a model: the most frequent ones that occur more than once."""


@dataclass(frozen=True, kw_only=True)
class SentenceMeaning:
    """Vectors of all sentences.

    ``rows``: one unit vector a sentence, shape (n, d). ``topic_rows``: one a topic. ``near``: by kind of example,
    the cosine of each sentence to the nearest one; empty without the model.
    """

    engine: str
    rows: Float32
    topic_rows: Float32
    topics: Sequence[str]
    near: Mapping[str, Float32]
    lengths: Float32
    """Words of each sentence, shape (n, 1)."""
    sums: Float32
    """Running sums of ``rows``, each weighed by its number of words; shape (n + 1, d)."""
    centre: Float32
    is_model: bool

    def direction_of(self, first: int, end: int) -> Float32:
        """Direction of sentences ``first`` to ``end`` (exclusive), unit length; zero without content."""
        return normalise_vectors(self.sums[end] - self.sums[first])

    def similarity_to_others(self, first: int, end: int) -> Float32:
        """Cosine of each sentence to the rest of the run, shape (end - first,)."""
        rows, lengths = self.rows[first:end], self.lengths[first:end]
        rest_vectors = normalise_vectors((self.sums[end] - self.sums[first])[None, :] - rows * lengths)
        return np.asarray((rows * rest_vectors).sum(axis=1), dtype=np.float32)

    def own_direction(self, first: int, end: int) -> Float32:
        """Direction less the whole video's: it tells two ranges of one talk apart."""
        return normalise_vectors(self.direction_of(first, end) - self.centre)


def read_examples() -> Mapping[str, Sequence[str]]:
    """Read the example sentences by kind."""
    return msgspec.json.decode(
        (files("streams.detect.features") / "examples.json").read_bytes(), type=dict[str, list[str]]
    )


def texts_to_embed(timeline: ProjectTimeline, topics: Sequence[str]) -> list[str]:
    """List the texts to embed: the sentences, the topics, the examples, in this order."""
    return [
        *(sentence.text for sentence in timeline.sentences),
        *topics,
        *(text for kind in read_examples().values() for text in kind),
    ]


def read_meaning(
    timeline: ProjectTimeline, embedded: EmbeddedTexts | None, topics: Sequence[str]
) -> SentenceMeaning | None:
    """Build the meaning of all sentences; None without speech."""
    count = len(timeline.sentences)
    if not count:
        return None
    expected = len(texts_to_embed(timeline, topics))
    if embedded is not None and embedded.values.shape[0] == expected:
        rows, topic_rows = embedded.values[:count], embedded.values[count : count + len(topics)]
        near, first_row = {}, count + len(topics)
        for kind, texts in read_examples().items():
            near[kind] = (rows @ embedded.values[first_row : first_row + len(texts)].T).max(axis=1)
            first_row += len(texts)
        return _build_meaning(timeline, embedded.model, rows, topic_rows, topics, near)
    sentence_words = [content_words(sentence.text, sentence.lexicon) for sentence in timeline.sentences]
    rows, topic_rows = embed_by_words(sentence_words, [content_words(topic, timeline.lexicon) for topic in topics])
    reason = embedded.model if embedded is not None else "no sentence model was asked"
    return _build_meaning(timeline, f"words in common ({reason})", rows, topic_rows, topics, {})


def _build_meaning(
    timeline: ProjectTimeline,
    engine: str,
    rows: Float32,
    topic_rows: Float32,
    topics: Sequence[str],
    near: Mapping[str, Float32],
) -> SentenceMeaning:
    lengths = np.array([[sentence.end_word - sentence.first_word] for sentence in timeline.sentences], dtype=np.float32)
    sums = np.concatenate([np.zeros((1, rows.shape[1]), dtype=np.float32), np.cumsum(rows * lengths, axis=0)])
    return SentenceMeaning(
        engine=engine,
        rows=rows,
        topic_rows=topic_rows,
        topics=topics,
        near=near,
        lengths=lengths,
        sums=sums,
        centre=normalise_vectors(sums[-1]),
        is_model=bool(near),
    )


def normalise_vectors(row: Float32) -> Float32:
    """Scale a vector, or rows of them, to length one; zero stays zero."""
    length = np.linalg.norm(row, axis=-1, keepdims=True)
    return np.asarray(np.divide(row, length, out=np.zeros_like(row), where=length > 0), dtype=np.float32)


def embed_by_words(
    sentence_words: Sequence[Sequence[str]], topic_words: Sequence[Sequence[str]]
) -> tuple[Float32, Float32]:
    """Embed sentences and topics as words weighted by rarity: unit vectors, shapes (n, d) and (m, d)."""
    sentence_counts = Counter(word for words in sentence_words for word in set(words))
    requested_words = {word for topic in topic_words for word in topic}
    ranked = sorted(sentence_counts, key=lambda word: (-sentence_counts[word], word))
    vocabulary = [word for word in ranked if sentence_counts[word] > 1 or word in requested_words][
        :MAX_VOCABULARY_WORDS
    ]
    column = {word: at for at, word in enumerate(vocabulary)}
    rarity = {word: math.log((1 + len(sentence_words)) / (1 + sentence_counts[word])) + 1 for word in vocabulary}

    def rows(texts: Sequence[Sequence[str]]) -> Float32:
        matrix = np.zeros((len(texts), max(1, len(vocabulary))), dtype=np.float32)
        for row, words in enumerate(texts):
            for word in words:
                if word in column:
                    matrix[row, column[word]] += rarity[word]
        return normalise_vectors(matrix)

    return rows(sentence_words), rows(topic_words)


def content_words(text: str, lexicon: Lexicon | None) -> list[str]:
    """Words that carry meaning, lower case, without a plural's s."""
    words = [normalise_lexicon_word(word) for word in text.split()]
    meaningful_words = [word for word in words if len(word) > 2 and not (lexicon and word in lexicon.stop)]
    return [
        word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
        for word in meaningful_words
    ]
