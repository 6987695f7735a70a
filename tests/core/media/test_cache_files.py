"""The cache keeps a bounded number of files open: a process has a limited number of descriptors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.media import range_cache as caching
from core.media.range_cache import SourceCache
from tests.core.media.fakes import ObjectsTwin

MIB = 2**20


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count


async def test_many_short_originals_leave_few_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MAX_OPEN_FILES", 4)
    bodies = {f"film-{number}": os.urandom(1000) for number in range(20)}
    objects, before = ObjectsTwin(**bodies), open_files()
    cache = SourceCache(objects, tmp_path, 64 * MIB)
    async with cache.open("film-0", 1000) as held:
        for name, body in bodies.items():
            async with cache.open(name, 1000) as source:
                await source.ensure(0, 1000)
                assert os.pread(source.descriptor, 1000, 0) == body
            await held.ensure(0, 1000)
        assert os.pread(held.descriptor, 1000, 0) == bodies["film-0"], "what is being read stays"
        assert open_files() - before <= 4
        assert len(list(tmp_path.iterdir())) <= 4, "their space is given back as well"
    assert objects.reads.count(("film-0", 0, 1000)) == 1
    async with cache.open("film-18", 1000) as source:
        await source.ensure(0, 1000)
    assert objects.reads.count(("film-18", 0, 1000)) == 1, "the last ones are still there"
    cache.close()
    assert open_files() == before
