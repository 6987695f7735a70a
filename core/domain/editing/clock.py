"""Conversion of source time to output time, through the pieces of an edit. Pure; cuts nothing.

A moment of the source may be played never, once or more often; a moment of the output comes from one of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas.common import TimeRange
from schemas.documents.edit import EditList, EditSegment, PlacedSegment

TAKE_MS = 5_000
"""Who speaks still speaks of the same when less than this is cut out."""


def place_edit(edit: EditList) -> list[PlacedSegment]:
    """The segments on both clocks, in order of playing."""
    texts = [caption.range for caption in edit.captions]
    return [
        msgspec.structs.replace(piece, texts=[text for text in texts if text.overlap_ms(piece.source)])
        if piece.muted
        else piece
        for piece in place_segments(edit.segments)
    ]


def place_segments(segments: Iterable[EditSegment]) -> list[PlacedSegment]:
    """Place segments as `place_edit` does, before they are an edit."""
    pieces: list[PlacedSegment] = []
    for segment in segments:
        piece = PlacedSegment(
            segment_id=segment.segment_id,
            source=segment.range,
            output_start_ms=pieces[-1].output_end_ms if pieces else 0.0,
            speed=segment.speed,
            muted=segment.muted,
            gain_db=segment.gain_db,
            style=segment.style,
        )
        pieces.append(piece)
    return pieces


def strip_styles(played: Sequence[PlacedSegment]) -> list[PlacedSegment]:
    """The pieces with captions that look alike."""
    return [msgspec.structs.replace(piece, style=None) for piece in played]


def single_segment(clip: TimeRange) -> list[PlacedSegment]:
    """The segment list of a clip that is played unchanged."""
    return [PlacedSegment(segment_id="s1", source=clip, output_start_ms=0.0)]


def length_ms(played: Sequence[PlacedSegment]) -> float:
    """Playing time of all segments."""
    return played[-1].output_end_ms if played else 0.0


def output_time_ms(piece: PlacedSegment, source_ms: float) -> float:
    """A moment of the source on the output's clock, as if the piece went on before and after its ends."""
    return piece.output_start_ms + (source_ms - piece.source.start_ms) / piece.speed


def hull(played: Sequence[PlacedSegment]) -> TimeRange:
    """The range from the earliest to the latest moment of the source that is played."""
    return TimeRange(
        start_ms=min(piece.source.start_ms for piece in played), end_ms=max(piece.source.end_ms for piece in played)
    )


def group_takes(played: Sequence[PlacedSegment]) -> list[list[PlacedSegment]]:
    """Runs of segments in which the source continues, with small gaps and no repetition.

    Where captions begin to look otherwise another run begins.
    """
    runs: list[list[PlacedSegment]] = []
    for piece in played:
        gap_ms = piece.source.start_ms - runs[-1][-1].source.end_ms if runs else -1
        if 0 <= gap_ms < TAKE_MS and piece.style == runs[-1][-1].style:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs
