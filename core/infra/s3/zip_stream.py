"""Stream a zip of uncompressed members; no part is held whole in memory or on disk."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence

from schemas.common import Value

LARGEST_BYTES = 2**31 - 1
"""Beyond it zip needs its 64 bit form, whose size is not known ahead."""
HEADER, ENTRY, TRAILER, END = 30, 46, 16, 22
"""Bytes of a local header, an entry of the directory (both without the name), what follows each member, and the end
(APPNOTE 6.3.10: 4.3.7, 4.3.12, 4.3.9, 4.3.16)."""
OLDEST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)


class Member(Value, frozen=True, kw_only=True):
    """One file of a zip. ``name`` is made of ASCII letters, digits, dots and dashes."""

    name: str
    size: int
    made_at: dt.datetime
    open: Callable[[], AsyncIterator[bytes]]
    """Its bytes, block by block."""


class _Sink(io.RawIOBase):
    """A file that gives away what is written to it, and cannot seek."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, block: object) -> int:
        data = bytes(block)  # type: ignore[call-overload]
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        block = bytes(self._bytes)
        self._bytes.clear()
        return block


def compute_zip_size(members: Sequence[Member]) -> int | None:
    """Bytes of the whole zip; None where it is too large to be known ahead."""
    size = END + sum(HEADER + ENTRY + TRAILER + 2 * len(member.name) + member.size for member in members)
    return size if size <= LARGEST_BYTES else None


async def stream_zip(members: Sequence[Member]) -> AsyncIterator[bytes]:
    """The zip in blocks. Raises ValueError where a member has another length than announced."""
    sink, large = _Sink(), compute_zip_size(members) is None
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name, max(member.made_at, OLDEST).timetuple()[:6])
            info.external_attr = 0o644 << 16
            written_bytes = 0
            with archive.open(info, "w", force_zip64=large) as file:
                async for block in member.open():
                    file.write(block)
                    written_bytes += len(block)
                    yield sink.take()
            if written_bytes != member.size:
                raise ValueError(f"{member.name} has {written_bytes} bytes, not {member.size}")
            yield sink.take()
    yield sink.take()
