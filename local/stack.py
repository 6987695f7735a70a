"""Up, down, reset: what a person or a test does with a stack. Its lines go to the caller."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from local.assembly import OUTSIDE, installed_file
from local.config.paths import cache_dir, check_free, make_private
from local.config.state import Layout, StackState, is_running, load, save, try_lock
from local.endpoints import external_parts, forget_own, read_env_file
from local.errors import StackError
from local.install.all import install, note
from local.install.tools import Say
from local.supervisor.logs import last_line
from local.supervisor.processes import open_for_append, tie_to_parent
from local.supervisor.watchdog import HELD_EXIT_CODE, sweep

_NEEDED_BYTES = 1 * 2**30
_START_TIMEOUT_S = 360.0
_STOP_TIMEOUT_S = 150.0
_POLL_S = 0.1


class StackInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A running stack, as its clients need it."""

    state_dir: Path
    started_here: bool
    """Whether this call started it: who starts it may want to stop it."""
    ready_after_s: float
    api: str
    org_id: str
    api_key: str
    producer_key_id: str
    producer_secret: str
    webhook_port: int
    files_port: int
    env: dict[str, str]
    """Every ``CLIPSTREAM_*`` of the stack."""


def layout_of(state_dir: Path) -> Layout:
    """The files of a state directory, by an absolute path."""
    return Layout(root=state_dir.absolute())


def ensure_running(
    layout: Layout,
    environ: Mapping[str, str],
    say: Say,
    *,
    stores_only: bool = False,
    rewind: Sequence[str] = (),
    ends_with_us: bool = False,
) -> StackInfo:
    """Start the stack unless it runs, wait until all of it works. Raises StackError.

    The sinks in ``rewind`` begin at the earliest message of their topics; a stack that runs cannot be told so.
    ``ends_with_us``: one that is started here drains and stops when this process ends, however it does (for tests).
    """
    if is_running(layout):
        if rewind:
            raise StackError("this stack runs, and a sink can be rewound only while it stands: `clipstream down` first")
        return wait_ready(layout, None, say)
    prepare(layout, environ, say)
    process = start_guard(layout, environ, stores_only=stores_only, rewind=rewind, ends_with_us=ends_with_us)
    try:
        return wait_ready(layout, process, say)
    except BaseException:  # also Ctrl-C: what is half started is not left behind
        down(layout, say)
        raise


def prepare(layout: Layout, environ: Mapping[str, str], say: Say) -> None:
    """Check room, fetch what is missing, note where it lies. Raises StackError."""
    external = external_parts(_matching_state(layout, environ))
    make_private(layout.root)
    if not _is_ours(layout):
        raise StackError(f"{layout.root} holds other things: give --state-dir a directory of its own")
    layout.lock.touch(0o600)
    layout.root.chmod(0o711 if os.geteuid() == 0 else 0o700)  # root's Postgres has another user, who walks through it
    (layout.root / "data").mkdir(exist_ok=True)
    (layout.root / "data").chmod(0o711)
    check_free(layout.root, _NEEDED_BYTES, "a stack", "choose another place with --state-dir")
    installed = install(
        cache_dir(environ), environ, say, kafka_wanted="kafka" not in external, triton_wanted="triton" not in external
    )
    note(installed, installed_file(layout))


def _matching_state(layout: Layout, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, whether or not this stack's own ``stack.env`` was read into the shell before."""
    state = load(layout)
    if state is None or not layout.stack_env.is_file():
        return dict(environ)
    external = {part.name for part in state.parts.values() if part.state == "external"}
    return forget_own(environ, read_env_file(layout.stack_env.read_text()), external)


def guard_command(layout: Layout, *, stores_only: bool = False, rewind: Sequence[str] = ()) -> list[str]:
    """Command line of the guard."""
    only = ["--stores-only"] if stores_only else []
    flags = [*only, *(f"--rewind={sink}" for sink in rewind)]
    return [sys.executable, "-m", "local.supervisor.watchdog", "--state-dir", str(layout.root), *flags]


def start_guard(
    layout: Layout,
    environ: Mapping[str, str],
    *,
    stores_only: bool = False,
    rewind: Sequence[str] = (),
    ends_with_us: bool = False,
) -> subprocess.Popen[bytes]:
    """The guard as a daemon of its own session; its words and the supervisor's go to one log."""
    before = load(layout)
    if before:
        before.phase, before.said = "starting", ""
        save(layout, before)
    with open_for_append(layout.logs / "supervisor.log") as log:
        return subprocess.Popen(
            guard_command(layout, stores_only=stores_only, rewind=rewind),
            env=_matching_state(layout, environ), cwd=layout.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
            preexec_fn=tie_to_parent(signal.SIGTERM) if ends_with_us else None,  # noqa: PLW1509 - it takes no lock
        )  # fmt: skip


def wait_ready(layout: Layout, process: subprocess.Popen[bytes] | None, say: Say) -> StackInfo:
    """Report each service as it gets ready; return when all are. Raises StackError on failure or delay."""
    deadline_s, reported = time.monotonic() + _START_TIMEOUT_S, set[str]()
    ours = process is not None
    while time.monotonic() < deadline_s:
        if process is not None and process.poll() == HELD_EXIT_CODE:
            process, ours = None, False  # somebody else starts this very stack: wait for it
        has_ended = process.poll() is not None if process is not None else not is_running(layout)
        state = load(layout)
        current = state is not None and (process is None or state.guard_pid == process.pid)
        if state is not None and current:
            _report_ready(state, reported, say)
            if state.phase == "ready" and not has_ended:
                return info(layout, state, started_here=ours)
        if has_ended:
            raise StackError(_why_ended(layout, state))
        time.sleep(_POLL_S)
    raise StackError(why_late(layout, load(layout)))


def why_late(layout: Layout, state: StackState | None) -> str:
    """Message about a stack that takes too long: its first part that is late, and why."""
    text = f"the stack is not ready after {_START_TIMEOUT_S:.0f} s"
    parts = state.parts.values() if state else ()
    late = [part for part in parts if part.state not in ("ready", "done", "external")]
    if not late:
        return f"{text}: see {layout.logs / 'supervisor.log'}"
    part = max(late, key=lambda part_state: part_state.restarts)
    why = part.said or last_line(layout.logs / f"{part.name}.log") or part.state
    return f"{text}: {part.name} is late ({why}); see {layout.logs / f'{part.name}.log'}"


def _why_ended(layout: Layout, state: StackState | None) -> str:
    """Message about a stack that ended before it was ready."""
    if state is not None and state.phase == "failed" and state.said:
        return state.said
    if state is not None and state.phase == "stopped":
        return "the stack was stopped before it was ready"
    return f"the stack did not start: {last_line(layout.logs / 'supervisor.log')}"


def _report_ready(state: StackState, reported: set[str], say: Say) -> None:
    for part in list(state.parts.values()):
        if part.name in reported or part.ready_after_s is None:
            continue
        reported.add(part.name)
        say(f"  {part.name} {'done' if part.state == 'done' else 'ready'} after {part.ready_after_s:.1f} s")


def info(layout: Layout, state: StackState, *, started_here: bool) -> StackInfo:
    """Addresses and keys of a ready stack for its clients."""
    env = read_env_file(layout.stack_env.read_text())
    keys: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        keys = msgspec.json.decode(layout.credentials.read_bytes())
    return StackInfo(
        state_dir=layout.root,
        started_here=started_here,
        ready_after_s=state.ready_after_s or 0.0,
        api=env["CLIPSTREAM_API"],
        org_id=keys.get("org_id", ""),
        api_key=keys.get("api_key", ""),
        producer_key_id=keys.get("producer_key_id", ""),
        producer_secret=keys.get("producer_secret", ""),
        webhook_port=state.webhook_port,
        files_port=int(state.endpoints["files"].rsplit(":", 1)[1]),
        env=env,
    )


def down(layout: Layout, say: Say) -> bool:
    """Drain and stop; False where nothing ran. Also ends what a killed stack left behind."""
    if not layout.root.is_dir():
        return False
    if not is_running(layout):
        return _sweep_left(layout)
    state = load(layout)
    assert state is not None
    say("draining the workers, then stopping the stores")
    _signal(state, signal.SIGTERM)
    if _wait_stopped(layout, _STOP_TIMEOUT_S):
        return True
    say("it takes too long: ending it")
    _signal(state, signal.SIGKILL)
    if not _wait_stopped(layout, 30.0):
        raise StackError(f"the supervisor (pid {state.supervisor_pid}) does not end: `kill -9` it and its guard")
    return True


def _signal(state: StackState, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.supervisor_pid, number)


def _wait_stopped(layout: Layout, timeout_s: float) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while is_running(layout):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_POLL_S)
    return True


def _sweep_left(layout: Layout) -> bool:
    lock = try_lock(layout)
    if lock is not None:
        sweep(layout)
        os.close(lock)
    return False


def _is_ours(layout: Layout) -> bool:
    """A stack's directory, or an empty one."""
    return layout.lock.exists() or layout.stack_json.exists() or not any(layout.root.iterdir())


def reset(layout: Layout, say: Say) -> bool:
    """Stop and remove everything of this stack, data too; False where there was none. Raises StackError."""
    if not layout.root.is_dir():
        return False
    if not _is_ours(layout):
        raise StackError(f"{layout.root} is not a stack's directory: nothing was removed")
    down(layout, say)
    state = load(layout) if layout.stack_json.exists() else None
    for directory in state.outside_dirs if state else []:
        if Path(directory).parent == OUTSIDE:
            shutil.rmtree(directory, ignore_errors=True)
    shutil.rmtree(layout.root)
    return True
