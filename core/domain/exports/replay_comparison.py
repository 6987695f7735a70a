"""Compares an export with its replay: the files, and what each was made with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.common import ObjectRef, Value
from schemas.documents.export import ExportFiles
from schemas.documents.replay import Difference, ReplayResult

MAX_FILES = 100


def compared(
    then: ExportFiles, now: ExportFiles, made_then: Mapping[str, str], made_now: Mapping[str, str]
) -> ReplayResult:
    """Hold an export against its replay."""
    before, after = hashes(then), hashes(now)
    names = sorted(before.keys() | after.keys())
    files = [name for name in names if before.get(name) != after.get(name)]
    differences = [
        Difference(what=entry, then=made_then.get(entry), now=made_now.get(entry))
        for entry in sorted(made_then.keys() | made_now.keys())
        if made_then.get(entry) != made_now.get(entry)
    ]
    return ReplayResult(
        outcome="different" if files else "same",
        detail=_sentence(files, len(names), differences, recorded=bool(made_then)),
        files=files[:MAX_FILES],
        compared=len(names),
        differences=differences,
    )


def hashes(files: ExportFiles) -> dict[str, str]:
    """The SHA-256 of every file by its name, however deep it lies."""
    hash_by_name: dict[str, str] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, ObjectRef):
            hash_by_name[name] = value.sha256
        elif isinstance(value, Value):
            for field in value.__struct_fields__:
                walk(f"{name}.{field}" if name else field, getattr(value, field))
        elif isinstance(value, dict):
            for key, part in value.items():
                walk(f"{name}.{key}", part)
        elif isinstance(value, list | tuple):
            for number, part in enumerate(value):
                walk(f"{name}.{number}", part)

    walk("", files)
    return hash_by_name


def _sentence(files: list[str], count: int, differences: list[Difference], *, recorded: bool) -> str:
    if not files:
        although = f", though {len(differences)} things that it is made with differ" if differences and recorded else ""
        return f"All {count} files came out byte for byte as they were{although}."
    names = ", ".join(files[:10])
    if not recorded:
        return f"Other bytes: {names}. The export is older than the record of what an export is made with."
    if not differences:
        return f"Other bytes: {names}. Nothing that is recorded of the making differs."
    entries = ", ".join(difference.what for difference in differences[:20])
    return f"Other bytes: {names}. It is made with other things now: {entries}."
