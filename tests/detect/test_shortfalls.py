"""Shortfalls of a moment: every bar with its figures, or the moment in its way; choice and reasons agree."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.documents.moments import Lacking
from streams.detect.selection import (
    MIN_BEST_RATIO,
    MIN_MATCH,
    MIN_SCORE,
    MIN_SUPPORT,
    ScoredWindow,
    filter_eligible,
    select_clips,
)
from streams.detect.shortfalls import SelectionLimits, list_shortfalls
from tests.detect.test_selection import scored_window

BAR = SelectionLimits(min_score=40, best_score_limit=48, has_video=True)
BEST = scored_window(0, 20, 80, "pendulum energy height")


@pytest.mark.parametrize(
    ("candidate", "bar", "what"),
    [
        (scored_window(30, 50, 39.4), BAR, ["score"]),
        (scored_window(30, 50, 47), BAR, ["near_best"]),
        (scored_window(30, 50, 60, support=MIN_SUPPORT - 0.01), BAR, ["support"]),
        (dataclasses.replace(scored_window(30, 50, 60), asked=MIN_MATCH - 0.1), BAR, ["asked"]),
        (scored_window(30, 50, 39, support=0.0), BAR, ["support", "score"]),
        (scored_window(30, 50, 60), dataclasses.replace(BAR, has_video=False), ["pictures"]),
        (scored_window(10, 30, 60), BAR, ["overlap"]),
        (scored_window(30, 50, 60, "pendulum energy height swing"), BAR, ["alike"]),
        (scored_window(30, 50, 60), BAR, ["room"]),
    ],
)
def test_each_reason_has_its_own_name_and_numbers(
    candidate: ScoredWindow, bar: SelectionLimits, what: list[Lacking]
) -> None:
    found = list_shortfalls(candidate, [BEST], bar)
    assert [shortfall.what for shortfall in found] == what
    for shortfall in found:
        if shortfall.needed is not None:
            assert shortfall.value is not None
            assert shortfall.value < shortfall.needed
            assert f"{shortfall.needed:g}" in shortfall.told


def test_selected_moments_lack_nothing() -> None:
    assert list_shortfalls(BEST, [BEST], BAR) == []


@given(
    st.lists(
        st.builds(
            scored_window, st.integers(0, 100), st.integers(101, 130),
            st.floats(0, 100).map(lambda score: round(score, 2)),
            st.sampled_from(["", "a b c", "a b d", "x y"]), st.sampled_from([0.0, MIN_SUPPORT, 0.5]),
        ),
        max_size=8, unique_by=lambda weighed: (weighed.range.start_ms, weighed.range.end_ms),
    ),
    st.integers(0, 3),
)  # fmt: skip
def test_the_reasons_agree_with_the_choice(weighed: list[ScoredWindow], limit: int) -> None:
    """A moment that reaches every bar and conflicts with none is left out only because the limit is full."""
    chosen = select_clips(weighed, limit)
    bar = SelectionLimits(
        min_score=MIN_SCORE,
        best_score_limit=MIN_BEST_RATIO * max((w.score for w in filter_eligible(weighed)), default=0.0),
        has_video=True,
    )
    for candidate in weighed:
        found = [shortfall.what for shortfall in list_shortfalls(candidate, chosen, bar)]
        assert bool(found) != any(candidate is other for other in chosen)
        if found == ["room"]:
            assert len(chosen) >= limit
