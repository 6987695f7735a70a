"""Decodes damaged streams without stopping, and filters decoded frames. For children only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from schemas.documents.source import SourceIndex

BYTE_SEEK_FORMATS = ("mpegts", "mpeg")
"""Formats without an index: a seek by time would search the file, but positions are known."""


MAX_READ_ERRORS = 20
"""Consecutive damaged places that a demuxer may skip."""
MediaStream = TypeVar("MediaStream", VideoStream, AudioStream)
TimestampedFrame = tuple[int, av.VideoFrame]


def demux(container: InputContainer, stream: MediaStream) -> Iterator[Packet[MediaStream]]:
    """Packets of a stream, the last one empty; damaged places are skipped while more packets follow.

    PyAV raises IndexError for a stream that appears in mid-file, as damage can cause.
    """
    failures = 0
    while failures < MAX_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
            return
        except (MemoryError, av.error.ExitError):
            raise
        except (av.FFmpegError, IndexError):
            failures += 1


def decode(
    stream: VideoStream, packet: Packet[VideoStream] | None, on_damage: Callable[[], None] | None = None
) -> list[av.VideoFrame]:
    """Frames that a packet completes (None drains); none for a damaged one, and ``on_damage`` is called."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        if on_damage is not None:
            on_damage()
        return []


def drop_misplaced_frames(pictures: Iterator[TimestampedFrame]) -> Iterator[TimestampedFrame]:
    """Drop frames whose time a damaged packet invented, so that times only increase.

    Of two frames in the wrong order the later-timed one is wrong where the other follows the last.
    """
    pending: TimestampedFrame | None = None
    last_ms: int | None = None
    for at_ms, frame in pictures:
        if pending is not None and at_ms < pending[0]:
            if last_ms is None or at_ms >= last_ms:
                pending = at_ms, frame
            continue
        if pending is not None:
            last_ms = pending[0]
            yield pending
        pending = at_ms, frame
    if pending is not None:
        yield pending


def frames_until(pictures: Iterator[TimestampedFrame], end_ms: int) -> Iterator[TimestampedFrame]:
    """Frames before ``end_ms``. Two consecutive ones beyond it end it: a single one may be damaged."""
    behind = 0
    for at_ms, frame in pictures:
        behind = behind + 1 if at_ms >= end_ms else 0
        if behind == 2:
            return
        yield at_ms, frame


def thin_out(pictures: Iterator[tuple[int, av.VideoFrame]], gap_ms: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The first frame, then the first one at or after each further ``gap_ms``."""
    due: int | None = None
    for at_ms, frame in pictures:
        if due is None or at_ms >= due:
            due = at_ms + gap_ms if due is None else due + gap_ms * ((at_ms - due) // gap_ms + 1)
            yield at_ms, frame


def decode_audio(stream: AudioStream, packet: Packet[AudioStream] | None) -> list[av.AudioFrame]:
    """Audio frames that a packet completes (None drains); none for a damaged one."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        return []


def key_byte_positions(index: SourceIndex) -> dict[int, int]:
    """Byte position of each key packet by pts, for formats that seek by byte; else empty."""
    if index.packets is None or not index.format.startswith(BYTE_SEEK_FORMATS):
        return {}
    columns = zip(index.packets.pts, index.packets.pos, index.packets.key, strict=True)
    return {pts: position for pts, position, key in columns if key and position >= 0}
