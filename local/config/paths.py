"""Paths: the clone, the download cache, the state directory of one stack."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from local.errors import StackError

REPO = Path(__file__).resolve().parents[2]
"""The clone: pyproject.toml, uv.lock and models/triton_repo are read from here."""

DEFAULT_STATE = Path(".clipstream")
MIB = 2**20


def cache_dir(environ: Mapping[str, str]) -> Path:
    """The download cache of all stacks of this user: ``CLIPSTREAM_CACHE``, else under the home."""
    configured = environ.get("CLIPSTREAM_CACHE")
    return Path(configured).expanduser().resolve() if configured else Path.home() / ".cache" / "clipstream"


def existing_parent(path: Path) -> Path:
    """The nearest directory at or above ``path`` that is there."""
    for place in (path, *path.parents):
        if place.is_dir():
            return place
    return Path("/")


def check_free(path: Path, needed_bytes: int, purpose: str, otherwise: str) -> None:
    """Raise StackError unless ``needed_bytes`` are free on the disk of ``path``."""
    free = shutil.disk_usage(existing_parent(path)).free
    if free < needed_bytes:
        raise StackError(
            f"{purpose} needs {needed_bytes // MIB} MB under {path} and {free // MIB} MB are free: "
            f"make room there, or {otherwise}"
        )


def make_private(path: Path) -> Path:
    """Create ``path`` if it is missing; raises StackError where that is not allowed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, FileExistsError) as error:
        raise StackError(f"{path} cannot be made ({error.strerror}): choose another place") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise StackError(f"{path} cannot be written: choose another place, or mend its owner")
    return path


def open_to_all(path: Path) -> bool:
    """Whether any user can reach ``path``: it and each directory above it is open to others (x bit)."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents) if place.is_dir())
