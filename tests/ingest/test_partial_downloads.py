"""Partial downloads: which are kept for the next attempt, which are removed, and recovery of a full disk."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import InputRejected, NoAnswer, Unavailable
from core.progress import Report
from streams.ingest.partial_downloads import DOWNLOAD_FILE, MAX_PARTIAL_AGE_S, PartialDownloads, download_name
from tests.core.media.fakes import ObjectsTwin
from tests.ingest.test_source_importer import OutsideTwin, run

NOW_S = 1_000_000_000.0
ONE, TWO = UUID(int=1), UUID(int=2)


def partials(tmp_path: Path, max_bytes: int = 1000) -> PartialDownloads:
    return PartialDownloads(tmp_path / "downloads", max_bytes=max_bytes, now_s=lambda: NOW_S)


def left(tmp_path: Path) -> list[str]:
    return sorted(place.name for place in (tmp_path / "downloads").iterdir())


def leave(tmp_path: Path, name: str, size: int, age_s: float) -> None:
    place = tmp_path / "downloads" / name
    place.mkdir(parents=True)
    (place / DOWNLOAD_FILE).write_bytes(b"x" * size)
    for path in (place / DOWNLOAD_FILE, place):
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (None, False),
        (NoAnswer("outside", "cut"), True),
        (asyncio.CancelledError(), True),
        (InputRejected("a", "b"), False),
    ],
    ids=["done", "later", "drained", "refused"],
)
def test_a_partial_download_stays_for_the_next_attempt(
    error: BaseException | None, *, kept: bool, tmp_path: Path
) -> None:
    held = partials(tmp_path)
    with pytest.raises(type(error)) if error else nullcontext():
        with held.open_download("a", tmp_path / "other") as path:
            path.write_bytes(b"begun")
            os.utime(path.parent, (NOW_S, NOW_S))
            os.utime(path, (NOW_S, NOW_S))
            if error:
                raise error
    assert left(tmp_path) == (["a"] if kept else [])
    with held.open_download("a", tmp_path / "other") as path:
        assert path.exists() is kept


def test_two_attempts_never_write_to_one_download(tmp_path: Path) -> None:
    with (
        partials(tmp_path).open_download("a", tmp_path / "one") as first,
        partials(tmp_path).open_download("a", tmp_path / "two") as second,
    ):
        assert (first.name, second) == (DOWNLOAD_FILE, tmp_path / "two")
        partials(tmp_path, max_bytes=-1).sweep()
        partials(tmp_path).make_room()
        assert left(tmp_path) == ["a"], "what is written to is not swept"


def test_old_and_excess_downloads_are_removed(tmp_path: Path) -> None:
    leave(tmp_path, "old", 1, MAX_PARTIAL_AGE_S + 1)
    leave(tmp_path, "early", 600, 300)
    leave(tmp_path, "late", 500, 200)
    leave(tmp_path, "newest", 400, 100)
    partials(tmp_path).sweep()
    assert left(tmp_path) == ["late", "newest"]
    partials(tmp_path).make_room()
    assert left(tmp_path) == []
    PartialDownloads(tmp_path / "none", max_bytes=1, now_s=lambda: NOW_S).sweep()


def test_a_download_name_is_opaque_and_unique_per_project() -> None:
    names = {download_name(org, project, "https://u:secret@a.example/") for org in (ONE, TWO) for project in (ONE, TWO)}
    assert len(names) == 4
    assert all(name.isalnum() and len(name) == 64 for name in names)
    assert download_name(ONE, TWO, "a") != download_name(ONE, TWO, "b")


class FullDisk(OutsideTwin):
    """A download that fills the disk half way."""

    async def download(
        self, url: str, path: Path, *, max_bytes: int, report: Report, headers: Mapping[str, str]
    ) -> AsyncIterator[int]:
        path.write_bytes(b"half")
        yield 4
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_full_disk_frees_the_space_of_old_downloads(tmp_path: Path) -> None:
    leave(tmp_path, "another", 10, 0)
    os.utime(tmp_path / "downloads" / "another")
    with pytest.raises(Unavailable, match="room"):
        await run(tmp_path, ObjectsTwin(), key=None, url="https://a.example/film", outside=FullDisk())
    assert not list((tmp_path / "downloads").rglob(DOWNLOAD_FILE))


async def test_a_rejected_download_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputRejected):
        await run(tmp_path, ObjectsTwin(), key=None, url="https://a.example/film", outside=OutsideTwin(b"no film"))
    assert left(tmp_path) == []
