"""Times of translated words: within their sentence, by length; English words keep their own."""

from __future__ import annotations

from core.domain.transcripts.translated_tracks import timed_by_segments
from schemas.common import Segment, Word
from schemas.documents.transcript import Transcript


def word(text: str, start_ms: int, end_ms: int) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=0.5)


def test_words_of_a_translation_share_the_time_of_their_sentence() -> None:
    words = [
        word("No", 5_000, 5_010),
        word("idea.", 900, 1_000),
        word("Well", 3_000, 3_400),
        word("then.", 3_600, 3_900),
    ]
    segments = [
        Segment(start_ms=1_000, end_ms=2_400, text="No idea.", first_word=0, end_word=2, translated_from="de"),
        Segment(start_ms=3_000, end_ms=3_900, text="Well then.", first_word=2, end_word=4),
    ]
    track = Transcript(
        language="en", language_probability=1.0, duration_ms=4_000, words=words, segments=segments, speech=[], model="m"
    )
    timed = timed_by_segments(track)
    assert [(one.text, one.start_ms, one.end_ms) for one in timed.words] == [
        ("No", 1_000, 1_400), ("idea.", 1_400, 2_400), ("Well", 3_000, 3_400), ("then.", 3_600, 3_900),
    ]  # fmt: skip
    assert timed.segments == segments
