"""analyse_clip: every frame of a range, through the real child; analysed frames are not analysed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.media.sandbox.source_handle import LocalSource
from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.source import SourceIndex
from streams.frame.analysis.analysis_merge import merge_tracks, missing_ranges
from streams.frame.clip_analysis import analyse_clip
from streams.frame.planning.plan import plan_crops
from streams.vision.analysis_input import AnalysisInput
from tests.look.clips import Picture, counter, encode, scene
from tests.look.fakes import BrightestFaces, DarkLipped
from tests.support.media.synthetic_media import write


def pictures() -> Iterator[Picture]:
    """Three shots of 37, 50 and 38 pictures; a face on the left, none, a face that moves on the right."""
    for number in range(125):
        picture = np.minimum(scene(1 + (number >= 37) + (number >= 87), 320, 180), 200)
        if number < 37:
            picture[40:80, 30:60] = 255
        elif number >= 87:
            picture[40:80, 220 + (number - 87) // 4 : 250 + (number - 87) // 4] = 255
        yield picture


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    return path, encode(path, pictures())


async def analysed(video: tuple[Path, SourceIndex], scratch: Path, start_ms: int, end_ms: int) -> ClipTracks:
    report, counts = counter()
    with LocalSource(video[0]) as source:
        eyes = AnalysisInput(
            index=video[1],
            source=source,
            faces=BrightestFaces(),
            landmarks=DarkLipped(),
            scratch=scratch,
            report=report,
            warn=pytest.fail,
        )
        tracks = await analyse_clip("clip", TimeRange(start_ms=start_ms, end_ms=end_ms), eyes)
    assert counts == sorted(counts)
    return tracks


async def test_shots_are_exact_and_faces_followed(video: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    tracks = await analysed(video, tmp_path, 0, 5000)
    assert [(shot.start_ms, shot.end_ms) for shot in tracks.shots] == [(0, 1480), (1480, 3480), (3480, 5000)]
    assert [track.shot for track in tracks.tracks] == [0, 2]
    assert tracks.tracks[1].samples[0].at_ms == 3480
    box = tracks.tracks[0].samples[0].face.box
    assert (box.x, box.y, box.width, box.height) == pytest.approx((30, 40, 30, 40), abs=2)
    assert tracks.pictures_looked_at == 125
    shots = plan_crops(tracks, video[1], "9:16", tracks.range).shots
    assert [shot.mode for shot in shots] == ["hold", "fit", "inset"], "flat rectangles pass for slides"
    assert shots[0].crop.x <= 30
    assert shots[2].crop.x + shots[2].crop.width >= 259


async def test_a_cut_at_the_very_edge_is_known(video: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    tracks = await analysed(video, tmp_path, 1440, 3520)
    assert [(shot.start_ms, shot.end_ms) for shot in tracks.shots] == [(1440, 1480), (1480, 3480), (3480, 3520)]


async def test_analysis_in_two_parts_finds_the_same(video: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    whole = await analysed(video, tmp_path, 0, 5000)
    part = await analysed(video, tmp_path, 1480, 4000)
    time = TimeRange(start_ms=0, end_ms=5000)
    missing = missing_ranges(part, time)
    assert [(m.start_ms, m.end_ms) for m in missing] == [(0, 1880), (3600, 5000)]
    for stretch in missing:
        part = merge_tracks(part, await analysed(video, tmp_path, stretch.start_ms, stretch.end_ms))
    assert part.shots == whole.shots
    assert part.range == whole.range
    assert [track.shot for track in part.tracks] == [0, 2]
    assert [look.shot for look in part.looks] == [0, 1, 2]
    assert (
        plan_crops(part, video[1], "9:16", time).shots[0].crop
        == plan_crops(whole, video[1], "9:16", time).shots[0].crop
    )


def empty_tracks(start_ms: int, end_ms: int) -> ClipTracks:
    time = TimeRange(start_ms=start_ms, end_ms=end_ms)
    return ClipTracks(
        clip_id="clip", range=time, shots=[time], tracks=[], pictures_looked_at=0, model="test", compute_ms=0
    )


def test_no_range_is_missing_inside_the_analysed_range() -> None:
    assert missing_ranges(empty_tracks(1000, 9000), TimeRange(start_ms=2000, end_ms=9000)) == []


def test_a_distant_range_is_missing_and_the_old_one_is_dropped() -> None:
    far = TimeRange(start_ms=20_000, end_ms=30_000)
    assert missing_ranges(empty_tracks(1000, 9000), far) == [far]
    assert merge_tracks(empty_tracks(1000, 9000), empty_tracks(20_000, 30_000)).range == far


async def test_a_screen_shown_since_before_the_clip_is_analysed(tmp_path: Path) -> None:
    """If the slide is not analysed, the crop shows only its middle."""
    slide = np.full((180, 320, 3), 240, np.uint8)
    for line in range(20, 160, 14):
        slide[line : line + 5, 20:300:6] = 20
    times_us = [0, 40_000, 9_000_000, 9_040_000]
    path = tmp_path / "slides.mp4"
    index = write(path, [slide // 2, slide, slide, slide], None, times_us=times_us)
    for start_ms, end_ms in ((3_000, 6_000), (3_000, 9_500)):
        tracks = await analysed((path, index), tmp_path, start_ms, end_ms)
        (look,) = tracks.looks
        assert (look.screen or 0) > 0.5
        assert tracks.shots == [TimeRange(start_ms=start_ms, end_ms=end_ms)]
        assert max(look.columns) < 0.2, "it is seen from side to side"
