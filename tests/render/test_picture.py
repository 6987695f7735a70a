"""Painting: the right part of the picture, upright, in the right colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.filter
import msgspec
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from schemas.documents import ShotCrop, VideoTrack
from schemas.media import CropBox, TimeRange
from streams.render.picture import Painter, coded_crop, deinterlaced
from streams.render.planes import rows
from tests.look.clips import track

WHEN = TimeRange(start_ms=0, end_ms=1_000)
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)


def quarters(width: int = 320, height: int = 180, pixel_format: str = "yuv420p") -> av.VideoFrame:
    """Red and green above blue and white."""
    picture = np.zeros((height, width, 3), np.uint8)
    half_y, half_x = height // 2, width // 2
    picture[:half_y, :half_x], picture[:half_y, half_x:] = RED, GREEN
    picture[half_y:, :half_x], picture[half_y:, half_x:] = BLUE, WHITE
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)


def shot(x: int, y: int, width: int, height: int, mode: str = "hold") -> ShotCrop:
    box = CropBox(x=x, y=y, width=width, height=height)
    return ShotCrop(range=WHEN, mode="fit" if mode == "fit" else "hold", crop=box, reason="test")


def colours(picture: av.VideoFrame, points: list[tuple[float, float]]) -> list[tuple[int, int, int]]:
    """The nearest named colour at relative positions (x, y)."""
    array = picture.to_ndarray(format="rgb24", src_colorspace="ITU709")
    named = [RED, GREEN, BLUE, WHITE, (0, 0, 0)]
    found = [array[int(y * picture.height), int(x * picture.width)].astype(int) for x, y in points]
    return [min(named, key=lambda name: np.abs(np.array(name) - pixel).sum()) for pixel in found]


CORNERS = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]


@pytest.mark.parametrize(
    ("rotation_deg", "expected"),
    [
        (0, [RED, GREEN, BLUE, WHITE]),
        (90, [BLUE, RED, WHITE, GREEN]),
        (180, [WHITE, BLUE, GREEN, RED]),
        (270, [GREEN, WHITE, RED, BLUE]),
    ],
)
def test_pictures_are_turned_upright(rotation_deg: int, expected: list[tuple[int, int, int]], tmp_path: Path) -> None:
    turned = track(320, 180, rotation_deg=rotation_deg)
    whole = shot(0, 0, turned.display_width, turned.display_height)
    painted = Painter(turned, (200, 200), tmp_path).paint(quarters(), whole)
    assert (painted.width, painted.height, painted.format.name) == (200, 200, "yuv420p")
    assert colours(painted, CORNERS) == expected


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_a_crop_of_the_upright_picture_is_found_in_the_coded_one(
    rotation_deg: int, mirrored: bool, tmp_path: Path
) -> None:
    turned = msgspec.structs.replace(track(320, 180, rotation_deg=rotation_deg), mirrored=mirrored)
    whole = Painter(turned, (200, 200), tmp_path).paint(
        quarters(), shot(0, 0, turned.display_width, turned.display_height)
    )
    quarter = shot(turned.display_width // 2 + 4, 4, turned.display_width // 2 - 8, turned.display_height // 2 - 8)
    painted = Painter(turned, (200, 200), tmp_path).paint(quarters(), quarter)
    assert set(colours(painted, CORNERS)) == {colours(whole, [(0.75, 0.25)])[0]}


def test_pixels_that_are_not_square_are_taken_into_account() -> None:
    wide: VideoTrack = msgspec.structs.replace(track(640, 360), display_width=1280, sample_aspect=(2, 1))
    crop = coded_crop(CropBox(x=400, y=0, width=400, height=360), wide, 640, 360)
    assert (crop.x, crop.width, crop.height) == (200, 200, 360)


@pytest.mark.parametrize("box", [(-50, -50, 9_000, 9_000), (319, 179, 1, 1), (0, 0, 1, 1), (1, 1, 317, 177)])
def test_crops_stay_inside_and_even(box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    crop = coded_crop(CropBox(x=x, y=y, width=width, height=height), track(320, 180), 320, 180)
    assert crop.x >= 0
    assert crop.y >= 0
    assert crop.x + crop.width <= 320
    assert crop.y + crop.height <= 180
    assert not any(value % 2 for value in (crop.x, crop.y, crop.width, crop.height))


def test_fit_shows_all_of_it_on_a_dimmed_ground(tmp_path: Path) -> None:
    painted = Painter(track(320, 180), (216, 384), tmp_path).paint(quarters(), shot(0, 0, 320, 180, "fit"))
    inner = 180 * 216 / 320 / 384
    above, below = 0.5 - inner / 4, 0.5 + inner / 4
    assert colours(painted, [(0.25, above), (0.75, above), (0.25, below), (0.75, below)]) == [RED, GREEN, BLUE, WHITE]
    luma = rows(painted.planes[0])[:, :216]
    assert luma[370, 180] < 0.7 * luma[int(below * 384), 180], "the ground is the same picture, darker"
    assert luma[370, 180] > 60


def test_the_source_picture_is_never_written_to(tmp_path: Path) -> None:
    source = quarters(200, 200)
    painted = Painter(track(200, 200), (200, 200), tmp_path).paint(source, shot(0, 0, 200, 200))
    before = rows(source.planes[0]).copy()
    rows(painted.planes[0])[:] = 0
    assert (rows(source.planes[0]) == before).all()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv422p10le", "gray", "nv12", "rgb24", "gbrp"])
def test_any_pixel_format_becomes_yuv420p(pixel_format: str, tmp_path: Path) -> None:
    painted = Painter(track(320, 180), (128, 128), tmp_path).paint(
        quarters(pixel_format=pixel_format), shot(0, 0, 180, 180)
    )
    assert painted.format.name == "yuv420p"


def test_full_range_becomes_limited(tmp_path: Path) -> None:
    source = av.VideoFrame(320, 180, "yuvj420p")
    for plane, value in zip(source.planes, (255, 128, 128), strict=True):
        rows(plane)[:] = value
    source.color_range = 2
    painted = Painter(track(320, 180), (128, 128), tmp_path).paint(source, shot(0, 0, 180, 180))
    assert abs(int(rows(painted.planes[0])[5, 5]) - 235) <= 2


def test_hdr_white_and_grey_are_mapped_down(tmp_path: Path) -> None:
    painter = Painter(track(320, 180), (128, 128), tmp_path)
    lumas = []
    for signal in (0.0, 0.3, 0.5, 0.58, 0.75):
        source = av.VideoFrame(320, 180, "yuv420p10le")
        for plane, value in zip(source.planes, (64 + round(876 * signal), 512, 512), strict=True):
            np.frombuffer(plane, np.uint16)[:] = value
        source.color_trc, source.color_primaries, source.colorspace = ColorTrc.SMPTE2084, ColorPrimaries.BT2020, 9
        painted = painter.paint(source, shot(0, 0, 180, 180))
        lumas.append(int(rows(painted.planes[0])[60, 60]))
        assert abs(int(rows(painted.planes[1])[30, 30]) - 128) <= 1
    assert lumas == sorted(lumas)
    assert lumas[0] <= 17
    assert 190 <= lumas[3] <= 232, "203 cd/m² is nearly white"
    assert lumas[4] >= 233


def test_interlaced_pictures_are_made_whole_and_keep_their_times() -> None:
    combed = []
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=64, height=64, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25)),
        graph.add("setfield", "tff"),
        graph.add("buffersink"),
    ).configure()
    for number in range(6):
        picture = av.VideoFrame(64, 64, "yuv420p")
        rows(picture.planes[0])[0::2] = 60 + number
        rows(picture.planes[0])[1::2] = 180
        for plane in picture.planes[1:]:
            rows(plane)[:] = 128
        graph.push(picture)
        combed.append((number * 40, graph.vpull()))
    assert combed[0][1].interlaced_frame
    whole = list(deinterlaced(combed))
    luma = rows(whole[3][1].planes[0])[8:-8, :64].astype(int)
    assert np.abs(np.diff(luma, axis=0)).max() < 100, "the comb is gone"
    assert [at_ms for at_ms, _ in whole] == [at_ms for at_ms, _ in combed]


def test_progressive_pictures_pass_untouched() -> None:
    pictures = [(0, quarters()), (40, quarters())]
    assert [frame for _, frame in deinterlaced(pictures)] == [frame for _, frame in pictures]
