"""Geometry of a framed shot: static crops, moving crops, split screens."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.framing.geometry import painted_box, pane_rows, share_shown, view, views
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.frame_plan import Pane, PathKey, ShotCrop

HELD = ShotCrop(
    range=TimeRange(start_ms=0, end_ms=1_000), mode="hold", crop=CropBox(x=600, y=0, width=304, height=540), reason=""
)
FACE = Box(x=700, y=90, width=80, height=100)


def keys(*places: tuple[int, float]) -> list[PathKey]:
    return [PathKey(at_ms=at_ms, box=Box(x=x, y=0, width=304, height=540)) for at_ms, x in places]


def test_a_static_crop_maps_to_the_output() -> None:
    painted = painted_box(FACE, HELD, 0, 1080, 1920)
    assert (painted.x, painted.y, painted.height) == pytest.approx((355, 320, 355), abs=1)
    whole = msgspec.structs.replace(HELD, crop=CropBox(x=0, y=0, width=960, height=540))
    fitted = painted_box(FACE, whole, 0, 1080, 1080)
    assert (fitted.x, fitted.y, fitted.width) == (787.5, 337.5, 90)
    assert share_shown(FACE, HELD, 0) == 1
    assert share_shown(Box(x=560, y=0, width=80, height=100), HELD, 0) == 0.5
    assert share_shown(Box(x=0, y=0, width=80, height=100), HELD, 0) == 0


def test_a_following_crop_is_at_its_place_on_the_path() -> None:
    moves = msgspec.structs.replace(HELD, mode="follow", path=keys((0, 100), (400, 100), (800, 500)))
    assert [view(moves, at_ms).x for at_ms in (-50, 0, 399, 600, 800, 2_000)] == [100, 100, 100, 300, 500, 500]
    assert share_shown(FACE, moves, 400) == 0
    assert share_shown(FACE, moves, 800) == 1


def test_panes_share_the_height_and_each_shows_its_part() -> None:
    low = CropBox(x=0, y=0, width=480, height=270)
    panes = [Pane(source=low, share=1 / 3), Pane(source=HELD.crop, share=2 / 3)]
    assert pane_rows(panes, 1920) == [(0, 640), (640, 1280)]
    assert pane_rows([Pane(source=low, share=1 / 3)] * 3, 1350) == [(0, 450), (450, 450), (900, 450)]
    both = msgspec.structs.replace(HELD, mode="split", panes=panes)
    assert len(views(both, 0)) == 2
    assert share_shown(FACE, both, 0) == 1
    above, below = (painted_box(Box(x=x, y=90, width=80, height=100), both, 0, 1080, 1920) for x in (100, 700))
    assert above.y + above.height < 640 < below.y
