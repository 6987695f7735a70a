"""An aspect that cannot be framed does not affect the others."""

from __future__ import annotations

from typing import cast

import pytest

from schemas.common import Aspect, TimeRange
from schemas.documents.source import SourceIndex
from streams.frame.aspects import plan_aspects, suggest_or_none
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_plan import clip, ranges, source

WHEN = TimeRange(start_ms=0, end_ms=20_000)
NOTHING = cast(Aspect, "0:0")
"""No picture has this shape."""


def test_a_shape_that_cannot_be_framed_leaves_the_others() -> None:
    looks = [(WHEN, clip(ranges(0, 20_000), []))]
    found = plan_aspects(looks, ["9:16", NOTHING, "1:1"], None, source())
    assert found.plans == {aspect: plan_crops(looks[0][1], source(), aspect, WHEN) for aspect in ("9:16", "1:1")}
    assert set(found.broken) == {NOTHING}


def test_a_clip_without_a_framable_aspect_is_an_error() -> None:
    with pytest.raises((KeyError, ZeroDivisionError)):
        plan_aspects([(WHEN, clip(ranges(0, 20_000), []))], [NOTHING], None, source())


async def test_an_unframable_clip_has_no_suggestions() -> None:
    looks = [(WHEN, clip(ranges(0, 20_000), []))]
    assert set(await suggest_or_none(looks, source()) or ()) == {"9:16", "4:5", "1:1", "16:9"}
    without = cast(SourceIndex, None)
    assert await suggest_or_none(looks, without) is None
