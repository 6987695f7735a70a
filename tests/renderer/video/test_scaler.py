"""Scaling: the right part of the picture, upright, in the right colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.filter
import msgspec
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import Pane, PathKey, ShotCrop
from schemas.documents.source import VideoTrack
from streams.renderer.video.planes import plane_rows
from streams.renderer.video.scaler import FrameScaler, deinterlace, to_coded_crop, to_display_box
from streams.renderer.video.subpixel_crop import cut_plane
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
    painted = FrameScaler(turned, (200, 200), tmp_path).scale(quarters(), whole, 0)
    assert (painted.width, painted.height, painted.format.name) == (200, 200, "yuv420p")
    assert colours(painted, CORNERS) == expected


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_a_crop_of_the_upright_picture_is_found_in_the_coded_one(
    rotation_deg: int, mirrored: bool, tmp_path: Path
) -> None:
    turned = msgspec.structs.replace(track(320, 180, rotation_deg=rotation_deg), mirrored=mirrored)
    whole = FrameScaler(turned, (200, 200), tmp_path).scale(
        quarters(), shot(0, 0, turned.display_width, turned.display_height), 0
    )
    quarter = shot(turned.display_width // 2 + 4, 4, turned.display_width // 2 - 8, turned.display_height // 2 - 8)
    painted = FrameScaler(turned, (200, 200), tmp_path).scale(quarters(), quarter, 0)
    assert set(colours(painted, CORNERS)) == {colours(whole, [(0.75, 0.25)])[0]}


def test_pixels_that_are_not_square_are_taken_into_account() -> None:
    wide: VideoTrack = msgspec.structs.replace(track(640, 360), display_width=1280, sample_aspect=(2, 1))
    crop = to_coded_crop(CropBox(x=400, y=0, width=400, height=360), wide, 640, 360)
    assert (crop.x, crop.width, crop.height) == (200, 200, 360)


@pytest.mark.parametrize("box", [(-50, -50, 9_000, 9_000), (319, 179, 1, 1), (0, 0, 1, 1), (1, 1, 317, 177)])
def test_crops_stay_inside_and_even(box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    crop = to_coded_crop(CropBox(x=x, y=y, width=width, height=height), track(320, 180), 320, 180)
    assert crop.x >= 0
    assert crop.y >= 0
    assert crop.x + crop.width <= 320
    assert crop.y + crop.height <= 180
    assert not any(value % 2 for value in (crop.x, crop.y, crop.width, crop.height))


def test_fit_shows_the_full_picture_on_a_dimmed_ground(tmp_path: Path) -> None:
    painted = FrameScaler(track(320, 180), (216, 384), tmp_path).scale(quarters(), shot(0, 0, 320, 180, "fit"), 0)
    inner = 180 * 216 / 320 / 384
    above, below = 0.5 - inner / 4, 0.5 + inner / 4
    assert colours(painted, [(0.25, above), (0.75, above), (0.25, below), (0.75, below)]) == [RED, GREEN, BLUE, WHITE]
    luma = plane_rows(painted.planes[0])[:, :216]
    assert luma[370, 180] < 0.7 * luma[int(below * 384), 180], "the ground is the same picture, darker"
    assert luma[370, 180] > 60


def test_a_full_picture_stands_where_its_plan_says(tmp_path: Path) -> None:
    painter = FrameScaler(track(320, 180), (216, 384), tmp_path)
    middle = plane_rows(painter.scale(quarters(), shot(0, 0, 320, 180, "fit"), 0).planes[0])[:, :216].copy()
    higher = msgspec.structs.replace(shot(0, 0, 320, 180, "fit"), above=0.25)
    raised = plane_rows(painter.scale(quarters(), higher, 0).planes[0])[:, :216]
    assert np.array_equal(raised[64 : 64 + 122], middle[130 : 130 + 122])


def test_the_source_picture_is_never_written_to(tmp_path: Path) -> None:
    source = quarters(200, 200)
    painted = FrameScaler(track(200, 200), (200, 200), tmp_path).scale(source, shot(0, 0, 200, 200), 0)
    before = plane_rows(source.planes[0]).copy()
    plane_rows(painted.planes[0])[:] = 0
    assert (plane_rows(source.planes[0]) == before).all()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv422p10le", "gray", "nv12", "rgb24", "gbrp"])
def test_any_pixel_format_becomes_yuv420p(pixel_format: str, tmp_path: Path) -> None:
    painted = FrameScaler(track(320, 180), (128, 128), tmp_path).scale(
        quarters(pixel_format=pixel_format), shot(0, 0, 180, 180), 0
    )
    assert painted.format.name == "yuv420p"


def test_full_range_becomes_limited(tmp_path: Path) -> None:
    source = av.VideoFrame(320, 180, "yuvj420p")
    for plane, value in zip(source.planes, (255, 128, 128), strict=True):
        plane_rows(plane)[:] = value
    source.color_range = 2
    painted = FrameScaler(track(320, 180), (128, 128), tmp_path).scale(source, shot(0, 0, 180, 180), 0)
    assert abs(int(plane_rows(painted.planes[0])[5, 5]) - 235) <= 2


def test_hdr_white_and_grey_are_mapped_down(tmp_path: Path) -> None:
    painter = FrameScaler(track(320, 180), (128, 128), tmp_path)
    lumas = []
    for signal in (0.0, 0.3, 0.5, 0.58, 0.75):
        source = av.VideoFrame(320, 180, "yuv420p10le")
        for plane, value in zip(source.planes, (64 + round(876 * signal), 512, 512), strict=True):
            np.frombuffer(plane, np.uint16)[:] = value
        source.color_trc, source.color_primaries, source.colorspace = ColorTrc.SMPTE2084, ColorPrimaries.BT2020, 9
        painted = painter.scale(source, shot(0, 0, 180, 180), 0)
        lumas.append(int(plane_rows(painted.planes[0])[60, 60]))
        assert abs(int(plane_rows(painted.planes[1])[30, 30]) - 128) <= 1
    assert lumas == sorted(lumas)
    assert lumas[0] <= 17
    assert 190 <= lumas[3] <= 232, "203 cd/m² is nearly white"
    assert lumas[4] >= 233


MATRICES = {5: (0.299, 0.114), 6: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}
"""By AVColorSpace, the shares of red and blue in luma: ITU-R BT.601, BT.709, BT.2020."""


def coded(rgb: tuple[int, int, int], matrix: int, *, bits: int = 8, full: bool = False) -> list[int]:
    """Y', Cb and Cr of a colour as a source would have it (ITU-R BT.601-7, 2.5; H.273, 8.3)."""
    red, green, blue = (value / 255 for value in rgb)
    of_red, of_blue = MATRICES[matrix]
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = [(blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)]
    finer = 1 << (bits - 8)
    if full:
        most = 256 * finer - 1
        return [round(luma * most), *(round(one * most + 128 * finer) for one in chroma)]
    return [round((219 * luma + 16) * finer), *(round((224 * one + 128) * finer) for one in chroma)]


@pytest.mark.parametrize("rgb", [(230, 20, 20), (20, 200, 40), (40, 60, 220), (240, 240, 240), (20, 20, 20)])
@pytest.mark.parametrize(
    ("pixel_format", "told", "matrix", "height"),
    [
        ("yuv420p", 5, 5, 180),
        ("yuv420p", 6, 6, 1080),
        ("yuv420p", 1, 1, 180),
        ("yuv420p", 2, 6, 576),
        ("yuv420p", 2, 1, 720),
        ("yuv422p10le", 1, 1, 1080),
        ("yuv420p10le", 9, 9, 720),
        ("yuvj420p", 5, 5, 180),
        ("yuvj420p", 2, 1, 1080),
    ],
)
def test_colours_are_preserved_in_every_coding(
    pixel_format: str, told: int, matrix: int, height: int, rgb: tuple[int, int, int], tmp_path: Path
) -> None:
    """Untagged ones (2) are read as players do, by size."""
    source = av.VideoFrame(320, height, pixel_format)
    bits, full = 10 if "10" in pixel_format else 8, pixel_format.startswith("yuvj")
    for plane, value in zip(source.planes, coded(rgb, matrix, bits=bits, full=full), strict=True):
        np.frombuffer(plane, np.uint16 if bits == 10 else np.uint8)[:] = value
    source.colorspace = told
    painted = FrameScaler(track(320, height), (128, 128), tmp_path).scale(source, shot(0, 0, 180, 180), 0)
    found = [int(plane_rows(plane)[30, 30]) for plane in painted.planes]
    assert found == pytest.approx(coded(rgb, 1), abs=2)


def test_frames_are_deinterlaced_from_the_first_interlaced_one_on() -> None:
    """Broadcasts change: the first frame of a clip may be progressive."""
    mixed = [(-80, quarters(64, 64)), (-40, quarters(64, 64)), *interlaced()]
    whole = list(deinterlace(mixed))
    assert [at_ms for at_ms, _ in whole] == [at_ms for at_ms, _ in mixed]
    assert [one for _, one in whole[:2]] == [one for _, one in mixed[:2]]
    luma = plane_rows(whole[5][1].planes[0])[8:-8, :64].astype(int)
    assert np.abs(np.diff(luma, axis=0)).max() < 100, "the comb is gone"


def test_interlaced_frames_are_deinterlaced_and_keep_their_times() -> None:
    combed = interlaced()
    assert combed[0][1].interlaced_frame
    whole = list(deinterlace(combed))
    luma = plane_rows(whole[3][1].planes[0])[8:-8, :64].astype(int)
    assert np.abs(np.diff(luma, axis=0)).max() < 100, "the comb is gone"
    assert [at_ms for at_ms, _ in whole] == [at_ms for at_ms, _ in combed]


def interlaced() -> list[tuple[int, av.VideoFrame]]:
    """Six frames that are marked as interlaced, of two fields each."""
    combed = []
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=64, height=64, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25)),
        graph.add("setfield", "tff"),
        graph.add("buffersink"),
    ).configure()
    for number in range(6):
        picture = av.VideoFrame(64, 64, "yuv420p")
        plane_rows(picture.planes[0])[0::2] = 60 + number
        plane_rows(picture.planes[0])[1::2] = 180
        for plane in picture.planes[1:]:
            plane_rows(plane)[:] = 128
        graph.push(picture)
        combed.append((number * 40, graph.vpull()))
    return combed


def test_progressive_pictures_pass_untouched() -> None:
    pictures = [(0, quarters()), (40, quarters())]
    assert [frame for _, frame in deinterlace(pictures)] == [frame for _, frame in pictures]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_a_part_of_the_coded_picture_is_found_in_the_upright_one(rotation_deg: int, mirrored: bool) -> None:
    turned = msgspec.structs.replace(
        track(320, 180, rotation_deg=rotation_deg), mirrored=mirrored, sample_aspect=(2, 1)
    )
    wide = {"display_height": 640} if rotation_deg in (90, 270) else {"display_width": 640}
    turned = msgspec.structs.replace(turned, **wide)
    crop = CropBox(x=24, y=40, width=80, height=64)
    found = to_display_box(to_coded_crop(crop, turned, 320, 180), turned, 320, 180)
    assert (found.x, found.y, found.width, found.height) == pytest.approx((24, 40, 80, 64), abs=2)


def ramp(width: int = 320, height: int = 180) -> av.VideoFrame:
    """Luma rises by half a step a pixel from left to right."""
    picture = av.VideoFrame(width, height, "yuv420p")
    for number, plane in enumerate(picture.planes):
        plane_rows(plane)[:, : plane.width] = 128 if number else (40 + np.arange(plane.width) / 2).astype(np.uint8)
    return picture


def moving(*lefts: float, width: float = 90.0) -> ShotCrop:
    """A crop that moves from one left edge to the next, a second each."""
    path = [PathKey(at_ms=1_000 * number, box=Box(x=x, y=0, width=width, height=180)) for number, x in enumerate(lefts)]
    return ShotCrop(range=WHEN, mode="follow", crop=CropBox(x=0, y=0, width=320, height=180), reason="test", path=path)


@pytest.mark.parametrize("rotation_deg", [0, 180])
def test_a_crop_moves_by_fractions_of_a_pixel(rotation_deg: int, tmp_path: Path) -> None:
    painter = FrameScaler(track(320, 180, rotation_deg=rotation_deg), (180, 360), tmp_path)
    shown = [painter.scale(ramp(), moving(0, 230), at_ms) for at_ms in range(0, 1_001, 4)]
    assert {(one.width, one.height, one.format.name) for one in shown} == {(180, 360, "yuv420p")}
    middles = np.array([plane_rows(one.planes[0])[170:190, 60:120].mean() for one in shown])
    steps = np.diff(middles) if rotation_deg == 0 else -np.diff(middles)
    assert abs(middles[-1] - middles[0]) == pytest.approx(115, abs=3)
    assert steps.min() > 0, "it goes on with every picture"
    assert steps.max() < 0.9, "and never jumps: 0.46 of a step is meant"


@pytest.mark.parametrize(("x", "y"), [(2.0, 1.0), (3.3, 0.0), (0.0, 1.5), (3.3, 2.7), (9.99, 5.01)])
def test_a_cut_between_samples_is_the_weighted_mean_of_its_neighbours(x: float, y: float) -> None:
    plane = np.random.default_rng(1).integers(0, 256, (150, 60), dtype=np.uint8)
    whole, parts = plane.astype(int), 16
    left, right = divmod(round(x * parts), parts)
    top, down = divmod(round(y * parts), parts)
    across = (whole[:, left : left + 41] * (parts - right) + whole[:, left + 1 : left + 42] * right + 8) // parts
    both = (across[top : top + 140] * (parts - down) + across[top + 1 : top + 141] * down + 8) // parts
    assert np.array_equal(cut_plane(plane, x, y, 40, 140), both[:, :40])
    assert np.array_equal(cut_plane(plane[:140, :40], 0.0, 0.0, 40, 140), plane[:140, :40])


def test_a_crop_that_stands_at_whole_pixels_is_as_a_still_one(tmp_path: Path) -> None:
    still = shot(40, 0, 90, 180)
    painted = FrameScaler(track(320, 180), (180, 360), tmp_path).scale(quarters(), still, 0)
    moved = FrameScaler(track(320, 180), (180, 360), tmp_path).scale(quarters(), moving(40, 40), 500)
    one, other = (plane_rows(picture.planes[0])[:, :180].astype(int) for picture in (painted, moved))
    assert np.abs(one - other).mean() < 1.0


def test_a_crop_that_grows_fills_the_picture_all_the_time(tmp_path: Path) -> None:
    small, large = Box(x=150, y=40, width=20, height=40), Box(x=60, y=0, width=90, height=180)
    path = [PathKey(at_ms=0, box=small), PathKey(at_ms=1_000, box=large)]
    grows = msgspec.structs.replace(moving(0), path=path)
    painter = FrameScaler(track(320, 180), (180, 360), tmp_path)
    for at_ms in range(-40, 1_080, 40):
        painted = painter.scale(quarters(), grows, at_ms)
        assert plane_rows(painted.planes[0])[:360, :180].min() > 20


@pytest.mark.parametrize("rotation_deg", [0, 90])
def test_panes_stand_one_below_the_other(rotation_deg: int, tmp_path: Path) -> None:
    turned = track(320, 180, rotation_deg=rotation_deg)
    high, wide = turned.display_height // 2, turned.display_width // 2
    left, right = CropBox(x=0, y=0, width=wide, height=high), CropBox(x=wide, y=high, width=wide, height=high)
    panes = [Pane(source=left, share=0.25), Pane(source=right, share=0.75)]
    stacked = msgspec.structs.replace(shot(0, 0, 320, 180), mode="split", panes=panes)
    painted = FrameScaler(turned, (120, 200), tmp_path).scale(quarters(), stacked, 0)
    whole = FrameScaler(turned, (200, 200), tmp_path).scale(
        quarters(), shot(0, 0, turned.display_width, turned.display_height), 0
    )
    first, last = colours(whole, [CORNERS[0], CORNERS[3]])
    assert colours(painted, [(0.5, 0.1), (0.5, 0.22), (0.5, 0.28), (0.5, 0.9)]) == [first, first, last, last]
