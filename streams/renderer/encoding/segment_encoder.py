"""The track of pictures as chunks, each encoded by an encoder of its own and joined at packets. Chooses no border.

No chunk knows of another: the same pictures and settings give the same packets wherever they stand in a file.
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
    """One encoder for all pictures."""

    def __init__(self, container: OutputContainer, stream: VideoStream) -> None:
        """``stream`` is the track, with its encoder set."""
        self._container, self._stream = container, stream

    def finish_before(self, number: int) -> Iterator[int]:
        """Nothing ends before the last picture."""
        yield from ()

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """As `Joined.write`."""
        set_frame_time(frame, number, 1 / Fraction(self._stream.codec_context.framerate))
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> Iterator[int]:
        """What the encoder still holds."""
        self._container.mux(self._stream.encode(None))
        yield from ()


class SegmentEncoder:
    """Takes pictures in order and muxes their packets."""

    def __init__(
        self,
        container: OutputContainer,
        stream: VideoStream,
        segments: Sequence[SlotRange],
        reused: Mapping[int, ReusedSegment],
        create_encoder: Callable[[], VideoCodecContext],
        reorder_frames: int,
    ) -> None:
        """``stream`` has an open encoder with the settings of those that ``encoder`` makes: the first chunk takes it.

        ``ahead``: by how many pictures encoders may be ahead of what is shown.
        """
        self._container, self._stream = container, stream
        self._segments, self._reused = segments, reused
        self._create_encoder = create_encoder
        self._context: VideoCodecContext | None = stream.codec_context
        self._reorder_frames = reorder_frames
        self._tick = 1 / Fraction(stream.codec_context.framerate)
        self._position, self._muxed = 0, 0

    def finish_before(self, number: int) -> Iterator[int]:
        """Finish the chunks that end before a picture, one after the other; gives where each ends."""
        while self._position < len(self._segments) and self._segments[self._position].end <= number:
            run = self._segments[self._position]
            if run.first in self._reused:
                self._copy_packets(self._reused[run.first])
            else:
                self._drain()
            self._position += 1
            yield run.end

    def write(self, frame: av.VideoFrame, number: int) -> None:
        """One picture of the encoder's format, number ``number`` from 0, all before it being there."""
        if self._context is None:
            self._context = self._create_encoder()
        set_frame_time(frame, number - self._segments[self._position].first, self._tick)
        self._mux(self._context.encode(frame))

    def finish(self) -> Iterator[int]:
        """As `before`, of all chunks that are left."""
        yield from self.finish_before(self._segments[-1].end)

    def _copy_packets(self, taken: ReusedSegment) -> None:
        for coded in taken.read():
            packet: Packet[Any] = Packet(coded.body)
            packet.pts, packet.is_keyframe = coded.number, coded.is_key
            self._mux([packet])

    def _drain(self) -> None:
        if self._context is not None:
            self._mux(self._context.encode(None))
            self._context = None

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        """Packets of the chunk in the order of decoding; theirs is one time line from the first chunk to the last."""
        for packet in map(without_disposable_mark, packets):
            assert packet.pts is not None
            packet.pts += self._segments[self._position].first
            packet.dts = self._muxed - self._reorder_frames
            packet.time_base, packet.duration, packet.stream = self._tick, 1, self._stream
            self._container.mux(packet)
            self._muxed += 1


def without_disposable_mark(packet: Packet[Any]) -> Packet[Any]:
    """The same without x265's mark that no picture refers to it: a packet out of a file has lost that."""
    if not packet.is_disposable:
        return packet
    bare: Packet[Any] = Packet(bytes(packet))
    bare.pts, bare.is_keyframe = packet.pts, packet.is_keyframe
    return bare


def set_frame_time(frame: av.VideoFrame, number: int, tick: Fraction) -> None:
    """Give a picture its place in its encoder's time; what kind it was in the source is forgotten."""
    frame.pts, frame.time_base, frame.duration = number, tick, 1
    frame.pict_type = 0
