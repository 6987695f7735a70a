"""The look child on a synthetic video: frames, differences, thumbnails, the file of faces."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PIL import Image

from schemas.documents.source import SourceIndex
from streams.look.child import frame_gap_ms, main, thumbnail_size
from streams.vision.canvas import Canvas, read_batches
from tests.look.clips import counter, encode, scene, track


def run(path: Path, index: SourceIndex, scratch: Path, start_ms: int, end_ms: int) -> tuple[dict, list[int]]:
    (scratch / "index.json").write_bytes(msgspec.json.encode(index))
    args = {
        "index": str(scratch / "index.json"),
        "scratch": str(scratch),
        "start_ms": start_ms,
        "end_ms": end_ms,
    }
    report, counts = counter()
    with path.open("rb") as source:
        return main(args, source, report), counts


def test_the_child_samples_a_small_video_every_second(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    index = encode(path, [scene(1)] * 75 + [scene(2)] * 50)
    answer, counts = run(path, index, tmp_path, 0, 5000)
    assert [at_ms for at_ms, _, _ in answer["pictures"]] == [0, 1000, 2000, 3000, 4000]
    assert counts == [1, 2, 3, 4, 5]
    assert [(shot["after_ms"], shot["at_ms"], shot["kind"], shot["exact"]) for shot in answer["shots"]] == [
        (2999, 3000, "cut", True)
    ]
    assert all(20 < brightness < 235 for _, brightness, _ in answer["pictures"])


def test_the_child_leaves_faces_and_thumbnails_in_scratch(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    index = encode(path, (scene(1 + n // 25) for n in range(300)))
    answer, _ = run(path, index, tmp_path, 0, 12_000)
    canvas = msgspec.convert(answer["canvas"], Canvas)
    batches = list(read_batches(tmp_path / "faces.raw", canvas, len(answer["pictures"]), 100))
    assert batches[0].shape == (12, canvas.height, canvas.width, 3)
    assert answer["thumbnails"] == [0, 10_000]
    with Image.open(tmp_path / "thumbnail-10000.jpg") as image:
        assert image.size == (160, 120)


def test_sizes_and_gaps_follow_the_video() -> None:
    assert thumbnail_size(track(1920, 1080)) == (320, 180)
    assert thumbnail_size(track(1920, 1080, rotation_deg=90)) == (320, 568)
    assert frame_gap_ms(track(640, 360), 150_000) == 1000
    assert [frame_gap_ms(track(1920, 1080), ms) for ms in (150_000, 60_000, 30_000, 6_000)] == [5000, 5000, 2500, 1000]


def test_a_short_large_video_is_sampled_often_enough_to_compare(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    index = encode(path, (scene(1 + n // 40, 960, 540) for n in range(200)), key_every=200)
    answer, _ = run(path, index, tmp_path, 0, 8_000)
    assert [at_ms for at_ms, _, _ in answer["pictures"]] == list(range(0, 8_000, 1_000))
