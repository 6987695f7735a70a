"""Word times: bias removed, runs divided at pauses, far moves of the aligner rejected, order kept."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.models import Aligned
from schemas.common import TimeRange, Word
from streams.speech.word_times import (
    MAX_MARGIN_MS,
    MAX_MOVE_GOOD_FIT_MS,
    MAX_MOVE_MS,
    MAX_RUN_MS,
    MIN_GOOD_FIT,
    MIN_MARGIN_MS,
    START_EARLY_MS,
    build_pieces,
    order_words,
    place_words,
    remove_bias,
    shift_to_project_time,
    split_runs,
)
from tests.support.spoken_words import sentence, word


def at(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def test_the_bias_goes_and_a_short_word_keeps_half_its_length() -> None:
    long, short = remove_bias([word("long", 1000, 1400), word("a", 1400, 1460)])
    assert (long.start_ms, long.end_ms) == (1000 + START_EARLY_MS, 1400)
    assert (short.start_ms, short.end_ms) == (1430, 1460)


def test_runs_end_at_pauses() -> None:
    words = [*sentence("one two", 0), *sentence("three", 2000)]
    assert split_runs(words) == [(0, 2), (2, 3)]
    assert split_runs([]) == []


def test_a_long_run_is_split_at_its_widest_gap() -> None:
    words = [word("w", start, start + 280) for start in range(0, 8_000, 300)]
    words += [word("w", start + 100, start + 380) for start in range(8_100, 17_000, 300)]
    assert [words[first].start_ms for first, _ in split_runs(words)] == [0, 8_200]
    assert all(words[end - 1].end_ms - words[first].start_ms <= MAX_RUN_MS for first, end in split_runs(words))


def test_a_piece_has_sound_around_it_and_stays_inside() -> None:
    words = [word("one", 100, 400), word("two", 1600, 2000), word("three", 6000, 6300)]
    one, two, three = build_pieces(words, split_runs(words), 6400)
    assert (one.range, one.words) == (at(0, 400 + 600), ["one"])
    assert two.range == at(1600 - 600, 2000 + MAX_MARGIN_MS)
    assert three.range == at(6000 - MAX_MARGIN_MS, 6400)
    close_by = build_pieces(words, [(0, 1), (1, 2), (2, 3)], 6400)[0]
    assert close_by.range.end_ms == 1000
    touching = [word("one", 0, 300), word("two", 300, 600)]
    assert build_pieces(touching, [(0, 1), (1, 2)], 600)[0].range == at(0, 300 + MIN_MARGIN_MS)


def test_the_aligners_times_are_taken_where_they_are_near() -> None:
    words = sentence("one two three", 1000)
    times = [at(1060, 1300), at(1400 + MAX_MOVE_MS + 1, 2100), None]
    moved, (fit,) = place_words(words, [(0, 3)], Aligned(pieces=[times], scores=[MIN_GOOD_FIT - 1]))
    assert [(one.start_ms, one.end_ms) for one in moved] == [(1060, 1300), (1400, 1700), (1800, 2100)]
    assert (fit.words, fit.placed, fit.score) == (3, 1, MIN_GOOD_FIT - 1)


@pytest.mark.parametrize(
    ("far_ms", "start_ms"), [(MAX_MOVE_GOOD_FIT_MS, 1000 + MAX_MOVE_GOOD_FIT_MS), (MAX_MOVE_GOOD_FIT_MS + 1, 1000)]
)
def test_words_that_fit_well_may_move_further(far_ms: int, start_ms: int) -> None:
    times = [at(1000 + far_ms, 3000)]
    (moved,), _ = place_words(sentence("one", 1000), [(0, 1)], Aligned(pieces=[times], scores=[MIN_GOOD_FIT]))
    assert moved.start_ms == start_ms


def test_no_word_is_moved_to_silence() -> None:
    words, times = sentence("one two", 1000), [at(1050, 1200), at(1850, 2000)]
    speech = [at(900, 1500)]
    moved, _ = place_words(words, [(0, 2)], Aligned(pieces=[times], scores=[-2.0]), speech)
    assert [one.start_ms for one in moved] == [1050, 1400]


def test_words_that_do_not_fit_the_sound_stay() -> None:
    words = sentence("one two", 1000)
    moved, (fit,) = place_words(words, [(0, 2)], Aligned(pieces=[[None, None]], scores=[None]))
    assert moved == words
    assert (fit.placed, fit.score, fit.moved_ms) == (0, None, 0)


def test_a_word_left_behind_does_not_change_places_with_its_neighbour() -> None:
    words = [word("one", 1000, 1200), word("two", 1100, 1300), word("three", 1150, 1500)]
    moved, _ = place_words(words, [(0, 3)], Aligned(pieces=[[at(1300, 1400), None, at(1400, 1500)]], scores=[-1.0]))
    assert [one.text for one in moved] == ["one", "two", "three"]
    assert [one.start_ms for one in moved] == [1300, 1320, 1400]


def test_fits_move_to_project_time() -> None:
    _, fits = place_words(sentence("one", 100), [(0, 1)], Aligned(pieces=[[None]], scores=[None]))
    (fit,) = shift_to_project_time(fits, at(9_000, 12_000))
    assert (fit.start_ms, fit.end_ms) == (9_100, 9_400)


raw = st.builds(
    Word,
    text=st.text("abc", min_size=1, max_size=3),
    start_ms=st.integers(0, 30_000),
    end_ms=st.integers(0, 30_000),
    probability=st.just(0.5),
)


@given(st.lists(raw, max_size=30))
def test_words_stay_in_order_with_any_times(words: list[Word]) -> None:
    found = order_words(words)
    assert [one.text for one in found] == [one.text for one in words]
    assert all(one.start_ms < other.start_ms for one, other in itertools.pairwise(found))
    assert all(one.start_ms < one.end_ms for one in found)
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(found))
    assert order_words(found) == found


@given(st.lists(raw, max_size=30))
def test_runs_cover_all_words_once(words: list[Word]) -> None:
    found = split_runs(order_words(words))
    assert [at for first, end in found for at in range(first, end)] == list(range(len(words)))
