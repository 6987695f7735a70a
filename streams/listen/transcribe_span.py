"""SpanPlanned → HeardSpan: fetch the span's audio, have words and voices recognised, put them on project time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

import msgspec

from core.infra import telemetry
from core.ports.models import Alignment, Heard, Int16, Speech, Voices
from core.ports.stores import Objects
from core.progress import Report, Steps
from schemas.common import TimeRange, Word
from schemas.documents.acoustics import SpanSounds
from schemas.documents.span import HeardSpan, LoudnessCurve, SpanTranslation
from schemas.events import SpanPlanned
from streams.listen.acoustics.features import listen
from streams.listen.concurrent_alignment import Alongside
from streams.listen.speaker_embeddings import UNHEARD, UnvoicedError, listen_for_voices
from streams.runtime.stage import timed_in_thread
from streams.speech.audio_reader import STEP_MS, decode_flac, loudness
from streams.speech.forced_alignment import Refined, refine
from streams.speech.translation import RATE_KHZ, Translated, translate
from streams.speech.word_times import at_project_time
from streams.speech.words import near, on_project_time, speech_inside, split_at


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What is known and wanted of a project's words before they are heard."""

    language: str | None = None
    """Of a span that was heard before: where the sound leaves a doubt, a project stays in one language."""
    glossary: list[str] = []
    into_english: bool = False
    """Whether what is not English is translated as well; a failure of that costs the translation alone."""


NOTHING = Hints()


async def hear(
    span: SpanPlanned,
    *,
    objects: Objects,
    speech: Speech,
    report: Report,
    hints: Hints = NOTHING,
    voices: Voices | None = None,
    prefix: str = "",
    alignment: Alignment | None = None,
) -> HeardSpan:
    """What is said in a span and, if ``voices`` are wanted, by whose (stored under ``prefix``). No audio: nothing.

    Without ``alignment``, or where it is silent, words keep the recogniser's times. Raises Unavailable (store, Triton)
    and WrongAudioError (the object is not what ingest makes).
    """
    if span.audio is None:
        return silent(span)
    body = await objects.get(span.audio)
    samples: Int16 = await asyncio.to_thread(decode_flac, body, longest_ms=span.padded.length_ms)
    steps = Steps(report)
    async with Alongside(alignment, samples) if alignment else nullcontext() as early:
        heard = await speech.transcribe(
            samples,
            language=span.language,
            report=steps.part(),
            hint=hints.language,
            glossary=hints.glossary,
            told=early.take if early else None,
        )
    refined, sounds = await asyncio.gather(refine(heard, samples, early), _sounds(samples, span))
    found = _found(span, samples, heard, refined, sounds)
    if hints.into_english:
        english = await _translated(heard, refined.words, samples, speech, steps, hints.glossary)
        if english:
            found = msgspec.structs.replace(
                found, translation=_english(english, span), compute_ms=found.compute_ms + english.compute_ms
            )
    if voices is None:
        return found
    try:
        who, cost_ms = await listen_for_voices(
            samples,
            found.speech,
            within=span.range,
            voiced=speech_inside(near(heard.voiced, heard.speech), span.padded, span.range),
            starts_at_ms=span.padded.start_ms,
            voices=voices,
            objects=objects,
            prefix=prefix,
            report=steps.part(),
        )
    except UnvoicedError:
        return msgspec.structs.replace(found, warnings=[UNHEARD])
    return msgspec.structs.replace(found, voices=who, compute_ms=found.compute_ms + cost_ms)


def _found(
    span: SpanPlanned, samples: Int16, heard: Heard, refined: Refined, beside: tuple[SpanSounds | None, int]
) -> HeardSpan:
    """All of a span but its translation and its voices, on project time."""
    sounds, cpu_ms = beside
    words, margin = split_at(on_project_time(refined.words, span.padded), span.range)
    return HeardSpan(
        ordinal=span.ordinal,
        range=span.range,
        language=heard.language if words else None,
        language_probability=heard.language_probability if words else 0.0,
        words=words,
        margin_words=margin,
        speech=speech_inside(heard.speech, span.padded, span.range),
        loudness=loudness(samples, padded=span.padded, wanted=span.range),
        model=heard.model,
        compute_ms=heard.compute_ms + refined.compute_ms + cpu_ms,
        sounds=sounds,
        fits=at_project_time(refined.fits, span.padded),
        aligner=refined.model,
        not_aligned=refined.failure,
        windows=at_project_time(heard.windows, span.padded),
    )


async def _translated(
    heard: Heard, words: Sequence[Word], samples: Int16, speech: Speech, steps: Steps, glossary: Sequence[str]
) -> Translated | None:
    """What is said in English; all of it missing where that fails by a bug: the words are there."""
    try:
        return await translate(heard, words, samples, speech, counted=steps.part, glossary=glossary)
    except Exception as error:  # noqa: BLE001 - a bug here must not take the words with it
        telemetry.report_bug(error, "listen")
        whole = TimeRange(start_ms=0, end_ms=samples.size // RATE_KHZ)
        return Translated(words=[], windows=[], missing=[whole], compute_ms=0)


def _english(found: Translated, span: SpanPlanned) -> SpanTranslation:
    words, margin = split_at(on_project_time(found.words, span.padded), span.range)
    return SpanTranslation(
        words=words,
        margin_words=margin,
        windows=at_project_time(found.windows, span.padded),
        missing=speech_inside(found.missing, span.padded, span.range),
    )


async def _sounds(samples: Int16, span: SpanPlanned) -> tuple[SpanSounds | None, int]:
    """What the span sounds like, and its CPU time; None where that fails: its words are there (and close says so)."""
    try:
        return await timed_in_thread(listen, samples, padded=span.padded, wanted=span.range)
    except Exception as error:  # noqa: BLE001 - a bug here must not take the words with it
        telemetry.report_bug(error, "listen")
        return None, 0


def silent(span: SpanPlanned) -> HeardSpan:
    """A span of a source without sound."""
    return HeardSpan(
        ordinal=span.ordinal,
        range=span.range,
        language=None,
        language_probability=0.0,
        words=[],
        speech=[],
        loudness=LoudnessCurve(start_ms=span.range.start_ms, step_ms=STEP_MS, level_db=[]),
        model="none",
        compute_ms=0,
    )
