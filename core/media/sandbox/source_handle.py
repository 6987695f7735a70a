"""The parent's side of a child's source: descriptors, and fetching of missing bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class SourceHandle(Protocol):
    """Bytes for one child: a local descriptor, and a way to fetch missing bytes."""

    @property
    def size(self) -> int:
        """Bytes of the whole source."""
        ...

    @property
    def descriptor(self) -> int:
        """A readable descriptor; bytes are there once `ensure` returns."""
        ...

    @property
    def complete(self) -> bool:
        """Whether every byte is there already."""
        ...

    async def ensure(self, offset: int, length: int) -> range:
        """Return when these bytes are there, with the whole range that stays until the next call.

        Raises Unavailable or KeyError.
        """
        ...


class FileHandle:
    """Base of handles on a file: its descriptor, and the size of the whole source."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Keep a readable descriptor; its opener closes it."""
        self._descriptor = descriptor
        self._size = size

    @property
    def size(self) -> int:
        """Bytes of the whole source."""
        return self._size

    @property
    def descriptor(self) -> int:
        """The file's descriptor."""
        return self._descriptor


class LocalSource(FileHandle):
    """A local file as a source. Use as a context manager."""

    complete = True

    def __init__(self, path: Path) -> None:
        """Open the file. Raises FileNotFoundError where it is missing."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        super().__init__(descriptor, os.fstat(descriptor).st_size)

    async def ensure(self, offset: int, length: int) -> range:
        """All bytes are there."""
        return range(self._size)

    def __enter__(self) -> Self:
        """The handle itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        os.close(self._descriptor)


@contextmanager
def reopened_for_reading(source: SourceHandle | None) -> Iterator[int]:
    """Yield a descriptor of the source's file that can only read; -1 without a source.

    The descriptor of a cache can write too: a child that had it could change what others read.
    """
    if source is None:
        yield -1
        return
    descriptor = os.open(f"/proc/self/fd/{source.descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
