"""Synthetic media for the picture stages: small videos encoded on the spot, with index. Never reads shared media."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from schemas.documents.source import PacketTable, SourceIndex, VideoTrack

Picture = NDArray[np.uint8]


def scene(seed: int, width: int = 160, height: int = 120) -> Picture:
    """A still picture of coloured rectangles, unlike those of other seeds; shape (height, width, 3)."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), random.integers(40, 200, 3), np.uint8)
    for _ in range(12):
        x, y = random.integers(0, width - 20), random.integers(0, height - 20)
        picture[y : y + random.integers(15, 60), x : x + random.integers(15, 60)] = random.integers(20, 236, 3)
    return picture


def track(width: int = 160, height: int = 120, rate: int = 25, rotation_deg: int = 0) -> VideoTrack:
    """A video track of square pixels."""
    sideways = rotation_deg in (90, 270)
    return VideoTrack(
        stream_index=0,
        codec="h264",
        pixel_format="yuv420p",
        coded_width=width,
        coded_height=height,
        display_width=height if sideways else width,
        display_height=width if sideways else height,
        rotation_deg=rotation_deg,
        sample_aspect=(1, 1),
        time_base=(1, rate * 512),
        frame_rate=(rate, 1),
        start_pts=0,
        duration_ms=0,
    )


def encode(path: Path, pictures: Iterable[Picture], *, rate: int = 25, key_every: int = 50) -> SourceIndex:
    """Write an H.264 MP4 of the pictures and return its index."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for picture in pictures:
            if stream is None:
                options = {"preset": "ultrafast", "crf": "12", "g": str(key_every), "sc_threshold": "0"}
                stream = container.add_stream("libx264", rate=rate, options=options)
                stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        assert stream is not None
        container.mux(stream.encode(None))
    return index_of(path)


def index_of(path: Path) -> SourceIndex:
    """Index of a plain file: no edits, square pixels, upright."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size and p.pts is not None]
        base, rate = Fraction(stream.time_base or 1), Fraction(stream.average_rate or 25)
        length_ms = int((stream.duration or 0) * base * 1000)
        return SourceIndex(
            format=container.format.name,
            size_bytes=path.stat().st_size,
            duration_ms=length_ms,
            origin_us=int((stream.start_time or 0) * base * 1_000_000),
            seekable=True,
            video=VideoTrack(
                stream_index=stream.index,
                codec=stream.codec_context.name,
                pixel_format=stream.codec_context.pix_fmt or "yuv420p",
                coded_width=stream.codec_context.width,
                coded_height=stream.codec_context.height,
                display_width=stream.codec_context.width // 2 * 2,
                display_height=stream.codec_context.height // 2 * 2,
                rotation_deg=0,
                sample_aspect=(1, 1),
                time_base=(base.numerator, base.denominator),
                frame_rate=(rate.numerator, rate.denominator),
                start_pts=stream.start_time or 0,
                duration_ms=length_ms,
            ),
            packets=PacketTable(
                pts=[int(p.pts or 0) for p in packets],
                pos=[-1 if p.pos is None else p.pos for p in packets],
                size=[p.size for p in packets],
                key=[p.is_keyframe for p in packets],
            ),
        )


def counter() -> tuple[Callable[[int], None], list[int]]:
    """A report callback and the list it fills."""
    seen: list[int] = []
    return seen.append, seen
