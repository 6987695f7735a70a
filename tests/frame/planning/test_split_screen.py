"""Insets: the whole screen above, the face next to it below; otherwise no split."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import Aspect
from schemas.documents.frame_plan import FramePlan
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_plan import LEFT, WHOLE, Looks, clip, every, look, ranges, source


def plan_split(face: Looks, aspect: Aspect = "9:16", screen: float = 0.95) -> FramePlan:
    seen = msgspec.structs.replace(look(0, LEFT), screen=screen)
    return plan_crops(clip(ranges(0, 8000), [face], [seen]), source(), aspect, WHOLE)


CAMERA: Looks = (0, 1650, 120, every(0, 8000))


@pytest.mark.parametrize(("aspect", "share"), [("9:16", 0.316), ("4:5", 0.45)])
def test_the_screen_is_above_and_the_face_below(aspect: Aspect, share: float) -> None:
    found = plan_split(CAMERA, aspect)
    (shot,) = found.shots
    assert (shot.mode, shot.shows) == ("inset", "screen")
    above, below = shot.panes
    assert (above.source.width, above.source.height) == (1920, 1080)
    assert above.share == pytest.approx(share, abs=0.001)
    assert above.share + below.share == pytest.approx(1)
    part = below.source
    assert part.x < 1650 < 1770 < part.x + part.width
    assert part.y < 200 < 350 < part.y + part.height
    width, height = (int(one) for one in aspect.split(":"))
    assert part.width / part.height == pytest.approx(width / (height * below.share), rel=0.03)
    assert [shot.mode for shot in found.safer] in (["hold"], ["fit"])


@pytest.mark.parametrize(
    ("face", "aspect", "screen"),
    [
        (CAMERA, "16:9", 0.95),
        (CAMERA, "1:1", 0.95),
        (CAMERA, "9:16", 0.2),
        ((0, 1650, 120, range(0, 2_000, 160)), "9:16", 0.95),
        ((0, 700, 420, every(0, 8000)), "9:16", 0.95),
        ((0, 1650, 60, every(0, 8000)), "9:16", 0.95),
    ],
    ids=["nothing is cut off", "no room below", "no screen", "seldom there", "a face before a screen", "too small"],
)
def test_other_pictures_are_not_stacked(face: Looks, aspect: Aspect, screen: float) -> None:
    assert not plan_split(face, aspect, screen).shots[0].panes
