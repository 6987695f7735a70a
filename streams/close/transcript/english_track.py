"""The English track of a project, from its spans' translations. Pure; translates nothing, and believes no more than
the transcript does: what is rejected there is not in here, what is doubtful there is doubtful here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.common import Segment, TimeRange, Word
from schemas.documents.span import HeardSpan, HeardWindow, Rejected
from schemas.documents.transcript import Transcript
from streams.close.transcript.span_merge import close
from streams.speech.translation import ENGLISH

HALF = 0.5
"""A segment of the track is as doubtful as what at least so much of its time holds in the transcript."""


def english_track(spans: Sequence[HeardSpan], transcript: Transcript) -> Transcript:
    """The whole project in English. Spans that were heard in English come as they were heard."""
    told = [_in_english(span) for span in spans]
    lost = [stretch for span in spans if span.translation for stretch in span.translation.missing]
    joined = close(told, transcript.duration_ms, [*transcript.missing, *lost])
    sources = [one for span in spans if span.translation for one in span.translation.windows if one.language != ENGLISH]
    return msgspec.structs.replace(_believed(joined, transcript, sources), language=ENGLISH if joined.words else None)


def _in_english(span: HeardSpan) -> HeardSpan:
    if span.translation is None:
        return span
    windows = [msgspec.structs.replace(one, language=ENGLISH) for one in span.translation.windows]
    return msgspec.structs.replace(
        span,
        language=ENGLISH,
        words=span.translation.words,
        margin_words=span.translation.margin_words,
        windows=windows,
        fits=[],
    )


def _believed(track: Transcript, transcript: Transcript, sources: Sequence[HeardWindow]) -> Transcript:
    words: list[Word] = []
    segments: list[Segment] = []
    rejected = list(track.rejected)
    for segment in track.segments:
        run = track.words[segment.first_word : segment.end_word]
        here = TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms)
        against = [one for one in transcript.rejected if _share(here, one) >= HALF]
        if against:
            reasons = list(dict.fromkeys(reason for one in against for reason in one.reasons))
            rejected.append(Rejected(start_ms=here.start_ms, end_ms=here.end_ms, text=segment.text, reasons=reasons))
            continue
        first = len(words)
        words += run
        marked = _doubted(segment, here, transcript.segments)
        segments.append(
            msgspec.structs.replace(
                marked, first_word=first, end_word=len(words), translated_from=_source(here, sources)
            )
        )
    rejected.sort(key=lambda one: (one.start_ms, one.text))
    return msgspec.structs.replace(track, words=words, segments=segments, rejected=rejected)


def _doubted(segment: Segment, here: TimeRange, told: Sequence[Segment]) -> Segment:
    doubtful = [one for one in told if one.trust == "doubtful" and _overlap(here, one)]
    if sum(_overlap(here, one) for one in doubtful) < HALF * here.length_ms or not doubtful:
        return segment
    doubts = list(dict.fromkeys([*segment.doubts, *(doubt for one in doubtful for doubt in one.doubts)]))
    return msgspec.structs.replace(segment, trust="doubtful", doubts=doubts)


def _source(here: TimeRange, sources: Sequence[HeardWindow]) -> str | None:
    """The language that most of a segment was spoken in; None where that is English."""
    best = max(sources, key=lambda one: _overlap(here, one), default=None)
    return best.language if best is not None and _overlap(here, best) >= HALF * here.length_ms else None


def _share(here: TimeRange, other: Rejected) -> float:
    return _overlap(here, other) / max(1, here.length_ms)


def _overlap(here: TimeRange, other: Segment | Rejected | HeardWindow) -> int:
    return here.overlap_ms(TimeRange(start_ms=other.start_ms, end_ms=other.end_ms))
