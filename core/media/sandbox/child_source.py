"""The child's view of a source: a seekable file over an inherited descriptor; it opens no path.

Where the bytes come from a cache, the child asks its parent for ``(offset, length)`` before it reads, over a
socketpair: ``!QQ`` there, and back the range that can be read until the next question, ``!QQ`` from where to where.
"""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

REQUEST = ANSWER = struct.Struct("!QQ")
EMPTY_ANSWER = ANSWER.pack(0, 0)
"""The answer where the bytes could not be fetched."""
MIN_REQUEST_BYTES = 256 * 1024
"""Smallest request to the parent: a key frame of 1080p comes with one."""


class SourceLost(OSError):
    """The parent could not fetch the bytes, and reports the reason itself."""


class SeekableFile(io.RawIOBase):
    """Base of read-only files that keep their own position."""

    _position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Return where the next read starts."""
        return self._position


class SourceFile(SeekableFile):
    """Reads a source through ``descriptor``, after a request on ``channel`` (-1: all bytes are there)."""

    def __init__(self, *, descriptor: int, size: int, channel: int = -1) -> None:
        """The descriptors stay the caller's."""
        self._descriptor = descriptor
        self._size = size
        self._channel = channel
        self._available = range(0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; beyond the end reads return nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes, as many as are there; none only at the end."""
        if size < 0:
            return self.readall()
        data = os.pread(self._descriptor, self._readable_bytes(size), self._position)
        self._position += len(data)
        return data

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read as ``read`` does, into ``buffer``."""
        view = memoryview(buffer).cast("B")
        count = os.preadv(self._descriptor, [view[: self._readable_bytes(len(view))]], self._position)
        self._position += count
        return count

    def _readable_bytes(self, size: int) -> int:
        """Number of bytes readable here, requested where none are. Fetched bytes stay until the next request."""
        length = max(0, min(size, self._size - self._position))
        if length == 0 or self._channel < 0:
            return length
        if self._position not in self._available:
            request_bytes = min(max(length, MIN_REQUEST_BYTES), self._size - self._position)
            self._available = self._ask(self._position, request_bytes)
        return min(length, self._available.stop - self._position)

    def _ask(self, offset: int, length: int) -> range:
        try:
            os.write(self._channel, REQUEST.pack(offset, length))
            answer = os.read(self._channel, ANSWER.size)
        except OSError as error:
            raise SourceLost(f"the parent does not answer: {error}") from error
        granted = range(*ANSWER.unpack(answer)) if len(answer) == ANSWER.size else range(0)
        if offset not in granted:
            raise SourceLost("the source's bytes did not come")
        return granted


class SharedFileView(SeekableFile):
    """An independent position over a shared file object, so that two demuxers can share a source."""

    def __init__(self, base: BinaryIO) -> None:
        """``base`` stays open when this closes."""
        self._base = base

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move this view only."""
        if whence == io.SEEK_CUR:
            offset, whence = self._position + offset, io.SEEK_SET
        self._position = self._base.seek(offset, whence)
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes from this view's position; none only at the end."""
        self._base.seek(self._position)
        data = self._base.read(size)
        self._position += len(data)
        return data


def open_source(*, descriptor: int, size: int, channel: int) -> BinaryIO:
    """Open what the parent handed down. Unbuffered: libav has its own buffer."""
    return cast(BinaryIO, SourceFile(descriptor=descriptor, size=size, channel=channel))
