"""Writes animated previews, GIF and WebP: ten frames a second, small, a few seconds, silent."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.filter
import msgspec
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from schemas.options.file_formats import FileKind
from streams.renderer.codecs import MUXERS, Encoding, encoder_options
from streams.renderer.filter_graph import pull_frames
from streams.renderer.timeline.slots import OutputTimeline

PREVIEW_RATE = 10
"""Frames per second: a GIF at 25 is 2.5 times as large, and many viewers slow it down."""
LONGER_SIDE_PX = 480
MAX_PREVIEW_MS = 6_000
"""Length of a preview: 270 x 480 px at ten a second take 0.7 MB a second as GIF."""


def preview_size_px(size_px: tuple[int, int]) -> tuple[int, int]:
    """Even size with the longer side `LONGER_SIDE_PX`, in the output's aspect."""
    ratio = LONGER_SIDE_PX / max(size_px)
    across, down = (max(2, round(side * ratio / 2) * 2) for side in size_px)
    return across, down


def file_size_px(file: FileKind, size_px: tuple[int, int]) -> tuple[int, int]:
    """Size of a file whose output is ``size_px``."""
    return preview_size_px(size_px) if file.is_preview else size_px


def shorten_timeline(timeline: OutputTimeline) -> OutputTimeline:
    """The first `MAX_PREVIEW_MS` of a timeline."""
    count = min(timeline.count, max(1, round(timeline.rate * MAX_PREVIEW_MS / 1000)))
    parts = [
        msgspec.structs.replace(part, end=min(part.end, count))
        for part in timeline.timeline_parts
        if part.first < count
    ]
    return msgspec.structs.replace(timeline, count=count, pieces=tuple(parts))


def count_preview_frames(timeline: OutputTimeline) -> int:
    """Number of frames of a timeline's preview."""
    return int((timeline.count - 1) * PREVIEW_RATE / timeline.rate) + 1


class AnimatedImageWriter:
    """Takes every frame and keeps one each tenth of a second. Use as a context manager."""

    def __init__(self, path: Path, size_px: tuple[int, int], timeline: OutputTimeline, encoding: Encoding) -> None:
        """``size_px`` of the written frames; the file's are smaller."""
        muxer, muxer_options = MUXERS[encoding.file.container]
        self._size_px = preview_size_px(size_px)
        self._container = av.open(str(path), "w", format=muxer, options={**muxer_options, "fflags": "+bitexact"})
        stream = self._container.add_stream(encoding.encoder, rate=PREVIEW_RATE, options=encoder_options(encoding))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._size_px
        stream.pix_fmt = "pal8" if encoding.file.video == "gif" else "bgra"
        stream.codec_context.time_base = Fraction(1, PREVIEW_RATE)
        self._stream, self._rate = stream, timeline.rate
        self._palette = _build_palette_graph(self._size_px) if encoding.file.video == "gif" else None
        self._written = 0

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Take a frame where the next tenth of a second has begun."""
        if number * PREVIEW_RATE < self._written * self._rate:
            return
        across, down = self._size_px
        small = frame.reformat(
            across,
            down,
            "bgra",
            src_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA,
            threads=1,
        )
        small.pts, small.time_base, small.duration = self._written, Fraction(1, PREVIEW_RATE), 1
        self._written += 1
        if self._palette is not None:
            self._palette.push(small)
        else:
            self._container.mux(self._stream.encode(small))

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the file; after an error only close it."""
        if error is None:
            for number, picture in enumerate(self._paletted_frames()):
                picture.pts, picture.time_base, picture.duration = number, Fraction(1, PREVIEW_RATE), 1
                self._container.mux(self._stream.encode(picture))
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def _paletted_frames(self) -> Iterator[av.VideoFrame]:
        """The frames that wait for their common palette, once all are known; none where there is no palette."""
        if self._palette is not None:
            self._palette.push(None)
            yield from pull_frames(self._palette, av.VideoFrame)


def _build_palette_graph(size_px: tuple[int, int]) -> av.filter.Graph:
    """Filter graph with one palette for all frames, which come out at the end."""
    graph = av.filter.Graph()
    across, down = size_px
    source = graph.add_buffer(
        width=across, height=down, format=av.VideoFormat("bgra"), time_base=Fraction(1, PREVIEW_RATE)
    )
    split = graph.add("split", "2")
    palette = graph.add("palettegen", stats_mode="diff", reserve_transparent="0")
    dithered = graph.add("paletteuse", dither="bayer", bayer_scale="4", diff_mode="rectangle")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(dithered, 1, 0)
    palette.link_to(dithered, 0, 1)
    dithered.link_to(sink)
    graph.configure()
    return graph
