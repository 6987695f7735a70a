"""The output timeline: which source frame each output slot shows."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.editing.clock import length_ms, place_edit
from schemas.common import CropBox, TimeRange
from schemas.documents.edit import EditList, EditSegment
from schemas.documents.frame_plan import FramePlan, ShotCrop
from streams.renderer.timeline.slots import OutputTimeline, ShotIndex, build_timeline, fill_slots
from tests.core.domain.editing.edit_clocks import to_source
from tests.renderer.timeline.test_source_damage import STEADY, index

RATES = [Fraction(rate) for rate in ("24000/1001", "15", "25", "30000/1001", "30", "50", "60")]


def timeline(start_ms: int, rate: Fraction, count: int) -> OutputTimeline:
    return OutputTimeline(
        start_ms=start_ms, rate_numerator=rate.numerator, rate_denominator=rate.denominator, count=count
    )


def slot_times(times: list[int], clock: OutputTimeline) -> list[int]:
    """The source time that each slot shows."""
    return [at for at, _, slots in fill_slots([(time, None) for time in times], clock) for _ in slots]


@pytest.mark.parametrize("factor", [Fraction(1), Fraction(2), Fraction(1, 2)])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("start_ms", [0, 7, 20, 333, 1_001, 59_983])
def test_constant_rates_are_never_doubled_or_dropped(factor: Fraction, rate: Fraction, start_ms: int) -> None:
    source = rate * factor
    times = [round(n * 1000 / source) for n in range(int(62 * source))]
    near = [time for time in times if start_ms - 100 <= time <= start_ms + 2_200]
    found = slot_times(near, timeline(start_ms, rate, int(2 * rate)))
    assert len(found) == int(2 * rate)
    inner = Counter(found[2:-2])
    if factor == 2:
        assert {later - earlier for earlier, later in itertools.pairwise(found)} <= {
            round(2000 / source) + slack for slack in (-1, 0, 1)
        }
    else:
        assert set(list(inner.values())[1:-1]) == {int(1 / factor)}
    assert abs(found[0] - start_ms) <= 500 / source + 2


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=80, unique=True).map(sorted), st.integers(0, 2_500))
def test_any_times_fill_every_slot_in_order(times: list[int], start_ms: int) -> None:
    clock = timeline(start_ms, Fraction(30), 30)
    result = list(fill_slots([(time, time) for time in times], clock))
    assert [slot.number for _, _, slots in result for slot in slots] == list(range(30))
    assert [at for at, _, _ in result] == sorted({at for at, _, _ in result})


def test_a_clip_without_pictures_fills_no_slot() -> None:
    assert list(fill_slots([], timeline(0, Fraction(30), 30))) == []


def test_a_source_that_ends_early_holds_its_last_picture() -> None:
    assert slot_times([0, 40, 80], timeline(0, Fraction(25), 10)) == [0, 40] + [80] * 8


Parts = st.lists(
    st.tuples(st.integers(0, 15_000), st.integers(100, 2_500), st.sampled_from([0.5, 1.0, 1.25, 2.0])),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=40)
@given(Parts)
def test_every_slot_of_an_edit_shows_the_frame_played_then(parts: list[tuple[int, int, float]]) -> None:
    segments = [
        EditSegment(segment_id=f"s{at}", range=TimeRange(start_ms=start, end_ms=start + length), speed=speed)
        for at, (start, length, speed) in enumerate(parts, start=1)
    ]
    played = place_edit(EditList(version=2, segments=segments))
    clock = build_timeline(played, STEADY)
    assert clock.rate == 25
    assert clock.count == pytest.approx(length_ms(played) / 40, abs=1)
    numbers = []
    for part in clock.timeline_parts:
        near = part.range(clock.period_ms, 100)
        pictures = [(at, at) for at in range(0, 20_000, 40) if near.start_ms <= at < near.end_ms]
        for at_ms, _, slots in fill_slots(pictures, clock, part):
            numbers += [slot.number for slot in slots]
            for slot in slots:
                if slot.at_ms < length_ms(played):
                    assert abs(at_ms - to_source(played, slot.at_ms)) <= 41 * max(1, part.speed)
    assert numbers == list(range(clock.count))


@pytest.mark.parametrize("order", [1, -1])
def test_the_rate_is_that_of_the_longest_piece(order: int) -> None:
    """A screen at 50 frames a second after an opening at 25."""
    both = index([*range(0, 10_000, 40), *range(10_000, 20_000, 20)])
    parts = [(1_000, 2_500), (12_000, 17_000)][::order]
    segments = [
        EditSegment(segment_id=f"s{at}", range=TimeRange(start_ms=start, end_ms=end))
        for at, (start, end) in enumerate(parts, start=1)
    ]
    assert build_timeline(place_edit(EditList(version=2, segments=segments)), both).rate == 50


def test_a_cut_shows_no_picture_from_beyond_it() -> None:
    """A cut 80 ms into a shot: the first segment ends with the old shot, the second begins with the new one."""
    segments = [
        EditSegment(segment_id="s1", range=TimeRange(start_ms=1_000, end_ms=1_080)),
        EditSegment(segment_id="s2", range=TimeRange(start_ms=3_000, end_ms=3_080)),
    ]
    clock = build_timeline(place_edit(EditList(version=2, segments=segments)), STEADY)
    shown_ms = [
        at
        for part in clock.timeline_parts
        for at, _, slots in fill_slots([(at, at) for at in range(920, 4_000, 40)], clock, part)
        for _ in slots
    ]
    assert shown_ms == [1_000, 1_040, 3_000, 3_040]


def test_sound_lasts_exactly_as_long_as_the_pictures() -> None:
    assert timeline(0, Fraction(30_000, 1001), 30_000).samples(48_000) == 1001 * 48_000


def test_shots_are_found_by_time() -> None:
    box = CropBox(x=0, y=0, width=10, height=10)
    shots = [
        ShotCrop(range=TimeRange(start_ms=start, end_ms=end), mode="hold", crop=box, reason=str(start))
        for start, end in ((1_000, 2_000), (2_000, 3_000))
    ]
    plan = FramePlan(
        clip_id="c", aspect="9:16", range=TimeRange(start_ms=1_000, end_ms=3_000), source_width=1, source_height=1,
        shots=shots,
    )  # fmt: skip
    found = ShotIndex(plan)
    assert [found.at(ms).reason for ms in (900, 1_000, 1_999, 2_000, 5_000)] == ["1000", "1000", "1000", "2000", "2000"]
    assert found.distance_to_cut_ms(1_900) == 100
