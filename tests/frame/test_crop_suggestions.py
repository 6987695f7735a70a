"""Crop suggestions: key frames of the automatic framing for every aspect; one crop where it shows several."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.framing.geometry import view
from schemas.common import Aspect, TimeRange
from schemas.documents.edit import CropKey
from streams.frame.crop_suggestions import suggest_crops
from streams.frame.manual_crops import apply_manual_crops
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_following_crop import SHOT, crosses, track_of
from tests.frame.planning.test_plan import clip, ranges, source
from tests.frame.planning.test_speaker_cuts import QUICKLY, SLOWLY, pair, spoken_tracks

WHEN = TimeRange(start_ms=0, end_ms=20_000)


def keys(said: list[tuple[int, int, int]], aspect: Aspect = "9:16") -> list[CropKey]:
    return suggest_crops([(WHEN, spoken_tracks(said, pair()))], source())[aspect]


def test_every_aspect_has_a_suggestion() -> None:
    found = suggest_crops([(WHEN, clip(ranges(0, 20_000), []))], source())
    assert set(found) == {"9:16", "4:5", "1:1", "16:9"}
    assert [[key.crop.width for key in found[aspect]] for aspect in found] == [[608], [864], [1080], [1920]]


def test_cuts_become_key_frames() -> None:
    found = keys(SLOWLY)
    assert [(key.at_ms, key.ease) for key in found] == [(0, "cut"), (5_000, "cut"), (11_000, "cut")]
    assert found[0].crop == found[2].crop != found[1].crop


def test_the_suggestion_for_a_split_holds_the_main_subject() -> None:
    (only,) = keys(QUICKLY)
    assert only.crop.width == 608
    assert any(only.crop.x < x < x + 140 < only.crop.x + 608 for x in (300, 1500))


@pytest.mark.parametrize("aspect", ["9:16", "1:1"])
def test_an_accepted_suggestion_equals_the_automatic_crop(aspect: Aspect) -> None:
    tracks = msgspec.structs.replace(clip(ranges(0, 24_000), []), tracks=[track_of(crosses(8, 14))])
    made = plan_crops(tracks, source(), aspect, SHOT)
    taken = apply_manual_crops(made, suggest_crops([(SHOT, tracks)], source())[aspect])
    for at_ms in range(0, 24_000, 500):
        one, other = (
            view(next(shot for shot in shots if shot.range.start_ms <= at_ms < shot.range.end_ms), at_ms).x
            for shots in (made.shots, taken.shots)
        )
        assert one == pytest.approx(other, abs=3)


def test_suggestions_of_ranges_follow_each_other() -> None:
    later = spoken_tracks(SLOWLY, pair())
    times = TimeRange(start_ms=0, end_ms=4_000), TimeRange(start_ms=12_000, end_ms=20_000)
    found = suggest_crops([(time, later) for time in times], source())
    assert [key.at_ms for key in found["9:16"]] == [0, 12_000]
