"""Transcribe one span: fetch its audio, recognise words and voices, put them on project time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec

from core.infra import telemetry
from core.ports.models import Alignment, Int16, Recognition, Speech, Voices
from core.ports.stores import Objects
from core.progress import Report, Steps
from schemas.common import TimeRange, Word
from schemas.documents.acoustics import SpanSounds
from schemas.documents.span import HeardSpan, LoudnessCurve, SpanTranslation
from schemas.events import SpanPlanned
from streams.listen.acoustics.features import measure_acoustics
from streams.listen.concurrent_alignment import ConcurrentAligner
from streams.listen.speaker_embeddings import VOICES_MISSING_WARNING, VoicesUnavailableError, embed_voices
from streams.runtime.stage import timed_in_thread
from streams.speech.audio_reader import LEVEL_STEP_MS, measure_loudness, read_span_audio
from streams.speech.forced_alignment import RefinedWords, refine_word_times
from streams.speech.translation import SAMPLE_RATE_KHZ, TranslatedWords, translate_to_english
from streams.speech.word_times import shift_to_project_time
from streams.speech.words import clamp_speech, keep_near_speech, shift_words_to_project_time, split_margin


class RecognitionHints(msgspec.Struct, frozen=True, kw_only=True):
    """Language, glossary and translation request of a project, set before its words are recognised."""

    language: str | None = None
    """Language of a span recognised earlier.

    Where the sound leaves a doubt, a project stays in one language.
    """
    glossary: list[str] = []
    into_english: bool = False
    """Whether other languages are also translated to English.

    If that fails, only the translation is lost.
    """


NO_HINTS = RecognitionHints()
"""Hints of a project that has none."""


async def transcribe_span(
    span: SpanPlanned,
    *,
    objects: Objects,
    speech: Speech,
    report: Report,
    hints: RecognitionHints = NO_HINTS,
    voices: Voices | None = None,
    prefix: str = "",
    alignment: Alignment | None = None,
    scratch: Path | None = None,
) -> HeardSpan:
    """Transcribe a span and, if ``voices`` is given, embed its voices (stored under ``prefix``).

    A span without audio has no words. Without ``alignment``, or where it fails, words keep the recogniser's
    times. Raises Unavailable (object store, Triton) and WrongAudioError (the object is not what ingest makes).
    """
    if span.audio is None:
        return build_silent_span(span)
    flac = await objects.get(span.audio)
    samples: Int16 = await read_span_audio(flac, max_length_ms=span.padded.length_ms, scratch=scratch)
    progress = Steps(report)
    async with ConcurrentAligner(alignment, samples) if alignment else nullcontext() as aligner:
        recognised = await speech.transcribe(
            samples,
            language=span.language,
            report=progress.part(),
            hint=hints.language,
            glossary=hints.glossary,
            on_window=aligner.add_window if aligner else None,
        )
    refined, sounds = await asyncio.gather(
        refine_word_times(recognised, samples, aligner), _measure_acoustics(samples, span)
    )
    heard_span = _build_heard_span(span, samples, recognised, refined, sounds)
    if hints.into_english:
        translation = await _translate(recognised, refined.words, samples, speech, progress, hints.glossary)
        if translation:
            heard_span = msgspec.structs.replace(
                heard_span,
                translation=_build_translation(translation, span),
                compute_ms=heard_span.compute_ms + translation.compute_ms,
            )
    if voices is None:
        return heard_span
    try:
        voice_windows, cost_ms = await embed_voices(
            samples,
            heard_span.speech,
            span_range=span.range,
            voiced=clamp_speech(keep_near_speech(recognised.voiced, recognised.speech), span.padded, span.range),
            starts_at_ms=span.padded.start_ms,
            voices=voices,
            objects=objects,
            prefix=prefix,
            report=progress.part(),
        )
    except VoicesUnavailableError:
        return msgspec.structs.replace(heard_span, warnings=[VOICES_MISSING_WARNING])
    return msgspec.structs.replace(heard_span, voices=voice_windows, compute_ms=heard_span.compute_ms + cost_ms)


def _build_heard_span(
    span: SpanPlanned,
    samples: Int16,
    recognised: Recognition,
    refined: RefinedWords,
    acoustics: tuple[SpanSounds | None, int],
) -> HeardSpan:
    """Build the span's document, without translation and voices, on project time."""
    span_acoustics, cpu_ms = acoustics
    words, margin_words = split_margin(shift_words_to_project_time(refined.words, span.padded), span.range)
    return HeardSpan(
        ordinal=span.ordinal,
        range=span.range,
        language=recognised.language if words else None,
        language_probability=recognised.language_probability if words else 0.0,
        words=words,
        margin_words=margin_words,
        speech=clamp_speech(recognised.speech, span.padded, span.range),
        loudness=measure_loudness(samples, padded=span.padded, span_range=span.range),
        model=recognised.model,
        compute_ms=recognised.compute_ms + refined.compute_ms + cpu_ms,
        sounds=span_acoustics,
        fits=shift_to_project_time(refined.fits, span.padded),
        aligner=refined.model,
        not_aligned=refined.failure,
        windows=shift_to_project_time(recognised.windows, span.padded),
    )


async def _translate(
    recognised: Recognition,
    words: Sequence[Word],
    samples: Int16,
    speech: Speech,
    progress: Steps,
    glossary: Sequence[str],
) -> TranslatedWords | None:
    """Translate to English. A bug reports everything as missing: the words are worth more."""
    try:
        return await translate_to_english(recognised, words, samples, speech, counted=progress.part, glossary=glossary)
    except Exception as error:  # noqa: BLE001 - a bug here must not take the words with it
        telemetry.report_bug(error, "listen")
        full_range = TimeRange(start_ms=0, end_ms=samples.size // SAMPLE_RATE_KHZ)
        return TranslatedWords(words=[], windows=[], missing=[full_range], compute_ms=0)


def _build_translation(translation: TranslatedWords, span: SpanPlanned) -> SpanTranslation:
    """Put a translation on project time."""
    words, margin_words = split_margin(shift_words_to_project_time(translation.words, span.padded), span.range)
    return SpanTranslation(
        words=words,
        margin_words=margin_words,
        windows=shift_to_project_time(translation.windows, span.padded),
        missing=clamp_speech(translation.missing, span.padded, span.range),
    )


async def _measure_acoustics(samples: Int16, span: SpanPlanned) -> tuple[SpanSounds | None, int]:
    """Measure the span's acoustics; return the CPU time too. None after a bug: close warns about it."""
    try:
        return await timed_in_thread(measure_acoustics, samples, padded=span.padded, span_range=span.range)
    except Exception as error:  # noqa: BLE001 - a bug here must not take the words with it
        telemetry.report_bug(error, "listen")
        return None, 0


def build_silent_span(span: SpanPlanned) -> HeardSpan:
    """Build the document of a span whose source has no sound."""
    return HeardSpan(
        ordinal=span.ordinal,
        range=span.range,
        language=None,
        language_probability=0.0,
        words=[],
        speech=[],
        loudness=LoudnessCurve(start_ms=span.range.start_ms, step_ms=LEVEL_STEP_MS, level_db=[]),
        model="none",
        compute_ms=0,
    )
