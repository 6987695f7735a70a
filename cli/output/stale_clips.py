"""Removes clip files that an earlier run with the same options left in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from cli.api.client import JSON

REPORT_NAME = "report.json"


class _ReportedFiles(msgspec.Struct):
    files: dict[str, str | None] = {}
    shapes: list[_ReportedFiles] = []


class _Project(msgspec.Struct):
    options: JSON = {}


class _Report(msgspec.Struct):
    source: str
    project: _Project
    clips: list[_ReportedFiles]


def remove_stale_files(out: Path, report: JSON) -> list[str]:
    """Remove files that the report in ``out`` names and its replacement ``report`` does not.

    Both must be of the same source with the same options. A file changed since the earlier report was written
    belongs to the user and stays, as does anything but a plain file. Returns the names of removed files.
    """
    previous, current = _read(out / REPORT_NAME), msgspec.convert(report, _Report)
    if previous is None or (previous.source, previous.project) != (current.source, current.project):
        return []
    written_at_ns = (out / REPORT_NAME).stat().st_mtime_ns
    paths = [out / name for name in sorted(set(_names(previous.clips)) - set(_names(current.clips)))]
    removed = [path for path in paths if path.parent == out and _is_untouched(path, written_at_ns)]
    for path in removed:
        path.unlink()
    return [path.name for path in removed]


def _read(path: Path) -> _Report | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Report)
    except (OSError, msgspec.MsgspecError):
        return None


def _names(clips: list[_ReportedFiles]) -> Iterator[str]:
    for clip in clips:
        yield from (name for name in clip.files.values() if name)
        yield from _names(clip.shapes)


def _is_untouched(path: Path, written_at_ns: int) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_mtime_ns <= written_at_ns
