"""The reader compared with a plain decode of the whole file: same frames, same times, for any cut."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from core.media.decode.reader import SourceReader, display_array
from core.media.decode.timestamps import first_pts_at, project_ms
from core.media.decode.tolerant import thin_out
from core.settings import MediaLimits
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.ingest.probe.demux import probe_file
from tests.support.media.hostile_files import film
from tests.support.media.shared_media import media

DELAYED, NON_ZERO = "hostile/pyscenedetect_delayed_start.mp4", "hostile/test_non_zero_start.mp4"
VFR_AUDIO_FIRST, FIVE_ONE_ROTATED = "talking/noface_then_face_6s.mov", "hostile/rotate-buck-bunny.mp4"
EDIT_LIST, OGG, PROGRAM_STREAM = (
    "talking/googlework_35s_180p.mp4",
    "hostile/playable_but_bad_container.mkv",
    "talking/grid_swwp2s.mpg",
)
LATE_VIDEO = "talking/hamilton_whitehouse_10s_360p.mp4"
ALL = [DELAYED, NON_ZERO, VFR_AUDIO_FIRST, FIVE_ONE_ROTATED, EDIT_LIST, OGG, PROGRAM_STREAM, LATE_VIDEO]


class Counting(io.FileIO):
    """A file that knows how much was read of it."""

    count = 0

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        read = super().readinto(buffer) or 0
        self.count += read
        return read


@contextmanager
def opened(path: Path, scratch: Path) -> Iterator[tuple[SourceReader, SourceIndex, Counting]]:
    with Counting(path, "rb") as file, io.BufferedReader(file, 65_536) as source:
        index = probe_file(source, MediaLimits(), scratch / "sound.pcm", lambda _: None)
        file.count = 0
        reader = SourceReader(source, index)
        yield reader, index, file
        reader.close()


def print_of(frame: av.VideoFrame) -> int:
    return zlib.crc32(bytes(frame.planes[0]))


def whole(path: Path, index: SourceIndex) -> list[tuple[int, int]]:
    assert index.video is not None
    with av.open(str(path)) as container:
        stream = container.streams[index.video.stream_index]
        return [
            (project_ms(frame.pts, index.video.time_base, index.origin_us), print_of(frame))
            for frame in container.decode(stream)
            if isinstance(frame, av.VideoFrame) and frame.pts is not None
        ]


@pytest.mark.parametrize("name", ALL)
def test_joined_ranges_equal_the_complete_sound(name: str, tmp_path: Path) -> None:
    path = media(name)
    with opened(path, tmp_path) as (reader, index, _):
        expected = whole(path, index)
        middle = index.duration_ms * 4 // 7
        parts = [TimeRange(start_ms=0, end_ms=middle), TimeRange(start_ms=middle, end_ms=index.duration_ms + 1)]
        found = [(at_ms, print_of(frame)) for part in parts for at_ms, frame in reader.read_frames(part)]
    assert found == expected
    assert expected[0][0] >= 0
    assert expected == sorted(expected, key=lambda one: one[0])


@pytest.mark.parametrize(
    ("name", "first_ms"), [(DELAYED, 0), (NON_ZERO, 67), (FIVE_ONE_ROTATED, 83), (EDIT_LIST, 834), (LATE_VIDEO, 844)]
)
def test_zero_is_the_earliest_start_of_the_chosen_streams(name: str, first_ms: int, tmp_path: Path) -> None:
    with opened(media(name), tmp_path) as (reader, index, _):
        at_ms, _frame = next(reader.read_frames(TimeRange(start_ms=0, end_ms=index.duration_ms)))
    assert at_ms == first_ms


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv", ".avi", ".mov"])
def test_every_container_is_read_alike(suffix: str, tmp_path: Path) -> None:
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    path = film(tmp_path / f"film{suffix}", seconds=6, codec=codec)
    with opened(path, tmp_path) as (reader, index, _):
        expected = whole(path, index)
        found = [
            (at_ms, print_of(frame))
            for start in range(0, index.duration_ms + 1, 1700)
            for at_ms, frame in reader.read_frames(TimeRange(start_ms=start, end_ms=start + 1700))
        ]
    assert found == expected
    assert len(found) == 60


def test_a_window_in_mid_file_reads_only_its_part(tmp_path: Path) -> None:
    path = media("talking/auto-editor_example_42s_720p.mp4")
    with opened(path, tmp_path) as (reader, _, file):
        assert len(list(reader.read_frames(TimeRange(start_ms=20_000, end_ms=23_000)))) == 90
        assert file.count < path.stat().st_size / 2


def test_frames_without_deblocking_have_the_same_times(tmp_path: Path) -> None:
    path, stretch = media("talking/auto-editor_example_42s_720p.mp4"), TimeRange(start_ms=20_000, end_ms=22_500)
    with opened(path, tmp_path) as (reader, index, file):
        rough = SourceReader(file, index, deblock=False)
        pairs = list(zip(reader.read_frames(stretch), rough.read_frames(stretch), strict=True))
        apart = [
            np.abs(a.to_ndarray(format="gray").astype(int) - b.to_ndarray(format="gray")).mean()
            for (_, a), (_, b) in pairs
        ]
        rough.close()
    assert [at_ms for (at_ms, _), _ in pairs] == [at_ms for _, (at_ms, _) in pairs]
    assert 0 < max(apart) < 3


def test_large_pictures_are_sparse_at_key_packets(tmp_path: Path) -> None:
    with opened(media("talking/auto-editor_example_42s_720p.mp4"), tmp_path) as (reader, index, _):
        assert index.packets is not None
        times = [at for at, _ in reader.read_sparse_frames(TimeRange(start_ms=0, end_ms=42_000), gap_ms=1000)]
        assert times == list(range(0, 42_000, 2000))
        assert sum(index.packets.key) >= len(times)


def test_distant_key_frames_are_decoded_to_the_requested_times(tmp_path: Path) -> None:
    """One key packet in 8 s of 720p: sparse still sees a picture every two seconds."""
    with opened(media("talking/nvidia_webcam_pillarbox_8s_720p.mp4"), tmp_path) as (reader, _, _):
        pictures = reader.read_sparse_frames(TimeRange(start_ms=1000, end_ms=8000), gap_ms=2000)
        times = [at_ms for at_ms, _ in pictures]
    assert len(times) == 4
    assert all(1900 <= step <= 2100 for step in np.diff(times))


def test_small_pictures_are_sampled_at_the_requested_gap(tmp_path: Path) -> None:
    with opened(media("talking/cap12_webcam_54s_silent.mp4"), tmp_path) as (reader, _, _):
        times = [at for at, _ in reader.read_sparse_frames(TimeRange(start_ms=0, end_ms=20_000), gap_ms=1000)]
    assert len(times) == 20


@pytest.mark.parametrize("name", [NON_ZERO, VFR_AUDIO_FIRST, FIVE_ONE_ROTATED, LATE_VIDEO, OGG])
def test_sound_covers_the_range_without_gaps(name: str, tmp_path: Path) -> None:
    with opened(media(name), tmp_path) as (reader, index, _):
        assert index.audio is not None
        start = index.duration_ms // 3
        frames = list(reader.read_audio(TimeRange(start_ms=start, end_ms=start + 400)))
    ends = [at_ms + frame.samples * 1000 / frame.sample_rate for at_ms, frame in frames]
    assert frames[0][0] <= start < start + 400 <= ends[-1] + 1
    assert all(abs(end - following[0]) <= 1 for end, following in zip(ends, frames[1:], strict=False))


def test_a_rotated_picture_stands_upright(tmp_path: Path) -> None:
    plain, turned = media("talking/nasa_13013_voiceover.mp4"), media("hostile/nasa_13013_rotated.mp4")
    shown = []
    for path in (plain, turned):
        with opened(path, tmp_path) as (reader, index, _):
            assert index.video is not None
            width, height = index.video.display_width // 2, index.video.display_height // 2
            _, frame = next(reader.read_frames(TimeRange(start_ms=0, end_ms=1000)))
            shown.append(display_array(frame, index.video, width, height).astype(int))
    assert shown[1].shape == (shown[0].shape[1], shown[0].shape[0], 3)
    assert np.abs(np.rot90(shown[0], k=1) - shown[1]).mean() < 4


def test_an_anamorphic_picture_is_shown_with_square_pixels(tmp_path: Path) -> None:
    with opened(media("hostile/pyscenedetect_issue-195-aspect-ratio.mp4"), tmp_path) as (_, index, _):
        assert index.video is not None
        assert (index.video.display_width, index.video.display_height) == (1024, 576)


def test_hdr_maps_to_8_bits_neither_grey_nor_clipped(tmp_path: Path) -> None:
    with opened(media("hostile/hdr10-video-with-sdr-container.mp4"), tmp_path) as (reader, index, _):
        assert index.video is not None
        _, frame = next(reader.read_sparse_frames(TimeRange(start_ms=0, end_ms=1000), gap_ms=1000))
        plain = frame.to_ndarray(format="rgb24", width=64, height=36)
        mapped = display_array(frame, index.video, 64, 36)
    assert mapped.std() > plain.std() * 1.15
    assert (mapped >= 250).mean() < 0.25


def test_thinning_keeps_the_grid() -> None:
    frames = [(at_ms, av.VideoFrame(2, 2, "gray")) for at_ms in range(0, 5000, 33)]
    assert [at_ms for at_ms, _ in thin_out(iter(frames), 1000)] == [0, 1023, 2013, 3003, 4026]


@pytest.mark.parametrize("base", [(1, 1000), (1001, 30000), (1, 90000), (1, 14112000), (8, 30625)])
@pytest.mark.parametrize("origin_us", [0, 8_266_009, -21_333])
def test_times_go_to_pts_and_back(base: tuple[int, int], origin_us: int) -> None:
    for time_ms in (0, 1, 33, 999, 1000, 3_600_001):
        pts = first_pts_at(time_ms, base, origin_us)
        assert project_ms(pts, base, origin_us) >= time_ms
        assert project_ms(pts - 1, base, origin_us) < time_ms


def test_hdr_in_two_sizes_by_turns_makes_its_tables_once(tmp_path: Path) -> None:
    with opened(media("hostile/dolbyVision-hdr.MOV"), tmp_path) as (reader, index, _):
        assert index.video is not None
        seconds = []
        for _, frame in reader.read_frames(TimeRange(start_ms=0, end_ms=1000)):
            started = time.process_time()
            display_array(frame, index.video, 36, 64)
            display_array(frame, index.video, 72, 128)
            seconds.append(time.process_time() - started)
    assert max(seconds[1:]) < 0.5
