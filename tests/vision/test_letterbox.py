"""Letterbox: pairs of bars that are black in every sample and end together are cut off; a dark room is not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.common import CropBox, TimeRange
from schemas.documents.clip_tracks import ShotLook
from streams.frame.analysis.child import main
from streams.frame.planning.plan import plan_crops
from streams.vision.letterbox import find_content_area, measure_lines
from tests.frame.planning.test_plan import WHOLE, clip, every, look, ranges, source
from tests.look.clips import counter, encode, scene

Grey = NDArray[np.uint8]


def grey(left: int = 0, top: int = 0, right: int = 0, bottom: int = 0, noise: int = 12) -> Grey:
    """A bright 640 x 360 picture inside bars that are nearly black."""
    random = np.random.default_rng(1)
    picture = random.integers(0, noise, (360, 640)).astype(np.uint8)
    picture[top : 360 - bottom, left : 640 - right] = random.integers(60, 200)
    return picture


def content_box(*pictures: Grey) -> tuple[int, int, int, int] | None:
    box = find_content_area([measure_lines(one) for one in pictures], 1280, 720)
    return box and (box.x, box.y, box.width, box.height)


def test_bars_on_either_side_or_above_and_below_are_cut_off_whole() -> None:
    assert content_box(grey(left=160, right=160)) == (322, 0, 636, 720)
    assert content_box(grey(top=45, bottom=46)) == (0, 92, 1280, 534)
    assert content_box(grey(left=40, right=40, top=20, bottom=20)) == (82, 42, 1116, 636)


def test_a_line_is_a_bar_only_if_it_is_black_in_every_sample() -> None:
    assert content_box(grey(top=45, bottom=45), grey(top=20, bottom=20)) == (0, 42, 1280, 636)
    assert content_box(grey(top=45, bottom=45), grey()) is None


@pytest.mark.parametrize(
    "picture",
    [grey(), grey(left=160), grey(top=60, bottom=15), grey(left=2, right=2), grey(left=290, right=290),
     np.zeros((360, 640), np.uint8), np.tile(np.abs(np.arange(640) - 320)[::-1] < 200, (360, 1)).astype(np.uint8) * 30],
    ids=["bright", "one side", "unlike", "thin", "hardly anything", "black", "dim"],
)  # fmt: skip
def test_other_pictures_have_no_bars(picture: Grey) -> None:
    assert content_box(picture) is None


def test_a_sign_on_a_black_card_is_not_a_picture_between_bars() -> None:
    down, across = np.mgrid[-180:180, -320:320]
    logo = np.where(down**2 + across**2 < 100**2, 200, 4).astype(np.uint8)
    assert content_box(logo) is None


def test_a_dark_room_with_a_lighter_middle_has_no_bars() -> None:
    vignette = np.minimum(200, np.minimum(np.arange(640), np.arange(640)[::-1]) // 2).astype(np.uint8)
    assert content_box(np.tile(vignette, (360, 1))) is None
    assert find_content_area([], 640, 360) is None


def test_crops_are_taken_inside_of_the_bars() -> None:
    content = CropBox(x=240, y=0, width=1440, height=1080)
    seen = ShotLook(shot=0, columns=[1 / 32] * 32, rows=[1 / 32] * 32, blocks=[0] * 144, content=content)
    at_the_edge = clip(ranges(0, 8000), [(0, 250, 120, every(0, 8000))], [seen])
    for aspect, x, width in (("9:16", 240, 608), ("1:1", 240, 1080), ("4:5", 240, 864)):
        (shot,) = plan_crops(at_the_edge, source(), aspect, WHOLE).shots  # type: ignore[arg-type]
        assert (shot.crop.x, shot.crop.width) == (x, width)
        assert shot.content == content, "a second try may show all of it, and no bars"
    (wide,) = plan_crops(at_the_edge, source(), "16:9", WHOLE).shots
    assert (wide.crop.x, wide.crop.width, wide.crop.height) == (240, 1440, 810)
    nobody = clip(ranges(0, 8000), [], [seen])
    assert plan_crops(nobody, source(), "9:16", WHOLE).shots[0].crop.x == 240 + (1440 - 608) // 2
    upright = msgspec.structs.replace(seen, content=CropBox(x=656, y=0, width=608, height=1080))
    (fitted,) = plan_crops(clip(ranges(0, 8000), [], [upright]), source(), "16:9", WHOLE).shots
    assert (fitted.mode, fitted.crop) == ("fit", upright.content)


def test_an_angle_with_a_shot_without_bars_is_shown_whole() -> None:
    blocks = [n % 16 for n in range(144)]
    seen = msgspec.structs.replace(look(0, blocks), content=CropBox(x=240, y=0, width=1440, height=1080))
    shots = plan_crops(clip(ranges(0, 4000, 8000), [], [seen, look(1, blocks)]), source(), "16:9", WHOLE).shots
    assert {shot.crop.width for shot in shots} == {1920}


def test_the_child_finds_bars_of_each_shot(tmp_path: Path) -> None:
    first, second = scene(3, 320, 180), np.zeros((180, 320, 3), np.uint8)
    second[:, 80:240] = scene(5, 160, 180)
    index = encode(tmp_path / "clip.mp4", [first] * 40 + [second] * 40)
    (tmp_path / "index.json").write_bytes(msgspec.json.encode(index))
    args = {"index": str(tmp_path / "index.json"), "scratch": str(tmp_path)}
    args |= msgspec.to_builtins(TimeRange(start_ms=0, end_ms=3_200))
    with (tmp_path / "clip.mp4").open("rb") as file:
        answer = main(args, file, counter()[0])
    looks = msgspec.convert(answer["looks"], list[ShotLook])
    assert looks[0].content is None
    box = looks[1].content
    assert box is not None
    assert (box.y, box.height) == (0, 180)
    assert box.x == pytest.approx(82, abs=2)
    assert box.width == pytest.approx(156, abs=4)
