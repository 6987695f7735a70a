"""Whether an export made once more comes out as it was, and what differs where it does not. Pure; makes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from schemas.documents import ExportFiles
from schemas.media import ObjectRef, Value

ReplayOutcome = Literal["same", "different", "impossible", "failed"]
"""``impossible``: what it was made of is gone; ``failed``: it could not be made this time."""
MOST_FILES = 100


class Difference(Value, frozen=True, kw_only=True):
    """One thing an export was made with that is another now; None where it was, or is, not there."""

    what: str
    """What differs."""
    then: str | None
    """Value at the first making; null where it was not there."""
    now: str | None
    """Value now; null where it is not there."""


class Remade(Value, frozen=True, kw_only=True):
    """What a replay found."""

    outcome: ReplayOutcome
    detail: str
    """In a sentence."""
    files: list[str] = []
    """Names of the files whose bytes differ."""
    compared: int = 0
    """How many files were compared."""
    differences: list[Difference] = []
    """What it was made with then and now, where that is not the same; also where the bytes are."""


def compared(then: ExportFiles, now: ExportFiles, made_then: Mapping[str, str], made_now: Mapping[str, str]) -> Remade:
    """Hold an export against its replay."""
    before, after = hashes(then), hashes(now)
    names = sorted(before.keys() | after.keys())
    files = [name for name in names if before.get(name) != after.get(name)]
    differences = [
        Difference(what=what, then=made_then.get(what), now=made_now.get(what))
        for what in sorted(made_then.keys() | made_now.keys())
        if made_then.get(what) != made_now.get(what)
    ]
    return Remade(
        outcome="different" if files else "same",
        detail=_sentence(files, len(names), differences, known=bool(made_then)),
        files=files[:MOST_FILES],
        compared=len(names),
        differences=differences,
    )


def hashes(files: ExportFiles) -> dict[str, str]:
    """The SHA-256 of every file by its name, however deep it lies."""
    found: dict[str, str] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, ObjectRef):
            found[name] = value.sha256
        elif isinstance(value, Value):
            for field in value.__struct_fields__:
                walk(f"{name}.{field}" if name else field, getattr(value, field))
        elif isinstance(value, dict):
            for key, one in value.items():
                walk(f"{name}.{key}", one)
        elif isinstance(value, list | tuple):
            for number, one in enumerate(value):
                walk(f"{name}.{number}", one)

    walk("", files)
    return found


def _sentence(files: list[str], count: int, differences: list[Difference], *, known: bool) -> str:
    if not files:
        beside = f", though {len(differences)} things that it is made with differ" if differences and known else ""
        return f"All {count} files came out byte for byte as they were{beside}."
    which = ", ".join(files[:10])
    if not known:
        return f"Other bytes: {which}. The export is older than the record of what an export is made with."
    if not differences:
        return f"Other bytes: {which}. Nothing that is recorded of the making differs."
    return f"Other bytes: {which}. It is made with other things now: {', '.join(one.what for one in differences[:20])}."
