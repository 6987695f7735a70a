"""Skipping unneeded packets does not change the decoded frames that are needed."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from core.media.decode.reader import SourceReader
from core.media.decode.skippable_packets import SkippingDecoder, skippable_tails
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from tests.support.media.synthetic_media import index_of

ALL, TIME = TimeRange(start_ms=0, end_ms=6_000), TimeRange(start_ms=400, end_ms=5_200)
NEEDED = {at_ms for at_ms in range(400, 5_200, 40) if at_ms % 600 == 0 or 2_000 <= at_ms < 2_400}


def film(path: Path, codec: str, options: dict[str, str]) -> SourceIndex:
    """Six seconds of something that moves, a key picture each second or two."""
    luma = np.random.default_rng(1).integers(0, 255, (96, 160), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        for number in range(150):
            grey = np.ascontiguousarray(luma[number // 10 :, number // 5 :][:64, :128])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.stack([grey] * 3, axis=2), format="rgb24")))
        container.mux(stream.encode(None))
    return index_of(path)


def decoded(path: Path, index: SourceIndex, needless_ms: set[int], threads: int) -> dict[int, bytes]:
    with path.open("rb") as file:
        reader = SourceReader(file, index, threads=threads)
        return {at_ms: one.to_ndarray().tobytes() for at_ms, one in reader.read_frames(TIME, needless_ms)}


@pytest.mark.parametrize(
    ("name", "codec", "options", "most"),
    [
        ("b.mp4", "libx264", {"g": "25", "x264-params": "bframes=3:b-pyramid=normal:log-level=none"}, 0.7),
        ("open.mkv", "libx264", {"g": "25", "x264-params": "bframes=3:open-gop=1:log-level=none"}, 0.75),
        ("hevc.mp4", "libx265", {"x265-params": "keyint=25:open-gop=1:log-level=none"}, 0.9),
        ("vp9.webm", "libvpx-vp9", {"g": "50", "deadline": "realtime", "cpu-used": "8"}, 0.95),
        ("each.mp4", "libx264", {"g": "1", "x264-params": "log-level=none"}, 0.35),
    ],
    ids=["h264", "open groups", "hevc", "vp9", "each a key"],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_needed_frames_are_decoded_identically(
    name: str, codec: str, options: dict[str, str], most: float, threads: int, tmp_path: Path
) -> None:
    index = film(tmp_path / name, codec, options)
    everything = decoded(tmp_path / name, index, set(), threads)
    assert len(everything) >= 120
    some = decoded(tmp_path / name, index, set(everything) - NEEDED, threads)
    assert some.keys() >= NEEDED
    assert {at_ms: some[at_ms] == everything[at_ms] for at_ms in NEEDED} == dict.fromkeys(NEEDED, True)
    assert len(some) <= most * len(everything)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b.mp4", "libx264", {"g": "75", "x264-params": "bframes=3:b-pyramid=normal:log-level=none"}),
        ("open.mkv", "libx264", {"g": "75", "x264-params": "bframes=3:open-gop=1:log-level=none"}),
        ("hevc.mp4", "libx265", {"x265-params": "keyint=75:open-gop=1:log-level=none"}),
    ],
    ids=["h264", "open groups", "hevc"],
)
def test_decoding_from_a_key_frame_changes_no_frame(
    name: str, codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / name
    index = film(path, codec, options)
    with path.open("rb") as file:
        reader = SourceReader(file, index)
        whole = [(at_ms, one.to_ndarray().tobytes()) for at_ms, one in reader.read_frames(ALL)]
        for start_ms in range(80, 5_900, 440):
            found = reader.read_frames(TimeRange(start_ms=start_ms, end_ms=min(start_ms + 400, 6_000)))
            part = [(at_ms, one.to_ndarray().tobytes()) for at_ms, one in found]
            assert part == [one for one in whole if start_ms <= one[0] < start_ms + 400]


def test_unreferenced_frames_before_the_start_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    index = film(path, "libx264", {"g": "75", "x264-params": "bframes=3:b-pyramid=normal:log-level=none"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        sparing = SkippingDecoder(index, frozenset(), 4_000)
        came = [one.time or 0.0 for packet in container.demux(stream) for one in sparing.decode(stream, packet)]
    assert len([at_s for at_s in came if at_s < 4.0]) < 0.75 * 100
    assert len([at_s for at_s in came if at_s >= 4.0]) == 50


def test_skippable_tails_hold_no_reference_of_a_needed_frame() -> None:
    keys = [True, False, False, True, False, False, True]
    assert set(skippable_tails([0, 1, 2, 3, 4, 5, 6], keys, {1, 2, 5})) == {1, 2, 5}
    assert set(skippable_tails([0, 1, 2, 3, 4, 5, 6], keys, {1, 4})) == set(), "the last one of each group is needed"
    assert set(skippable_tails([0, 1, 2, 3, 4, 5, 6], keys, set(range(6)))) == set(range(6))
    assert set(skippable_tails([0, 2, 1, 5, 4, 3, 6], keys, {1, 2, 5})) == set(), "3 and 4 may hang on both sides"
    assert set(skippable_tails([0, 2, 1, 5, 4, 3, 6], keys, {1, 2, 3, 4})) == {1, 2, 3, 4}
