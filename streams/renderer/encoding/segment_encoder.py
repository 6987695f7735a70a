"""Encodes video in independent segments and joins their packets.

Segments do not depend on each other: the same frames and settings give the same packets anywhere in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from streams.renderer.segments.packets import ReusedSegment
from streams.renderer.segments.segment_plan import SlotRange


class SingleEncoder:
    """Encodes all frames with one encoder."""

    def __init__(self, container: OutputContainer, stream: VideoStream) -> None:
        """``stream`` is the track, with its encoder set."""
        self._container, self._stream = container, stream

    def finish_before(self, number: int) -> Iterator[int]:
        """No segment ends before the last frame."""
        yield from ()

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Encode one frame and the number of its slot, as `SegmentEncoder.write` does."""
        set_frame_time(frame, number, 1 / Fraction(self._stream.codec_context.framerate))
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> Iterator[int]:
        """Drain the encoder."""
        self._container.mux(self._stream.encode(None))
        yield from ()


class SegmentEncoder:
    """Encodes frames segment by segment, and muxes new and reused packets in order."""

    def __init__(
        self,
        container: OutputContainer,
        stream: VideoStream,
        segments: Sequence[SlotRange],
        reused: Mapping[int, ReusedSegment],
        create_encoder: Callable[[], VideoCodecContext],
        reorder_frames: int,
    ) -> None:
        """``stream`` has an open encoder for the first segment, configured as those of ``create_encoder``.

        ``reorder_frames``: how far decoding order may run ahead of display order.
        """
        self._container, self._stream = container, stream
        self._segments, self._reused = segments, reused
        self._create_encoder = create_encoder
        self._context: VideoCodecContext | None = stream.codec_context
        self._reorder_frames = reorder_frames
        self._tick = 1 / Fraction(stream.codec_context.framerate)
        self._position, self._muxed = 0, 0

    def finish_before(self, number: int) -> Iterator[int]:
        """Finish the segments that end before a frame; yields the end of each."""
        while self._position < len(self._segments) and self._segments[self._position].end <= number:
            run = self._segments[self._position]
            if run.first in self._reused:
                self._copy_packets(self._reused[run.first])
            else:
                self._drain()
            self._position += 1
            yield run.end

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """Encode a frame in the encoder's format, number ``number`` from 0, in order."""
        if self._context is None:
            self._context = self._create_encoder()
        set_frame_time(frame, number - self._segments[self._position].first, self._tick)
        self._mux(self._context.encode(frame))

    def finish(self) -> Iterator[int]:
        """Finish all remaining segments, as `finish_before`."""
        yield from self.finish_before(self._segments[-1].end)

    def _copy_packets(self, segment: ReusedSegment) -> None:
        for coded in segment.read():
            packet: Packet[Any] = Packet(coded.body)
            packet.pts, packet.is_keyframe = coded.number, coded.is_key
            self._mux([packet])

    def _drain(self) -> None:
        if self._context is not None:
            self._mux(self._context.encode(None))
            self._context = None

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        """Mux packets in decoding order, on one timeline over all segments."""
        for packet in map(without_disposable_mark, packets):
            assert packet.pts is not None
            packet.pts += self._segments[self._position].first
            packet.dts = self._muxed - self._reorder_frames
            packet.time_base, packet.duration, packet.stream = self._tick, 1, self._stream
            self._container.mux(packet)
            self._muxed += 1


def without_disposable_mark(packet: Packet[Any]) -> Packet[Any]:
    """Drop x265's disposable mark: packets read from a file have lost it, and both must be equal."""
    if not packet.is_disposable:
        return packet
    bare: Packet[Any] = Packet(bytes(packet))
    bare.pts, bare.is_keyframe = packet.pts, packet.is_keyframe
    return bare


def set_frame_time(frame: av.VideoFrame, number: int, tick: Fraction) -> None:
    """Set a frame's time for its encoder, and clear the picture type of the source."""
    frame.pts, frame.time_base, frame.duration = number, tick, 1
    frame.pict_type = 0
