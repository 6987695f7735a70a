"""Frozen pictures are reported in a steady source, and refused if they are most of the clip."""

from __future__ import annotations

import msgspec
import pytest

from core.errors import InputRejected
from schemas.common import TimeRange
from schemas.documents.source import AudioTrack, PacketTable, SourceIndex
from streams.renderer.timeline.frame_rate import frame_periods_us
from streams.renderer.timeline.source_damage import FreezeDetector, freeze_warnings, max_still_ms, silence_warnings
from tests.look.clips import track

CLIP = TimeRange(start_ms=2_000, end_ms=12_000)


def index(times_ms: list[int], duration_ms: int = 20_000) -> SourceIndex:
    """A source with frames at these times, in ms."""
    video = msgspec.structs.replace(track(rate=25), time_base=(1, 1000), duration_ms=duration_ms)
    none = [0] * len(times_ms)
    return SourceIndex(
        format="matroska",
        size_bytes=1,
        duration_ms=duration_ms,
        origin_us=0,
        seekable=True,
        video=video,
        audio=AudioTrack(
            stream_index=1, codec="aac", sample_rate_hz=48_000, channels=2, time_base=(1, 1000), start_pts=0,
            duration_ms=duration_ms,
        ),
        packets=PacketTable(pts=times_ms, pos=none, size=none, key=[True] * len(times_ms)),
    )  # fmt: skip


STEADY = index(list(range(0, 20_000, 40)))


def damage_warnings(source: SourceIndex, shown: list[int]) -> list[str]:
    stills = FreezeDetector(CLIP, source)
    for at_ms in shown:
        stills.advance(at_ms)
    return freeze_warnings([stills])


def test_a_clip_with_all_its_pictures_has_no_warning() -> None:
    assert damage_warnings(STEADY, list(range(2_000, 12_000, 40))) == []


def test_a_gap_is_reported_with_its_place() -> None:
    (warning,) = damage_warnings(STEADY, [*range(2_000, 5_000, 40), *range(7_000, 12_000, 40)])
    assert warning.startswith("video.frozen: 2040 ms stand still, 2960 ms in:")


def test_a_gap_is_placed_in_output_time_at_any_speed() -> None:
    stills = FreezeDetector(CLIP, STEADY, 1_000.0, speed=2.0)
    for at_ms in [*range(2_000, 5_000, 40), *range(7_000, 12_000, 40)]:
        stills.advance(at_ms)
    assert stills.warnings()[0].startswith("video.frozen: 2040 ms stand still, 2480 ms in:")


def test_a_gap_at_either_end_is_reported() -> None:
    (first,) = damage_warnings(STEADY, list(range(3_000, 12_000, 40)))
    (last,) = damage_warnings(STEADY, list(range(2_000, 11_000, 40)))
    assert first.startswith("video.frozen: 1000 ms stand still, 0 ms in:")
    assert last == "video.frozen: the last 1040 ms stand still"


def test_a_mostly_frozen_clip_is_refused() -> None:
    with pytest.raises(InputRejected, match="cannot be read"):
        damage_warnings(STEADY, [*range(2_000, 4_000, 40), *range(9_500, 12_000, 40)])
    with pytest.raises(InputRejected, match="cannot be read"):
        damage_warnings(STEADY, list(range(2_000, 6_000, 40)))


def test_a_source_that_ends_in_the_clip_is_reported_not_refused() -> None:
    assert damage_warnings(index(list(range(0, 5_000, 40)), 5_000), list(range(2_000, 5_000, 40))) == [
        "video.frozen: the last 7040 ms stand still"
    ]


def test_a_screen_that_shows_nothing_new_is_not_damaged() -> None:
    times = [at for at in range(0, 20_000, 40) if at % 5_000 < 1_500 or at % 1_300 < 40]
    assert damage_warnings(index(times), [at for at in times if 2_000 <= at < 12_000]) == []


def test_slides_do_not_count_as_frozen() -> None:
    assert damage_warnings(index(list(range(0, 20_000, 2_000))), list(range(2_000, 12_001, 2_000))) == []


def test_a_still_screen_at_the_clips_end_is_not_a_loss() -> None:
    for screens in ([0, 5_000, 10_000, 15_000], [0, 300, 1_700, 2_100, 9_000, 10_000, 15_000]):
        assert damage_warnings(index(screens), screens[:-1]) == [], (
            "the last 2,000 ms of the clip show what came at 10,000"
        )
    assert damage_warnings(index([0, 5_000, 10_000], 11_000), [0, 5_000, 10_000]) == [
        "video.frozen: the last 2000 ms stand still"
    ]


def test_the_freeze_limit_comes_from_sampled_periods() -> None:
    """Of an hour all of them were weighed, for each piece of a clip: a second and a half of the processor each time."""
    hour = range(0, 3_600_000, 40)
    assert max_still_ms(index(list(hour), 3_600_000)) == max_still_ms(STEADY) == 500
    assert max_still_ms(index([at for at in hour if at % 5_000 < 1_500 or at % 1_300 < 40], 3_600_000)) == float("inf")
    pulldown = sorted({at * 1001 // 24 + (17 if at % 4 in (2, 3) else 0) for at in range(20_000)})
    assert max_still_ms(index(pulldown, 834_000)) == 500
    whole = TimeRange(start_ms=0, end_ms=3_600_000)
    some = frame_periods_us(whole, index(list(hour), 3_600_000), 2_000)
    assert 2_000 <= len(some) <= 2_200
    assert set(some) == {40_000}


def test_silence_is_reported_relative_to_the_sources_sound() -> None:
    assert silence_warnings(CLIP, STEADY, 9_950) == []
    assert silence_warnings(CLIP, STEADY, 8_500) == [
        "audio.damaged: 1.5 s of the sound cannot be read; it is silent there"
    ]
    assert silence_warnings(CLIP, index(list(range(0, 5_000, 40)), 5_000), 3_000) == []
    assert silence_warnings(CLIP, msgspec.structs.replace(STEADY, audio=None), 0) == []
