"""Cues: which words they hold, and when they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import TimeRange, Word
from streams.renderer.captions.cue_builder import CueRules, build_cues, clip_words
from tests.support.media.synthetic_media import words

CLIP = TimeRange(start_ms=10_000, end_ms=40_000)
RULES = CueRules()


def fits(texts: Sequence[str]) -> bool:
    return len(" ".join(texts)) <= 30


def texts(cues: Sequence) -> list[str]:  # type: ignore[type-arg]
    return [" ".join(word.text for word in cue.words) for cue in cues]


def word(text: str, start_ms: int, end_ms: int, speaker: str | None = None) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=1.0, speaker=speaker)


def test_sentences_end_cues() -> None:
    cues = build_cues(words("This ends. That goes on", 10_000), CLIP, fits)
    assert texts(cues) == ["This ends.", "That goes on"]


def test_a_pause_ends_a_cue_and_another_speaker_too() -> None:
    heard = [word("one", 10_000, 10_300), word("two", 11_000, 11_300), word("three", 11_300, 11_600, "B")]
    assert texts(build_cues(heard, CLIP, fits)) == ["one", "two", "three"]


def test_doubtful_words_have_their_own_cue_with_room_for_a_mark() -> None:
    heard = words("sure words and then ones nobody trusts", 10_000)
    doubt = [TimeRange(start_ms=heard[3].start_ms, end_ms=heard[-1].end_ms)]
    found = build_cues(heard, CLIP, fits, doubtful=doubt)
    assert [(text, cue.doubtful) for text, cue in zip(texts(found), found, strict=True)] == [
        ("sure words and", False), ("then ones nobody trusts", True),
    ]  # fmt: skip
    tight = build_cues(heard, CLIP, lambda given: len(" ".join(given)) <= 23, doubtful=doubt)
    assert [len(cue.words) for cue in tight if cue.doubtful] == [2, 2], "the mark needs four signs of the line"
    assert not any(cue.doubtful for cue in build_cues(heard, CLIP, fits))


def test_a_comma_is_a_better_place_to_cut() -> None:
    cues = build_cues(words("when it had rained, nobody came to see", 10_000), CLIP, fits)
    assert texts(cues)[0] == "when it had rained,"


def test_no_single_word_is_left_where_two_fit() -> None:
    cues = build_cues(words("a b c d e f", 10_000), CLIP, fits)
    assert min(len(cue.words) for cue in cues) > 1


def test_short_gaps_are_held_and_long_ones_are_not() -> None:
    heard = [word("one.", 10_000, 10_600), word("two.", 11_100, 11_900), word("three.", 20_000, 20_600)]
    first, second, third = build_cues(heard, CLIP, fits)
    assert first.end_ms == second.start_ms
    assert second.end_ms == 11_900 + RULES.linger_ms
    assert third.start_ms == 20_000


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "kept"),
    [
        (9_000, 10_100, False),
        (9_900, 10_200, True),
        (39_900, 40_050, True),
        (39_990, 40_500, False),
        (9_000, 9_900, False),
    ],
)
def test_words_cut_by_an_edge_count_when_half_is_played(start_ms: int, end_ms: int, kept: bool) -> None:
    inside = clip_words([word("edge", start_ms, end_ms)], CLIP, RULES)
    assert bool(inside) is kept
    assert all(CLIP.start_ms <= one.start_ms < one.end_ms <= CLIP.end_ms for one in inside)


def test_overlapping_words_end_where_the_next_begins() -> None:
    heard = [word("long", 10_000, 12_000), word("in", 11_000, 11_010), word("between", 11_040, 11_500)]
    assert [(one.start_ms, one.end_ms) for one in clip_words(heard, CLIP, RULES)] == [
        (10_000, 11_000), (11_000, 11_040), (11_040, 11_500),
    ]  # fmt: skip
    (alone,) = clip_words([word("oh", 11_000, 11_010)], CLIP, RULES)
    assert alone.end_ms - alone.start_ms == RULES.min_word_ms
    same = clip_words([word("one", 11_000, 11_000), word("two", 11_000, 11_000)], CLIP, RULES)
    assert [(one.start_ms, one.end_ms) for one in same] == [(11_000, 11_001), (11_001, 11_061)]
    at_end = clip_words([word("last", 39_990, 40_000), word("gone", 39_999, 40_001)], CLIP, RULES)
    assert [(one.text, one.start_ms, one.end_ms) for one in at_end] == [
        ("last", 39_990, 39_999), ("gone", 39_999, 40_000),
    ]  # fmt: skip


def evenly(text: str, each_ms: int) -> list[Word]:
    """Words that touch."""
    return words(text, 10_000, each_ms=each_ms, gap_ms=0)


def test_a_breath_is_a_better_place_to_cut_than_none() -> None:
    said = evenly("some words that nobody breathes between", 300)
    assert texts(build_cues(said, CLIP, fits)) == ["some words that", "nobody breathes between"]
    breath = [word(one.text, one.start_ms + 250 * (n >= 2), one.end_ms + 250 * (n >= 2)) for n, one in enumerate(said)]
    assert texts(build_cues(breath, CLIP, fits)) == ["some words", "that nobody breathes between"]


def test_a_cue_does_not_end_with_a_word_that_leans_on_the_next() -> None:
    said = evenly("people walked towards the mountain village", 300)
    assert not any(text.endswith(" the") for text in texts(build_cues(said, CLIP, fits)))


def test_every_cue_stays_long_enough_to_read_but_not_for_ever() -> None:
    quick = build_cues(evenly("five quick words went by", 90), CLIP, lambda _: True)
    assert [cue.end_ms - cue.start_ms for cue in quick] == [450 + RULES.linger_ms]
    (shortest,) = build_cues(evenly("oh", 100), CLIP, lambda _: True)
    assert shortest.end_ms - shortest.start_ms == RULES.min_length_ms
    slow = build_cues(evenly("one two three four five", 1_300), CLIP, lambda _: True)
    assert max(cue.words[-1].end_ms - cue.words[0].start_ms for cue in slow) <= RULES.max_length_ms
    for gap_ms, end_ms in ((RULES.hold_ms, 10_600 + RULES.hold_ms), (RULES.hold_ms + 1, 10_600 + RULES.linger_ms)):
        two = [word("one.", 10_000, 10_600), word("two.", 10_600 + gap_ms, 12_000)]
        assert build_cues(two, CLIP, fits)[0].end_ms == end_ms


def test_empty_words_are_dropped() -> None:
    assert build_cues([word(" ", 11_000, 11_200)], CLIP, fits) == []


spoken = st.lists(
    st.tuples(st.text("abc,.é", min_size=1, max_size=14), st.integers(9_000, 41_000), st.integers(0, 2_000)).map(
        lambda part: word(part[0], part[1], part[1] + part[2])
    ),
    max_size=40,
)


@given(spoken)
def test_cues_of_any_words_are_in_order_and_inside(heard: list[Word]) -> None:
    cues = build_cues(heard, CLIP, fits)
    assert [one for cue in cues for one in cue.words] == clip_words(heard, CLIP, RULES)
    end = CLIP.start_ms
    for cue in cues:
        assert end <= cue.start_ms < cue.end_ms <= CLIP.end_ms
        assert len(cue.words) == 1 or (len(cue.words) <= RULES.max_words and fits([one.text for one in cue.words]))
        assert cue.words[-1].end_ms <= cue.end_ms
        end = cue.end_ms
