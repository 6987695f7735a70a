"""Ctrl-C while a stack starts: the command exits with 130, and nothing of the stack remains. On real stores."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import stack
from local.config.state import is_running, load
from tests.contract.local.test_local_stack import SMALL, nothing_left, state_of, until, without
from tests.support.progress import HANG_S


@pytest.mark.parametrize("how", [[], ["--foreground"]], ids=["up", "up --foreground"])
def test_ctrl_c_while_it_comes_up_leaves_nothing(how: list[str], tmp_path: Path) -> None:
    """Kafka is an address that accepts connections and never answers, so the start keeps waiting."""
    silent = socket.create_server(("127.0.0.1", 0))
    elsewhere = without(*SMALL) | {"CLIPSTREAM_KAFKA": f"127.0.0.1:{silent.getsockname()[1]}"}
    layout = stack.layout_of(tmp_path / "interrupted")
    command = [sys.executable, "-m", "cli", "up", *how, "--state-dir", str(layout.root)]
    with subprocess.Popen(
        command, env=elsewhere, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - it takes no lock and imports nothing
    ) as up:  # fmt: skip
        try:
            until(layout, lambda: _ready(layout, "postgres") and _ready(layout, "search"), "the stores")
            assert not nothing_left(state_of(layout))
            up.send_signal(signal.SIGINT)
            said = up.communicate(timeout=HANG_S)[0]
            assert up.returncode == 130, said
            assert "Traceback" not in said
            until(layout, lambda: not is_running(layout), "a free lock")
            assert nothing_left(state_of(layout))
        finally:
            up.kill()
            stack.reset(layout, print)
            silent.close()


def _hears_ctrl_c() -> None:
    """A shell's background jobs ignore SIGINT, and so would the command that the test starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _ready(layout: stack.Layout, part: str) -> bool:
    state = load(layout)
    return state is not None and part in state.parts and state.parts[part].state == "ready"
