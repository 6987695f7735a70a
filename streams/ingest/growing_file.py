"""An upload on its way to this machine's disk, which a child reads as far as it has come. Never parses a byte."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from core.errors import Unavailable
from core.ports.stores import Objects
from core.progress import Report
from schemas.common import ObjectRef

COPY_BYTES = 8 * 2**20


class Arriving:
    """The bytes of one object as they are copied from front to back: a source for a child (a `SourceHandle`)."""

    complete = False

    def __init__(self, objects: Objects, key: str, size: int, descriptor: int) -> None:
        """``descriptor``: an empty file, readable and writable. Made by `arriving`."""
        self._objects = objects
        self._key = key
        self._size = size
        self._descriptor = descriptor
        self._there = 0
        self._grown = asyncio.Event()
        self._copying: asyncio.Task[ObjectRef] | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole object."""
        return self._size

    @property
    def descriptor(self) -> int:
        """The file that grows."""
        return self._descriptor

    async def ensure(self, offset: int, length: int) -> range:
        """Return when the copy has come so far: all that has come. Raises Unavailable or KeyError where it cannot."""
        while self._there < min(offset + length, self._size):
            if self._copying is None or self._copying.done():
                await self.whole()
            await self._grown.wait()
        return range(self._there)

    async def whole(self) -> ObjectRef:
        """Which object it is, when all of it is there. Raises Unavailable or KeyError where it cannot come."""
        assert self._copying is not None, "inside `arriving` only"
        return await asyncio.shield(self._copying)

    def begin(self, report: Report) -> None:
        """Copy from now on; ``report`` counts bytes."""
        self._copying = asyncio.create_task(self._copy(report))
        self._copying.add_done_callback(lambda _: self._grown.set())

    async def end(self) -> None:
        """Copy no further."""
        if self._copying is not None:
            self._copying.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._copying

    async def _copy(self, report: Report) -> ObjectRef:
        digest = hashlib.sha256()
        async with aclosing(_parts(self._objects, self._key, self._size)) as parts:
            async for part in parts:
                await asyncio.to_thread(_append, self._descriptor, digest.update, part)
                self._there += len(part)
                report(self._there)
                self._grown.set()
                self._grown = asyncio.Event()
        return ObjectRef(key=self._key, sha256=digest.hexdigest(), size=self._size)


@asynccontextmanager
async def arriving(objects: Objects, key: str, size: int, path: Path, report: Report) -> AsyncIterator[Arriving]:
    """Copy an object to ``path``, and give it to be read meanwhile. What is not there at the end is not brought."""
    with path.open("w+b", buffering=0) as file:
        source = Arriving(objects, key, size, file.fileno())
        source.begin(report)
        try:
            yield source
        finally:
            await source.end()


async def _parts(objects: Objects, key: str, size: int) -> AsyncGenerator[bytes]:
    """The object from front to back; one part is fetched ahead. Raises Unavailable where it ends too early."""
    starts = range(0, size, COPY_BYTES)
    ahead = asyncio.create_task(objects.read_range(key, 0, min(COPY_BYTES, size)))
    try:
        for start in starts:
            part = await ahead
            following = start + COPY_BYTES
            if len(part) != min(COPY_BYTES, size - start):
                raise Unavailable("objects", f"{key!r} ended at {start + len(part)} of {size} bytes")
            if following < size:
                ahead = asyncio.create_task(objects.read_range(key, following, min(COPY_BYTES, size - following)))
            yield part
    finally:
        ahead.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await ahead


def _append(descriptor: int, update: Callable[[bytes], None], part: bytes) -> None:
    update(part)
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]
