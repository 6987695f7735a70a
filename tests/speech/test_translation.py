"""The English track: requests to the recogniser, joining of spans, confidence, speakers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from core.domain.transcripts.translated_tracks import with_transcript_speakers
from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Recognition
from core.progress import Report
from schemas.common import TimeRange, Word
from schemas.documents.diarization import Diarization, Speaker, Turn
from schemas.documents.span import HeardSpan, HeardWindow, Rejected, SpanTranslation
from schemas.documents.transcript import Transcript
from streams.close.transcript.english_track import build_english_track
from streams.close.transcript.span_merge import merge_spans
from streams.speech.translation import TranslatedWords, translate_to_english
from tests.support.spoken_words import sentence, span, texts, word

TEN_S = np.zeros(10 * 16_000, dtype=np.int16)


def window(start_ms: int, end_ms: int, language: str, dropped: str = "") -> HeardWindow:
    return HeardWindow(
        start_ms=start_ms, end_ms=end_ms, log_probability=-0.3, compression=1.4, no_speech=0.0, language=language,
        dropped=dropped,
    )  # fmt: skip


def recognition_of(words: list[Word], windows: list[HeardWindow], language: str = "en") -> Recognition:
    return Recognition(
        words=words, speech=[], language=language, language_probability=0.9, model="m", compute_ms=1, windows=windows
    )


class Interpreter:
    """Says one English word a request, a tenth of a second after its beginning; may break down at the n-th."""

    def __init__(self, failure: Exception | None = None, at: int = 0) -> None:
        self.asked: list[tuple[int, str | None, str]] = []
        self._failure, self._at = failure, at

    async def transcribe(
        self, audio: np.ndarray, *, language: str | None, report: Report, task: str, **_: object
    ) -> Recognition:
        if self._failure and len(self.asked) == self._at:
            raise self._failure
        self.asked.append((len(audio) // 16, language, task))
        report(1)
        return recognition_of(
            [word(f"E{len(self.asked)}", 100)], [window(0, len(audio) // 16, str(language))], str(language)
        )


def counted(signs: list[int]) -> Callable[[], Report]:
    return lambda: signs.append


MIXED = recognition_of(
    [word("hello", 500), word("guten", 4_200), word("Tag", 5_500), word("bonjour", 8_200)],
    [window(0, 4_000, "en"), window(4_000, 5_000, "de"), window(5_000, 8_000, "de"), window(8_000, 9_000, "fr")],
)


async def ask(found: Recognition, interpreter: Interpreter, signs: list[int] | None = None) -> TranslatedWords | None:
    signs = [] if signs is None else signs
    return await translate_to_english(found, found.words, TEN_S, interpreter, counted=counted(signs))  # type: ignore[arg-type]


async def test_only_foreign_ranges_are_translated() -> None:
    interpreter, signs = Interpreter(), list[int]()
    found = await ask(MIXED, interpreter, signs)
    assert found
    assert interpreter.asked == [(4_000, "de", "translate"), (1_000, "fr", "translate")]
    assert [(one.text, one.start_ms) for one in found.words] == [("hello", 500), ("E1", 4_100), ("E2", 8_100)]
    assert [(one.start_ms, one.language) for one in found.windows] == [(0, "en"), (4_000, "de"), (8_000, "fr")]
    assert (found.missing, found.compute_ms, signs) == ([], 2, [1, 1])


@pytest.mark.parametrize(
    "found",
    [
        recognition_of([word("hello", 500)], [window(0, 4_000, "en")]),
        recognition_of([word("hello", 500)], [window(0, 4_000, "en"), window(4_000, 9_000, "de", dropped="ja ja ja")]),
        recognition_of([], [], "de"),
    ],
)
async def test_english_silence_and_dropped_text_are_not_translated(found: Recognition) -> None:
    interpreter = Interpreter()
    assert await ask(found, interpreter) is None
    assert interpreter.asked == []


@pytest.mark.parametrize("failure", [Unavailable("triton", "whisper: gone"), InferenceFailed("whisper: a bug")])
async def test_a_failing_recogniser_loses_only_the_rest(failure: Exception) -> None:
    found = await ask(MIXED, Interpreter(failure, at=1))
    assert found
    assert texts(found.words) == "hello E1"
    assert found.missing == [TimeRange(start_ms=8_000, end_ms=9_000)]


def german(start_ms: int, end_ms: int, said: list[Word], english: list[Word], **given: object) -> HeardSpan:
    windows = [window(start_ms, end_ms, "de")]
    made = SpanTranslation(words=english, windows=windows)
    return msgspec.structs.replace(
        span(start_ms, end_ms, said, language="de"), windows=windows, translation=made, **given
    )


def spoken() -> list[HeardSpan]:
    first = german(0, 20_000, sentence("Guten Tag zusammen.", 1_000), sentence("Good day everybody.", 1_000))
    return [first, span(20_000, 40_000, sentence("We go on in English.", 21_000))]


def test_joined_spans_keep_the_spoken_language_of_segments() -> None:
    spans = spoken()
    transcript = merge_spans(spans, 40_000, [])
    assert [(one.text, one.language) for one in transcript.segments] == [
        ("Guten Tag zusammen.", "de"), ("We go on in English.", "en"),
    ]  # fmt: skip
    track = build_english_track(spans, transcript)
    assert [(one.text, one.language, one.translated_from, one.trust) for one in track.segments] == [
        ("Good day everybody.", "en", "de", "trusted"), ("We go on in English.", "en", None, "trusted"),
    ]  # fmt: skip
    assert (track.language, texts(track.words)) == ("en", "Good day everybody. We go on in English.")


def test_a_word_translated_by_both_spans_comes_once() -> None:
    before = german(0, 20_000, [word("ja", 19_000)], [word("yes", 19_000), word("certainly.", 19_800, 20_100)])
    after = german(20_000, 40_000, [word("doch", 20_500)], [word("indeed.", 20_500)])
    assert after.translation
    overlapping = msgspec.structs.replace(after.translation, margin_words=[word("certainly.", 19_850, 20_150)])
    spans = [before, msgspec.structs.replace(after, translation=overlapping)]
    assert texts(build_english_track(spans, merge_spans(spans, 40_000, [])).words) == "yes certainly. indeed."


def test_the_track_rejects_what_the_transcript_rejects() -> None:
    spans = spoken()
    transcript = merge_spans(spans, 40_000, [])
    doubted = msgspec.structs.replace(transcript.segments[0], trust="doubtful", doubts=["unsure"])
    marked = msgspec.structs.replace(transcript, segments=[doubted, transcript.segments[1]])
    (first, second) = build_english_track(spans, marked).segments
    assert (first.trust, first.doubts, second.trust) == ("doubtful", ["unsure"], "trusted")
    out = Rejected(start_ms=900, end_ms=2_500, text="Guten Tag zusammen.", reasons=["no_speech"])
    left = build_english_track(spans, msgspec.structs.replace(transcript, rejected=[out]))
    assert texts(left.words) == "We go on in English."
    assert [(one.first_word, one.end_word) for one in left.segments] == [(0, 5)]
    assert [(one.text, one.reasons) for one in left.rejected] == [("Good day everybody.", ["no_speech"])]


def test_untranslated_ranges_are_missing() -> None:
    (first, second) = spoken()
    assert first.translation
    lost = msgspec.structs.replace(first.translation, words=[], missing=[TimeRange(start_ms=0, end_ms=20_000)])
    spans = [msgspec.structs.replace(first, translation=lost), second]
    track = build_english_track(spans, merge_spans(spans, 40_000, []))
    assert texts(track.words) == "We go on in English."
    assert track.missing == [TimeRange(start_ms=0, end_ms=20_000)]


def test_a_track_shows_the_speakers_that_its_transcript_has_now() -> None:
    spans = spoken()
    told = Diarization(
        speakers=[Speaker(id="S1", speech_ms=1, turns=1, name="Ann"), Speaker(id="S2", speech_ms=1, turns=1)],
        turns=[Turn(start_ms=0, end_ms=20_000, speaker="S1"), Turn(start_ms=20_500, end_ms=23_000, speaker="S2")],
        overlaps=[],
        model="m",
    )
    transcript: Transcript = msgspec.structs.replace(merge_spans(spans, 40_000, []), diarization=told, version=3)
    track = with_transcript_speakers(build_english_track(spans, transcript), transcript)
    assert [one.speaker for one in track.segments] == ["S1", "S2"]
    assert (track.version, track.diarization) == (3, told)
    assert (
        with_transcript_speakers(track, msgspec.structs.replace(transcript, diarization=None)).segments[0].speaker
        is None
    )
