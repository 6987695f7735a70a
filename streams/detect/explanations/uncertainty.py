"""Mark evidence that rests on words which the transcript doubts. Pure; changes no value and no score."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Evidence, SubScore


def mark_doubtful_evidence(signals: Sequence[SubScore], doubtful: Sequence[TimeRange]) -> list[SubScore]:
    """Mark the evidence that quotes words out of a doubtful range."""
    if not doubtful:
        return list(signals)
    return [
        msgspec.structs.replace(signal, evidence=[_mark_item(part, doubtful) for part in signal.evidence])
        for signal in signals
    ]


def _mark_item(part: Evidence, doubtful: Sequence[TimeRange]) -> Evidence:
    item_range = TimeRange(start_ms=part.start_ms, end_ms=part.end_ms)
    if part.text and any(item_range.overlap_ms(doubtful_range) for doubtful_range in doubtful):
        return msgspec.structs.replace(part, doubtful=True)
    return part
