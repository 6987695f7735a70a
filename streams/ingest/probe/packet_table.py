"""What one pass over a video stream's packets adds up to: the packet table, its times, proof that it decodes."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from av.packet import Packet
from av.video.stream import VideoStream

from core.errors import Rejected
from core.media.decode.timestamps import packet_pts, stream_us
from schemas.documents.source import PacketTable, VideoTrack

PROOF_PACKETS = 240
"""How far we look for a first picture that decodes: open GOPs and lost beginnings are shorter."""
MAX_RATE = 300
"""Pictures per second on average, beyond which a file is an attack (a 240 fps telephone is fine) …"""
RATE_FROM_PACKETS = 3_000
"""… judged from this many pictures on."""
MATRIX_BYTES = 36
SANE_ASPECT = (Fraction(1, 8), Fraction(8))


class VideoTally:
    """Collects one video stream."""

    def __init__(self, stream: VideoStream, *, ordered: bool) -> None:
        """``stream`` has its decoder's limits set already; ``ordered`` as in `timeline.by_order`."""
        self._ordered = ordered
        self.stream = stream
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.picture: av.VideoFrame | None = None
        """The first picture that decoded."""
        self._pts, self._pos, self._size = array("q"), array("q"), array("q")
        self._key = bytearray()
        self._first: int | None = None
        self._last: int | None = None
        self._last_duration = 0

    def add(self, packet: Packet[VideoStream]) -> None:
        """Take one packet into account; raises Rejected for an impossible rate."""
        pts = packet_pts(packet, ordered=self._ordered)
        if pts is not None:
            self._pts.append(pts)
            self._pos.append(packet.pos if packet.pos is not None else -1)
            self._size.append(packet.size)
            self._key.append(packet.is_keyframe)
            if not packet.is_discard:
                self._span(pts, packet.duration or 0)
        if self.picture is None and len(self._pts) <= PROOF_PACKETS:
            self._prove(packet)
        if len(self._pts) % RATE_FROM_PACKETS == RATE_FROM_PACKETS - 1 and self._rate() > MAX_RATE:
            raise Rejected("media.bomb", f"The video claims {float(self._rate()):.0f} pictures per second.")

    def _span(self, pts: int, duration: int) -> None:
        self._first = pts if self._first is None else min(self._first, pts)
        if self._last is None or pts >= self._last:
            self._last, self._last_duration = pts, duration

    def _prove(self, packet: Packet[VideoStream] | None) -> None:
        try:
            frames = self.stream.codec_context.decode(packet)
        except (MemoryError, av.error.ExitError):
            raise
        except (av.FFmpegError, ValueError):
            return
        if frames:
            self.picture = frames[0]

    def finish(self) -> None:
        """All packets are in: a decoder that holds pictures back gives them now."""
        if self.picture is None:
            self._prove(None)

    @property
    def shows(self) -> bool:
        """Whether there is something to show."""
        return self.picture is not None and self._first is not None

    def _rate(self) -> Fraction:
        if self._first is None or self._last is None or self._last <= self._first:
            return Fraction(0)
        return (len(self._pts) - 1) / ((self._last - self._first) * self.time_base)

    def start_us(self) -> int:
        """Stream time of the first picture."""
        return stream_us(self._first or 0, self.time_base)

    def end_us(self) -> int:
        """Stream time at which the last picture ends."""
        duration = self._last_duration
        rate = self._rate()
        if duration <= 0 and rate > 0:
            duration = round(1 / rate / self.time_base)
        return stream_us((self._last or 0) + max(duration, 1), self.time_base)

    def table(self) -> PacketTable:
        """The packet table in file order."""
        return PacketTable(
            pts=self._pts.tolist(),
            pos=self._pos.tolist(),
            size=self._size.tolist(),
            key=[bool(key) for key in self._key],
        )

    def track(self) -> VideoTrack:
        """The stream as the rest of the product sees it; only when it `shows`."""
        picture = self.picture
        assert picture is not None
        rotation, mirrored = orientation(matrix_of(picture))
        aspect = sane_aspect(self.stream.sample_aspect_ratio)
        width, height = display_size(picture.width, picture.height, aspect, rotation)
        return VideoTrack(
            stream_index=self.stream.index,
            codec=self.stream.codec_context.codec.canonical_name,
            pixel_format=picture.format.name,
            coded_width=picture.width,
            coded_height=picture.height,
            display_width=width,
            display_height=height,
            rotation_deg=rotation,
            mirrored=mirrored,
            sample_aspect=(aspect.numerator, aspect.denominator),
            time_base=(self.time_base.numerator, self.time_base.denominator),
            frame_rate=self._frame_rate(),
            start_pts=self._first or 0,
            duration_ms=(self.end_us() - self.start_us() + 500) // 1000,
        )

    def _frame_rate(self) -> tuple[int, int]:
        """The container's rate where the packets bear it out, else theirs; 25 for a single picture."""
        measured = self._rate()
        told = self.stream.average_rate
        if measured <= 0:
            measured = told if told else Fraction(25)
        elif told and abs(told / measured - 1) < Fraction(1, 50):
            measured = told
        rate = measured.limit_denominator(1001)
        return (rate.numerator, rate.denominator)


def matrix_of(picture: av.VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers of a picture's display matrix, where it has one."""
    data: Any = picture.side_data.get("DISPLAYMATRIX")
    body = bytes(data) if data is not None else b""
    return struct.unpack("=9i", body) if len(body) == MATRIX_BYTES else None


def orientation(matrix: Sequence[int] | None) -> tuple[int, bool]:
    """What a display matrix asks for: a clockwise quarter turn, and whether left and right change places before it.

    The first two columns take a point (x, y), y down, to (a x + c y, b x + d y): libavutil/display.h. Nonsense asks
    for nothing.
    """
    if matrix is None:
        return 0, False
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    across, down = math.hypot(a, c), math.hypot(b, d)
    mirrored = a * d < b * c
    if across == 0 or down == 0 or a * d == b * c:
        return 0, False
    sign = -1 if mirrored else 1
    return round(math.degrees(math.atan2(sign * b / down, sign * a / across)) / 90) * 90 % 360, mirrored


def sane_aspect(told: Fraction | None) -> Fraction:
    """The sample aspect ratio, or 1 where it is missing or absurd."""
    if told is None or not SANE_ASPECT[0] <= told <= SANE_ASPECT[1]:
        return Fraction(1)
    return told


def display_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Size with square pixels, upright, in even numbers. The short side of a pixel is stretched: nothing is lost."""
    wide = width * aspect if aspect > 1 else Fraction(width)
    high = height / aspect if aspect < 1 else Fraction(height)
    shown = (max(2, round(wide / 2) * 2), max(2, round(high / 2) * 2))
    return (shown[1], shown[0]) if rotation in (90, 270) else shown
