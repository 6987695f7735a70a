"""The watchdog, parent of the supervisor: however that ends, nothing of the stack is left.

As the subreaper of everything below it, each orphan becomes its child; so it finds them all, whatever their user,
session or environment. Should the guard be killed, the supervisor gets SIGTERM from the kernel and drains.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from local.config.state import Layout, load, save, try_lock
from local.errors import StackError
from local.services.leftovers import remove_leftover_files
from local.supervisor.processes import adopt_orphans, descendants, end_all, find_marked, is_same, tie_to_parent

_GRACE_S = 3.0
HELD_EXIT_CODE = 75
"""Another supervisor holds this state directory (EX_TEMPFAIL)."""


def sweep(layout: Layout) -> None:
    """Clean up after a stack whose watchdog and supervisor were both killed. Its lock must be ours."""
    state = load(layout)
    if state is None:
        return
    leftovers = find_marked(state.stack_id)
    for part in state.parts.values():
        if part.pid and is_same(part.pid, part.pid_started or 0.0):
            leftovers += [*descendants(part.pid), psutil.Process(part.pid)]
    end_all(leftovers, grace_s=_GRACE_S)
    remove_leftover_files(state.stack_id, state.port_base)


def guard(layout: Layout, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one supervisor to its end and clean up behind it; returns its exit code."""
    os.umask(0o077)
    lock = try_lock(layout)
    if lock is None:
        return HELD_EXIT_CODE
    sweep(layout)
    adopt_orphans()
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "local.supervisor.main", "--state-dir", str(layout.root), *arguments],
        env={**environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[lock],
        preexec_fn=tie_to_parent(signal.SIGTERM),  # noqa: PLW1509 - this process has one thread
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _pass_on(supervisor, signal.SIGTERM))
    signal.signal(signal.SIGUSR1, lambda *_: _pass_on(supervisor, signal.SIGKILL))  # no more patience
    code = supervisor.wait()
    end_all(descendants(os.getpid()), grace_s=_GRACE_S)
    _write_down(layout, code)
    os.close(lock)
    return code if code >= 0 else 128 - code


def _pass_on(supervisor: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        supervisor.send_signal(number)


def _write_down(layout: Layout, code: int) -> None:
    """A killed supervisor could not say that it stopped."""
    state = load(layout)
    if state is None:
        return
    remove_leftover_files(state.stack_id, state.port_base)
    if state.phase in ("stopped", "failed"):
        return
    state.phase, state.said = "failed", f"the supervisor was killed (signal {-code}); all parts were ended"
    for part in state.parts.values():
        if part.pid:
            part.state, part.pid = "stopped", None
    save(layout, state)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """``python -m local.supervisor.watchdog --state-dir DIR [supervisor's options]``."""
    parser = argparse.ArgumentParser(prog="python -m local.supervisor.watchdog")
    parser.add_argument("--state-dir", type=Path, required=True)
    options, rest = parser.parse_known_args(argv)
    try:
        return guard(Layout(root=options.state_dir), rest, environ)
    except StackError as problem:
        print(problem, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
