"""The stack on its real stores: several next to each other, restarts, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import psutil
import pytest

from local import stack
from local.config.stack_secrets import kafka_password, load_or_make
from local.config.state import Layout, StackState, is_running, load
from local.endpoints import GIVEN_BY
from local.errors import StackError
from local.services.kafka import ADMIN, administrator
from local.services.leftovers import leftover_files
from local.services.readiness import kafka_round_trip
from local.services.table import PORTS
from local.services.triton import instances
from local.stack import StackInfo
from local.supervisor.processes import find_marked
from tests.support.progress import HANG_S, wait_while_moving

ELSEWHERE = {part: dict.fromkeys(names, "127.0.0.1:9") for part, names in GIVEN_BY.items()}


def without(*parts: str) -> dict[str, str]:
    """An environment with some parts elsewhere: a smaller stack starts sooner."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    if "CLIPSTREAM_CACHE" in os.environ:
        own["CLIPSTREAM_CACHE"] = os.environ["CLIPSTREAM_CACHE"]
    for part in parts:
        own |= ELSEWHERE[part]
    return own


SMALL = ("kafka", "triton", "clickhouse", "objects")


class Made:
    """Stacks of stores, removed after the test in any case."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layouts: list[Layout] = []
        self.said: list[str] = []

    def layout(self, name: str) -> Layout:
        layout = stack.layout_of(self.root / name)
        self.layouts.append(layout)
        return layout

    def up(self, layout: Layout, environ: dict[str, str]) -> StackInfo:
        return stack.ensure_running(layout, environ, self.said.append, stores_only=True, ends_with_us=True)


@pytest.fixture
def stack_maker(tmp_path: Path) -> Iterator[Made]:
    stacks = Made(tmp_path)
    try:
        yield stacks
    finally:
        for layout in stacks.layouts:
            stack.reset(layout, print)


def state_of(layout: Layout) -> StackState:
    state = load(layout)
    assert state is not None
    return state


def until(layout: Layout, true: Callable[[], object], awaited: str) -> None:
    """Wait while the stack's own state file changes."""
    wait_while_moving(true, awaited, progress=lambda: load(layout))


def nothing_left(state: StackState) -> bool:
    return not find_marked(state.stack_id) and not list(leftover_files(state.stack_id, state.port_base))


def dies(layout: Layout, part: str) -> int:
    """Kill a part; returns its pid."""
    pid = state_of(layout).parts[part].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def back(layout: Layout, part: str, killed: int) -> None:
    def again() -> bool:
        status = state_of(layout).parts[part]
        return status.state == "ready" and status.pid != killed and status.restarts >= 1

    until(layout, again, f"the restart of {part}")


def test_all_stores_restart_and_end_without_a_trace(stack_maker: Made) -> None:
    layout = stack_maker.layout("whole")
    stack_maker.up(layout, without())
    state = state_of(layout)
    assert {part.state for part in state.parts.values()} == {"ready"}
    internal = state.port_base + PORTS.index("kafka-internal")
    broker = administrator(internal, kafka_password(load_or_make(layout), ADMIN))
    kafka_round_trip(broker)
    assert oct(layout.stack_env.stat().st_mode & 0o777) == "0o600"

    for part in ("kafka", "postgres"):
        back(layout, part, dies(layout, part))
    kafka_round_trip(broker)

    triton = state.parts["triton"].pid
    assert triton is not None
    stubs = [child for child in psutil.Process(triton).children() if "stub" in child.name()]
    assert len(stubs) == instances()
    stubs[0].kill()
    back(layout, "triton", triton)

    os.kill(state.supervisor_pid, signal.SIGKILL)
    until(layout, lambda: not is_running(layout), "the end of the guard")
    assert nothing_left(state)
    assert "killed" in state_of(layout).said


def test_two_parallel_stacks_share_nothing(stack_maker: Made) -> None:
    environ = without(*SMALL)
    one, two = stack_maker.layout("one"), stack_maker.layout("two")
    first, second = stack_maker.up(one, environ), stack_maker.up(two, environ)
    ours = {state_of(layout).port_base for layout in (one, two)}
    assert len(ours) == 2
    assert first.env["CLIPSTREAM_POSTGRES_API"] != second.env["CLIPSTREAM_POSTGRES_API"]
    assert first.webhook_port != second.webhook_port
    stack.down(one, print)
    assert not is_running(one)
    assert nothing_left(state_of(one))
    assert is_running(two)
    assert state_of(two).phase == "ready"


async def test_data_and_ports_outlive_down(stack_maker: Made) -> None:
    environ, layout = without(*SMALL), stack_maker.layout("kept")
    before = stack_maker.up(layout, environ)
    connection = await asyncpg.connect(superuser(layout, before))
    await connection.execute("create table kept (x int); insert into kept values (41)")
    await connection.close()
    assert stack.down(layout, print)
    after = stack_maker.up(layout, environ)
    assert after.env == before.env
    connection = await asyncpg.connect(superuser(layout, after))
    assert await connection.fetchval("select x from kept") == 41
    await connection.close()


def test_a_shell_that_read_the_stacks_own_file_starts_it_again(stack_maker: Made) -> None:
    environ, layout = without(*SMALL), stack_maker.layout("sourced")
    before = stack_maker.up(layout, environ)
    stack.down(layout, print)
    after = stack_maker.up(layout, environ | before.env)
    assert after.env == before.env
    states = {name: part.state for name, part in state_of(layout).parts.items()}
    assert states == dict.fromkeys(SMALL, "external") | {"postgres": "ready", "search": "ready", "mail": "ready"}


def superuser(layout: Layout, info: StackInfo) -> str:
    secrets = msgspec.json.decode(layout.secrets.read_bytes())
    port = info.env["CLIPSTREAM_POSTGRES_OWNER"].rsplit(":", 1)[1].split("/")[0]
    return f"postgresql://postgres:{secrets['postgres_superuser']}@127.0.0.1:{port}/postgres"


def test_down_in_mid_start_ends_the_start_in_one_line(stack_maker: Made) -> None:
    layout = stack_maker.layout("hasty")
    prepared = without(*SMALL)
    stack.prepare(layout, prepared, stack_maker.said.append)
    guard = stack.start_guard(layout, prepared, stores_only=True)

    def supervised() -> bool:
        state = load(layout)
        return state is not None and state.guard_pid == guard.pid and bool(state.parts)

    until(layout, supervised, "the supervisor's start")
    stack.down(layout, print)
    with pytest.raises(StackError, match="stopped before it was ready"):
        stack.wait_ready(layout, guard, stack_maker.said.append)
    assert nothing_left(state_of(layout))


def test_a_second_up_finds_the_running_stack(stack_maker: Made) -> None:
    environ, layout = without(*SMALL), stack_maker.layout("found")
    assert stack_maker.up(layout, environ).started_here
    again = stack_maker.up(layout, environ)
    assert not again.started_here
    told = command("up", "--state-dir", str(layout.root), "--json", environ=environ)
    assert json.loads(told.stdout)["api"] == again.api, told.stderr


def test_the_next_start_sweeps_after_guard_and_supervisor_died(stack_maker: Made) -> None:
    environ, layout = without(*SMALL), stack_maker.layout("swept")
    stack_maker.up(layout, environ)
    state = state_of(layout)
    os.kill(state.guard_pid, signal.SIGSTOP)  # so that it cannot clean up between the two blows
    os.kill(state.supervisor_pid, signal.SIGKILL)
    os.kill(state.guard_pid, signal.SIGKILL)
    until(layout, lambda: not is_running(layout), "a free lock")
    stack_maker.up(layout, environ)
    pids = {part.pid for part in state_of(layout).parts.values() if part.pid}
    strays = [process for process in find_marked(state.stack_id) if not belongs(process, pids)]
    assert not strays


def belongs(process: psutil.Process, pids: set[int]) -> bool:
    return process.pid in pids or any(parent.pid in pids for parent in process.parents())


def test_the_guard_killed_alone_stops_the_stack(stack_maker: Made) -> None:
    environ, layout = without(*SMALL), stack_maker.layout("guardless")
    stack_maker.up(layout, environ)
    state = state_of(layout)
    os.kill(state.guard_pid, signal.SIGKILL)
    until(layout, lambda: not is_running(layout), "the end of the supervisor")
    until(layout, lambda: nothing_left(state), "the end of everything")


def test_reset_removes_everything(stack_maker: Made) -> None:
    layout = stack_maker.layout("gone")
    stack_maker.up(layout, without(*SMALL))
    outside = [Path(place) for place in state_of(layout).outside_dirs]
    assert stack.reset(layout, print)
    assert not layout.root.exists()
    assert not any(place.exists() for place in outside)


def test_a_directory_without_a_stack_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StackError, match="nothing was removed"):
        stack.reset(stack.layout_of(tmp_path), print)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def command(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], env=environ, capture_output=True, text=True, check=False,
        timeout=HANG_S,
    )  # fmt: skip


def problem_line(result: subprocess.CompletedProcess[str]) -> str:
    """The last line: a sentence, no traceback, exit code not 0."""
    assert result.returncode != 0
    assert "Traceback" not in result.stderr + result.stdout
    return result.stderr.strip().splitlines()[-1]


def test_a_taken_port_gives_one_line(stack_maker: Made) -> None:
    layout = stack_maker.layout("taken")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command("up", "--state-dir", str(layout.root), "--api-port", str(port), environ=without(*SMALL))
    assert f"port {port} is taken" in problem_line(result)
    assert not is_running(layout)
    stack_maker.up(layout, without(*SMALL))  # what failed early is no obstacle


def test_missing_java_gives_one_line(stack_maker: Made, tmp_path: Path) -> None:
    layout = stack_maker.layout("no-java")
    environ = without("triton") | {"PATH": str(tmp_path)}
    result = command("up", "--state-dir", str(layout.root), environ=environ)
    assert "openjdk-17-jre-headless" in problem_line(result)


def test_an_unwritable_directory_gives_one_line(stack_maker: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = command("up", "--state-dir", str(tmp_path / "file" / "state"), environ=without(*SMALL))
    assert "choose another place" in problem_line(result)


def test_status_without_a_stack_gives_one_line(tmp_path: Path) -> None:
    result = command("status", "--state-dir", str(tmp_path / "none"), environ=without())
    assert "`clipstream up` makes one" in problem_line(result)
