"""The disk cache of originals: right bytes, bounded size, each block fetched once, no block removed while in use."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.media.range_cache import BLOCK_BYTES, SourceCache, group_consecutive
from tests.core.media.fakes import ObjectsTwin

MIB = 2**20


def body(size: int) -> bytes:
    return os.urandom(size)


async def read(source: object, offset: int, length: int) -> bytes:
    await source.ensure(offset, length)  # type: ignore[attr-defined]
    return os.pread(source.descriptor, length, offset)  # type: ignore[attr-defined]


async def test_bytes_are_those_of_the_object_at_any_place(tmp_path: Path) -> None:
    film = body(3 * MIB + 5)
    cache = SourceCache(ObjectsTwin(film=film), tmp_path, 8 * MIB)
    async with cache.open("film", len(film)) as source:
        for offset, length in [(0, 10), (MIB - 3, 6), (3 * MIB, 5), (2 * MIB + 7, MIB), (0, len(film))]:
            assert await read(source, offset, length) == film[offset : offset + length]
    cache.close()


async def test_a_block_is_fetched_once_even_by_many_at_once(tmp_path: Path) -> None:
    objects = ObjectsTwin(film=body(4 * MIB))
    cache = SourceCache(objects, tmp_path, 8 * MIB)
    async with cache.open("film") as one, cache.open("film") as two:
        await asyncio.gather(*(source.ensure(0, 2 * MIB) for source in (one, two, one, two)))
    assert objects.reads == [("film", 0, 2 * MIB)]
    cache.close()


async def test_reading_forwards_reads_ahead_and_jumping_does_not(tmp_path: Path) -> None:
    objects = ObjectsTwin(film=body(20 * MIB))
    cache = SourceCache(objects, tmp_path, 64 * MIB)
    async with cache.open("film") as source:
        assert await source.ensure(10 * MIB + 7, 100) == range(10 * MIB, 10 * MIB + BLOCK_BYTES)
        assert objects.reads[-1] == ("film", 10 * MIB, BLOCK_BYTES)
        there = await source.ensure(10 * MIB + BLOCK_BYTES, 100)
        assert there == range(10 * MIB + BLOCK_BYTES, 10 * MIB + 3 * BLOCK_BYTES)
        await source.ensure(5 * MIB, 100)
        assert objects.reads[-1] == ("film", 5 * MIB, BLOCK_BYTES)
    cache.close()


async def test_a_long_sequential_read_takes_few_requests(tmp_path: Path) -> None:
    """Prefetched bytes are used before the next request: each request costs the store as much as 4 MiB."""
    objects = ObjectsTwin(film=body(30 * MIB))
    cache = SourceCache(objects, tmp_path, 64 * MIB)
    async with cache.open("film") as source:
        offset = 3 * MIB
        while offset < 24 * MIB:
            offset = (await source.ensure(offset, 10)).stop
    asked = [(start / MIB, length / MIB) for _, start, length in objects.reads]
    assert asked == [(3, 0.25), (3.25, 0.5), (3.75, 1), (4.75, 3.25), (8, 8), (16, 8)]
    cache.close()


async def test_reading_ahead_ends_with_the_object(tmp_path: Path) -> None:
    cache = SourceCache(ObjectsTwin(film=body(MIB + 5)), tmp_path, 8 * MIB)
    async with cache.open("film") as source:
        assert await source.ensure(0, MIB) == range(MIB)
        assert await source.ensure(MIB, 1) == range(MIB, MIB + 5)
    cache.close()


async def test_disk_use_is_bounded_and_evicted_bytes_are_refetched(tmp_path: Path) -> None:
    film = body(12 * MIB)
    cache = SourceCache(ObjectsTwin(film=film), tmp_path, 3 * MIB)
    async with cache.open("film") as source:
        for offset in [*range(0, 12 * MIB, MIB), 0, 5 * MIB]:
            assert await read(source, offset, MIB) == film[offset : offset + MIB]
            assert cache.bytes_held <= 4 * MIB
            assert _disk_bytes(tmp_path) <= 4 * MIB + 65_536
    cache.close()
    assert not list(tmp_path.iterdir())


async def test_one_childs_range_is_not_evicted_by_another(tmp_path: Path) -> None:
    first, second = body(2 * MIB), body(9 * MIB)
    cache = SourceCache(ObjectsTwin(a=first, b=second), tmp_path, MIB)
    async with cache.open("a") as one, cache.open("b") as two:
        await one.ensure(0, 2 * MIB)
        for offset in range(0, 9 * MIB, MIB):
            await two.ensure(offset, MIB)
        assert os.pread(one.descriptor, 2 * MIB, 0) == first
    cache.close()


async def test_a_failed_fetch_is_reported_and_retried_at_the_next_read(tmp_path: Path) -> None:
    objects = ObjectsTwin(film=body(MIB))
    cache = SourceCache(objects, tmp_path, 8 * MIB)
    async with cache.open("film") as source:
        objects.down = True
        with pytest.raises(Unavailable):
            await source.ensure(0, 10)
        objects.down = False
        assert await read(source, 0, 10) == objects.bodies["film"][:10]
    cache.close()


async def test_a_short_object_is_not_padded_with_zeros(tmp_path: Path) -> None:
    cache = SourceCache(ObjectsTwin(film=body(100)), tmp_path, 8 * MIB)
    async with cache.open("film", 200) as source:
        with pytest.raises(Unavailable, match="cut short"):
            await source.ensure(0, 200)
    cache.close()


async def test_files_of_a_dead_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "abc.source").write_bytes(b"stale")
    SourceCache(ObjectsTwin(), tmp_path, MIB).close()
    assert not list(tmp_path.iterdir())


async def test_a_missing_object_is_a_key_error(tmp_path: Path) -> None:
    cache = SourceCache(ObjectsTwin(), tmp_path, MIB)
    with pytest.raises(KeyError):
        async with cache.open("film"):
            pass
    cache.close()


def test_blocks_are_grouped_into_runs() -> None:
    assert group_consecutive([1, 2, 5, 6, 9]) == [range(1, 3), range(5, 7), range(9, 10)]
    assert group_consecutive([]) == []


def _disk_bytes(directory: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in directory.iterdir())
