"""Evidence that quotes doubtful words is marked, and the rest of a score does not change."""

from __future__ import annotations

import msgspec

from schemas.common import Segment, TimeRange
from schemas.documents.moments import Evidence, SubScore
from schemas.options.project import ProjectOptions
from streams.detect.explanations.uncertainty import mark_doubtful_evidence
from streams.detect.pipeline import find_moments
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id


def quoted(start_ms: int, end_ms: int, text: str = "words") -> Evidence:
    return Evidence(kind="quote", start_ms=start_ms, end_ms=end_ms, text=text)


def test_only_quotes_of_doubtful_ranges_are_marked() -> None:
    parts = [quoted(0, 1000), quoted(900, 2000), quoted(1500, 1800, ""), quoted(2000, 3000)]
    (one,) = mark_doubtful_evidence(
        [SubScore(name="hook", value=0.5, weight=1.0, evidence=parts)], [TimeRange(start_ms=1000, end_ms=2000)]
    )
    assert [part.doubtful for part in one.evidence] == [False, True, False, False]
    assert msgspec.structs.replace(one, evidence=parts) == SubScore(name="hook", value=0.5, weight=1.0, evidence=parts)


def test_moments_quote_doubtful_words_with_a_mark_and_less_confidence() -> None:
    words = lecture_words()
    plain = material(words, LECTURE_MS)
    assert plain.transcript is not None
    segment = Segment(
        start_ms=words[0].start_ms, end_ms=words[-1].end_ms, text="", first_word=0, end_word=len(words),
        trust="doubtful",
    )  # fmt: skip
    transcript = msgspec.structs.replace(plain.transcript, segments=[segment])
    doubted = find_moments(msgspec.structs.replace(plain, transcript=transcript), ProjectOptions(), name_id)
    known = {one.id: one for one in find_moments(plain, ProjectOptions(), name_id).moments}
    quotes = [part for one in doubted.moments for signal in one.signals for part in signal.evidence if part.text]
    assert quotes
    assert all(part.doubtful for part in quotes)
    shared = [one for one in doubted.moments if one.id in known]
    assert shared
    assert all(one.confidence < known[one.id].confidence for one in shared)
