"""Directories of the download cache: built under another name, renamed when complete."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import StackError

_CHUNK_BYTES = 4 * 2**20


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an advisory lock on ``path``; the kernel frees it with the process, so it is never stale."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def ensure_built(target: Path, build: Callable[[Path], None]) -> Path:
    """``target``, built by ``build(empty directory)`` if it is missing; concurrent callers build it once."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(target.parent / f".{target.name}.lock"):
        if target.is_dir():
            return target
        for left_over in target.parent.glob(f".partial-{target.name}-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".partial-{target.name}-"))
        try:
            build(partial)
            partial.chmod(0o755)
            partial.rename(target)
        except OSError as error:
            raise StackError(
                f"{target.name} could not be written to {target.parent}: {error.strerror or error}"
            ) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def parse_checksums(text: str) -> dict[str, str]:
    """A list as ``sha256sum`` prints it: relative name → hex digest."""
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name.strip(): digest for digest, name in pairs}


def check_files(directory: Path, expected: dict[str, str], *, part: str, remedy: str) -> None:
    """Raise StackError unless each file has its checksum; ``remedy`` may contain ``{name}``."""
    for name, digest in sorted(expected.items()):
        path = directory / name
        if not path.is_file():
            raise StackError(f"{part}: {name} is missing from the download: {remedy.format(name=name)}")
        actual = sha256_of(path)
        if actual != digest:
            wrong = f"{name} has SHA-256 {actual[:12]}… and should have {digest[:12]}…"
            raise StackError(f"{part}: {wrong}: {remedy.format(name=name)}")
