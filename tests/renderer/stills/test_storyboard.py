"""The storyboard sprite, and the WebVTT that locates each frame in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.domain.exports.storyboard_vtt import storyboard_vtt
from schemas.documents.export import Sprite
from streams.renderer.stills.storyboard import StoryboardBuilder
from tests.support.certificate_factory import SIZE, frame


def test_each_tile_shows_its_time(tmp_path: Path) -> None:
    tiles = StoryboardBuilder(6_000.0, SIZE)
    for number in range(150):
        tiles.add_frame(frame(np.full((SIZE[1], SIZE[0]), 40 + number, np.uint8)), number * 40.0)
    sprite = tiles.save(tmp_path / "storyboard.jpg")
    assert sprite == Sprite(tile_width=90, tile_height=160, columns=10, count=12, step_ms=500.0, length_ms=6_000.0)
    with Image.open(tmp_path / "storyboard.jpg") as image:
        assert image.size == (900, 320)
        luma = np.asarray(image.convert("L"), np.float64)
    shown = [luma[n // 10 * 160 + 80, n % 10 * 90 + 45] * 219 / 255 + 16 for n in range(12)]
    assert np.abs(np.array(shown) - [40 + -(-n * 500 // 40) for n in range(12)]).max() < 3


def test_a_long_clip_has_no_more_tiles(tmp_path: Path) -> None:
    tiles = StoryboardBuilder(180_000.0, (1920, 1080))
    picture = frame(np.full((SIZE[1], SIZE[0]), 100, np.uint8))
    for at_ms in range(0, 180_000, 1_000):
        tiles.add_frame(picture, at_ms)
    sprite = tiles.save(tmp_path / "storyboard.jpg")
    assert sprite is not None
    assert (sprite.count, sprite.step_ms, sprite.tile_width, sprite.tile_height) == (60, 3_000.0, 160, 90)
    tiles.add_frame(picture, 179_999)
    again = tiles.save(tmp_path / "storyboard.jpg")
    assert again == sprite, "and none is taken beyond them"
    odd = StoryboardBuilder(1001 * 61 / 7, (1080, 1350))
    odd.add_frame(picture, 0)
    small = odd.save(tmp_path / "odd.jpg")
    assert small is not None
    assert (small.tile_width % 2, small.tile_height % 2, small.tile_height) == (0, 0, 160)
    assert (small.step_ms, small.length_ms) == (500.0, 8723.0)
    assert StoryboardBuilder(10.0, SIZE).save(tmp_path / "none.jpg") is None


def test_cues_cover_the_clip_and_name_places() -> None:
    sprite = Sprite(tile_width=90, tile_height=160, columns=2, count=3, step_ms=500.0, length_ms=1_240.0)
    assert storyboard_vtt(sprite, "a.jpg") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:00.500\na.jpg#xywh=0,0,90,160\n\n"
        "00:00:00.500 --> 00:00:01.000\na.jpg#xywh=90,0,90,160\n\n"
        "00:00:01.000 --> 00:00:01.240\na.jpg#xywh=0,160,90,160\n\n"
    )
    late = Sprite(tile_width=9, tile_height=16, columns=1, count=2, step_ms=4_521_007.0, length_ms=9_042_014.0)
    assert "01:15:21.007 --> 02:30:42.014" in storyboard_vtt(late, "a.jpg")
