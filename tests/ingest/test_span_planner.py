"""Planning spans: cuts fall in silence, everything is covered, equal input gives an equal plan."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.settings import SpanRules
from streams.ingest.span_planner import LEVEL_STEP_MS, PlannedSpan, find_silent_runs, plan_spans

RULES = SpanRules(overlap_ms=2_000)


def speech_levels(
    duration_ms: int, *pauses: tuple[int, int], speech_db: float = -20.0, room_db: float = -60.0
) -> NDArray[np.float32]:
    """Sound levels of continuous speech with the given pauses (start_ms, end_ms)."""
    random = np.random.default_rng(1)
    levels = speech_db + random.normal(0, 3, duration_ms // LEVEL_STEP_MS)
    for start, end in pauses:
        levels[start // LEVEL_STEP_MS : end // LEVEL_STEP_MS] = room_db + random.normal(
            0, 1, end // LEVEL_STEP_MS - start // LEVEL_STEP_MS
        )
    return levels.astype(np.float32)


def borders(spans: list[PlannedSpan]) -> list[tuple[int, int]]:
    return [(span.range.start_ms, span.range.end_ms) for span in spans]


def test_a_short_source_is_one_span() -> None:
    spans = plan_spans(179_000, speech_levels(179_000, (80_000, 90_000)), RULES)
    assert borders(spans) == [(0, 179_000)]
    assert spans[0].padded == spans[0].range


def test_the_cut_is_the_middle_of_the_silence() -> None:
    spans = plan_spans(300_000, speech_levels(300_000, (143_000, 145_000)), RULES)
    assert borders(spans) == [(0, 144_000), (144_000, 300_000)]
    assert (spans[0].padded.start_ms, spans[0].padded.end_ms) == (0, 146_000)
    assert (spans[1].padded.start_ms, spans[1].padded.end_ms) == (142_000, 300_000)


def test_a_longer_silence_beats_a_nearer_one_but_not_from_far() -> None:
    far = plan_spans(300_000, speech_levels(300_000, (149_800, 150_300), (165_000, 166_500)), RULES)
    assert far[0].range.end_ms == 165_750
    slightly = plan_spans(300_000, speech_levels(300_000, (149_600, 150_400), (170_000, 171_000)), RULES)
    assert slightly[0].range.end_ms == 150_000


def test_without_silence_the_sound_of_neighbours_overlaps_by_more() -> None:
    spans = plan_spans(320_000, speech_levels(320_000), RULES)
    assert borders(spans) == [(0, 150_000), (150_000, 320_000)], "or what both own would be said twice"
    assert spans[0].padded.overlap_ms(spans[1].padded) == RULES.overlap_ms + 2 * RULES.padding_ms


def test_a_steady_hum_is_not_silence() -> None:
    assert (
        find_silent_runs(
            np.full(3000, -30.0, np.float32) + np.random.default_rng(2).normal(0, 0.5, 3000).astype(np.float32)
        )
        == []
    )


def test_digital_silence_is_silence() -> None:
    spans = plan_spans(320_000, np.full(16_000, -100.0, np.float32), RULES)
    assert borders(spans) == [(0, 150_000), (150_000, 320_000)]


def test_a_noisy_room_still_has_pauses() -> None:
    levels = speech_levels(
        300_000, (151_000, 151_600), (120_500, 121_000), (170_000, 170_500), speech_db=-22, room_db=-45
    )
    assert plan_spans(300_000, levels, RULES)[0].range.end_ms == 151_300


def test_spans_without_sound_are_cut_by_time_without_overlap() -> None:
    assert borders(plan_spans(500_000, None, RULES)) == [
        (0, 150_000),
        (150_000, 300_000),
        (300_000, 450_000),
        (450_000, 500_000),
    ]


def test_sound_that_ends_early_is_cut_by_time() -> None:
    spans = plan_spans(600_000, speech_levels(60_000), RULES)
    assert borders(spans)[0] == (0, 150_000)
    assert spans[-1].range.end_ms == 600_000


@settings(max_examples=60)
@given(
    duration_ms=st.integers(1, 2_000_000),
    pauses=st.lists(st.integers(0, 1_990_000), max_size=40),
    silent=st.booleans(),
)
def test_a_plan_always_covers_everything_in_order(duration_ms: int, pauses: list[int], silent: bool) -> None:
    levels = (
        None if silent else speech_levels(duration_ms, *((at, at + 700) for at in pauses if at + 700 < duration_ms))
    )
    spans = plan_spans(duration_ms, levels, RULES)
    assert spans == plan_spans(duration_ms, levels, RULES)
    assert [span.ordinal for span in spans] == list(range(len(spans)))
    assert spans[0].range.start_ms == 0
    assert spans[-1].range.end_ms == duration_ms
    for one, two in pairwise(spans):
        assert one.range.start_ms < two.range.start_ms == one.range.end_ms < two.range.end_ms
    for span in spans:
        assert span.range.length_ms <= RULES.target_ms + RULES.search_ms + RULES.overlap_ms
        more_ms = RULES.overlap_ms // 2
        start_ms, end_ms = span.range.start_ms - RULES.padding_ms, span.range.end_ms + RULES.padding_ms
        assert span.padded.start_ms in (max(0, start_ms), max(0, start_ms - more_ms))
        assert span.padded.end_ms in (min(duration_ms, end_ms), min(duration_ms, end_ms + more_ms))


@pytest.mark.parametrize("target_ms", [3_000, 20_000])
def test_spans_follow_other_rules(target_ms: int) -> None:
    rules = SpanRules(target_ms=target_ms, search_ms=target_ms // 5)
    spans = plan_spans(60_000, speech_levels(60_000), rules)
    assert len(spans) == round(60_000 / target_ms)
