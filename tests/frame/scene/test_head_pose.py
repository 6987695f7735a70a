"""Head pose: a head in profile is widened behind the face; a frontal head keeps the width of its face."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import Box
from schemas.documents.clip_tracks import Mouth
from streams.frame.planning.plan import plan_crops
from streams.frame.scene.head_pose import BACK_OF_HEAD_RATIO, widen_turned_heads
from tests.frame.planning.test_plan import clip, every, ranges, source

LENGTH_MS = 10_000
WIDE = 300.0


def marks(x: float, yaw_deg: float) -> list[Mouth]:
    return [
        Mouth(
            at_ms=at_ms, x=x + WIDE / 2, y=400, height_px=300, opening=0, stir=0, yaw_deg=yaw_deg, pitch_deg=0,
            roll_deg=0,
        )
        for at_ms in range(0, LENGTH_MS, 300)
    ]  # fmt: skip


@pytest.mark.parametrize("yaw_deg", [-90, 0, 90])
def test_a_head_in_profile_reaches_on_behind_the_face(yaw_deg: float) -> None:
    tracks = clip(ranges(0, LENGTH_MS), [(0, 800, WIDE, every(0, LENGTH_MS))])
    before = tracks.tracks[0].samples[5].face.box
    middle = before.x + before.width / 2
    seen = [msgspec.structs.replace(one, y=before.y + before.height / 2) for one in marks(middle - WIDE / 2, yaw_deg)]
    box: Box = widen_turned_heads(tracks.tracks, seen)[0].samples[5].face.box
    back = BACK_OF_HEAD_RATIO * before.width if yaw_deg else 0.0
    assert box.width == pytest.approx(before.width + back)
    assert box.x == pytest.approx(before.x - (back if yaw_deg > 0 else 0.0))
    assert (box.y, box.height) == (before.y, before.height)


def test_a_face_without_landmarks_keeps_its_width() -> None:
    tracks = clip(ranges(0, LENGTH_MS), [(0, 800, WIDE, every(0, LENGTH_MS))])
    assert widen_turned_heads(tracks.tracks, []) == tracks.tracks


def test_the_back_of_a_head_is_in_the_crop() -> None:
    tracks = clip(ranges(0, LENGTH_MS), [(0, 60, WIDE, every(0, LENGTH_MS))])
    box = tracks.tracks[0].samples[0].face.box
    seen = [msgspec.structs.replace(one, y=box.y + box.height / 2) for one in marks(60, 90)]
    ahead, aside = (
        plan_crops(one, source(), "9:16", one.range).shots[0].crop
        for one in (tracks, msgspec.structs.replace(tracks, mouths=seen))
    )
    assert aside.x <= max(0, ahead.x)
    assert aside.x <= max(0.0, box.x - BACK_OF_HEAD_RATIO * box.width)
