"""Which sources a browser plays itself, and which smoothly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.media.playback import find_longest_group, judge_playback
from schemas.documents.source import AudioTrack, PacketTable, SourceIndex, VideoTrack

AUDIO = AudioTrack(
    stream_index=1, codec="aac", sample_rate_hz=48_000, channels=2, time_base=(1, 48_000), start_pts=0,
    duration_ms=60_000,
)  # fmt: skip
VIDEO = VideoTrack(
    stream_index=0, codec="h264", pixel_format="yuv420p", coded_width=1920, coded_height=1080, display_width=1920,
    display_height=1080, rotation_deg=0, sample_aspect=(1, 1), time_base=(1, 30), frame_rate=(30, 1), start_pts=0,
    duration_ms=60_000,
)  # fmt: skip


def packets(gap: int, count: int = 1800) -> PacketTable:
    numbers = list(range(count))
    return PacketTable(pts=numbers, pos=numbers, size=numbers, key=[number % gap == 0 for number in numbers])


def source(**changes: Any) -> SourceIndex:
    usual = SourceIndex(
        format="mov,mp4,m4a,3gp,3g2,mj2", size_bytes=60_000_000, duration_ms=60_000, origin_us=0, seekable=True,
        video=VIDEO, audio=AUDIO, packets=packets(60), audio_tracks=[AUDIO], player_format="mp4",
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


def video(**changes: Any) -> dict[str, Any]:
    return {"video": msgspec.structs.replace(VIDEO, **changes)}


def sound(codec: str, form: str, player: Any) -> dict[str, Any]:
    track = msgspec.structs.replace(AUDIO, codec=codec)
    return {
        "video": None, "packets": None, "audio": track, "audio_tracks": [track], "format": form,
        "player_format": player, "size_bytes": 1_000_000,
    }  # fmt: skip


def test_an_ordinary_mp4_plays_itself() -> None:
    judged = judge_playback(source())
    assert (judged.content_type, judged.smooth, judged.obstacle) == ("video/mp4", True, "")


def test_a_webm_plays_itself() -> None:
    opus = msgspec.structs.replace(AUDIO, codec="opus")
    webm = {"format": "matroska,webm", "player_format": "webm", "audio": opus, "audio_tracks": [opus]}
    judged = judge_playback(source(**webm, **video(codec="vp9")))
    assert (judged.content_type, judged.smooth) == ("video/webm", True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"player_format": None}, "A player would have to look for its index first."),
        ({"packets": packets(300)}, "Its key frames are too far apart."),
        ({"packets": None}, "Its key frames are too far apart."),
        (video(display_width=3840, display_height=2160), "Its pictures are larger than 1920 × 1080."),
        (video(mirrored=True), "Its pictures are mirrored."),
        ({"size_bytes": 300_000_000}, "It has more than 16 Mbit a second."),
        ({"origin_us": 1_400_000}, "Its time does not begin at 0."),
        ({"warnings": ["The file is damaged."]}, "The file is damaged, or not what it says."),
        (
            {"audio_tracks": [msgspec.structs.replace(AUDIO, stream_index=9), AUDIO]},
            "Players choose another of its audio tracks.",
        ),
    ],
)
def test_a_source_that_does_not_play_smoothly_says_why(changes: dict[str, Any], sentence: str) -> None:
    judged = judge_playback(source(**changes))
    assert (judged.content_type, judged.smooth, judged.obstacle) == ("video/mp4", False, sentence)


@pytest.mark.parametrize(
    "changes",
    [
        video(codec="hevc"),
        video(codec="prores", pixel_format="yuv422p10le"),
        video(pixel_format="yuv420p10le"),
        {"format": "avi"},
        {"format": "matroska,webm"},
        {"audio": msgspec.structs.replace(AUDIO, codec="ac3")},
    ],
)
def test_a_source_that_no_browser_decodes_says_so(changes: dict[str, Any]) -> None:
    judged = judge_playback(source(**changes))
    assert (judged.content_type, judged.smooth) == (None, False)
    assert judged.obstacle == "Browsers do not decode its codecs."


@pytest.mark.parametrize(
    ("changes", "content_type", "smooth"),
    [
        (sound("aac", "mov,mp4,m4a,3gp,3g2,mj2", "mp4"), "audio/mp4", True),
        (sound("pcm_s16le", "wav", "wav"), "audio/wav", True),
        (sound("opus", "ogg", "ogg"), "audio/ogg", True),
        (sound("mp3", "mp3", None), "audio/mpeg", False),
    ],
)
def test_sound_alone_plays_where_its_time_is_sure(changes: dict[str, Any], content_type: str, smooth: bool) -> None:
    judged = judge_playback(source(**changes))
    assert (judged.content_type, judged.smooth) == (content_type, smooth)


def test_the_longest_group_counts_up_to_the_end() -> None:
    keys = [number in (0, 10, 50) for number in range(100)]
    table = PacketTable(pts=list(range(100)), pos=[0] * 100, size=[1] * 100, key=keys)
    assert find_longest_group(source(packets=table)) == 50
    assert find_longest_group(source(packets=PacketTable(pts=[0], pos=[0], size=[1], key=[False]))) is None


def test_small_pictures_may_have_rare_key_frames() -> None:
    small = video(coded_width=320, coded_height=240, display_width=320, display_height=240)
    assert judge_playback(source(packets=packets(480), **small)).smooth
