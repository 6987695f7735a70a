"""SpanPlanned to HeardSpan, with twins of the store and the recogniser."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from schemas.events import SpanPlanned
from schemas.media import ObjectRef, TimeRange, Word
from streams.adapters.ports import Heard, Report, Vectors
from streams.errors import Unavailable
from streams.listen.hear import hear
from streams.listen.voices import UNHEARD
from tests.listen.spoken import texts
from tests.listen.test_voices import Kept
from tests.recordings import flac
from tests.vectors import PitchVoices

REF = ObjectRef(key="k", sha256="0" * 64, size=1)


def planned(audio: ObjectRef | None) -> SpanPlanned:
    return SpanPlanned(
        org_id=UUID(int=1),
        project_id=UUID(int=2),
        ordinal=3,
        span_count=4,
        range=TimeRange(start_ms=10_000, end_ms=12_000),
        padded=TimeRange(start_ms=9_000, end_ms=13_000),
        source=REF,
        index=REF,
        audio=audio,
    )


class OneObject:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, ref: ObjectRef) -> bytes:
        return self._body


class Store(OneObject, Kept):
    """Gives one object, keeps others."""

    def __init__(self, body: bytes) -> None:
        OneObject.__init__(self, body)
        self.bodies = {}


class Recogniser:
    """Says a word each second, from half a second on."""

    asked: tuple[str | None, str | None] = (None, None)

    async def transcribe(
        self, audio: np.ndarray, *, language: str | None, report: Report, hint: str | None = None
    ) -> Heard:
        self.asked = (language, hint)
        seconds = range(audio.size // 16_000)
        report(1)
        return Heard(
            words=[
                Word(text=f"w{at}", start_ms=at * 1000 + 500, end_ms=at * 1000 + 700, probability=0.9) for at in seconds
            ],
            speech=[TimeRange(start_ms=500, end_ms=3500)],
            language="en",
            language_probability=0.9,
            model="m",
            compute_ms=7,
        )


async def test_words_land_on_project_time_and_the_padding_is_kept_apart() -> None:
    signs: list[int] = []
    recogniser = Recogniser()
    store = OneObject(flac(np.zeros(4 * 16_000, dtype=np.int16)))
    found = await hear(planned(REF), objects=store, speech=recogniser, report=signs.append, hint="nl")  # type: ignore[arg-type]
    assert texts(found.words) == "w1 w2"
    assert found.words[0].start_ms == 10_500
    assert texts(found.margin_words) == "w0 w3"
    assert found.speech == [TimeRange(start_ms=10_000, end_ms=12_000)]
    assert len(found.loudness.level_db) == 20
    assert recogniser.asked == (None, "nl")
    assert signs == [1]


async def test_a_span_without_audio_is_heard_at_once() -> None:
    found = await hear(planned(None), objects=OneObject(b""), speech=Recogniser(), report=lambda _: None)  # type: ignore[arg-type]
    assert (found.words, found.language, found.model) == ([], None, "none")


class Away(PitchVoices):
    async def embed(self, audio: np.ndarray, windows: object) -> Vectors:
        raise Unavailable("triton", "away")


async def test_a_span_is_heard_without_voices_where_their_model_is_away() -> None:
    sound = np.random.default_rng(1).normal(0, 3000, 4 * 16_000).astype(np.int16)
    signs: list[int] = []
    for voices, warnings, cost_ms in ((Away(), [UNHEARD], 7), (PitchVoices(), [], 7 + 3 * 2)):
        store = Store(flac(sound))
        found = await hear(
            planned(REF), objects=store, speech=Recogniser(), report=signs.append, voices=voices, prefix="p"  # type: ignore[arg-type]
        )  # fmt: skip
        assert texts(found.words) == "w1 w2"
        assert found.warnings == warnings
        assert (found.voices is None) == bool(warnings)
        assert found.compute_ms >= cost_ms, "and what measuring the sounds took"
        assert found.sounds is not None
    assert signs == [1, 1, 2]
