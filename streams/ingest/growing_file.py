"""A file that grows while an upload is copied to it; a child reads what has arrived. Parses nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from core.errors import Unavailable
from core.media.sandbox.source_handle import FileHandle
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import ObjectRef

COPY_PART_BYTES = 8 * 2**20
"""Bytes that are read from the object store at once."""


class GrowingFile(FileHandle):
    """The bytes of one object as they are copied from front to back.

    A source for a child (a `SourceHandle`).
    """

    complete = False

    def __init__(self, objects: Objects, key: str, size: int, descriptor: int) -> None:
        """Wrap ``descriptor``, an empty file, readable and writable. Made by `copy_object`."""
        super().__init__(descriptor, size)
        self._objects = objects
        self._key = key
        self._copied_bytes = 0
        self._grown = asyncio.Event()
        self._copying: asyncio.Task[ObjectRef] | None = None

    async def ensure(self, offset: int, length: int) -> range:
        """Wait until a range is copied; return all that is. Raises Unavailable or KeyError."""
        while self._copied_bytes < min(offset + length, self._size):
            # A copy that ended too early has failed: raise its error instead of waiting for ever.
            if self._copying is None or self._copying.done():
                await self.wait_complete()
            await self._grown.wait()
        return range(self._copied_bytes)

    async def wait_complete(self) -> ObjectRef:
        """Wait until all of it is copied; return the object's reference. Raises Unavailable or KeyError."""
        assert self._copying is not None, "inside `arriving` only"
        # One reader that is cancelled must not stop the copy for the others.
        return await asyncio.shield(self._copying)

    def start_copy(self, report: Report) -> None:
        """Start the copy; ``report`` counts bytes."""
        self._copying = asyncio.create_task(self._copy(report))
        self._copying.add_done_callback(lambda _: self._grown.set())

    async def stop_copy(self) -> None:
        """Stop the copy."""
        if self._copying is not None:
            self._copying.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._copying

    async def _copy(self, report: Report) -> ObjectRef:
        digest = hashlib.sha256()
        async with aclosing(_read_parts(self._objects, self._key, self._size)) as parts:
            async for part in parts:
                await asyncio.to_thread(_append_part, self._descriptor, digest.update, part)
                self._copied_bytes += len(part)
                report(self._copied_bytes)
                self._grown.set()
                # Who waits holds the event of its round: the next round needs a new one.
                self._grown = asyncio.Event()
        return ObjectRef(key=self._key, sha256=digest.hexdigest(), size=self._size)


@asynccontextmanager
async def copy_object(objects: Objects, key: str, size: int, path: Path, report: Report) -> AsyncIterator[GrowingFile]:
    """Copy an object to ``path`` and yield the growing file meanwhile.

    The copy stops with the block: what has not arrived by then is not fetched.
    """
    with path.open("w+b", buffering=0) as file:
        source = GrowingFile(objects, key, size, file.fileno())
        source.start_copy(report)
        try:
            yield source
        finally:
            await source.stop_copy()


async def _read_parts(objects: Objects, key: str, size: int) -> AsyncGenerator[bytes]:
    """Read the object from front to back, one part ahead. Raises Unavailable where it ends too early."""
    starts = range(0, size, COPY_PART_BYTES)
    next_read = asyncio.create_task(objects.read_range(key, 0, min(COPY_PART_BYTES, size)))
    try:
        for start in starts:
            part = await next_read
            next_start = start + COPY_PART_BYTES
            if len(part) != min(COPY_PART_BYTES, size - start):
                raise Unavailable("objects", f"{key!r} ended at {start + len(part)} of {size} bytes")
            if next_start < size:
                next_read = asyncio.create_task(
                    objects.read_range(key, next_start, min(COPY_PART_BYTES, size - next_start))
                )
            yield part
    finally:
        next_read.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await next_read


def _append_part(descriptor: int, update: Callable[[bytes], None], part: bytes) -> None:
    """Hash a part and write it."""
    update(part)
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]
