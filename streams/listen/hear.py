"""SpanPlanned → HeardSpan: fetch the span's audio, have it recognised, put it on project time. Decides nothing else."""

from __future__ import annotations

import asyncio

from schemas.documents import HeardSpan, LoudnessCurve
from schemas.events import SpanPlanned
from streams.adapters.ports import Int16, Objects, Report, Speech
from streams.listen.audio import STEP_MS, decode_flac, loudness
from streams.listen.words import on_project_time, speech_inside, split_at


async def hear(
    span: SpanPlanned, *, objects: Objects, speech: Speech, report: Report, hint: str | None = None
) -> HeardSpan:
    """What is said in a span. A span without audio is heard at once: nothing.

    ``hint`` is the language of a span of the same project that was heard before: where the sound leaves a doubt, a
    project stays in one language.
    Raises Unavailable (store, Triton) and WrongAudioError (the object is not what ingest makes).
    """
    if span.audio is None:
        return silent(span)
    body = await objects.get(span.audio)
    samples: Int16 = await asyncio.to_thread(decode_flac, body, longest_ms=span.padded.length_ms)
    heard = await speech.transcribe(samples, language=span.language, report=report, hint=hint)
    words, margin = split_at(on_project_time(heard.words, span.padded), span.range)
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
        compute_ms=heard.compute_ms,
    )


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
