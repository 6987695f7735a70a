"""SpanPlanned to HeardSpan, with twins of the store and the recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Aligned, AlignmentPiece, Int16, Recognition, Vectors, WindowListener
from core.progress import Report
from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.span import HeardWindow
from schemas.events import SpanPlanned
from streams.listen.speaker_embeddings import VOICES_MISSING_WARNING
from streams.listen.transcribe_span import RecognitionHints, transcribe_span
from streams.speech.word_times import START_EARLY_MS
from tests.listen.test_speaker_embeddings import Kept
from tests.support.media.recordings import flac
from tests.support.spoken_words import texts
from tests.support.vectors import PitchVoices

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
    tasks: tuple[str, ...] = ()

    def __init__(self, language: str = "en") -> None:
        self._language = language

    async def transcribe(
        self,
        audio: np.ndarray,
        *,
        language: str | None,
        report: Report,
        hint: str | None = None,
        glossary: Sequence[str] = (),
        task: str = "transcribe",
        on_window: WindowListener | None = None,
    ) -> Recognition:
        self.asked = (language, hint)
        self.tasks = (*self.tasks, task)
        seconds = range(audio.size // 16_000)
        report(1)
        return Recognition(
            words=[
                Word(text=f"w{at}", start_ms=at * 1000 + 500, end_ms=at * 1000 + 700, probability=0.9) for at in seconds
            ],
            speech=[TimeRange(start_ms=500, end_ms=3500)],
            language=self._language,
            language_probability=0.9,
            model="m",
            compute_ms=7,
        )


async def test_words_are_on_project_time_without_the_padding() -> None:
    signs: list[int] = []
    recogniser = Recogniser()
    store = OneObject(flac(np.zeros(4 * 16_000, dtype=np.int16)))
    found = await transcribe_span(
        planned(REF), objects=store, speech=recogniser, report=signs.append, hints=RecognitionHints(language="nl")
    )  # type: ignore[arg-type]
    assert texts(found.words) == "w1 w2"
    assert found.words[0].start_ms == 10_500 + START_EARLY_MS
    assert texts(found.margin_words) == "w0 w3"
    assert found.speech == [TimeRange(start_ms=10_000, end_ms=12_000)]
    assert len(found.loudness.level_db) == 20
    assert recogniser.asked == (None, "nl")
    assert signs == [1]


class Late:
    """An aligner that finds each word 100 ms after where it was recognised; it cost 5 ms."""

    def __init__(self, words: Sequence[int], failure: Exception | None = None) -> None:
        self._words, self._failure = words, failure

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        if self._failure:
            raise self._failure
        times = [TimeRange(start_ms=at + 100, end_ms=at + 150) for at in self._words]
        return Aligned(pieces=[[*times]], scores=[-2.0], model="late-1", compute_ms=5)


STORE = OneObject(flac(np.zeros(4 * 16_000, dtype=np.int16)))
STARTS = (500, 1500, 2500, 3500)


async def test_the_aligners_times_reach_the_project_and_its_cost_is_counted() -> None:
    found = await transcribe_span(
        planned(REF), objects=STORE, speech=Recogniser(), report=lambda _: None, alignment=Late(STARTS),  # type: ignore[arg-type]
    )  # fmt: skip
    assert [(one.start_ms, one.end_ms) for one in found.words] == [(10_600, 10_650), (11_600, 11_650)]
    assert found.compute_ms >= 7 + 5, "and what measuring the sounds took"
    assert (found.aligner, found.not_aligned) == ("late-1", "")
    assert [(one.start_ms, one.placed, one.score) for one in found.fits] == [(9_500 + START_EARLY_MS, 4, -2.0)]


async def test_a_run_that_does_not_fit_is_split_and_realigned() -> None:
    """Here only words alone, or two at once, fit."""

    class Fussy:
        async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
            fits = [len(piece.words) <= 2 for piece in pieces]
            times = [
                [TimeRange(start_ms=piece.range.start_ms + 300, end_ms=piece.range.start_ms + 350) if fit else None]
                + [None] * (len(piece.words) - 1)
                for piece, fit in zip(pieces, fits, strict=True)
            ]
            return Aligned(pieces=times, scores=[-2.0 if fit else None for fit in fits], model="fussy-1", compute_ms=5)

    found = await transcribe_span(
        planned(REF), objects=STORE, speech=Recogniser(), report=lambda _: None, alignment=Fussy(),  # type: ignore[arg-type]
    )  # fmt: skip
    assert [(fit.words, fit.placed) for fit in found.fits] == [(2, 1), (2, 1)]
    assert texts(found.words) == "w1 w2"
    assert found.compute_ms >= 7 + 10


@pytest.mark.parametrize("failure", [Unavailable("triton", "align: gone"), InferenceFailed("align: a bug")])
async def test_an_aligner_that_is_dead_loses_no_word(failure: Exception) -> None:
    found = await transcribe_span(
        planned(REF), objects=STORE, speech=Recogniser(), report=lambda _: None, alignment=Late((), failure),  # type: ignore[arg-type]
    )  # fmt: skip
    assert texts(found.words) == "w1 w2"
    assert found.words[0].start_ms == 10_500 + START_EARLY_MS
    assert "align" in found.not_aligned


async def test_a_language_the_aligner_does_not_know_is_not_sent_to_it() -> None:
    recogniser = Recogniser(language="nl")
    found = await transcribe_span(
        planned(REF), objects=STORE, speech=recogniser, report=lambda _: None, alignment=Late(STARTS),  # type: ignore[arg-type]
    )  # fmt: skip
    assert found.words[0].start_ms == 10_500 + START_EARLY_MS
    assert (found.fits, found.aligner, found.not_aligned) == ([], "", "")


async def test_foreign_words_keep_the_recognisers_times() -> None:
    """The second of four words lies in a German window: the aligner is asked for the other three."""

    class Mixed(Recogniser):
        async def transcribe(self, audio: np.ndarray, **given: Any) -> Recognition:
            windows = [
                HeardWindow(start_ms=a, end_ms=b, log_probability=-0.3, compression=1.4, no_speech=0.0, language=tongue)
                for a, b, tongue in ((0, 1300, "en"), (1300, 2300, "de"), (2300, 4000, "en"))
            ]
            return msgspec.structs.replace(await super().transcribe(audio, **given), windows=windows)

    class Asked(Late):
        async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
            assert [piece.words for piece in pieces] == [["w0"], ["w2", "w3"]]
            found = await super().align(audio, pieces)
            return msgspec.structs.replace(found, pieces=[found.pieces[0][:1], found.pieces[0][1:]], scores=[-2.0] * 2)

    found = await transcribe_span(
        planned(REF), objects=STORE, speech=Mixed(), report=lambda _: None, alignment=Asked((500, 2500, 3500)),  # type: ignore[arg-type]
    )  # fmt: skip
    assert [word.start_ms for word in found.words] == [10_500 + START_EARLY_MS, 11_600]
    assert [fit.words for fit in found.fits] == [1, 2]


@pytest.mark.parametrize(("language", "wanted", "costs"), [("nl", True, 7), ("nl", False, 0), ("en", True, 0)])
async def test_a_requested_translation_is_made_where_needed(language: str, wanted: bool, costs: int) -> None:
    recogniser = Recogniser(language=language)
    given = {"objects": STORE, "speech": recogniser, "report": lambda _: None}
    found = await transcribe_span(planned(REF), hints=RecognitionHints(into_english=wanted), **given)  # type: ignore[arg-type]
    assert recogniser.tasks == (("transcribe", "translate") if costs else ("transcribe",))
    assert (found.translation is not None) == bool(costs)
    assert found.compute_ms >= 7 + costs
    if found.translation:
        assert texts(found.translation.words) == "w1 w2"
        assert texts(found.translation.margin_words) == "w0 w3"


async def test_a_span_without_audio_ends_at_once() -> None:
    found = await transcribe_span(planned(None), objects=OneObject(b""), speech=Recogniser(), report=lambda _: None)  # type: ignore[arg-type]
    assert (found.words, found.language, found.model) == ([], None, "none")


class Away(PitchVoices):
    async def embed(self, audio: np.ndarray, windows: object) -> Vectors:
        raise Unavailable("triton", "away")


async def test_a_span_without_a_voice_model_still_has_words() -> None:
    sound = np.random.default_rng(1).normal(0, 3000, 4 * 16_000).astype(np.int16)
    signs: list[int] = []
    for voices, warnings, cost_ms in ((Away(), [VOICES_MISSING_WARNING], 7), (PitchVoices(), [], 7 + 3 * 2)):
        store = Store(flac(sound))
        found = await transcribe_span(
            planned(REF), objects=store, speech=Recogniser(), report=signs.append, voices=voices, prefix="p"  # type: ignore[arg-type]
        )  # fmt: skip
        assert texts(found.words) == "w1 w2"
        assert found.warnings == warnings
        assert (found.voices is None) == bool(warnings)
        assert found.compute_ms >= cost_ms, "and what measuring the sounds took"
        assert found.sounds is not None
    assert signs == [1, 1, 2]


class Ready(Recogniser):
    """Also hears where a voice may be: a second more than the speech it finds, and something far from any."""

    async def transcribe(self, audio: np.ndarray, **asked: Any) -> Recognition:
        heard = await super().transcribe(audio, **asked)
        voiced = [TimeRange(start_ms=1000, end_ms=3500)]
        return msgspec.structs.replace(heard, speech=[TimeRange(start_ms=2000, end_ms=3000)], voiced=voiced)


async def test_voices_use_possible_voice_words_use_speech() -> None:
    store = Store(flac(np.random.default_rng(1).normal(0, 3000, 4 * 16_000).astype(np.int16)))
    found = await transcribe_span(
        planned(REF), objects=store, speech=Ready(), report=lambda _: None, voices=PitchVoices(), prefix="p"  # type: ignore[arg-type]
    )  # fmt: skip
    assert found.voices
    assert found.voices.voiced == [TimeRange(start_ms=10_000, end_ms=12_000)], "within the span"
    assert found.speech == [TimeRange(start_ms=11_000, end_ms=12_000)]
