"""Voice embeddings of a span: in batches, stored as one object, skipped if the model is unavailable."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed, ModelDead
from core.ports.models import Int16, Vectors
from schemas.common import ObjectRef, TimeRange
from schemas.documents.span import HeardSpan
from streams.close.diarization.stored_embeddings import read_frames, read_voices
from streams.listen import speaker_embeddings
from streams.listen.speaker_embeddings import WINDOWS_PER_REQUEST, VoicesUnavailableError, embed_voices
from tests.listen.test_speech_segments import bursts
from tests.support.spoken_words import span
from tests.support.vectors import PitchVoices


class Kept:
    """Objects in a dictionary."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        digest = hashlib.sha256(body).hexdigest()
        self.bodies[f"{prefix}/{digest}{suffix}"] = body
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))

    async def get(self, ref: ObjectRef) -> bytes:
        return self.bodies[ref.key]


class Failing(PitchVoices):
    """Fails the first ``times`` times it is asked."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.asked = error, times, list[int]()

    async def embed(self, audio: Int16, windows: Sequence[TimeRange]) -> Vectors:
        self.asked.append(len(windows))
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return await super().embed(audio, windows)


class Hung(PitchVoices):
    async def embed(self, audio: Int16, windows: Sequence[TimeRange]) -> Vectors:
        await asyncio.sleep(60)
        raise AssertionError


async def listened(voices: PitchVoices, objects: Kept, length_ms: int = 10_000) -> tuple[HeardSpan, list[int]]:
    counts = list[int]()
    samples = bursts((1000, length_ms - 1000), length_ms=length_ms)
    said = [TimeRange(start_ms=61_000, end_ms=59_000 + length_ms)]
    heard, cost_ms = await embed_voices(
        samples, said, starts_at_ms=60_000, span_range=TimeRange(start_ms=60_000, end_ms=60_000 + length_ms),
        voices=voices, objects=objects, prefix="o/p/voices", report=counts.append  # type: ignore[arg-type]
    )  # fmt: skip
    assert heard
    assert cost_ms > 3 * len(heard.starts_ms), "what the span sounds like costs a little too"
    return HeardSpan(
        **{name: getattr(span(0, 1, []), name) for name in HeardSpan.__struct_fields__} | {"voices": heard}
    ), counts


async def test_windows_are_on_project_time_and_vectors_survive() -> None:
    objects = Kept()
    found, counts = await listened(PitchVoices(), objects)
    assert found.voices
    assert 61_000 <= found.voices.starts_ms[0] < 61_200
    assert found.voices.ends_ms[-1] <= 69_000
    assert found.voices.starts_ms == sorted(found.voices.starts_ms)
    assert found.voices.vectors.size == len(found.voices.starts_ms) * 256 * 2
    (rows,) = await read_voices([found, span(0, 1, [])], objects)  # type: ignore[arg-type]
    assert rows.shape == (len(found.voices.starts_ms), 256)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-2)
    assert counts == [1]


async def test_many_windows_are_embedded_in_reported_batches() -> None:
    voices = Failing(Unavailable("triton", "away"), 0)
    found, counts = await listened(voices, Kept(), length_ms=80_000)
    assert found.voices
    assert voices.asked[:-1] == [WINDOWS_PER_REQUEST] * (len(voices.asked) - 1)
    assert sum(voices.asked) == len(found.voices.starts_ms)
    assert counts == sorted(set(counts))
    assert len(counts) == len(voices.asked) > 1


async def test_a_reloaded_model_is_called_again() -> None:
    found, _ = await listened(Failing(ModelDead("triton", "dead"), 1), Kept())
    assert found.voices


@pytest.mark.parametrize("error", [Unavailable("triton", "away"), InferenceFailed("refused")])
async def test_an_unavailable_model_costs_the_voices_only(error: Exception) -> None:
    objects = Kept()
    with pytest.raises(VoicesUnavailableError):
        await listened(Failing(error, 9), objects)
    assert objects.bodies == {}


async def test_a_late_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker_embeddings, "EMBEDDING_TIMEOUT_S", 0.05)
    with pytest.raises(VoicesUnavailableError):
        await listened(Hung(), Kept())


async def test_silence_stores_nothing() -> None:
    objects = Kept()
    found = await embed_voices(
        bursts(length_ms=2000), [], starts_at_ms=0, span_range=TimeRange(start_ms=0, end_ms=2000),
        voices=PitchVoices(), objects=objects, prefix="p",  # type: ignore[arg-type]
        report=lambda _: None,
    )  # fmt: skip
    assert found == (None, 0)
    assert objects.bodies == {}


async def test_little_speech_embeds_all_possible_voice() -> None:
    for length_ms, wide in ((10_000, True), (60_000, False)):
        samples = bursts((500, length_ms - 500), length_ms=length_ms)
        said = [TimeRange(start_ms=3_000, end_ms=length_ms - 3_000)]
        voiced = [TimeRange(start_ms=500, end_ms=length_ms - 500)]
        heard, _ = await embed_voices(
            samples, said, voiced=voiced, starts_at_ms=0, span_range=TimeRange(start_ms=0, end_ms=length_ms),
            voices=PitchVoices(), objects=Kept(), prefix="p",  # type: ignore[arg-type]
            report=lambda _: None,
        )  # fmt: skip
        assert heard
        assert (heard.starts_ms[0] < 1_000) == wide
        assert heard.voiced
        assert abs(heard.voiced[0].start_ms - 500) <= 60, "the recording itself says where its speech begins"
        assert abs(heard.voiced[-1].end_ms - (length_ms - 500)) <= 60


async def test_frames_of_a_span_are_on_project_time() -> None:
    objects = Kept()
    found, _ = await listened(PitchVoices(), objects)
    frames = await read_frames([span(0, 1, []), found], objects)  # type: ignore[arg-type]
    assert frames
    assert frames.rows.shape == (500, 12)
    assert frames.middles_ms.tolist()[:2] == [60_010, 60_030]
    assert await read_frames([span(0, 1, [])], objects) is None  # type: ignore[arg-type]


async def test_a_bug_in_the_frames_loses_no_voices_and_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(speaker_embeddings, "compute_mfcc", broken)
    samples, said = bursts((1000, 9000), length_ms=10_000), [TimeRange(start_ms=1_000, end_ms=9_000)]
    heard, cost_ms = await embed_voices(
        samples, said, voiced=said, starts_at_ms=0, span_range=TimeRange(start_ms=0, end_ms=10_000),
        voices=PitchVoices(), objects=Kept(), prefix="p", report=lambda _: None,  # type: ignore[arg-type]
    )  # fmt: skip
    assert heard
    assert (heard.frames, heard.voiced) == (None, said)
    assert cost_ms == 3 * len(heard.starts_ms)
