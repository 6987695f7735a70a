"""On-screen text: followed through a shot, and not cut by a crop while there is another choice."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from core.domain.framing.geometry import share_shown, view
from schemas.common import Aspect, Box, TimeRange
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.scene import Letters
from streams.frame.analysis.analysis_merge import merge_tracks
from streams.frame.analysis.text_tracking import text_ranges, track_text_lines
from streams.frame.planning.on_screen_text import _is_repeated
from streams.frame.planning.plan import plan_crops
from tests.frame.planning.test_following_crop import LENGTH_MS, SHOT, crosses, track_of
from tests.frame.planning.test_plan import WHOLE, Looks, clip, every, ranges, source
from tests.frame.planning.test_speaker_cuts import SLOWLY, pair, spoken_tracks

STRIP = Box(x=200, y=880, width=1_400, height=50)
FACE: Looks = (0, 900, 200, every(0, 8_000))


def line(start_ms: int, end_ms: int, box: Box = STRIP) -> Letters:
    return Letters(range=TimeRange(start_ms=start_ms, end_ms=end_ms), box=box)


def plan_shots(letters: Sequence[Letters], looks: Sequence[Looks], aspect: Aspect = "9:16") -> list[ShotCrop]:
    tracks = msgspec.structs.replace(clip(ranges(0, 8_000), looks), letters=list(letters))
    return plan_crops(tracks, source(), aspect, WHOLE).shots


@pytest.mark.parametrize("aspect", ["9:16", "4:5", "1:1"])
def test_an_overlaid_name_stands_below_while_it_is_shown(aspect: Aspect) -> None:
    shots = plan_shots([line(3_000, 8_000)], [FACE], aspect)
    assert [(shot.range.start_ms, shot.mode) for shot in shots] == [(0, "hold"), (3_000, "inset")]
    face, strip = shots[1].panes
    assert share_shown(STRIP, shots[1], 5_000) == 1
    assert face.source.y + face.source.height <= STRIP.y
    assert face.source.x < 900 < 1_100 < face.source.x + face.source.width
    assert face.share + strip.share == pytest.approx(1)
    across, down = (int(one) for one in aspect.split(":"))
    for pane in (face, strip):
        assert pane.source.width / pane.source.height == pytest.approx(across / (down * pane.share), rel=0.03)
    assert "letters laid over the picture" in shots[1].reason


def test_letters_of_the_scene_change_no_crop() -> None:
    for one in (
        line(0, 8_000),
        line(3_000, 8_000, Box(x=200, y=100, width=1_400, height=50)),
        line(3_000, 8_000, Box(x=200, y=880, width=1_400, height=20)),
        line(3_000, 3_900),
        line(3_000, 8_000, Box(x=850, y=880, width=300, height=50)),
        line(3_000, 8_000, Box(x=20, y=880, width=500, height=50)),
    ):
        assert [shot.mode for shot in plan_shots([one], [FACE])] == ["hold"], one


def test_a_line_in_two_shots_counts_as_an_overlay() -> None:
    looks: list[Looks] = [(0, 900, 200, every(0, 4_000)), (1, 900, 200, every(4_000, 8_000))]
    tracks = clip(ranges(0, 4_000, 8_000), looks)
    tracks = msgspec.structs.replace(tracks, letters=[line(0, 4_000), line(4_000, 8_000)])
    assert {shot.mode for shot in plan_crops(tracks, source(), "9:16", WHOLE).shots} == {"inset"}


def test_a_title_is_shown_whole_and_a_sign_is_held() -> None:
    (title,) = plan_shots([line(0, 8_000, Box(x=300, y=500, width=1_300, height=160))], [])
    assert (title.mode, title.shows) == ("fit", "whole")
    sign = Box(x=1_200, y=500, width=500, height=60)
    (held,) = plan_shots([line(0, 8_000, sign)], [])
    assert (held.mode, held.shows) == ("hold", "detail")
    assert share_shown(sign, held, 0) == 1
    (small,) = plan_shots([line(0, 8_000, Box(x=1_200, y=500, width=500, height=20))], [])
    assert small.shows == "centre"
    late = plan_shots([line(5_000, 8_000, Box(x=300, y=500, width=1_300, height=160))], [])
    assert [(shot.range.start_ms, shot.mode) for shot in late] == [(0, "hold"), (5_000, "fit")]
    assert [shot.mode for shot in plan_shots([line(0, 8_000)], [], "16:9")] == ["hold"]


def test_a_name_stands_below_each_speaker_in_a_cut_crop() -> None:
    names = [line(1_000, 4_000, Box(x=100, y=880, width=900, height=50)), line(7_000, 12_000)]
    tracks = msgspec.structs.replace(spoken_tracks(SLOWLY, pair()), letters=names)
    shots = plan_crops(tracks, source(), "9:16", TimeRange(start_ms=0, end_ms=20_000)).shots
    assert [(shot.range.start_ms, shot.mode) for shot in shots] == [
        (0, "cut"), (1_000, "inset"), (4_000, "cut"), (5_000, "cut"), (7_000, "inset"), (11_000, "cut"),
    ]  # fmt: skip
    for name, at_ms, x in ((names[0], 2_000, 300), (names[1], 9_000, 1_500)):
        shot = next(one for one in shots if one.range.start_ms <= at_ms < one.range.end_ms)
        assert share_shown(name.box, shot, at_ms) == 1
        assert share_shown(Box(x=x, y=200, width=140, height=175), shot, at_ms) == 1


def test_a_name_stands_below_a_followed_person_at_rest() -> None:
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), tracks=[track_of(crosses(10, 16))])
    named = msgspec.structs.replace(tracks, letters=[line(2_000, 6_000)])
    (alone,) = plan_crops(tracks, source(), "9:16", SHOT).shots
    shots = plan_crops(named, source(), "9:16", SHOT).shots
    assert [(shot.range.start_ms, shot.mode) for shot in shots] == [(0, "follow"), (2_000, "inset"), (6_000, "follow")]
    assert share_shown(STRIP, shots[1], 4_000) == 1
    assert share_shown(Box(x=200, y=200, width=120, height=150), shots[1], 4_000) == 1
    for shot, times in ((shots[0], (0, 1_000, 1_999)), (shots[2], (6_000, 12_345, 23_999))):
        assert (shot.path[0].at_ms, shot.path[-1].at_ms) == (shot.range.start_ms, shot.range.end_ms)
        assert [view(shot, at_ms).x for at_ms in times] == pytest.approx([view(alone, at_ms).x for at_ms in times])


def test_a_walker_is_followed_past_text_and_signs() -> None:
    tracks = msgspec.structs.replace(clip(ranges(0, LENGTH_MS), []), tracks=[track_of(crosses(8, 14))])
    for one in (line(9_000, 13_500), line(0, LENGTH_MS)):
        shots = plan_crops(msgspec.structs.replace(tracks, letters=[one]), source(), "9:16", SHOT).shots
        assert [shot.mode for shot in shots] == ["follow"]


def test_a_line_needs_more_than_one_sample() -> None:
    box, other = Box(x=10, y=90, width=60, height=8), Box(x=100, y=20, width=40, height=8)
    looks = [(0, []), (600, [box]), (1_200, [msgspec.structs.replace(box, x=12), other]), (1_800, []), (2_400, [])]
    (found,) = track_text_lines(looks, [TimeRange(start_ms=0, end_ms=3_000)], 0.5)
    assert found == Letters(range=TimeRange(start_ms=300, end_ms=1_500), box=Box(x=20, y=180, width=124, height=16))
    assert track_text_lines(looks, ranges(0, 1_000, 3_000), 0.5) == [], "a line does not cross a cut"


def test_text_ranges_bridge_short_gaps() -> None:
    when = TimeRange(start_ms=0, end_ms=10_000)
    found = text_ranges([line(500, 2_000), line(3_000, 5_000), line(7_000, 8_000)], when, 1_500)
    assert [(one.start_ms, one.end_ms) for one in found] == [(0, 5_000), (7_000, 8_000)]
    assert text_ranges([line(11_000, 12_000)], when, 1_500) == []


def test_merged_analyses_have_the_letters_of_both() -> None:
    one = msgspec.structs.replace(clip(ranges(0, 4_000), []), letters=[line(0, 2_000)])
    other = msgspec.structs.replace(clip(ranges(3_600, 8_000), []), letters=[line(5_000, 6_000)])
    assert [found.range.start_ms for found in merge_tracks(other, one).letters] == [0, 5_000]


def test_a_line_inside_of_a_large_sign_elsewhere_is_not_the_same_line() -> None:
    sign, line = Box(x=100, y=300, width=800, height=120), Box(x=500, y=320, width=200, height=40)
    assert not _is_repeated(sign, line)
    assert _is_repeated(msgspec.structs.replace(line, width=90), line), "another name in the same place"
