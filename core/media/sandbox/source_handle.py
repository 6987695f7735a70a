"""What a child may read: the parent's side of a source. A handle owns descriptors; it never parses a byte."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class SourceHandle(Protocol):
    """Bytes for one child: a local descriptor, and somebody who brings missing bytes when asked."""

    @property
    def size(self) -> int:
        """Bytes of the whole source."""
        ...

    @property
    def descriptor(self) -> int:
        """A readable descriptor; bytes are there once `ensure` says so."""
        ...

    @property
    def complete(self) -> bool:
        """True when every byte is there already and nobody needs to ask."""
        ...

    async def ensure(self, offset: int, length: int) -> range:
        """Return when these bytes are there: the whole stretch that is, and stays until the next call.

        Raises Unavailable or KeyError.
        """
        ...


class LocalSource:
    """A plain local file as a source. Use as a context manager."""

    complete = True

    def __init__(self, path: Path) -> None:
        """Opens the file; FileNotFoundError when it is not there."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    @property
    def descriptor(self) -> int:
        """The file's descriptor."""
        return self._descriptor

    async def ensure(self, offset: int, length: int) -> range:
        """Nothing to bring."""
        return range(self._size)

    def __enter__(self) -> Self:
        """The handle itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        os.close(self._descriptor)
