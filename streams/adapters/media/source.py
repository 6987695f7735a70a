"""The child's view of a source: a seekable file over a descriptor it was given. Never opens a path or a socket itself.

Where the bytes come from a cache, the child asks its parent for ``(offset, length)`` before it reads, over a
socketpair: ``!QQ`` there, one status byte back.
"""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

REQUEST = struct.Struct("!QQ")
READY, FAILED = b"\x00", b"\x01"
BUFFER_BYTES = 256 * 1024
GRANT_BYTES = 2**20
"""The parent is asked once for each stretch of so many bytes: it answers thousands of times for a long file else."""


class SourceLost(OSError):
    """The parent could not bring the bytes; it knows why and says so itself."""


class SourceFile(io.RawIOBase):
    """Raw reads of ``size`` bytes through ``descriptor``; ``channel`` is asked first, -1 when all bytes are there."""

    def __init__(self, *, descriptor: int, size: int, channel: int = -1) -> None:
        """Owns neither descriptor."""
        self._descriptor = descriptor
        self._size = size
        self._channel = channel
        self._position = 0
        self._granted = range(0)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next read starts."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; beyond the end is allowed and reads nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer`` as far as the source goes."""
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size - self._position))
        if length == 0:
            return 0
        if self._channel >= 0:
            length = min(length, self._grant() - self._position)
        count = os.preadv(self._descriptor, [view[:length]], self._position)
        self._position += count
        return count

    def _grant(self) -> int:
        """Where the bytes end that are there, asked for if need be. They stay until the next question."""
        if self._position not in self._granted:
            end = min(self._size, (self._position // GRANT_BYTES + 1) * GRANT_BYTES)
            self._ask(self._position, end - self._position)
            self._granted = range(self._position, end)
        return self._granted.stop

    def _ask(self, offset: int, length: int) -> None:
        try:
            os.write(self._channel, REQUEST.pack(offset, length))
            answer = os.read(self._channel, 1)
        except OSError as error:
            raise SourceLost(f"nobody answers: {error}") from error
        if answer != READY:
            raise SourceLost("the source's bytes did not come")


class View(io.RawIOBase):
    """A second, independent position over one file object: two demuxers can share a source."""

    def __init__(self, base: BinaryIO) -> None:
        """``base`` stays open when this closes."""
        self._base = base
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next read starts."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move this view only."""
        if whence == io.SEEK_CUR:
            offset, whence = self._position + offset, io.SEEK_SET
        self._position = self._base.seek(offset, whence)
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer`` from this view's position."""
        self._base.seek(self._position)
        view = memoryview(buffer).cast("B")
        data = self._base.read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_source(*, descriptor: int, size: int, channel: int) -> BinaryIO:
    """A buffered file object over what the parent handed down."""
    raw = SourceFile(descriptor=descriptor, size=size, channel=channel)
    return cast(BinaryIO, io.BufferedReader(raw, BUFFER_BYTES))
