"""The voice and sentence ports on the real Triton: equal speakers, equal meanings, failures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.infra.triton.embeddings import TritonSentences, TritonVoices
from core.infra.usage_meter import metered
from schemas.common import TimeRange
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import media, sound
from tests.support.port_contracts import sentences_keep_what_they_promise, voices_keep_what_they_promise

pytestmark = pytest.mark.contract


@pytest.fixture
async def voices(triton_server: Triton) -> AsyncIterator[TritonVoices]:
    adapter = TritonVoices(triton_server.url)
    yield adapter
    await adapter.close()


@pytest.fixture
async def sentences(triton_server: Triton) -> AsyncIterator[TritonSentences]:
    adapter = TritonSentences(triton_server.url)
    yield adapter
    await adapter.close()


def each(samples: np.ndarray, length_ms: int = 1600) -> list[TimeRange]:
    """Windows side by side."""
    return [TimeRange(start_ms=at, end_ms=at + length_ms) for at in range(0, samples.size // 16 - length_ms, length_ms)]


async def test_the_voice_model_keeps_the_promises_of_its_twin(voices: TritonVoices) -> None:
    await voices_keep_what_they_promise(voices)


async def test_the_sentence_model_keeps_the_promises_of_its_twin(sentences: TritonSentences) -> None:
    await sentences_keep_what_they_promise(sentences)


async def test_each_request_is_metered_by_the_models_own_figures(sentences: TritonSentences) -> None:
    with metered() as meter:
        found = await sentences.embed(["A sentence.", "Another one."])
    (call,) = meter.calls
    assert (call.model, call.weights, call.compute_ms) == ("sentences", found.model, found.compute_ms)
    assert (call.requests, call.failed, call.gpu_ms) == (1, 0, 0)


async def test_one_readers_voices_are_nearer_than_anothers(voices: TritonVoices) -> None:
    jfk, other = sound(media("speech/jfk.flac")), sound(media("speech/librispeech/1221-135766-0001.wav"))
    mine = (await voices.embed(jfk, each(jfk))).values
    theirs = (await voices.embed(other, each(other))).values
    pairs = [(one @ one.T)[np.triu_indices(len(one), 1)] for one in (mine, theirs)]
    within = np.concatenate(pairs)
    across = (mine @ theirs.T).ravel()
    assert np.percentile(within, 20) > np.percentile(across, 80)


async def test_a_window_outside_of_the_rules_is_a_bug(voices: TritonVoices) -> None:
    second = np.ones(16_000, dtype=np.int16)
    for wrong in (TimeRange(start_ms=0, end_ms=100), TimeRange(start_ms=800, end_ms=700)):
        with pytest.raises(InferenceFailed, match="WINDOWS"):
            await voices.embed(second, [wrong])


async def test_sentences_of_like_meaning_are_near(sentences: TritonSentences) -> None:
    texts = ["The cat sat on the mat.", "A kitten is sitting on the rug.", "Quarterly revenue rose by ten per cent."]
    values = (await sentences.embed(texts)).values
    assert values[0] @ values[1] > 0.5 > 0.2 > abs(values[0] @ values[2])


async def test_long_texts_and_many_keep_their_order(sentences: TritonSentences) -> None:
    texts = [f"{'word ' * (at % 200)}number {at}" for at in range(600)]
    values = (await sentences.embed(texts)).values
    assert values.shape == (600, 384)
    alone = (await sentences.embed([texts[577]])).values
    assert float(values[577] @ alone[0]) > 0.98


async def test_an_unavailable_server_raises() -> None:
    voices, sentences = TritonVoices("127.0.0.1:9"), TritonSentences("127.0.0.1:9")
    with pytest.raises(Unavailable):
        await voices.embed(np.ones(16_000, dtype=np.int16), [TimeRange(start_ms=0, end_ms=900)])
    with pytest.raises(Unavailable):
        await sentences.embed(["a"])
    await voices.close()
    await sentences.close()


async def test_killed_models_are_revived(
    voices: TritonVoices, sentences: TritonSentences, triton_server: Triton
) -> None:
    for name, adapter in (("voices", voices), ("sentences", sentences)):
        triton_server.kill(name)
        await adapter.probe()
    assert len((await sentences.embed(["back again"])).values) == 1
