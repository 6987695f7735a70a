"""Linters and generators of the OpenAPI document, from their lock files, installed once under the download cache.

Nothing is written into the clone. Without Node 20, npm or a package registry the tests fail: they never skip.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from local.config.paths import cache_dir

HERE = Path(__file__).parent
NODE_FILES = ("package.json", "package-lock.json")
REQUIREMENTS = HERE / "requirements.txt"
"""Made by `uv pip compile --universal --generate-hashes` of openapi-python-client: Faust pins an older click."""
FETCH_S = 400
LINT_S = 120
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "SCARF_ANALYTICS": "false"}


def node_tools() -> Path:
    """The folder of Redocly, Spectral, openapi-typescript and TypeScript's commands."""
    return node_packages("openapi-node", HERE) / ".bin"


def node_packages(name: str, lock: Path) -> Path:
    """The ``node_modules`` of the lock file in a folder."""

    def install(place: Path) -> None:
        for file in NODE_FILES:
            shutil.copy(lock / file, place)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(command, cwd=place, timeout_s=FETCH_S)

    return _installed(name, [lock / file for file in NODE_FILES], install) / "node_modules"


def python_tools() -> Path:
    """The folder of openapi-python-client's commands, with a Python that can import what it generates."""

    def install(place: Path) -> None:
        uv = Path(sys.executable).with_name("uv")
        run([uv, "venv", "--quiet", "--python", sys.executable, place / "venv"], timeout_s=FETCH_S)
        into = ["--python", place / "venv" / "bin" / "python"]
        run([uv, "pip", "install", "--quiet", "--require-hashes", *into, "-r", REQUIREMENTS], timeout_s=FETCH_S)

    return _installed("openapi-python", [REQUIREMENTS], install) / "venv" / "bin"


def _installed(name: str, locks: Sequence[Path], install: Callable[[Path], None]) -> Path:
    """A folder of the cache named by the lock files; made once, by one process at a time."""
    version = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:12]
    place = cache_dir(os.environ) / f"{name}-{version}"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "ready").exists():
            install(place)
            (place / "ready").touch()
    return place


def run(command: Sequence[str | Path], *, cwd: Path | None = None, timeout_s: float = LINT_S) -> str:
    """Return the command's output; fails the test if it is missing or exits with an error."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        pytest.fail(f"{command[0]} is not there: install Node 20 with npm, and run `make setup`")
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {**own, **QUIET}
