"""``clipstream replay``: waits for the answer and turns it into an exit code."""

from __future__ import annotations

import io
import itertools
from argparse import Namespace
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.commands.replay import REPLAY_TIMEOUT_S, replay
from cli.exit_codes import CliError, ExitCode
from cli.output.terminal import Display
from tests.cli.fake_api import Twin

PATH = "/v1/exports/export-0/replay"
WAITS: dict[str, Any] = {"state": "waiting", "outcome": None, "detail": None, "files": [], "differences": []}
CHANGED = {"what": "library.av", "then": "18.1.0", "now": None}


def display() -> tuple[Display, io.StringIO]:
    written = io.StringIO()
    return Display(Console(file=written, width=120), lambda: 0.0), written


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("same", ExitCode.OK), ("different", ExitCode.REPLAY_DIFFERS), ("impossible", ExitCode.REPLAY_DIFFERS)],
)
def test_replay_waits_and_prints_the_outcome(outcome: str, code: int) -> None:
    done = WAITS | {"state": "done", "outcome": outcome, "detail": "So it is.", "differences": [CHANGED]}
    twin = Twin()
    twin.overrides = {
        ("POST", PATH): [httpx2.Response(202, json=WAITS)],
        ("GET", PATH): [httpx2.Response(200, json=WAITS), httpx2.Response(200, json=done)],
    }
    shown, written = display()
    assert replay(twin.client(), Namespace(export="export-0", json=False), shown) == (code, done)
    assert len(twin.slept) == 2
    assert f"{outcome}: So it is." in written.getvalue()
    assert all(part in written.getvalue() for part in ("library.av", "18.1.0", "–"))


def test_a_terminal_shows_for_how_long_it_waits() -> None:
    seconds = itertools.count()
    written = io.StringIO()
    shown = Display(Console(file=written, width=120, force_terminal=True), lambda: float(next(seconds)))
    twin = Twin()
    done = WAITS | {"state": "done", "outcome": "same", "detail": "So it is."}
    twin.overrides = {
        ("POST", PATH): [httpx2.Response(202, json=WAITS)],
        ("GET", PATH): [httpx2.Response(200, json=done)],
    }
    assert replay(twin.client(), Namespace(export="export-0", json=False), shown)[0] == ExitCode.OK
    assert "export export-0 is made again … 0:01" in written.getvalue()


def test_replay_as_json_prints_no_text() -> None:
    twin = Twin()
    done = WAITS | {"state": "done", "outcome": "same", "detail": "So it is."}
    twin.overrides = {("POST", PATH): [httpx2.Response(202, json=done)]}
    shown, written = display()
    assert replay(twin.client(), Namespace(export="export-0", json=True), shown) == (ExitCode.OK, done)
    assert written.getvalue() == ""


def test_replay_stops_waiting_after_its_timeout() -> None:
    twin = Twin()
    many = [httpx2.Response(200, json=WAITS) for _ in range(round(REPLAY_TIMEOUT_S) + 1)]
    twin.overrides = {("POST", PATH): [httpx2.Response(202, json=WAITS)], ("GET", PATH): many}
    shown, _ = display()
    with pytest.raises(CliError, match="still waits") as caught:
        replay(twin.client(), Namespace(export="export-0", json=False), shown)
    assert caught.value.code == ExitCode.PROJECT_FAILED
