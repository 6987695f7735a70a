"""Replace a transcript's words by the caller's script; fetch audio for the words that must be aligned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Alignment, AlignmentPiece
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import Segment, TimeRange, Trust, Word
from schemas.documents.span import ScriptReport
from schemas.documents.transcript import Transcript
from schemas.events import SpanPlanned
from streams.close.script.matching import ScriptGap, match_script, place_gaps
from streams.close.transcript.confidence import TranscriptEvidence, find_doubts
from streams.close.transcript.fillers import mark_fillers
from streams.close.transcript.segments import split_segments
from streams.speech.audio_reader import read_span_audio
from streams.speech.forced_alignment import ALIGNER_LANGUAGES, ALIGNMENT_TIMEOUT_S
from streams.speech.languages import languages_by_time
from streams.speech.word_times import MIN_MARGIN_MS

PieceTimes = list[TimeRange | None] | None
"""Times of the words of one gap; None where nothing was aligned."""


class ScriptedTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript with the script's words; what it cost the aligner."""

    transcript: Transcript
    compute_ms: int


async def apply_script(
    transcript: Transcript,
    script: str,
    spans: Sequence[SpanPlanned],
    *,
    objects: Objects,
    alignment: Alignment,
    report: Report,
    scratch: Path | None = None,
) -> ScriptedTranscript:
    """Put the script's words in place of the recognised ones; count what was not spoken and leave it out.

    A script of another recording is not used. An aligner that does not answer costs accuracy, no words. Raises
    Unavailable where the object store does not answer.
    """
    match_result = await asyncio.to_thread(
        match_script, transcript.words, script, transcript.duration_ms, transcript.language
    )
    if not match_result.used:
        script_report = ScriptReport(
            words=match_result.given, heard=match_result.heard, left_out=match_result.given, used=False
        )
        return ScriptedTranscript(transcript=msgspec.structs.replace(transcript, script=script_report), compute_ms=0)
    languages = languages_by_time(match_result.words, transcript.segments, transcript.language)
    alignable = [at for at, gap in enumerate(match_result.gaps) if languages[gap.first] in ALIGNER_LANGUAGES]
    gap_times: list[PieceTimes] = [None] * len(match_result.gaps)
    compute_ms = 0
    for count, span in enumerate(spans, start=1):
        gap_indices = [at for at in alignable if _lies_in_span(match_result.gaps[at], span)]
        if gap_indices and span.audio is not None:
            alignment_pieces = [
                _build_piece(match_result.words, match_result.gaps[at], span.padded) for at in gap_indices
            ]
            piece_times, span_compute_ms = await _align_pieces(
                await objects.get(span.audio), span, alignment_pieces, alignment, scratch
            )
            compute_ms += span_compute_ms
            for at, gap in zip(gap_indices, piece_times, strict=True):
                gap_times[at] = gap
        report(1 + count)
    words, left_out = place_gaps(match_result, gap_times)
    script_report = ScriptReport(words=match_result.given, heard=match_result.heard, left_out=left_out)
    return ScriptedTranscript(transcript=_build_transcript(transcript, words, script_report), compute_ms=compute_ms)


def _build_transcript(transcript: Transcript, words: list[Word], script_report: ScriptReport) -> Transcript:
    """Put the script's words in segments; none is rejected.

    A segment is doubtful where there is no voice or nothing was placed.
    """
    evidence = TranscriptEvidence(speech=transcript.speech)
    languages = languages_by_time(words, transcript.segments, transcript.language)
    words = mark_fillers(words, languages)
    marked_segments: list[Segment] = []
    for segment in split_segments(words, transcript.language, languages):
        segment_doubts = find_doubts(words[segment.first_word : segment.end_word], 0, evidence)
        trust: Trust = "doubtful" if segment_doubts else "trusted"
        marked_segments.append(msgspec.structs.replace(segment, trust=trust, doubts=segment_doubts))
    return msgspec.structs.replace(transcript, words=words, segments=marked_segments, script=script_report)


def _lies_in_span(gap: ScriptGap, span: SpanPlanned) -> bool:
    """Whether a gap is this span's to align: its middle is in the span, all of it in the padded audio."""
    middle_ms = (gap.room.start_ms + gap.room.end_ms) / 2
    covered = span.padded.overlap_ms(gap.room) == gap.room.length_ms
    return span.range.start_ms <= middle_ms < span.range.end_ms and covered


def _build_piece(words: Sequence[Word], gap: ScriptGap, padded: TimeRange) -> AlignmentPiece:
    """Build the aligner's piece for a gap, with a margin of audio."""
    start_ms = max(0, gap.room.start_ms - MIN_MARGIN_MS - padded.start_ms)
    end_ms = min(padded.length_ms, gap.room.end_ms + MIN_MARGIN_MS - padded.start_ms)
    texts = [word.text for word in words[gap.first : gap.end]]
    return AlignmentPiece(range=TimeRange(start_ms=start_ms, end_ms=end_ms), words=texts)


async def _align_pieces(
    flac: bytes,
    span: SpanPlanned,
    alignment_pieces: Sequence[AlignmentPiece],
    alignment: Alignment,
    scratch: Path | None,
) -> tuple[list[PieceTimes], int]:
    """Align the pieces of one span; no times where the aligner fails."""
    samples = await read_span_audio(flac, max_length_ms=span.padded.length_ms, scratch=scratch)
    try:
        async with asyncio.timeout(ALIGNMENT_TIMEOUT_S):
            alignment_result = await alignment.align(samples, alignment_pieces)
    except (Unavailable, InferenceFailed, TimeoutError):
        return [None] * len(alignment_pieces), 0
    shifted_times = [[_shift_time(time, span.padded.start_ms) for time in times] for times in alignment_result.pieces]
    scored_times = zip(shifted_times, alignment_result.scores, strict=True)
    return [times if score is not None else None for times, score in scored_times], alignment_result.compute_ms


def _shift_time(time: TimeRange | None, shift_ms: int) -> TimeRange | None:
    """Shift a time range, or keep None."""
    return time and TimeRange(start_ms=time.start_ms + shift_ms, end_ms=time.end_ms + shift_ms)
