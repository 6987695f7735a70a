"""A transcript after the script that the caller gave: fetches the sound of what must be placed. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Alignment, Piece
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import Segment, TimeRange, Trust, Word
from schemas.documents.span import ScriptReport
from schemas.documents.transcript import Transcript
from schemas.events import SpanPlanned
from streams.close.script.matching import Stretch, match, settled
from streams.close.transcript.confidence import Witnesses, doubts
from streams.close.transcript.fillers import flagged
from streams.close.transcript.segments import segments
from streams.speech.audio_reader import decode_flac
from streams.speech.forced_alignment import ALIGNER_LANGUAGES, ALIGNMENT_TIMEOUT_S
from streams.speech.languages import languages_by_time
from streams.speech.word_times import MIN_MARGIN_MS

Times = list[TimeRange | None] | None


class Scripted(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript with the script's words; what it cost the aligner."""

    transcript: Transcript
    compute_ms: int


async def follow(
    transcript: Transcript,
    script: str,
    spans: Sequence[SpanPlanned],
    *,
    objects: Objects,
    alignment: Alignment,
    report: Report,
) -> Scripted:
    """The script's words in place of the recognised ones, at their times; what was not said is left out and counted.

    A script of another recording is not used. An aligner that does not answer costs exactness, no words. Raises
    Unavailable where the store does not answer.
    """
    matched = await asyncio.to_thread(match, transcript.words, script, transcript.duration_ms, transcript.language)
    if not matched.used:
        told = ScriptReport(words=matched.given, heard=matched.heard, left_out=matched.given, used=False)
        return Scripted(transcript=msgspec.structs.replace(transcript, script=told), compute_ms=0)
    tongues = languages_by_time(matched.words, transcript.segments, transcript.language)
    known = [at for at, one in enumerate(matched.stretches) if tongues[one.first] in ALIGNER_LANGUAGES]
    times: list[Times] = [None] * len(matched.stretches)
    cost = 0
    for count, span in enumerate(spans, start=1):
        inside = [at for at in known if _belongs(matched.stretches[at], span)]
        if inside and span.audio is not None:
            asked = [_piece(matched.words, matched.stretches[at], span.padded) for at in inside]
            found, spent = await _aligned(await objects.get(span.audio), span, asked, alignment)
            cost += spent
            for at, one in zip(inside, found, strict=True):
                times[at] = one
        report(1 + count)
    words, unsaid = settled(matched, times)
    told = ScriptReport(words=matched.given, heard=matched.heard, left_out=unsaid)
    return Scripted(transcript=_marked(transcript, words, told), compute_ms=cost)


def _marked(transcript: Transcript, words: list[Word], told: ScriptReport) -> Transcript:
    """The script's words in segments, doubtful where nobody speaks or nothing was placed; none of them is rejected."""
    told_by = Witnesses(speech=transcript.speech)
    tongues = languages_by_time(words, transcript.segments, transcript.language)
    words = flagged(words, tongues)
    found: list[Segment] = []
    for segment in segments(words, transcript.language, tongues):
        here = doubts(words[segment.first_word : segment.end_word], 0, told_by)
        trust: Trust = "doubtful" if here else "trusted"
        found.append(msgspec.structs.replace(segment, trust=trust, doubts=here))
    return msgspec.structs.replace(transcript, words=words, segments=found, script=told)


def _belongs(stretch: Stretch, span: SpanPlanned) -> bool:
    middle = (stretch.room.start_ms + stretch.room.end_ms) / 2
    whole = span.padded.overlap_ms(stretch.room) == stretch.room.length_ms
    return span.range.start_ms <= middle < span.range.end_ms and whole


def _piece(words: Sequence[Word], stretch: Stretch, padded: TimeRange) -> Piece:
    start_ms = max(0, stretch.room.start_ms - MIN_MARGIN_MS - padded.start_ms)
    end_ms = min(padded.length_ms, stretch.room.end_ms + MIN_MARGIN_MS - padded.start_ms)
    texts = [word.text for word in words[stretch.first : stretch.end]]
    return Piece(range=TimeRange(start_ms=start_ms, end_ms=end_ms), words=texts)


async def _aligned(
    body: bytes, span: SpanPlanned, asked: Sequence[Piece], alignment: Alignment
) -> tuple[list[Times], int]:
    samples = await asyncio.to_thread(decode_flac, body, max_length_ms=span.padded.length_ms)
    try:
        async with asyncio.timeout(ALIGNMENT_TIMEOUT_S):
            found = await alignment.align(samples, asked)
    except (Unavailable, InferenceFailed, TimeoutError):
        return [None] * len(asked), 0
    on_time = [[_shifted(time, span.padded.start_ms) for time in times] for times in found.pieces]
    fits = zip(on_time, found.scores, strict=True)
    return [times if score is not None else None for times, score in fits], found.compute_ms


def _shifted(time: TimeRange | None, by_ms: int) -> TimeRange | None:
    return time and TimeRange(start_ms=time.start_ms + by_ms, end_ms=time.end_ms + by_ms)
