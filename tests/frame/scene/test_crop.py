"""Crops: even sizes, inside the picture, of the aspect, with the face inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.common import Aspect, Box, CropBox
from streams.frame.scene.crop import (
    ASPECT_RATIOS,
    FramingSubject,
    crop_size,
    loses_most_of_tall_picture,
    place_on_detail,
    place_on_faces,
)

ASPECTS: list[Aspect] = ["9:16", "4:5", "1:1", "16:9"]


def steady(x: float, y: float, size: float, looks: int = 10) -> FramingSubject:
    return FramingSubject(boxes=[Box(x=x, y=y, width=size, height=size * 1.25)] * looks)


def holds(crop: CropBox, box: Box) -> bool:
    inside_x = crop.x <= box.x and box.x + box.width <= crop.x + crop.width
    return inside_x and crop.y <= box.y and box.y + box.height <= crop.y + crop.height


@pytest.mark.parametrize(
    ("source", "aspect", "size"),
    [
        ((1920, 1080), "9:16", (608, 1080)),
        ((1920, 1080), "1:1", (1080, 1080)),
        ((1920, 1080), "4:5", (864, 1080)),
        ((1920, 1080), "16:9", (1920, 1080)),
        ((1080, 1920), "9:16", (1080, 1920)),
        ((1080, 1920), "1:1", (1080, 1080)),
        ((320, 240), "16:9", (320, 180)),
        ((480, 200), "9:16", (112, 200)),
    ],
)
def test_crop_sizes_fit_the_aspect(source: tuple[int, int], aspect: Aspect, size: tuple[int, int]) -> None:
    assert crop_size(*source, aspect) == size


def test_only_tall_pictures_are_fitted() -> None:
    assert loses_most_of_tall_picture(1080, 1920, "16:9")
    assert not loses_most_of_tall_picture(1080, 1920, "1:1")
    assert not loses_most_of_tall_picture(1920, 1080, "9:16")
    assert not loses_most_of_tall_picture(320, 240, "16:9")


@given(
    width=some.integers(8, 2000).map(lambda n: 2 * n),
    height=some.integers(8, 2000).map(lambda n: 2 * n),
    aspect=some.sampled_from(ASPECTS),
    at=some.tuples(some.floats(0, 1), some.floats(0, 1), some.floats(0.02, 0.6)),
)
def test_any_crop_is_even_inside_and_of_the_aspect(
    width: int, height: int, aspect: Aspect, at: tuple[float, float, float]
) -> None:
    size = at[2] * min(width, height)
    placed = place_on_faces(
        steady(at[0] * width, at[1] * height, size, 3), [], width=width, height=height, aspect=aspect
    )
    detail, _ = place_on_detail([1 / 32] * 32, [1 / 32] * 32, width=width, height=height, aspect=aspect)
    for crop in (placed.crop, detail):
        assert crop.x % 2 == crop.y % 2 == crop.width % 2 == crop.height % 2 == 0
        assert crop.x >= 0
        assert crop.y >= 0
        assert crop.x + crop.width <= width
        assert crop.y + crop.height <= height
        wide, high = ASPECT_RATIOS[aspect]
        assert abs(crop.width * high - crop.height * wide) <= 2 * max(wide, high)


@given(x=some.floats(40, 1700), y=some.floats(60, 700), size=some.floats(30, 180), aspect=some.sampled_from(ASPECTS))
def test_a_still_face_is_always_in(x: float, y: float, size: float, aspect: Aspect) -> None:
    placed = place_on_faces(steady(x, y, size), [], width=1920, height=1080, aspect=aspect)
    assert holds(placed.crop, Box(x=x, y=y, width=size, height=size * 1.25))
    assert placed.inside == 1


def test_a_single_face_is_centred_with_eyes_on_the_upper_third() -> None:
    across = place_on_faces(steady(900, 300, 120), [], width=1920, height=1080, aspect="9:16").crop
    assert abs(across.x + across.width / 2 - 960) <= 2
    down = place_on_faces(steady(500, 900, 120), [], width=1080, height=1920, aspect="1:1").crop
    assert abs((900 + 0.4 * 150) - (down.y + down.height / 3)) <= 2


def test_a_second_face_comes_in_where_both_fit_and_else_stays_out() -> None:
    main = steady(700, 300, 120)
    near, far = steady(950, 300, 110), steady(1500, 300, 110)
    both = place_on_faces(main, [near], width=1920, height=1080, aspect="9:16").crop
    assert holds(both, main.boxes[0])
    assert holds(both, near.boxes[0])
    one = place_on_faces(main, [far], width=1920, height=1080, aspect="9:16").crop
    assert holds(one, main.boxes[0])
    assert one.x + one.width <= 1500


def test_a_face_that_walks_is_in_for_most_of_the_time() -> None:
    boxes = [Box(x=200 + (1300 * n / 10 if n < 10 else 1300), y=300, width=120, height=150) for n in range(40)]
    placed = place_on_faces(FramingSubject(boxes=boxes), [], width=1920, height=1080, aspect="9:16")
    assert holds(placed.crop, boxes[-1])
    assert placed.inside > 0.75


def test_without_a_face_detail_decides_only_when_it_stands_out() -> None:
    flat, right = [1 / 32] * 32, [0.2 / 24] * 24 + [0.8 / 8] * 8
    centre, stands_out = place_on_detail(flat, flat, width=1920, height=1080, aspect="9:16")
    assert (centre.x, stands_out) == (656, False)
    aside, stands_out = place_on_detail(right, flat, width=1920, height=1080, aspect="9:16")
    assert stands_out
    assert aside.x + aside.width > 1800
    assert place_on_detail([], [], width=1920, height=1080, aspect="9:16")[0].x == 656
