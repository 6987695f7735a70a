"""`clipstream status` asks each worker which walls stand around its children, and says it in a line a set."""

from __future__ import annotations

import http.server
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.exit_codes import ExitCode
from local.config.state import Layout, PartStatus, StackState, save, try_lock
from tests.e2e.rig import serving

pytestmark = pytest.mark.contract
ALL_WALLS = ["landlock", "network", "seccomp"]


def run(root: Path, *words: str) -> int:
    return main(["status", *words, "--state-dir", str(root)])


@contextmanager
def readiness(body: object, status: int = 200) -> Iterator[int]:
    """A worker's /readyz; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/readyz"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield server.server_port


@contextmanager
def running_stack(root: Path, ports: dict[str, int]) -> Iterator[None]:
    """A state directory whose supervisor lives: the lock is held."""
    layout = Layout(root=root)
    parts = {name: PartStatus(name=name, state="ready", port=port) for name, port in ports.items()}
    save(layout, StackState(stack_id="s", phase="ready", supervisor_pid=os.getpid(), parts=parts))
    lock = try_lock(layout)
    assert lock is not None
    try:
        yield
    finally:
        os.close(lock)


def sandbox(walls: list[str] | None, missing: str = "", policy: str = "best-effort") -> dict[str, object]:
    return {"ready": True, "sandbox": {"policy": policy, "walls": walls, "missing": missing}}


def test_status_names_the_walls_that_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = "missing: network namespace"
    with (
        readiness(sandbox(ALL_WALLS)) as render,
        readiness(sandbox(ALL_WALLS)) as frame,
        readiness(sandbox(["landlock"], missing), status=503) as ingest,
        readiness(sandbox(None)) as preview,
        readiness({"ready": True}) as deliver,
        running_stack(
            tmp_path, {"render": render, "frame": frame, "ingest": ingest, "preview": preview, "deliver": deliver}
        ),
    ):
        assert run(tmp_path) == ExitCode.OK
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("sandbox")]
        assert run(tmp_path, "--json") == ExitCode.OK
        walls = json.loads(capsys.readouterr().out)["sandbox"]
    assert lines == [
        "sandbox (best-effort): landlock, network, seccomp · render, frame",
        f"sandbox (best-effort): landlock. {missing} · ingest",
        "sandbox (best-effort): not known yet · preview",
    ]
    assert set(walls) == {"render", "frame", "ingest", "preview"}, "deliver starts no children"
    assert walls["ingest"] == {"policy": "best-effort", "walls": ["landlock"], "missing": missing}


def test_status_of_a_stopped_stack_names_no_walls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = {"render": PartStatus(name="render", state="ready", port=1)}
    save(Layout(root=tmp_path), StackState(stack_id="s", phase="ready", parts=parts))
    assert run(tmp_path) == ExitCode.STACK_UNAVAILABLE
    assert "sandbox" not in capsys.readouterr().out
