"""Child entry of ingest: makes the still video behind a script's cards. Opens no file but its own.

Leaves ``background.mp4`` in ``args["scratch"]``. One group of pictures is encoded; its packets are repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import msgspec
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from schemas.options.script_text import SCRIPT_SIDE_PX
from streams.ingest.script.background import BackgroundColours, paint_background

BACKGROUND_FILE_NAME = "background.mp4"
"""Name of the video in the scratch folder."""
RATE = 30
"""Pictures a second: letters that light up and fade move as smoothly as in any clip."""
GROUP_COUNT = 120
"""Pictures from one key picture to the next: four seconds are decoded to reach the last, all of them unchanged."""
QUANTISER, KEY_RATIO = 32, 16
"""Quantiser of x264 for unchanged pictures, and by how much finer key pictures are (24 below: they keep their noise).

Measured: 71 kB for a key picture, 123 bytes for each other.
"""


class BackgroundArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The parent's request."""

    scratch: str
    duration_ms: int
    colours: BackgroundColours


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Make the video; ``args`` is a `BackgroundArgs`. ``report`` counts pictures."""
    assert source is None
    background_args = msgspec.convert(args, BackgroundArgs)
    pictures = -(-background_args.duration_ms * RATE // 1000)
    with av.open(str(Path(background_args.scratch) / BACKGROUND_FILE_NAME), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        assert isinstance(stream, VideoStream)
        _configure(stream)
        group = list(_encode_group(stream, background_args.colours, min(pictures, GROUP_COUNT), report))
        for number in range(pictures):
            container.mux(_copy_packet(group[number % len(group)], stream, number))
            report(GROUP_COUNT + number + 1)
    return {}


def _configure(stream: VideoStream) -> None:
    """Set up an encoder whose packets stand in the order of their pictures, and follow on themselves."""
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = SCRIPT_SIDE_PX, SCRIPT_SIDE_PX, "yuv420p"
    context.time_base = Fraction(1, RATE)
    # libav has the same number for the primaries, the curve and the matrix of BT.709
    context.color_primaries = context.color_trc = context.colorspace = Colorspace.ITU709
    context.color_range = ColorRange.MPEG
    context.options = {
        "preset": "superfast",
        "qp": str(QUANTISER),
        "bf": "0",
        "x264-params": f"ipratio={KEY_RATIO}:aq-mode=0:mbtree=0:keyint={GROUP_COUNT}:scenecut=0",
    }


def _encode_group(
    stream: VideoStream, colours: BackgroundColours, pictures: int, report: Callable[[int], None]
) -> Iterator[Packet[Any]]:
    """Encode one group of equal pictures."""
    painted = av.VideoFrame.from_ndarray(paint_background(SCRIPT_SIDE_PX, colours), format="rgb48le")
    frame = painted.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )
    for number in range(pictures):
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        yield from stream.encode(frame)
        report(number + 1)
    yield from stream.encode(None)


def _copy_packet(packet: Packet[Any], stream: VideoStream, number: int) -> Packet[Any]:
    """The packet as that of picture ``number``."""
    copy = Packet(bytes(packet))
    copy.stream, copy.time_base = stream, Fraction(1, RATE)
    copy.pts = copy.dts = number
    copy.duration = 1
    copy.is_keyframe = packet.is_keyframe
    return copy
