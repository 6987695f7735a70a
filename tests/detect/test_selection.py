"""Selection: best first, no overlap, no repetition, a minimum score, and never more than the limit."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from schemas.options.project import ProjectOptions
from streams.detect.selection import (
    MIN_CONFIDENT_SCORE,
    MIN_MATCH,
    MIN_POSTING_SCORE,
    MIN_SCORE,
    MIN_SUPPORT,
    MIN_UNRANKED_SCORE,
    ScoredWindow,
    choose_score_limits,
    compute_clip_limit,
    put_best_opening_first,
    select_clips,
    sort_by_time,
)


def scored_window(start_s: int, end_s: int, score: float, content: str = "", support: float = 0.2) -> ScoredWindow:
    part = TimeRange(start_ms=start_s * 1000, end_ms=end_s * 1000)
    words = frozenset(content.split())
    return ScoredWindow(range=part, score=score, confidence=0.9, signals=[], support=support, content=words)


def test_clips_are_selected_best_first_without_overlap() -> None:
    chosen = select_clips([scored_window(0, 30, 60), scored_window(20, 50, 80), scored_window(50, 80, 70)], 5)
    assert [(w.range.start_ms, w.score) for w in chosen] == [(20_000, 80), (50_000, 70)]


def test_the_gate_and_the_best_score_both_bound_the_selection() -> None:
    assert select_clips([scored_window(0, 20, MIN_SCORE - 1)], 5) == []
    assert len(select_clips([scored_window(0, 20, 90), scored_window(20, 40, 53)], 5)) == 1
    assert len(select_clips([scored_window(0, 20, 90), scored_window(20, 40, 55)], 5)) == 2


def test_a_score_without_an_outstanding_signal_makes_no_clip() -> None:
    assert (
        select_clips([scored_window(0, 20, 90, support=0.0), scored_window(20, 40, 60, support=MIN_SUPPORT - 0.01)], 5)
        == []
    )
    (chosen,) = select_clips([scored_window(0, 20, 90, support=0.0), scored_window(20, 40, 60, support=MIN_SUPPORT)], 5)
    assert chosen.score == 60  # and what is not a clip sets no measure for the others


def test_repetitions_become_one_clip() -> None:
    twice = [
        scored_window(0, 20, 90, "pendulum energy height"),
        scored_window(50, 70, 88, "pendulum energy height swing"),
    ]
    assert len(select_clips(twice, 5)) == 1


def limit_of(spoken_ms: int, quiet_ms: int, **asked: int) -> int:
    return compute_clip_limit(spoken_ms=spoken_ms, quiet_ms=quiet_ms, options=ProjectOptions(**asked))  # type: ignore[arg-type]


def test_the_number_of_clips_follows_length_and_request() -> None:
    assert limit_of(160_000, 203_000) == 4
    assert limit_of(3_600_000, 3_600_000) == 12
    assert limit_of(3_600_000, 0, max_clips=3) == 3
    assert limit_of(0, 100_000) == 2
    assert limit_of(20_000, 0, max_clips=40) == 1
    assert limit_of(3_600_000, 0, target_clips=20) == 20
    assert limit_of(3_600_000, 0, target_clips=20, max_clips=15) == 15
    assert limit_of(25_000, 0, target_clips=20) == 3


def test_what_is_not_ranked_with_confidence_is_in_order_of_time() -> None:
    dull = [scored_window(60, 90, MIN_CONFIDENT_SCORE - 1), scored_window(0, 30, 20)]
    limits = choose_score_limits(dull, ProjectOptions(), is_fitted=True, is_spoken=True)
    assert (limits.is_confident, limits.min_score) == (False, MIN_UNRANKED_SCORE)
    assert [window.range.start_ms for window in sort_by_time(dull)] == [0, 60_000]
    lively = [*dull, scored_window(100, 130, MIN_CONFIDENT_SCORE)]
    limits = choose_score_limits(lively, ProjectOptions(), is_fitted=True, is_spoken=True)
    assert (limits.is_confident, limits.min_score) == (True, MIN_POSTING_SCORE)
    assert choose_score_limits(dull, ProjectOptions(), is_fitted=False, is_spoken=True).min_score == MIN_SCORE
    requested = choose_score_limits(dull, ProjectOptions(min_score=3), is_fitted=True, is_spoken=True)
    assert (requested.min_score, requested.min_best_ratio, requested.is_confident) == (3, 0.0, False)


def test_the_best_opening_comes_first_of_those_near_the_best() -> None:
    hooks = {90: 0.2, 85: 0.9, 50: 1.0}
    chosen = [
        dataclasses.replace(
            scored_window(at * 40, at * 40 + 30, score),
            signals=[SubScore(name="hook", value=hook, weight=1.0, evidence=[])],
        )
        for at, (score, hook) in enumerate(hooks.items())
    ]
    assert [window.score for window in put_best_opening_first(chosen)] == [85, 90, 50]
    assert put_best_opening_first([]) == []


def facing(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def test_the_more_different_of_two_similar_scores_is_selected() -> None:
    best, same, other = scored_window(0, 20, 90), scored_window(30, 50, 85), scored_window(60, 80, 80)
    known = [
        dataclasses.replace(weighed, direction=facing(degrees))
        for weighed, degrees in ((best, 0), (same, 5), (other, 90))
    ]
    assert [w.score for w in select_clips(known, 2)] == [90, 80]
    assert [w.score for w in select_clips([best, same, other], 2)] == [90, 85]


def test_a_requested_topic_is_a_gate() -> None:
    near, far = (
        dataclasses.replace(scored_window(start, start + 20, 80), asked=asked)
        for start, asked in ((0, MIN_MATCH), (30, MIN_MATCH - 0.01))
    )
    assert select_clips([near, far], 5) == [near]


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(15, 60), st.integers(0, 100))),
    st.integers(0, 12),
)
def test_any_selection_is_sorted_bounded_and_free_of_overlap(parts: list[tuple[int, int, int]], limit: int) -> None:
    chosen = select_clips([scored_window(start, start + length, score) for start, length, score in parts], limit)
    assert len(chosen) <= limit
    assert [w.score for w in chosen] == sorted((w.score for w in chosen), reverse=True)
    assert all(w.score >= MIN_SCORE for w in chosen)
    assert all(a.range.overlap_ms(b.range) == 0 for i, a in enumerate(chosen) for b in chosen[i + 1 :])
