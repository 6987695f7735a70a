"""The Python of Triton's image, installed from its lock, serves every model of the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest

from local.config.paths import REPO, cache_dir
from local.install.cache import ensure_built
from local.install.tools import uv_command
from local.install.triton import TritonInstall
from local.services.model_probe import probe_models
from tests.contract.rigs.triton_server import running

PROJECT = REPO / "deploy" / "compose" / "triton"
VERSION = "3.12"
"""Python of Triton's image (tests/deploy/test_triton_image.py compares)."""


def interpreter() -> Path:
    """A Python of the image's version: on the path, uv's own, or pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for wanted in (VERSION, *sorted(pyenv.glob(f"{VERSION}.*/bin/python{VERSION}"))):
        answer = subprocess.run(
            [*uv_command(), "python", "find", "--no-project", "--no-python-downloads", wanted],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if answer.returncode == 0:
            return Path(answer.stdout.strip()).resolve()
    pytest.skip(f"no Python {VERSION} on this machine: tests/deploy compares the lock all the same")


def environment(python: Path) -> Path:
    """The image's environment without CUDA's libraries, 2.4 GB that nothing here could use. Installed once."""
    lock = (PROJECT / "uv.lock").read_text()
    cuda = [one["name"] for one in tomllib.loads(lock)["package"] if one["name"].startswith("nvidia-")]

    def build(directory: Path) -> None:
        left_out = [word for name in cuda for word in ("--no-install-package", name)]
        subprocess.run(
            [*uv_command(), "sync", "--locked", "--project", PROJECT, "--python", python, *left_out],
            env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(directory), "UV_LINK_MODE": "copy"},
            check=True,
        )  # fmt: skip

    key = hashlib.sha256(f"{lock}{python}".encode()).hexdigest()[:12]
    return ensure_built(cache_dir(os.environ) / f"triton-image-{key}", build)


def test_every_model_answers_from_the_environment_of_the_image(tmp_path: Path) -> None:
    """The server is the one of one machine, with the stub of the image's Python: its own cannot be had here."""
    python = interpreter()
    home = environment(python)

    def as_in_the_image(installed: TritonInstall) -> TritonInstall:
        source = installed.site / "pytriton" / "tritonserver"
        backend = tmp_path / "backends" / "python"
        shutil.copytree(source / "backends" / "python", backend)
        stub = backend / "triton_python_backend_stub"
        shutil.copyfile(source / "python_backend_stubs" / VERSION / stub.name, stub)
        stub.chmod(0o755)
        return msgspec.structs.replace(installed, backends=backend.parent, libdir=python.parents[1] / "lib")

    given = {
        "PYTHONNOUSERSITE": "1",
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "CLIPSTREAM_WHISPER_THREADS": "1",
    }
    with running(tmp_path / "log", changed=as_in_the_image, environment=given) as server:
        probe_models(server.url)
        stub = server.stubs("align")[0]
        opened = {Path(one.path) for one in stub.memory_maps()}
        assert any(home in path.parents for path in opened), "the model took its packages from elsewhere"
