"""The real Triton with this clone's models, installed as the product installs it. Stopped by its own PID."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import msgspec
import psutil
import pytest

from local.config.paths import REPO, cache_dir, make_private
from local.install import triton, weights
from local.supervisor.processes import tie_to_parent
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, Patience

SHARED = "clipstream_test_"
STUB = "triton_python_backend_stub"


class Triton(msgspec.Struct, frozen=True, kw_only=True):
    """A running server."""

    url: str
    pid: int
    weights: Path
    python: Path
    """The interpreter of the models' environment."""
    prefix: str

    def stubs(self, model: str) -> list[psutil.Process]:
        """Processes that run a model's Python."""
        family = psutil.Process(self.pid).children(recursive=True)
        return [one for one in family if _runs(one, model)]

    def kill(self, model: str) -> None:
        """Kill a model's Python; a test that killed nothing fails."""
        running = self.stubs(model)
        assert running, f"no process runs {model}"
        for stub in running:
            stub.kill()


def _runs(process: psutil.Process, model: str) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:  # it ended, or is a zombie: not running
        return False
    named = any(f"/{model}/1/" in part or part.startswith(f"{model}_0") for part in command)
    return named and any(STUB in part for part in command)


def say(line: str) -> None:
    """Progress of an installation goes to the test's log."""
    print(line)


@pytest.fixture(scope="session")
def triton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """Triton on free ports, Whisper base and CenterFace on CPU."""
    with running(tmp_path_factory.mktemp("triton") / "log") as server:
        yield server


@contextmanager
def running(
    log: Path,
    models: Sequence[str] = ("*",),
    *,
    changed: Callable[[triton.TritonInstall], triton.TritonInstall] = lambda installed: installed,
    environment: Mapping[str, str] = MappingProxyType({}),
    repository: Path = REPO / "models" / "triton_repo",
) -> Iterator[Triton]:
    """A server with these models of a repository for the duration of the block; installs missing parts first."""
    cache = make_private(cache_dir(os.environ))
    installed = triton.install(cache, os.environ, say)
    held = weights.install(cache, installed, os.environ, say)
    installed = changed(installed)
    ports = free_ports(3)
    prefix = f"{SHARED}{os.getpid()}_"
    _remove_leftover_memory()
    with log.open("wb") as out:
        process = subprocess.Popen(
            _command(installed, ports, prefix, models, repository),
            stdout=out,
            stderr=out,
            env=_environment(installed, held) | environment,
            preexec_fn=tie_to_parent(signal.SIGTERM),  # noqa: PLW1509 - it takes no lock and imports nothing
        )
    try:
        _wait_ready(process, f"http://127.0.0.1:{ports[1]}/v2/health/ready", log)
        yield Triton(
            url=f"127.0.0.1:{ports[0]}",
            pid=process.pid,
            weights=held,
            python=installed.home / "bin" / "python",
            prefix=prefix,
        )
    finally:
        _stop(process)
        for left in Path("/dev/shm").glob(f"{prefix}*"):
            left.unlink()


def _remove_leftover_memory() -> None:
    """The shared memory of runs that were killed."""
    for left in Path("/dev/shm").glob(f"{SHARED}*"):
        owner = left.name.removeprefix(SHARED).partition("_")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            left.unlink(missing_ok=True)


def _command(
    installed: triton.TritonInstall, ports: list[int], prefix: str, models: Sequence[str], repository: Path
) -> list[str]:
    return [
        str(installed.server),
        f"--model-repository={repository}",
        f"--backend-directory={installed.backends}",
        f"--backend-config=python,shm-region-prefix-name={prefix}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in models),
        "--exit-timeout-secs=5",
        "--allow-gpu-metrics=false",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={ports[0]}",
        "--http-address=127.0.0.1",
        f"--http-port={ports[1]}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={ports[2]}",
    ]


def _environment(installed: triton.TritonInstall, models: Path) -> dict[str, str]:
    return (
        os.environ
        | weights.environment(models)
        | {
            "PATH": f"{installed.home / 'bin'}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": installed.libraries,
            "HF_HUB_OFFLINE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    patience = Patience("Triton's start")
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if process.poll() is not None:
                raise AssertionError(f"Triton does not start:\n{log.read_text()[-4000:]}") from None
            patience.check(log.stat().st_size)
            time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(HANG_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family:
        if child.is_running():
            child.kill()
