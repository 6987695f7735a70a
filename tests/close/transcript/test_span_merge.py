"""Merging spans into one transcript: seams, languages, missing parts."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import TimeRange
from schemas.documents.span import HeardWindow
from streams.close.transcript.span_merge import merge_spans
from tests.support.spoken_words import sentence, span, texts, word

SEAM = 50_000


def merged(before: list, margin_after: list, margin_before: list, after: list) -> str:
    spans = [span(0, SEAM, before, margin_after), span(SEAM, 100_000, after, margin_before)]
    return texts(merge_spans(list(reversed(spans)), 100_000, []).words)


def test_a_quiet_border_changes_nothing() -> None:
    assert merged(sentence("one two", 48_000), [], [], sentence("three four", 51_500)) == "one two three four"


def test_a_word_in_both_spans_comes_once() -> None:
    before = [word("left", 49_000), word("middle", 49_700, 50_200)]
    after = [word("Middle,", 49_850, 50_300), word("right", 50_600)]
    assert merged(before, [word("right", 50_620)], [word("left", 49_050)], after) == "left Middle, right"


def test_a_word_left_out_by_both_spans_is_not_lost() -> None:
    before, margin_after = [word("left", 49_000)], [word("middle", 49_950, 50_250), word("right", 50_600)]
    margin_before, after = [word("middle", 49_700, 50_100)], [word("right", 50_580)]
    assert merged(before, margin_after, margin_before, after) == "left middle right"


def test_a_word_of_one_span_is_kept_near_the_border() -> None:
    assert merged([word("left", 49_000)], [word("orphan", 50_020, 50_300)], [], []) == "left orphan"
    assert merged([], [], [word("orphan", 49_700, 49_990)], [word("right", 50_600)]) == "orphan right"
    assert merged([word("left", 49_000)], [word("edge", 51_000, 51_290)], [], []) == "left"


def test_a_word_of_one_span_stays_between_its_neighbours() -> None:
    """Of the lecture: the right side hears "So when" from the first moment of "that" on."""
    margin_after = [word("So", 50_247, 50_387), word("that", 50_387, 50_517), word("when", 50_517, 50_647)]
    after = [word("So", 50_213, 50_383), word("when", 50_383, 50_663), word("it", 50_663, 50_753)]
    before = [word("speed.", 48_200, 49_277)]
    assert merged(before, margin_after, [word("speed.", 48_300, 49_300)], after) == "speed. So that when it"


def test_a_word_in_two_spans_is_one_word_of_any_length() -> None:
    before, margin_after = [word("we", 49_000)], [word("everybody,", 49_750, 50_700), word("went", 50_900)]
    margin_before = [word("we", 49_010), word("every", 49_740, 49_990)]
    after = [word("body", 50_000, 50_690), word("went", 50_910)]
    assert merged(before, margin_after, margin_before, after) in ("we everybody, went", "we every body went")


def test_two_spellings_of_one_sound_are_not_mixed() -> None:
    before, margin_after = [word("we", 49_300), word("cannot", 49_700, 50_200)], [word("go", 50_300)]
    margin_before, after = (
        [word("we", 49_300), word("can", 49_690, 49_900)],
        [word("not", 49_950, 50_200), word("go", 50_300)],
    )
    assert merged(before, margin_after, margin_before, after) == "we cannot go"


def test_a_repeated_word_stays_twice() -> None:
    before, margin_after = [word("very", 49_400)], [word("very", 50_300)]
    margin_before, after = [word("very", 49_420)], [word("very", 50_310), word("good", 50_800)]
    assert merged(before, margin_after, margin_before, after) == "very very good"


def test_a_word_on_either_side_of_a_pause_comes_once() -> None:
    before = [word("here", 48_900), word("a", 49_300, 49_730)]
    margin_after, margin_before = [word("pendulum.", 50_590, 51_000)], [word("here", 48_920)]
    after = [word("a", 50_540, 50_590), word("pendulum.", 50_600, 51_100)]
    assert merged(before, margin_after, margin_before, after) == "here a pendulum."


def test_a_pair_across_the_overlap_edge_is_one_word() -> None:
    before, margin_after = [word("then", 49_500)], [word("that", 50_000, 50_850)]
    margin_before, after = [], [word("then", 49_960, 50_900), word("that", 51_100, 51_500), word("will", 51_500)]
    assert merged(before, margin_after, margin_before, after) == "then that will"


def test_very_short_spans_count_no_word_twice() -> None:
    parts = [span(0, 50_000, [word("a", 49_500)], [word("b", 50_100)]), span(50_000, 50_800, [word("b", 50_100)])]
    parts.append(span(50_800, 90_000, [word("c", 51_000)], [word("b", 50_100)]))
    assert texts(merge_spans(parts, 90_000, []).words) == "a b c"


def test_a_missing_neighbour_leaves_the_border_alone() -> None:
    missing = [TimeRange(start_ms=SEAM, end_ms=100_000)]
    found = merge_spans([span(0, SEAM, [word("left", 49_500)], [word("beyond", 50_300)])], 100_000, missing)
    assert texts(found.words) == "left"
    assert found.missing == missing


def test_the_language_is_that_of_most_words() -> None:
    spans = [
        span(0, SEAM, sentence("a b c d", 1000)),
        span(SEAM, 100_000, [word("ja", 60_000)], language="nl", sure=0.5),
    ]
    found = merge_spans(spans, 100_000, [])
    assert found.language == "en"
    assert found.language_probability == pytest.approx(0.72)


def test_each_segment_has_the_language_of_its_window() -> None:
    """Two windows of one span; of the padding's the neighbour knows better; an old span has one language for all."""
    mixed = msgspec.structs.replace(
        span(
            0,
            SEAM,
            [*sentence("this is English", 1000), *sentence("das ist äh Deutsch", 30_000)],
            [word("oui", 50_300)],
        ),
        windows=[window(0, 29_000, "en"), window(29_000, 50_000, "de"), window(50_000, 51_000, "de")],
    )
    after = msgspec.structs.replace(
        span(SEAM, 100_000, [word("oui", 50_300), word("non", 51_000)], language="fr"),
        windows=[window(49_000, 99_000, "fr")],
    )
    old = span(100_000, 120_000, [word("sì", 110_000)], language="it")
    found = merge_spans([mixed, after, old], 120_000, [])
    assert [(one.text, one.language) for one in found.segments] == [
        ("this is English", "en"), ("das ist äh Deutsch", "de"), ("oui non", "fr"), ("sì", "it"),
    ]  # fmt: skip
    assert [one.text for one in found.words if one.filler] == ["äh"]


def window(start_ms: int, end_ms: int, language: str) -> HeardWindow:
    return HeardWindow(
        start_ms=start_ms, end_ms=end_ms, log_probability=-0.3, compression=1.4, no_speech=0.0, language=language
    )


def test_no_speech_gives_an_empty_transcript() -> None:
    found = merge_spans([span(0, SEAM, [], language=None, sure=0.0)], SEAM, [])
    assert (found.language, found.words, found.segments, found.speech) == (None, [], [], [])
    assert merge_spans([], 0, []).model == "none"


def test_speech_through_a_border_is_one_range() -> None:
    spans = [span(0, SEAM, [word("a", 100)]), span(SEAM, 100_000, [word("b", 99_000)])]
    assert merge_spans(spans, 100_000, []).speech == [TimeRange(start_ms=0, end_ms=100_000)]
