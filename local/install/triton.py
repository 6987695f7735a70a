"""Install Triton: the server inside nvidia-pytriton and the Python of its backend, both from uv.lock."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.config.paths import REPO
from local.errors import StackError
from local.install.cache import ensure_built
from local.install.tools import Say, explain_uv, run_tool, shorten_uv, tool_environment, uv_command

WHAT = "Triton"
_ASK = (
    "import sys, sysconfig, json; print(json.dumps({'version': '%d.%d' % sys.version_info[:2],"
    " 'site': sysconfig.get_path('purelib'), 'libdir': sysconfig.get_config_var('LIBDIR') or ''}))"
)


class TritonInstall(msgspec.Struct, frozen=True, kw_only=True):
    """Folders of the parts of Triton."""

    home: Path
    """The environment of its Python backend (numpy < 2)."""
    site: Path
    libdir: Path
    """Folder of libpython: the stub is linked against it."""
    backends: Path

    @property
    def server(self) -> Path:
        """The tritonserver binary."""
        return self.site / "pytriton" / "tritonserver" / "bin" / "tritonserver"

    @property
    def libraries(self) -> str:
        """LD_LIBRARY_PATH of the server and its stubs."""
        return f"{self.site / 'nvidia_pytriton.libs'}:{self.libdir}"


def locked_requirements(group: str) -> str:
    """The group's exact requirements with hashes, from uv.lock. Raises StackError."""
    result = subprocess.run(
        [*uv_command(), "export", "--frozen", "--quiet", "--no-emit-project", "--no-header", "--only-group", group],
        cwd=REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        raise StackError(f"uv.lock cannot be read: restore it with git ({result.stderr.strip()[-160:]})")
    return result.stdout


def target(cache: Path, requirements: str) -> Path:
    """Named by the locked requirements and by the interpreter that the environment points at."""
    key = f"{requirements}\n{sys.version}\n{sys.base_prefix}"
    return cache / f"triton-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def install(cache: Path, environ: Mapping[str, str], say: Say) -> TritonInstall:
    """Triton's environment, made when missing. Raises StackError."""

    def build(directory: Path) -> None:
        run_tool(
            [*uv_command(), "sync", "--frozen", "--only-group", "triton", "--no-install-project",
             "--python", str(Path(sys.base_prefix) / "bin" / "python3.11")],
            cwd=REPO,
            environ=tool_environment(
                environ, UV_PROJECT_ENVIRONMENT=str(directory), UV_LINK_MODE="copy", UV_COMPILE_BYTECODE="1"
            ),
            say=say,
            shorten=shorten_uv,
            explain=explain_uv(WHAT),
        )  # fmt: skip
        _lay_out_backend(directory)

    return locate(ensure_built(target(cache, locked_requirements("triton")), build))


def _ask_python(home: Path) -> dict[str, str]:
    output = subprocess.run([home / "bin" / "python", "-c", _ASK], capture_output=True, text=True, check=True).stdout
    answer: dict[str, str] = msgspec.json.decode(output)
    return answer


def _lay_out_backend(home: Path) -> None:
    """The Python backend with the stub of this Python version, outside site-packages."""
    python = _ask_python(home)
    source = Path(python["site"]) / "pytriton" / "tritonserver"
    backend = home / "backends" / "python"
    shutil.copytree(source / "backends" / "python", backend)
    stub = backend / "triton_python_backend_stub"
    shutil.copyfile(source / "python_backend_stubs" / python["version"] / stub.name, stub)
    stub.chmod(0o755)
    (source / "bin" / "tritonserver").chmod(0o755)


def locate(home: Path) -> TritonInstall:
    """The paths of an environment that is there. Raises StackError when it does not run."""
    try:
        python = _ask_python(home)
    except (OSError, subprocess.CalledProcessError):
        raise StackError(f"Triton's Python no longer runs: remove {home} and run again") from None
    return TritonInstall(
        home=home, site=Path(python["site"]), libdir=Path(python["libdir"]), backends=home / "backends"
    )
