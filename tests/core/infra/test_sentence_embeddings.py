"""Sentence embeddings: found by text in any order, requested once, absent if the model is unavailable."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.sentence_embeddings import (
    NotAskedError,
    ask,
    digest,
    embed,
    list_texts,
    pack_rows,
    read_rows,
    unpack_rows,
)
from core.ports.models import Vectors
from schemas.common import ObjectRef, Segment
from schemas.documents.transcript import SentenceRows, Transcript
from streams.close.transcript_embeddings import store_transcript_embeddings
from tests.sinks.fakes import MemoryObjects
from tests.support.vectors import WordSentences


class Counting(WordSentences):
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        self.asked += texts
        return await super().embed(texts)


class Away:
    async def embed(self, texts: list[str]) -> Vectors:
        raise Unavailable("triton", "down")


def transcript_of(*texts: str, language: str = "en") -> Transcript:
    segments = [Segment(start_ms=0, end_ms=1, text=text, first_word=0, end_word=1) for text in texts]
    return Transcript(
        language=language, language_probability=1.0, duration_ms=1, words=[], segments=segments, speech=[], model="m"
    )


async def test_rows_come_back_by_their_text_and_equal_rows_have_equal_bytes() -> None:
    found, model, cost_ms = await ask(WordSentences(), ["b c", "a", "b c"], {})
    assert (len(found), model, cost_ms) == (2, "words-1", 8)
    assert pack_rows(found) == pack_rows(dict(reversed(found.items())))
    again = unpack_rows(pack_rows(found), 384)
    assert again.keys() == found.keys()
    assert np.allclose(again[digest("a")], found[digest("a")], atol=1e-3)
    assert pack_rows({}) == b""


async def test_only_unknown_sentences_are_embedded() -> None:
    known, _, _ = await ask(WordSentences(), ["one", "two"], {})
    counting = Counting()
    made = await embed(counting, ["two", "three", "one", "three"], known, "words-1")
    assert counting.asked == ["three"]
    whole = await WordSentences().embed(["two", "three", "one", "three"])
    assert np.allclose(made.values, whole.values, atol=1e-6)
    assert (made.model, made.compute_ms) == ("words-1", 4)
    all_known = await embed(counting, ["one"], known, "words-1")
    assert (all_known.model, all_known.compute_ms, counting.asked) == ("words-1", 0, ["three"])
    assert (await embed(counting, [], known, "words-1")).values.shape == (0, 384)


async def test_a_transcript_stores_the_embeddings_of_its_segments() -> None:
    store, counts = MemoryObjects(), list[int]()

    class Put(MemoryObjects):
        async def put(self, prefix: str, body: bytes, kind: str, suffix: str = "") -> ObjectRef:
            return store.store(prefix, body)

    meant = await store_transcript_embeddings(
        transcript_of("one", "two", "one"),
        sentences=WordSentences(),
        objects=Put(),
        prefix="p",
        report=counts.append,  # type: ignore[arg-type]
    )
    assert meant.rows is not None
    assert (meant.rows.texts, meant.rows.dimensions, meant.compute_ms, meant.warning) == (2, 384, 8, "")
    assert counts
    assert set(await read_rows(store, meant.rows)) == {digest("one"), digest("two")}  # type: ignore[arg-type]


async def test_without_the_model_or_its_language_the_words_stay() -> None:
    lost = await store_transcript_embeddings(
        transcript_of("one"), sentences=Away(), objects=None, prefix="p", report=lambda _: None
    )  # type: ignore[arg-type]
    assert lost.rows is None
    assert "found by its words" in lost.warning
    foreign = await store_transcript_embeddings(
        transcript_of("eins", language="de"),
        sentences=Away(),
        objects=None,
        prefix="p",
        report=lambda _: None,  # type: ignore[arg-type]
    )
    assert (foreign.rows, foreign.warning) == (None, "")
    with pytest.raises(NotAskedError):
        await ask(Away(), ["x"], {})
    assert list_texts(transcript_of("a", "", "a")) == ["a"]


async def test_missing_or_foreign_rows_are_empty() -> None:
    store = MemoryObjects()
    odd = SentenceRows(rows=store.store("p", b"odd"), dimensions=384, model="m", texts=1)
    gone = SentenceRows(rows=ObjectRef(key="x", sha256="", size=1), dimensions=384, model="m", texts=1)
    for kept in (odd, gone, None):
        assert await read_rows(store, kept) == {}  # type: ignore[arg-type]
