"""The output's clock read backwards, by which tests judge the way forwards."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.documents.edit import PlacedSegment


def to_source(played: Sequence[PlacedSegment], output_ms: float) -> float:
    """Source time at an output time; clamped to the first and the last moment."""
    piece = max((one for one in played if one.output_start_ms <= output_ms), key=lambda one: one.output_start_ms)
    within_ms = min(output_ms - piece.output_start_ms, piece.output_ms)
    return piece.source.start_ms + within_ms * piece.speed
