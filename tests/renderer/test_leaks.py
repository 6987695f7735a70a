"""Metadata of the source is not in the clip: places, titles, its own captions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from schemas.options.export_options import VideoWish
from schemas.options.file_formats import FileWish, file_of
from streams.render.child.main import render
from streams.renderer.encoding.muxer import build_encoding
from streams.renderer.job import RenderJob, clip_file_name
from tests.support.media.synthetic_media import index_of, plan

PLACE, TITLE = "+27.5916+086.5640+8850/", "Only for friends"
CLOSED_CAPTION = bytes([0xB5, 0x00, 0x31]) + b"GA94" + bytes([0x03, 0x41, 0xFF, 0xFC, 0x94, 0x2C, 0xFF])
"""ATSC A/53 part 4, 6.2.3: one pair of bytes of a television caption."""
SEI = bytes([0, 0, 0, 1, 6, 4, len(CLOSED_CAPTION)]) + CLOSED_CAPTION + bytes([0x80])


def captioned(path: Path) -> None:
    """A second of television: each picture carries a bit of closed captions."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        frames = [
            av.VideoFrame.from_ndarray(np.full((90, 160, 3), 40 + n, np.uint8), format="rgb24") for n in range(25)
        ]
        for packet in [one for frame in [*frames, None] for one in stream.encode(frame)]:
            told = av.Packet(
                bytes(packet).replace(b"\0\0\1\x65", SEI + b"\0\0\1\x65").replace(b"\0\0\1\x41", SEI + b"\0\0\1\x41")
            )
            told.stream, told.time_base, told.is_keyframe = stream, packet.time_base, packet.is_keyframe
            told.pts, told.dts = packet.pts, packet.dts
            container.mux(told)


def from_a_phone(path: Path) -> None:
    """With the place it was taken at, a title, and a chapter."""
    with av.open(str(path), "w", format="mov", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(
            {"title": TITLE, "location": PLACE, "com.apple.quicktime.location.ISO6709": PLACE, "comment": TITLE}
        )
        container.set_chapters(
            [{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": TITLE}}]
        )
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        video.metadata["handler_name"] = TITLE
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(25):
            picture = av.VideoFrame.from_ndarray(np.full((90, 160, 3), 40 + number, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        for start in range(0, 48_000, 1024):
            frame = av.AudioFrame.from_ndarray(np.full((2, 1024), 0.01, np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(audio.encode(frame))
        container.mux([*video.encode(None), *audio.encode(None)])


def render_file(source: Path, folder: Path, wish: FileWish) -> bytes:
    index = index_of(source)
    encoding = build_encoding(VideoWish(quality="draft"), 1, file_of(wish))
    task = RenderJob(plan=plan(index, 100, 700), index=index, encoding=encoding)
    with source.open("rb") as file:
        render(task, file, folder, lambda _: None)
    assert (folder / clip_file_name(encoding)).stat().st_size
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("wish", [FileWish(), FileWish(video_codec="hevc"), FileWish(container="webm")], ids=str)
def test_television_captions_of_the_source_are_not_in_the_clip(wish: FileWish, tmp_path: Path) -> None:
    """They would have wrong times, and contain words that an edit removed."""
    source, folder = tmp_path / "tv.ts", tmp_path / "out"
    folder.mkdir()
    captioned(source)
    with av.open(str(source)) as container:
        kinds = {str(data.type) for frame in container.decode(video=0) for data in frame.side_data}
    assert any("A53" in kind for kind in kinds), "the source has them"
    assert b"GA94" not in render_file(source, folder, wish)


@pytest.mark.parametrize("wish", [FileWish(), FileWish(container="mov"), FileWish(container="m4a")], ids=str)
def test_the_clip_holds_neither_place_nor_title_of_the_source(wish: FileWish, tmp_path: Path) -> None:
    source, folder = tmp_path / "phone.mov", tmp_path / "out"
    folder.mkdir()
    from_a_phone(source)
    assert PLACE.encode() in source.read_bytes()
    assert TITLE.encode() in source.read_bytes()
    found = render_file(source, folder, wish)
    assert PLACE.encode() not in found
    assert TITLE.encode() not in found
