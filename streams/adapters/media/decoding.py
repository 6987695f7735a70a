"""Decoding that takes damage in its stride, and small steps over decoded pictures. Child side only; opens nothing."""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from schemas.documents import SourceIndex

BYTE_SEEK_FORMATS = ("mpegts", "mpeg")
"""Formats without an index of their own: seeking by time would search the file, the position is known."""


def decode(stream: VideoStream, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
    """Pictures that a packet completes (None drains); a damaged packet completes none."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        return []


def thinned(pictures: Iterator[tuple[int, av.VideoFrame]], gap_ms: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The first picture, then the first one at or after each further ``gap_ms``."""
    due: int | None = None
    for at_ms, frame in pictures:
        if due is None or at_ms >= due:
            due = at_ms + gap_ms if due is None else due + gap_ms * ((at_ms - due) // gap_ms + 1)
            yield at_ms, frame


def hear(stream: AudioStream, packet: Packet[AudioStream] | None) -> list[av.AudioFrame]:
    """Audio frames that a packet completes (None drains); a damaged packet completes none."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        return []


def byte_positions(index: SourceIndex) -> dict[int, int]:
    """pts → byte of each key packet, for formats that are sought by byte; else empty."""
    if index.packets is None or not index.format.startswith(BYTE_SEEK_FORMATS):
        return {}
    columns = zip(index.packets.pts, index.packets.pos, index.packets.key, strict=True)
    return {pts: position for pts, position, key in columns if key and position >= 0}
