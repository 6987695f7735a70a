"""Logo and name plates avoid faces and captions if they can."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.domain.framing.boxes import overlaps
from schemas.common import Box
from schemas.options.brand_kit import LowerThird, Placed
from streams.renderer.branding.bumpers import to_video_frame
from streams.renderer.branding.lower_third import draw_name_plate
from streams.renderer.branding.overlay_placement import (
    OccupiedArea,
    choose_corner,
    place_name_plate,
    place_overlay,
    to_box,
)
from streams.renderer.branding.overlays import Overlays
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.captions.safe_area import clear_area_of
from streams.renderer.timeline.slots import Slot
from streams.renderer.video.planes import copy_frame, plane_rows
from tests.renderer.branding.test_brand import LOGO, dress, word

TALL = (1080, 1920)
PICTURE = (200, 100)
CLIP = (0.0, 9_000.0)


def on(placed: Placed, *, from_ms: float = 1_000, until_ms: float = 2_000) -> OccupiedArea:
    """A face just where the logo would be."""
    box = place_overlay(placed, PICTURE, TALL)
    return OccupiedArea(from_ms, until_ms, Box(x=box.x + 5, y=box.y + 5, width=300, height=400))


def test_a_logo_goes_where_the_kit_lets_it_and_no_face_is() -> None:
    fixed = Placed(asset_id=LOGO, corner="top_left")
    free = Placed(asset_id=LOGO, corner="top_left", other_corners=["top_right", "bottom_left"])
    right = Placed(asset_id=LOGO, corner="top_right")
    assert choose_corner(free, PICTURE, TALL, CLIP, []) == "top_left"
    assert choose_corner(fixed, PICTURE, TALL, CLIP, [on(fixed)]) == "top_left", "the kit leaves no choice"
    assert choose_corner(free, PICTURE, TALL, CLIP, [on(fixed)]) == "top_right"
    assert choose_corner(free, PICTURE, TALL, CLIP, [on(fixed), on(right)]) == "bottom_left"
    least = [on(fixed), on(fixed, from_ms=3_000, until_ms=4_000), on(right)]
    narrow = Placed(asset_id=LOGO, corner="top_left", other_corners=["top_right"])
    assert choose_corner(narrow, PICTURE, TALL, CLIP, least) == "top_right", "fewer looks of it"
    assert choose_corner(free, PICTURE, TALL, (0, 900), [on(fixed)]) == "top_left", (
        "the face comes when the logo has gone"
    )


def ink_of(plate: DrawnCue) -> Box:
    left, top, right, bottom = plate.image.getchannel("A").getbbox() or (0, 0, 0, 0)
    return Box(x=plate.x_px + left, y=plate.y_px + top, width=right - left, height=bottom - top)


@pytest.mark.parametrize("size", [TALL, (1080, 1350), (1080, 1080), (1920, 1080)])
def test_a_name_keeps_off_faces_and_captions(size: tuple[int, int], tmp_path: Path) -> None:
    plate = draw_name_plate("Ann Example", dress(tmp_path, lower_third=LowerThird()), size)
    usual = ink_of(plate)
    area = to_box(clear_area_of(*size))
    assert place_name_plate(plate, 0, 1_000, [], size) == plate
    assert place_name_plate(plate, 0, 1_000, [OccupiedArea(1_000, 2_000, usual)], size) == plate, "nobody is there yet"
    face = OccupiedArea(0, 500, Box(x=usual.x, y=usual.y - 20, width=400, height=usual.height + 40))
    caption = OccupiedArea(400, 900, Box(x=usual.x, y=usual.y + usual.height + 20, width=700, height=300))
    moved = ink_of(place_name_plate(plate, 0, 1_000, [face, caption], size))
    assert not any(overlaps(moved, one.box) for one in (face, caption))
    assert (moved.x, moved.width, moved.height) == (usual.x, usual.width, usual.height)
    assert area.y - 2 <= moved.y <= area.y + area.height - moved.height + 2
    column = OccupiedArea(0, 500, Box(x=0, y=0, width=usual.x + usual.width / 2, height=size[1]))
    aside = ink_of(place_name_plate(plate, 0, 1_000, [column], size))
    assert aside.x >= column.box.width
    assert aside.x + aside.width <= area.x + area.width
    assert aside.y == usual.y
    everywhere = OccupiedArea(0, 500, Box(x=0, y=0, width=size[0], height=size[1]))
    assert place_name_plate(plate, 0, 1_000, [everywhere], size) == plate, "there is no room: where it always is"


def test_drawn_and_reported_overlays_are_in_free_areas(tmp_path: Path) -> None:
    logo = Placed(asset_id=LOGO, other_corners=["bottom_right"])
    third = LowerThird(plate="#ff0000")
    made = dress(tmp_path, {"S1": "Ann"}, lower_third=third, logo=logo)
    plain = Overlays(made, [word(0, "S1", 5_000)], TALL, (0, 5_000))
    box = ink_of(draw_name_plate("Ann", made, TALL))
    faces = [on(logo, from_ms=0), OccupiedArea(0, 400, box)]
    kept_off = Overlays(made, [word(0, "S1", 5_000)], TALL, (0, 5_000), faces)
    slot = Slot(number=0, at_ms=1_000)
    assert [name.split(" at ")[0] for name, _ in plain.slot_state(slot)] == ["logo top_left", "name Ann"]
    assert kept_off.slot_state(slot)[0][0] == "logo bottom_right"
    assert plain.slot_state(slot)[1] != kept_off.slot_state(slot)[1], (
        "a stored chunk of the other place is not taken for it"
    )
    shown = copy_frame(to_video_frame(Image.new("RGBA", TALL, (0, 0, 0, 255))))
    kept_off.burn(shown, slot)
    luma = plane_rows(shown.planes[0])[:, :1080].astype(int)
    for face in faces:
        top, left = int(face.box.y), int(face.box.x)
        assert np.all(luma[top : top + int(face.box.height), left : left + int(face.box.width)] <= 17)
    stubborn = dress(tmp_path, {"S1": "Ann"}, lower_third=LowerThird(avoid_faces=False))
    same = Overlays(stubborn, [word(0, "S1", 5_000)], TALL, (0, 5_000), faces)
    assert same.slot_state(slot) == Overlays(stubborn, [word(0, "S1", 5_000)], TALL, (0, 5_000)).slot_state(slot)


def test_a_watermark_of_another_asset_is_left_out(tmp_path: Path) -> None:
    gone = Placed(asset_id=uuid.UUID(int=9), other_corners=["top_right"])
    assert Overlays(dress(tmp_path, watermark=gone), [], TALL, (0, 1_000)).slot_state(Slot(number=0, at_ms=10)) == []
