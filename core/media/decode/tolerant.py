"""Decoding that takes damage in its stride, and small steps over decoded pictures. Child side only; opens nothing."""

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
"""Formats without an index of their own: seeking by time would search the file, the position is known."""


MAX_READ_ERRORS = 20
"""Damaged places in a row that a demuxer may step over."""
MediaStream = TypeVar("MediaStream", VideoStream, AudioStream)
TimestampedFrame = tuple[int, av.VideoFrame]


def demux(container: InputContainer, stream: MediaStream) -> Iterator[Packet[MediaStream]]:
    """Packets of a stream, the last one empty; a damaged place is stepped over as long as something comes after it.

    PyAV raises IndexError for a stream that shows up in mid-file, as damage can make one do.
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
    """Pictures that a packet completes (None drains); a damaged packet completes none, and ``lost`` is called."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        if on_damage is not None:
            on_damage()
        return []


def drop_misplaced_frames(pictures: Iterator[TimestampedFrame]) -> Iterator[TimestampedFrame]:
    """The same pictures without those whose time a damaged packet has made up: time only goes on.

    A picture that is later than the one after it is the wrong one of the two where that one follows the last.
    """
    held: TimestampedFrame | None = None
    last_ms: int | None = None
    for at_ms, frame in pictures:
        if held is not None and at_ms < held[0]:
            if last_ms is None or at_ms >= last_ms:
                held = at_ms, frame
            continue
        if held is not None:
            last_ms = held[0]
            yield held
        held = at_ms, frame
    if held is not None:
        yield held


def frames_until(pictures: Iterator[TimestampedFrame], end_ms: int) -> Iterator[TimestampedFrame]:
    """Pictures before ``end_ms``; two in a row must lie behind it to end it: one may be a damaged packet's."""
    behind = 0
    for at_ms, frame in pictures:
        behind = behind + 1 if at_ms >= end_ms else 0
        if behind == 2:
            return
        yield at_ms, frame


def thin_out(pictures: Iterator[tuple[int, av.VideoFrame]], gap_ms: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The first picture, then the first one at or after each further ``gap_ms``."""
    due: int | None = None
    for at_ms, frame in pictures:
        if due is None or at_ms >= due:
            due = at_ms + gap_ms if due is None else due + gap_ms * ((at_ms - due) // gap_ms + 1)
            yield at_ms, frame


def decode_audio(stream: AudioStream, packet: Packet[AudioStream] | None) -> list[av.AudioFrame]:
    """Audio frames that a packet completes (None drains); a damaged packet completes none."""
    try:
        return stream.codec_context.decode(packet)
    except (MemoryError, av.error.ExitError):
        raise
    except (av.FFmpegError, ValueError):
        return []


def key_byte_positions(index: SourceIndex) -> dict[int, int]:
    """pts → byte of each key packet, for formats that are sought by byte; else empty."""
    if index.packets is None or not index.format.startswith(BYTE_SEEK_FORMATS):
        return {}
    columns = zip(index.packets.pts, index.packets.pos, index.packets.key, strict=True)
    return {pts: position for pts, position, key in columns if key and position >= 0}
