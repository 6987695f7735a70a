"""Collect a video stream's packets in one pass: their table, its times, proof that it decodes."""

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

from core.errors import InputRejected
from core.media.decode.timestamps import packet_pts, stream_us
from schemas.documents.source import PacketTable, VideoTrack

MAX_PROOF_PACKETS = 240
"""Packets within which a first frame must decode: open GOPs and lost beginnings are shorter."""
MAX_FRAME_RATE_HZ = 300
"""Mean frames per second beyond which a file is an attack (a 240 fps telephone is fine)."""
MIN_RATE_PACKETS = 3_000
"""Frames from which the rate is judged."""
DISPLAY_MATRIX_BYTES = 36
"""Size of a display matrix."""
ASPECT_LIMITS = (Fraction(1, 8), Fraction(8))
"""Sample aspect ratios outside of these are ignored."""


class VideoPacketTable:
    """The packets of one video stream."""

    def __init__(self, stream: VideoStream, *, ordered: bool) -> None:
        """Wrap ``stream``, whose decoder's limits are set; ``ordered`` as in `timestamps.by_order`."""
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
        """Add one packet. Raises InputRejected for an impossible rate."""
        pts = packet_pts(packet, by_order=self._ordered)
        if pts is not None:
            self._pts.append(pts)
            self._pos.append(packet.pos if packet.pos is not None else -1)
            self._size.append(packet.size)
            self._key.append(packet.is_keyframe)
            # Packets before the start of an edit list are decoded for later frames, and never shown.
            if not packet.is_discard:
                self._extend(pts, packet.duration or 0)
        if self.picture is None and len(self._pts) <= MAX_PROOF_PACKETS:
            self._try_decode(packet)
        if len(self._pts) % MIN_RATE_PACKETS == MIN_RATE_PACKETS - 1 and self._rate() > MAX_FRAME_RATE_HZ:
            raise InputRejected("media.bomb", f"The video claims {float(self._rate()):.0f} pictures per second.")

    def _extend(self, pts: int, duration: int) -> None:
        """Extend the stream's first and last time."""
        self._first = pts if self._first is None else min(self._first, pts)
        if self._last is None or pts >= self._last:
            self._last, self._last_duration = pts, duration

    def _try_decode(self, packet: Packet[VideoStream] | None) -> None:
        """Try to decode a first frame."""
        try:
            frames = self.stream.codec_context.decode(packet)
        except (MemoryError, av.error.ExitError):
            raise
        except (av.FFmpegError, ValueError):
            return
        if frames:
            self.picture = frames[0]

    def finish(self) -> None:
        """Let a decoder that holds frames back return them: all packets are in."""
        if self.picture is None:
            self._try_decode(None)

    @property
    def decodes(self) -> bool:
        """Whether there is something to show."""
        return self.picture is not None and self._first is not None

    def _rate(self) -> Fraction:
        """Mean frame rate by the packets."""
        if self._first is None or self._last is None or self._last <= self._first:
            return Fraction(0)
        return (len(self._pts) - 1) / ((self._last - self._first) * self.time_base)

    def start_us(self) -> int:
        """Stream time of the first frame."""
        return stream_us(self._first or 0, self.time_base)

    def end_us(self) -> int:
        """Stream time at which the last frame ends."""
        duration = self._last_duration
        rate = self._rate()
        if duration <= 0 and rate > 0:
            duration = round(1 / rate / self.time_base)
        return stream_us((self._last or 0) + max(duration, 1), self.time_base)

    def build_table(self) -> PacketTable:
        """Build the packet table, in file order."""
        return PacketTable(
            pts=self._pts.tolist(),
            pos=self._pos.tolist(),
            size=self._size.tolist(),
            key=[bool(key) for key in self._key],
        )

    def build_track(self) -> VideoTrack:
        """Describe the stream for the rest of the product; only if it ``decodes``."""
        picture = self.picture
        assert picture is not None
        rotation, mirrored = decode_orientation(read_display_matrix(picture))
        aspect = clamp_aspect(self.stream.sample_aspect_ratio)
        width, height = compute_display_size(picture.width, picture.height, aspect, rotation)
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
        """Return the container's rate where the packets confirm it, else theirs; 25 for a single frame."""
        measured = self._rate()
        declared = self.stream.average_rate
        if measured <= 0:
            measured = declared if declared else Fraction(25)
        elif declared and abs(declared / measured - 1) < Fraction(1, 50):
            measured = declared
        rate = measured.limit_denominator(1001)
        return (rate.numerator, rate.denominator)


def read_display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    """Read the nine numbers of a frame's display matrix, if it has one."""
    data: Any = picture.side_data.get("DISPLAYMATRIX")
    body = bytes(data) if data is not None else b""
    return struct.unpack("=9i", body) if len(body) == DISPLAY_MATRIX_BYTES else None


def decode_orientation(matrix: Sequence[int] | None) -> tuple[int, bool]:
    """Decode a display matrix: clockwise quarter turns in degrees, and whether it mirrors first.

    The first two columns map a point (x, y), y down, to (a x + c y, b x + d y): libavutil/display.h. An invalid
    matrix gives no turn.
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


def clamp_aspect(declared: Fraction | None) -> Fraction:
    """Return the sample aspect ratio, or 1 where it is missing or absurd."""
    if declared is None or not ASPECT_LIMITS[0] <= declared <= ASPECT_LIMITS[1]:
        return Fraction(1)
    return declared


def compute_display_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Return the size with square pixels, upright, in even numbers.

    The short side of a pixel is enlarged, so that nothing is lost.
    """
    square_width = width * aspect if aspect > 1 else Fraction(width)
    square_height = height / aspect if aspect < 1 else Fraction(height)
    size = (max(2, round(square_width / 2) * 2), max(2, round(square_height / 2) * 2))
    return (size[1], size[0]) if rotation in (90, 270) else size
