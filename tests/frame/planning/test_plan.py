"""Framing plan: one crop a shot, the same for a camera angle, the face on screen longest; tall sources stay whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest

from core.domain.framing.geometry import painted_box
from schemas.common import Box, CropBox, Face, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceSample, FaceTrack, ShotLook, SpeakingTurn
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.scene import Letters
from schemas.documents.source import SourceIndex
from streams.frame.planning.expectations import expected_faces
from streams.frame.planning.plan import faces_shown, plan_crops, shots_within
from tests.look.clips import track as video_track

Looks = tuple[int, float, float, Sequence[int]]
"""Shot, x, size, times."""


def ranges(*edges: int) -> list[TimeRange]:
    return [TimeRange(start_ms=a, end_ms=b) for a, b in pairwise(edges)]


def tracked(number: int, looks: Looks) -> FaceTrack:
    shot, x, size, times = looks
    face = Face(box=Box(x=x, y=200, width=size, height=size * 1.25), score=0.9)
    return FaceTrack(track=number, shot=shot, samples=[FaceSample(at_ms=at_ms, face=face) for at_ms in times])


def clip(shots: list[TimeRange], looks: Sequence[Looks], seen: Sequence[ShotLook] = ()) -> ClipTracks:
    return ClipTracks(
        clip_id="clip",
        range=TimeRange(start_ms=shots[0].start_ms, end_ms=shots[-1].end_ms),
        shots=shots,
        tracks=[tracked(number, one) for number, one in enumerate(looks)],
        pictures_looked_at=1,
        model="test",
        compute_ms=0,
        looks=list(seen),
    )


def source(width: int = 1920, height: int = 1080) -> SourceIndex:
    return SourceIndex(
        format="mov", size_bytes=1, duration_ms=1, origin_us=0, seekable=True, video=video_track(width, height)
    )


def look(shot: int, blocks: list[int], columns: list[float] | None = None) -> ShotLook:
    return ShotLook(shot=shot, columns=columns or [1 / 32] * 32, rows=[1 / 32] * 32, blocks=blocks)


def every(start_ms: int, end_ms: int) -> range:
    return range(start_ms, end_ms, 160)


WHOLE = TimeRange(start_ms=0, end_ms=8000)
LEFT, RIGHT = [n % 16 for n in range(144)], [(n * 7) % 13 for n in range(144)]


def test_each_shot_holds_its_own_face() -> None:
    tracks = clip(ranges(0, 4000, 8000), [(0, 300, 120, every(0, 4000)), (1, 1500, 120, every(4000, 8000))])
    shots = plan_crops(tracks, source(), "9:16", WHOLE).shots
    assert [(s.range.start_ms, s.range.end_ms, s.mode) for s in shots] == [(0, 4000, "hold"), (4000, 8000, "hold")]
    assert shots[0].crop.x < 300 < 420 < shots[0].crop.x + shots[0].crop.width
    assert shots[1].crop.x < 1500 < 1620 < shots[1].crop.x + shots[1].crop.width
    assert "in frame in 100% of 25 looks" in shots[0].reason
    assert [shot.shows for shot in shots] == ["face", "face"]


def test_the_plan_names_the_most_visible_face_of_each_sample() -> None:
    looks: list[Looks] = [(0, 300, 120, every(0, 4000)), (0, 1000, 240, every(0, 4000)), (1, 100, 60, [4000])]
    made = plan_crops(clip(ranges(0, 4000, 8000), looks), source(), "9:16", TimeRange(start_ms=1000, end_ms=8000))
    crop = made.shots[0].crop
    assert crop.x < 1000 < 1240 < crop.x + crop.width, "the larger one is held, the other one is out"
    assert {sample.face.box.x for sample in made.faces} == {1000, 100}
    assert [sample.at_ms for sample in made.faces] == [at for at in every(0, 4000) if at >= 1000] + [4000]


def test_a_face_that_is_half_out_of_the_crop_is_not_shown() -> None:
    tracks = clip(ranges(0, 4000), [(0, 900, 120, every(0, 2000)), (0, 540, 200, every(0, 4000))])
    crop = CropBox(x=640, y=0, width=608, height=1080)
    held = ShotCrop(range=TimeRange(start_ms=0, end_ms=4000), mode="hold", crop=crop, reason="test")
    shown = faces_shown(tracks, [held])
    assert {sample.face.box.x for sample in shown} == {900}
    assert [sample.at_ms for sample in shown] == list(every(0, 2000))


def test_the_speaker_or_else_the_largest_face_is_expected() -> None:
    tracks = clip(ranges(0, 8000), [(0, 200, 300, every(0, 640)), (0, 1400, 100, every(0, 480))])
    speaks = SpeakingTurn(track=1, range=TimeRange(start_ms=160, end_ms=320), confidence=1.0)
    told = expected_faces(msgspec.structs.replace(tracks, turns=[speaks]), TimeRange(start_ms=0, end_ms=600))
    assert [(one.at_ms, one.box.x, one.speaks) for one in told] == [
        (0, 200, False), (160, 1400, True), (320, 200, False), (480, 200, False)
    ]  # fmt: skip


def test_the_face_that_is_longest_on_screen_is_held() -> None:
    looks: list[Looks] = [(0, 200, 120, every(0, 8000)), (0, 1500, 160, every(0, 2000))]
    crop = plan_crops(clip(ranges(0, 8000), looks), source(), "9:16", WHOLE).shots[0].crop
    assert crop.x < 200 < 320 < crop.x + crop.width


def test_the_largest_of_equally_long_faces_is_held() -> None:
    looks: list[Looks] = [(0, 200, 120, every(0, 8000)), (0, 1500, 200, every(0, 7600))]
    crop = plan_crops(clip(ranges(0, 8000), looks), source(), "9:16", WHOLE).shots[0].crop
    assert crop.x < 1500 < 1700 < crop.x + crop.width


def test_small_faces_in_the_background_never_win() -> None:
    looks: list[Looks] = [(0, 200, 30, every(0, 8000)), (0, 1500, 200, every(0, 4800))]
    crop = plan_crops(clip(ranges(0, 8000), looks), source(), "9:16", WHOLE).shots[0].crop
    assert crop.x < 1500 < 1700 < crop.x + crop.width


def test_a_large_passing_head_is_not_held() -> None:
    looks: list[Looks] = [(0, 200, 80, every(0, 8000)), (0, 1500, 300, every(0, 3800))]
    crop = plan_crops(clip(ranges(0, 8000), looks), source(), "9:16", WHOLE).shots[0].crop
    assert crop.x < 200 < 280 < crop.x + crop.width


def test_shots_of_one_angle_share_a_crop_though_another_lies_between() -> None:
    looks: list[Looks] = [
        (0, 300, 120, every(0, 2000)),
        (1, 1500, 120, every(2000, 4000)),
        (2, 360, 120, every(4000, 8000)),
    ]
    seen = [look(0, LEFT), look(1, RIGHT), look(2, LEFT)]
    shots = plan_crops(clip(ranges(0, 2000, 4000, 8000), looks, seen), source(), "9:16", WHOLE).shots
    assert shots[0].crop == shots[2].crop != shots[1].crop


def test_a_jump_cut_on_a_face_that_stays_does_not_jump() -> None:
    near = [value + (n % 3) * 3 for n, value in enumerate(LEFT)]
    looks: list[Looks] = [(0, 300, 120, every(0, 4000)), (1, 310, 124, every(4000, 8000))]
    shots = plan_crops(
        clip(ranges(0, 4000, 8000), looks, [look(0, LEFT), look(1, near)]), source(), "9:16", WHOLE
    ).shots
    assert shots[0].crop == shots[1].crop


def test_a_face_lost_for_a_while_counts_with_its_stand_in() -> None:
    looks: list[Looks] = [(0, 300, 120, every(0, 3200)), (0, 700, 120, every(3200, 6000))]
    shot = plan_crops(clip(ranges(0, 8000), looks), source(), "9:16", WHOLE).shots[0]
    assert "of 38 looks" in shot.reason
    assert shot.crop.x <= 300
    assert shot.crop.x + shot.crop.width >= 820


def test_a_shot_without_faces_says_so() -> None:
    right = [0.2 / 24] * 24 + [0.8 / 8] * 8
    tracks = clip(ranges(0, 4000, 8000), [], [look(0, LEFT), look(1, RIGHT, right)])
    shots = plan_crops(tracks, source(), "9:16", WHOLE).shots
    assert [shot.reason for shot in shots] == [
        "no face, nothing stands out: centre",
        "no face: most detail and movement",
    ]
    assert [shot.shows for shot in shots] == ["centre", "detail"]
    assert shots[0].crop.x == 656
    assert shots[1].crop.x > 1200


def test_a_tall_picture_is_shown_whole_in_a_wide_export() -> None:
    made = plan_crops(clip(ranges(0, 8000), []), source(1080, 1920), "16:9", WHOLE)
    assert [(shot.mode, shot.shows, shot.crop.width) for shot in made.shots] == [("fit", "whole", 1080)]


def test_the_plan_covers_exactly_the_requested_time() -> None:
    tracks = clip(ranges(0, 2000, 5000, 8000), [])
    made = plan_crops(tracks, source(), "1:1", TimeRange(start_ms=2500, end_ms=7000))
    assert [(s.range.start_ms, s.range.end_ms) for s in made.shots] == [(2500, 5000), (5000, 7000)]
    assert shots_within(ranges(0, 2000), TimeRange(start_ms=1900, end_ms=3000))[0][1] == TimeRange(
        start_ms=1900, end_ms=3000
    )


def test_an_impossible_plan_is_an_error() -> None:
    with pytest.raises(ValueError, match="analyse_clip first"):
        plan_crops(clip(ranges(0, 8000), []), source(), "9:16", TimeRange(start_ms=9000, end_ms=9900))
    with pytest.raises(ValueError, match="no picture"):
        plan_crops(clip(ranges(0, 8000), []), msgspec.structs.replace(source(), video=None), "9:16", WHOLE)


def test_a_face_wider_than_the_crop_is_shown_wider() -> None:
    made = plan_crops(clip(ranges(0, 8000), [(0, 500, 700, every(0, 8000))]), source(), "9:16", WHOLE)
    (shot,) = made.shots
    assert (shot.mode, shot.shows, shot.crop.y, shot.crop.height) == ("fit", "face", 0, 1080)
    assert 360 >= shot.crop.x > 300, "the head, and a little room"
    assert 1_340 <= shot.crop.x + shot.crop.width < 1_400
    assert "wider than a 9:16 crop" in shot.reason
    assert made.safer == made.shots
    assert (
        plan_crops(clip(ranges(0, 8000), [(0, 500, 700, every(0, 8000))]), source(), "1:1", WHOLE).shots[0].mode
        == "hold"
    )


def test_a_full_picture_stands_with_its_eyes_at_a_third() -> None:
    title = Letters(range=WHOLE, box=Box(x=60, y=900, width=1_800, height=80))
    tracks = msgspec.structs.replace(clip(ranges(0, 8000), [(0, 400, 700, every(0, 8000))]), letters=[title])
    shot = plan_crops(tracks, source(), "9:16", WHOLE).shots[0]
    (first, *_) = tracks.tracks[0].samples
    eyes = msgspec.structs.replace(first.face.box, y=first.face.box.y + 0.4 * first.face.box.height, height=1)
    assert (shot.mode, shot.shows) == ("fit", "whole")
    assert painted_box(eyes, shot, 0, 1080, 1920).y == pytest.approx(640, abs=2)
    assert plan_crops(clip(ranges(0, 8000), []), source(1080, 1920), "16:9", WHOLE).shots[0].above == 0.5


def test_the_safer_plan_crops_only_where_the_face_stays_inside() -> None:
    walks = [(0, 40 + 10 * n, 120, [160 * n]) for n in range(25)]
    face = [FaceSample(at_ms=one[3][0], face=tracked(0, one).samples[0].face) for one in walks]
    stays = tracked(1, (1, 900, 120, every(4000, 8000)))
    tracks = clip(ranges(0, 4000, 8000), [])
    tracks = msgspec.structs.replace(
        tracks, tracks=[FaceTrack(track=0, shot=0, samples=face), stays], looks=[look(0, LEFT), look(1, RIGHT)]
    )
    made = plan_crops(tracks, source(), "9:16", WHOLE)
    assert [shot.mode for shot in made.safer] == ["hold", "hold"]
    far = [(0, 40 + 70 * n, 120, [160 * n]) for n in range(25)]
    face = [FaceSample(at_ms=one[3][0], face=tracked(0, one).samples[0].face) for one in far]
    tracks = msgspec.structs.replace(tracks, tracks=[FaceTrack(track=0, shot=0, samples=face), stays])
    made = plan_crops(tracks, source(), "9:16", WHOLE)
    assert [shot.mode for shot in made.safer] == ["fit", "hold"]
    assert [shot.range for shot in made.safer] == [shot.range for shot in made.shots]
    assert "% of its looks" in made.safer[0].reason
    assert len(made.safer_faces) == 50


def test_the_standing_of_a_face_is_its_share_of_the_clip() -> None:
    shots = ranges(0, 4_800, 6_400, 8_000)
    looks: list[Looks] = [
        (0, 300, 120, every(0, 4_800)),
        (1, 900, 300, every(4_800, 6_400)),
        (2, 1_500, 120, every(6_400, 8_000)),
    ]
    tracks = clip(shots, looks, [look(0, LEFT), look(1, RIGHT), look(2, LEFT[::-1])])
    said = TimeRange(start_ms=6_400, end_ms=8_000)
    tracks = msgspec.structs.replace(tracks, turns=[SpeakingTurn(track=2, range=said, confidence=0.9)])
    found = {one.face.box.x: one.standing for one in plan_crops(tracks, source(), "9:16", WHOLE).faces}
    assert found == {300: 1.0, 900: pytest.approx(10 / 30, abs=0.001), 1500: pytest.approx(20 / 30, abs=0.001)}
    assert {
        one.standing for one in plan_crops(tracks, source(), "9:16", TimeRange(start_ms=5_000, end_ms=6_000)).faces
    } == {1.0}
