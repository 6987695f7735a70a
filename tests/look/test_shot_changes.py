"""Shot changes lie between two frames, never before the first; a close look settles them, within a budget."""

from __future__ import annotations

from schemas.common import TimeRange
from schemas.documents.scene import Transition
from schemas.documents.span import ShotChange
from streams.look.shot_changes import (
    FULL_HD_PX,
    SparseFrame,
    find_changes,
    refine_change,
    select_changes,
    unrefined_ranges,
)


def picture(at_ms: int, difference: float) -> SparseFrame:
    return at_ms, 100.0, difference


def change(after_ms: int, at_ms: int, strength: float) -> ShotChange:
    return ShotChange(at_ms=at_ms, after_ms=after_ms, strength=strength)


def test_changes_lie_between_unlike_pictures() -> None:
    pictures = [picture(0, 0.9), picture(5000, 0.1), picture(10000, 0.7), picture(15000, 0.3)]
    assert find_changes(pictures) == [change(5000, 10000, 0.7)]


def test_a_single_picture_has_no_change() -> None:
    assert find_changes([]) == []
    assert find_changes([picture(0, 1.0)]) == []


def test_the_strongest_changes_are_examined_within_the_budget() -> None:
    found = [change(0, 2000, 0.6), change(9000, 11_000, 0.9), change(20_000, 22_000, 0.7)]
    chosen = select_changes(found, span_ms=130_000, pixels=FULL_HD_PX)
    assert [one.strength for one in chosen] == [0.9, 0.7]
    assert select_changes(found, span_ms=200_000, pixels=640 * 360) == found
    assert unrefined_ranges(found[:1]) == [TimeRange(start_ms=0, end_ms=2000)]


def test_a_close_look_settles_a_change() -> None:
    seen = Transition(kind="dissolve", range=TimeRange(start_ms=800, end_ms=1200), at_ms=1000, strength=0.8)
    outside = Transition(kind="cut", range=TimeRange(start_ms=2100, end_ms=2100), at_ms=2100, strength=0.8)
    found = refine_change(change(0, 2000, 0.6), [seen, outside])
    assert found == [ShotChange(at_ms=1000, after_ms=800, strength=0.8, kind="dissolve", exact=True)]
    assert unrefined_ranges(found) == []


def test_a_camera_that_moved_changed_no_shot() -> None:
    assert refine_change(change(0, 2000, 0.6), []) == []
