"""Caches byte ranges of originals on local disk, within a bound.

Each object has one sparse file; the least recently used blocks leave, and holes punched in the file give their space
back. The directory belongs to this cache alone: files found at the start are a dead process's, and are removed.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import os
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.errors import Unavailable
from core.media.sandbox.source_handle import FileHandle
from core.ports.stores import Objects
from schemas.common import ObjectRef

BLOCK_BYTES = 2**18
"""A key frame of 1080p takes one or two blocks.

With blocks of 1 MiB, a key frame every five seconds was most of a file.
"""
READ_AHEAD_BLOCK_COUNT = 32
"""A sequential reader gets all blocks up to the next multiple of this.

Stores keep objects in chunks of 4 or 8 MiB, and read a whole one for a part of it (SeaweedFS: 19 ms for 1 MiB, 20 for
4).
"""
READ_AHEAD_STEPS = 2
"""Sequential reads that each double the read-ahead first: half of the key frames need a second request, and none a
third.
"""
MAX_OPEN_FILES = 256
"""Files open at once: a process may have only so few descriptors (often 1,024), and many short videos fit the cache."""
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
CACHE_FILE_SUFFIX = ".source"
BlockKey = tuple[str, int]


def free_file_range(descriptor: int, offset: int, length: int) -> None:
    """Free the disk space of a file range (fallocate(2)). Raises OSError where the file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
    if libc.fallocate(descriptor, mode, ctypes.c_int64(offset), ctypes.c_int64(length)) != 0:
        raise OSError(
            ctypes.get_errno(), "the cache directory's file system cannot punch holes: use ext4, xfs or tmpfs"
        )


class SourceCache:
    """Blocks of objects under ``directory``, at most ``max_bytes``.

    It holds more only while children use more at once.
    """

    def __init__(self, objects: Objects, directory: Path, max_bytes: int) -> None:
        """Make the directory, and empty it of an earlier cache's files."""
        self._objects = objects
        self._directory = directory
        self._max_blocks = max(1, max_bytes // BLOCK_BYTES)
        self.read_ahead_blocks = max(1, min(READ_AHEAD_BLOCK_COUNT, self._max_blocks // 2))
        self._blocks: OrderedDict[BlockKey, None] = OrderedDict()
        self._pinned: Counter[BlockKey] = Counter()
        self._fetching: dict[BlockKey, asyncio.Event] = {}
        self._files: dict[str, int] = {}
        directory.mkdir(parents=True, exist_ok=True)
        for left_over in directory.glob(f"*{CACHE_FILE_SUFFIX}"):
            left_over.unlink()

    @property
    def bytes_held(self) -> int:
        """Disk space that the blocks take."""
        return len(self._blocks) * BLOCK_BYTES

    @asynccontextmanager
    async def open(self, source: ObjectRef | str, size: int | None = None) -> AsyncIterator[CachedSource]:
        """Open an object by reference or key; without a size the store is queried.

        Raises Unavailable or KeyError.
        """
        key = source if isinstance(source, str) else source.key
        known_size = size if size is not None else (None if isinstance(source, str) else source.size)
        handle = CachedSource(self, key, await self._objects.size(key) if known_size is None else known_size)
        try:
            yield handle
        finally:
            handle.release()

    def close(self) -> None:
        """Remove all blocks and files."""
        for key, descriptor in self._files.items():
            os.close(descriptor)
            self._path(key).unlink(missing_ok=True)
        self._files.clear()
        self._blocks.clear()

    def descriptor(self, key: str) -> int:
        """Descriptor of an object's sparse file."""
        if key not in self._files:
            self._close_oldest()
            self._files[key] = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._files[key]

    def pin(self, blocks: list[BlockKey]) -> None:
        """Keep blocks until `unpin`."""
        self._pinned.update(blocks)

    def unpin(self, blocks: list[BlockKey]) -> None:
        """Release blocks."""
        self._pinned.subtract(blocks)
        for block in blocks:
            if self._pinned[block] <= 0:
                del self._pinned[block]

    async def ensure(self, key: str, size: int, first: int, count: int) -> None:
        """Fetch blocks ``first`` to ``first + count`` of an object. Raises Unavailable or KeyError."""
        requested = [(key, number) for number in range(first, first + count)]
        while missing := [block for block in requested if block not in self._blocks]:
            in_progress = next((self._fetching[block] for block in missing if block in self._fetching), None)
            if in_progress is not None:
                await in_progress.wait()
            else:
                await self._fetch(key, size, group_consecutive([number for _, number in missing])[0])
        for block in requested:
            self._blocks.move_to_end(block)
        self._evict()

    async def _fetch(self, key: str, size: int, run: range) -> None:
        done = asyncio.Event()
        blocks = [(key, number) for number in run]
        self._fetching.update(dict.fromkeys(blocks, done))
        start = run.start * BLOCK_BYTES
        length = min(len(run) * BLOCK_BYTES, size - start)
        try:
            body = await self._objects.read_range(key, start, length)
            if len(body) != length:
                raise Unavailable("objects", f"{key!r} gave {len(body)} bytes of {length} at {start}: it was cut short")
            await asyncio.to_thread(os.pwrite, self.descriptor(key), body, start)
            self._blocks.update(dict.fromkeys(blocks))
        finally:
            for block in blocks:
                del self._fetching[block]
            done.set()

    def _evict(self) -> None:
        surplus = len(self._blocks) - self._max_blocks
        if surplus <= 0:
            return
        for block in [block for block in self._blocks if block not in self._pinned][:surplus]:
            del self._blocks[block]
            key, number = block
            free_file_range(self.descriptor(key), number * BLOCK_BYTES, BLOCK_BYTES)
        self._close_empty()

    def _close_empty(self) -> None:
        used = {key for key, _ in [*self._blocks, *self._pinned, *self._fetching]}
        for key in [key for key in self._files if key not in used]:
            self._forget(key)

    def _close_oldest(self) -> None:
        """Close the least recently used idle files until one more may be opened."""
        surplus = len(self._files) + 1 - MAX_OPEN_FILES
        if surplus <= 0:
            return
        used = {key for key, _ in [*self._pinned, *self._fetching]}
        last_use = {key: at for at, (key, _) in enumerate(self._blocks)}
        idle = sorted((key for key in self._files if key not in used), key=lambda key: last_use.get(key, -1))
        for key in idle[:surplus]:
            for block in [block for block in self._blocks if block[0] == key]:
                del self._blocks[block]
            self._forget(key)

    def _forget(self, key: str) -> None:
        os.close(self._files.pop(key))
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / (hashlib.sha256(key.encode()).hexdigest() + CACHE_FILE_SUFFIX)


class CachedSource(FileHandle):
    """A handle on one cached object. The blocks of the last request stay until the next one."""

    complete = False

    def __init__(self, cache: SourceCache, key: str, size: int) -> None:
        """Made by `SourceCache.open`."""
        self._cache = cache
        self._key = key
        # A block that never exists keeps the file open for the child.
        self._pinned_blocks: list[BlockKey] = [(key, -1)]
        self._available = range(0)
        self._sequential_reads = 0
        cache.pin(self._pinned_blocks)
        super().__init__(cache.descriptor(key), size)

    async def ensure(self, offset: int, length: int) -> range:
        """Fetch a range, and read ahead for sequential reads. Raises Unavailable or KeyError."""
        first = offset // BLOCK_BYTES
        end = -(-min(offset + length, self._size) // BLOCK_BYTES)
        self._sequential_reads = self._sequential_reads + 1 if offset == self._available.stop else 0
        if self._sequential_reads > READ_AHEAD_STEPS:
            end = max(end, (first // self._cache.read_ahead_blocks + 1) * self._cache.read_ahead_blocks)
        end = min(max(end, first + 2 ** min(self._sequential_reads, READ_AHEAD_STEPS)), -(-self._size // BLOCK_BYTES))
        blocks = [(self._key, -1), *((self._key, number) for number in range(first, end))]
        self._cache.pin(blocks)
        self._cache.unpin(self._pinned_blocks)
        self._pinned_blocks = blocks
        await self._cache.ensure(self._key, self._size, first, end - first)
        self._available = range(first * BLOCK_BYTES, min(end * BLOCK_BYTES, self._size))
        return self._available

    def release(self) -> None:
        """Release the blocks; the descriptor stays valid only while the cache keeps the file."""
        self._cache.unpin(self._pinned_blocks)
        self._pinned_blocks = []


def group_consecutive(numbers: list[int]) -> list[range]:
    """Group sorted numbers into ranges: ``[1, 2, 5]`` → ``[range(1, 3), range(5, 6)]``."""
    runs: list[range] = []
    for number in numbers:
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs
