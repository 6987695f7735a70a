"""Boxes: intersection and hull."""

from __future__ import annotations

from core.domain.framing.boxes import crop_hull, hull, intersection_over_union, overlaps, share_of_smaller, shared_area
from schemas.common import Box, CropBox


def box(x: float, y: float, width: float, height: float) -> Box:
    return Box(x=x, y=y, width=width, height=height)


def test_shares_of_two_boxes() -> None:
    one, other = box(0, 0, 10, 10), box(5, 0, 10, 10)
    assert shared_area(one, other) == 50
    assert intersection_over_union(one, one) == 1
    assert round(intersection_over_union(one, other), 3) == 0.333
    assert share_of_smaller(one, box(5, 5, 2, 2)) == 1
    assert overlaps(one, other)


def test_boxes_that_only_touch_share_nothing() -> None:
    one, other = box(0, 0, 10, 10), box(10, 0, 10, 10)
    assert not overlaps(one, other)
    assert (shared_area(one, other), intersection_over_union(one, other), share_of_smaller(one, other)) == (0, 0, 0)


def test_empty_boxes_raise_no_error() -> None:
    empty = box(3, 3, 0, 0)
    assert (intersection_over_union(empty, empty), share_of_smaller(empty, empty)) == (0, 0)


def test_the_hull_encloses_all_boxes() -> None:
    boxes = [box(1.5, 2, 3, 4), box(10, 0, 0.25, 1)]
    assert hull(boxes) == box(1.5, 0, 8.75, 6)
    assert crop_hull(boxes) == CropBox(x=1, y=0, width=10, height=6)
