"""Run the tools that download (uv, Maven) and shorten their output to a line per file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.errors import StackError

Say = Callable[[str], None]
"""Takes one line of progress."""

_KEPT_LINES = 40
_MIN_JAVA = 17


def uv_command() -> list[str]:
    """uv of this very environment (it is in the lock)."""
    return [sys.executable, "-m", "uv"]


def run_tool(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    say: Say,
    shorten: Callable[[str], str | None],
    explain: Callable[[str], str],
) -> None:
    """Run a tool; each line goes through ``shorten`` to ``say``. Raises StackError(``explain(output)``)."""
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    with subprocess.Popen(
        argv, cwd=cwd, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.rstrip())
            if short := shorten(line.rstrip()):
                say(short)
    if process.returncode:
        raise StackError(explain("\n".join(last)))


def shorten_uv(line: str) -> str | None:
    """uv says ``Downloading numpy (17.4MiB)`` and `` Downloaded numpy``: keep the first."""
    match = re.match(r"\s*Downloading (\S+) \((\S+?)iB\)", line)
    return f"{match[1]} {match[2]}B" if match else None


def explain_uv(part: str) -> Callable[[str], str]:
    """One line for a failed uv run."""

    def explain(output: str) -> str:
        if re.search(r"hash mismatch|Hash mismatch", output):
            return (
                f"{part}: a download does not have the checksum that uv.lock demands: run `uv cache clean`, "
                "then again; if it stays so, something between here and the registry alters files"
            )
        if re.search(r"No space left", output):
            return f"{part}: the disk is full: make room, or set CLIPSTREAM_CACHE (and UV_CACHE_DIR) to another disk"
        return (
            f"{part} could not be fetched ({last_words(output)}): mend the network and run again, what is there is kept"
        )

    return explain


def last_words(output: str) -> str:
    """The last line of a tool's output that says something, shortened."""
    lines = [line.strip(" ×│╰─▶├\t") for line in output.splitlines()]
    messages = [line for line in lines if line and not line.startswith(("hint:", "[ERROR] ->", "[ERROR] [Help"))]
    return (messages[-1] if messages else "no output")[:160]


def find_tool(name: str, remedy: str) -> str:
    """Path of a program; raises StackError(remedy) where it is missing."""
    path = shutil.which(name)
    if not path:
        raise StackError(remedy)
    return path


def find_java() -> str:
    """Path of a Java of 17 or newer; raises StackError."""
    advice = "`apt-get install openjdk-17-jre-headless`, or set CLIPSTREAM_KAFKA to a broker that runs elsewhere"
    java = find_tool("java", f"Kafka needs Java {_MIN_JAVA} or newer, which is missing: {advice}")
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=20)
    match = re.search(r'version "(\d+)', output.stderr + output.stdout)
    if not match or int(match[1]) < _MIN_JAVA:
        version = match[1] if match else "one that does not run"
        raise StackError(f"Kafka needs Java {_MIN_JAVA} or newer and this one is {version}: {advice}")
    return java


def tool_environment(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """The caller's environment without what would point a tool at the wrong virtual environment."""
    variables = {
        name: value for name, value in environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    }
    return variables | {"PATH": environ.get("PATH", os.defpath)} | more
