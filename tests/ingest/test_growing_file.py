"""A source that is read while it downloads: missing bytes are waited for, and a failure reaches each reader."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from core.errors import Unavailable
from streams.ingest.growing_file import COPY_PART_BYTES, copy_object
from tests.core.media.fakes import ObjectsTwin
from tests.ingest.test_source_importer import UPLOAD, run
from tests.support.media.hostile_files import film

BODY = os.urandom(COPY_PART_BYTES * 2 + 12_345)


class SlowTwin(ObjectsTwin):
    """Gives the first part at once, each further part when released, or fails."""

    def __init__(self, **bodies: bytes) -> None:
        super().__init__(**bodies)
        self.go_on = asyncio.Event()
        self.broken = False

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        if start:
            await self.go_on.wait()
        if start and self.broken:
            raise Unavailable("objects", "the store went away")
        return await super().read_range(key, start, length)


async def test_copied_bytes_are_readable_and_the_rest_awaited(tmp_path: Path) -> None:
    objects, counts = SlowTwin(it=BODY), list[int]()
    async with copy_object(objects, "it", len(BODY), tmp_path / "it", counts.append) as source:
        assert await source.ensure(0, 10) == range(COPY_PART_BYTES)
        assert os.pread(source.descriptor, COPY_PART_BYTES, 0) == BODY[:COPY_PART_BYTES]
        later = asyncio.create_task(source.ensure(len(BODY) - 10, 10**9))
        assert not (await asyncio.wait([later], timeout=0.05))[0], "not there yet"
        objects.go_on.set()
        assert await later == range(len(BODY))
        assert os.pread(source.descriptor, 10, len(BODY) - 10) == BODY[-10:]
        whole = await source.wait_complete()
    assert (whole.size, whole.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
    assert counts == [COPY_PART_BYTES, 2 * COPY_PART_BYTES, len(BODY)]


async def test_a_waiting_reader_learns_that_the_store_is_lost(tmp_path: Path) -> None:
    objects = SlowTwin(it=BODY)
    objects.broken = True
    async with copy_object(objects, "it", len(BODY), tmp_path / "it", lambda _: None) as source:
        waits = [asyncio.create_task(one) for one in (source.ensure(COPY_PART_BYTES, 1), source.wait_complete())]
        await asyncio.sleep(0)
        objects.go_on.set()
        for one in (*waits, asyncio.create_task(source.ensure(COPY_PART_BYTES, 1))):
            with pytest.raises(Unavailable, match="went away"):
                await one


async def test_the_copy_stops_with_its_reader(tmp_path: Path) -> None:
    objects = SlowTwin(it=BODY)
    async with copy_object(objects, "it", len(BODY), tmp_path / "it", lambda _: None) as source:
        await source.ensure(0, 1)
    objects.go_on.set()
    await asyncio.sleep(0.01)
    assert (tmp_path / "it").stat().st_size == COPY_PART_BYTES


async def test_an_outage_in_mid_file_is_not_the_files_fault(tmp_path: Path) -> None:
    whole = film(tmp_path / "film.mp4", seconds=2).read_bytes()
    objects = SlowTwin(**{UPLOAD: whole + bytes(COPY_PART_BYTES)})
    objects.broken = True
    objects.go_on.set()
    with pytest.raises(Unavailable, match="went away"):
        await run(tmp_path, objects)


async def test_a_refused_file_is_not_fetched_to_its_end(tmp_path: Path) -> None:
    objects = SlowTwin(**{UPLOAD: b"x" * (COPY_PART_BYTES * 3)})
    with pytest.raises(Exception, match="not a media file"):
        await asyncio.wait_for(run(tmp_path, objects), timeout=30)
    assert len(objects.reads) == 1
