"""Public scorers and peers in an environment of their own, asked by JSON.

Never imported by the product.

A judge is a file in ``benchmarks/judges`` that reads one JSON value on standard input and prints one. It runs in the
environment of the group ``measure`` in uv.lock, made once and kept in the cache: what judges us shares no library with
what is judged.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from local.config.paths import cache_dir, make_private
from local.install.cache import ensure_built
from local.install.tools import tool_environment, uv_command
from local.install.triton import locked_requirements

JUDGES = Path(__file__).parents[1] / "judges"
TIMEOUT_S = 3600.0


def environment() -> Path:
    """The judges' Python, made when missing."""
    requirements = locked_requirements("measure")

    def build(directory: Path) -> None:
        listed = directory / "requirements.txt"
        listed.write_text(requirements)
        env = tool_environment(os.environ, UV_LINK_MODE="copy")
        home = directory / "env"
        subprocess.run([*uv_command(), "venv", "-q", "--relocatable", "-p", "3.11", str(home)], env=env, check=True)
        python = str(home / "bin" / "python")
        install = [*uv_command(), "pip", "install", "-q", "-p", python, "--no-deps", "--require-hashes"]
        subprocess.run([*install, "-r", str(listed)], env=env, check=True)

    key = hashlib.sha256(requirements.encode()).hexdigest()[:12]
    return ensure_built(make_private(cache_dir(os.environ)) / f"measure-{key}", build) / "env" / "bin" / "python"


def script(name: str, request: Any) -> Any | None:
    """The answer of ``benchmarks/judges/<name>/names.js``; None where there is no Node.js to run it.

    Its packages come from npm by the lock next to it, once, without running a line of theirs to install them.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    source = JUDGES / name
    files = [source / "package.json", source / "package-lock.json", source / "names.js"]

    def build(directory: Path) -> None:
        for file in files:
            shutil.copy(file, directory)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(install, cwd=directory, check=True, timeout=TIMEOUT_S)

    key = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    home = ensure_built(make_private(cache_dir(os.environ)) / f"{name}-{key}", build)
    encoded = msgspec.json.encode(request)
    run = subprocess.run(
        ["node", home / "names.js"], input=encoded, stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True
    )
    return msgspec.json.decode(run.stdout)


def judge(name: str, request: Any) -> Any:
    """The answer of ``benchmarks/judges/<name>.py``. Its standard error is ours."""
    run = subprocess.run(
        [environment(), JUDGES / f"{name}.py"],
        input=msgspec.json.encode(request),
        stdout=subprocess.PIPE,
        timeout=TIMEOUT_S,
        check=True,
    )
    return msgspec.json.decode(run.stdout)
