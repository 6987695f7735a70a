"""Reads, hashes and copies the packets of a finished file, segment by segment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from streams.renderer.segments.segment_plan import SlotRange

LENGTH_BYTES = 4
"""Bytes of a NAL unit's length in an MP4 sample."""
START_CODE = b"\0\0\0\1"
SYNC_CHECK_FRAMES = 3
"""Frames on both sides of a checked one, from which the check tells whether the file is late or early."""


class VideoPacket(NamedTuple):
    """A frame's packet as encoders give it."""

    number: int
    """Slot, counted from the segment's first."""
    is_key: bool
    body: bytes


class _PacketPosition(NamedTuple):
    """The place of a frame's packet in a file."""

    slot: int
    is_key: bool
    position: int
    size: int


class PacketFile:
    """The video packets of a file, in decoding order."""

    def __init__(self, path: Path, rate: Fraction) -> None:
        """Index the packets at ``rate`` frames per second.

        Raises av.FFmpegError, OSError or ValueError for other files.
        """
        self._path = path
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            unit = Fraction(stream.time_base or 1) * rate
            begins = stream.start_time or 0
            self._stored = [
                _PacketPosition(round((packet.pts - begins) * unit), packet.is_keyframe, packet.pos or 0, packet.size)
                for packet in container.demux(stream)
                if packet.size and packet.pts is not None
            ]

    def digest(self, run: SlotRange) -> str | None:
        """Hash the packets of a segment; None where the file has no such segment."""
        stored = self._stored[run.first : run.end]
        is_complete = [packet.slot for packet in sorted(stored)] == list(range(run.first, run.end))
        if not is_complete or not stored[0].is_key or stored[0].slot != run.first:
            return None
        digest = hashlib.sha256()
        for packet, body in zip(stored, self._bodies(stored), strict=True):
            digest.update(f"{packet.slot - run.first} {packet.is_key} {packet.size}\n".encode() + body)
        return digest.hexdigest()

    def key_frames(self, run: SlotRange) -> list[int]:
        """Key frames of a segment, counted from its first slot."""
        return sorted(packet.slot - run.first for packet in self._stored[run.first : run.end] if packet.is_key)

    def read(self, run: SlotRange) -> Iterator[VideoPacket]:
        """Packets of a segment, in decoding order. Raises ValueError where they are no NAL units."""
        stored = self._stored[run.first : run.end]
        for packet, body in zip(stored, self._bodies(stored), strict=True):
            yield VideoPacket(packet.slot - run.first, packet.is_key, to_start_codes(body))

    def _bodies(self, stored: Sequence[_PacketPosition]) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            for packet in stored:
                file.seek(packet.position)
                yield file.read(packet.size)


class ReusedSegment(NamedTuple):
    """A segment of this export, and its slots in an earlier file."""

    segment: SlotRange
    stored: SlotRange
    packets: PacketFile

    def read(self) -> Iterator[VideoPacket]:
        """Its packets."""
        return self.packets.read(self.stored)

    def checked_slots(self) -> range:
        """Slots around one of its key frames, which the certificate checks."""
        keys = self.packets.key_frames(self.stored)
        inner = [key for key in keys if SYNC_CHECK_FRAMES <= key < self.segment.slot_count - SYNC_CHECK_FRAMES] or [0]
        first = self.segment.first + inner[-1]
        return range(max(0, first - SYNC_CHECK_FRAMES), min(self.segment.end, first + SYNC_CHECK_FRAMES + 1))


def to_start_codes(sample: bytes) -> bytes:
    """Convert an H.264 or HEVC sample from length prefixes to start codes (ISO/IEC 14496-15, 5.3.4.2.1).

    Raises ValueError where the lengths do not add up.
    """
    units, at = list[bytes](), 0
    while at < len(sample):
        end = at + LENGTH_BYTES + int.from_bytes(sample[at : at + LENGTH_BYTES])
        units += [START_CODE, sample[at + LENGTH_BYTES : end]]
        at = end
    if at != len(sample):
        raise ValueError("a unit is longer than its sample")
    return b"".join(units)
