"""Marks evidence that rests on words which the transcript doubts. Pure; changes no value and no score."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Evidence, SubScore


def marked(signals: Sequence[SubScore], doubtful: Sequence[TimeRange]) -> list[SubScore]:
    """The same sub-scores; what of their evidence quotes words out of a doubtful stretch says so."""
    if not doubtful:
        return list(signals)
    return [
        msgspec.structs.replace(one, evidence=[_marked(part, doubtful) for part in one.evidence]) for one in signals
    ]


def _marked(part: Evidence, doubtful: Sequence[TimeRange]) -> Evidence:
    at = TimeRange(start_ms=part.start_ms, end_ms=part.end_ms)
    if part.text and any(at.overlap_ms(stretch) for stretch in doubtful):
        return msgspec.structs.replace(part, doubtful=True)
    return part
