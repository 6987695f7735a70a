"""Synthetic conversations with the voice model on a real Triton: the number of speakers is found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from benchmarks.speech.conversations import conversation, phrases
from core.infra.triton.embeddings import TritonVoices
from schemas.common import TimeRange
from streams.close.diarization.clustering import find_speakers
from streams.listen import speech_segments
from tests.contract.rigs.triton_server import Triton

pytestmark = pytest.mark.contract
SEED, SECONDS = 7, 60


@pytest.fixture
async def voices(triton_server: Triton) -> AsyncIterator[TritonVoices]:
    adapter = TritonVoices(triton_server.url)
    yield adapter
    await adapter.close()


async def test_diarization_finds_the_true_number_of_speakers(voices: TritonVoices) -> None:
    """A small sample of what benchmarks/speech/diarization.py measures: four conversations, one may be wrong by one."""
    said, wrong = phrases(), 0
    for count in (1, 2, 3, 4):
        made = conversation(SEED, count, said, SECONDS * 1000)
        whole = [TimeRange(start_ms=0, end_ms=made.samples.size // 16)]
        windows = speech_segments.place_windows(speech_segments.split_phrases(made.samples, whole))
        rows = (await voices.embed(made.samples, windows)).values
        starts_ms = np.array([window.start_ms for window in windows])
        found = find_speakers(rows, starts_ms, np.array([window.end_ms for window in windows]))
        assert abs(len(found.centres) - count) <= 1
        wrong += len(found.centres) != count
    assert wrong <= 1


def test_a_conversation_is_the_same_for_a_seed() -> None:
    said = phrases()
    one, same, other = (conversation(seed, 2, said, 10_000) for seed in (3, 3, 4))
    assert np.array_equal(one.samples, same.samples)
    assert one.turns == same.turns
    assert one.turns != other.turns
    assert one.speakers == 2
