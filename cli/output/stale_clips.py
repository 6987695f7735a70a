"""Clip files that an earlier run of the same wish left in a folder. Touches nothing that its report does not name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from cli.api.client import JSON

REPORT = "report.json"


class _Made(msgspec.Struct):
    files: dict[str, str | None] = {}
    shapes: list[_Made] = []


class _Project(msgspec.Struct):
    options: JSON = {}


class _Report(msgspec.Struct):
    source: str
    project: _Project
    clips: list[_Made]


def remove_earlier(out: Path, report: JSON) -> list[str]:
    """Remove clip files in ``out`` that the report there names and ``report``, which is to replace it, does not.

    Only where both tell of the same source with the same options: their clips stand for the same. What was changed
    since the earlier report was written is somebody's own and stays, as does what is no plain file. Gives the names.
    """
    earlier, now = _read(out / REPORT), msgspec.convert(report, _Report)
    if earlier is None or (earlier.source, earlier.project) != (now.source, now.project):
        return []
    told_at_ns = (out / REPORT).stat().st_mtime_ns
    paths = [out / name for name in sorted(set(_names(earlier.clips)) - set(_names(now.clips)))]
    removed = [path for path in paths if path.parent == out and _untouched(path, told_at_ns)]
    for path in removed:
        path.unlink()
    return [path.name for path in removed]


def _read(path: Path) -> _Report | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Report)
    except (OSError, msgspec.MsgspecError):
        return None


def _names(made: list[_Made]) -> Iterator[str]:
    for one in made:
        yield from (name for name in one.files.values() if name)
        yield from _names(one.shapes)


def _untouched(path: Path, told_at_ns: int) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_mtime_ns <= told_at_ns
