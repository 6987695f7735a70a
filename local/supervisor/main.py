"""The supervisor: keeps a stack's services alive and records their state.

Started by the guard (watchdog.py), which ends whatever is left should this process be killed. SIGTERM or SIGINT: drain
the product, then stop the stores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.process_control import hide_memory
from local.assembly import Assembly, assemble
from local.config.state import Layout, PartStatus, Phase, StackState, load, save
from local.endpoints import without_guarded
from local.errors import StackError
from local.services.table import SINKS
from local.supervisor.logs import rotate
from local.supervisor.prefork_client import PreforkServer
from local.supervisor.runner import Runner

_ROTATE_EVERY_S = 10.0
_LOUD = {"restarting", "failed"}


class Supervisor:
    """One stack while it runs."""

    def __init__(self, assembly: Assembly, early: Sequence[int] = ()) -> None:
        """Nothing is started yet. ``early``: signals that came before `run` can take them."""
        self._early = early
        self._state = assembly.state
        self._layout = assembly.setting.layout
        self._executor = ThreadPoolExecutor(max_workers=len(assembly.parts) + 4, thread_name_prefix="probe")
        forks = any(part.forked for part in assembly.parts)
        log = self._layout.logs / "prefork.log"
        self._prefork = PreforkServer(self._state.stack_id, without_guarded(os.environ), log) if forks else None
        self._runners = {
            part.name: Runner(
                part,
                layout=self._layout,
                stack_id=self._state.stack_id,
                executor=self._executor,
                changed=self._part_changed,
                prefork=self._prefork,
            )
            for part in assembly.parts
        }
        self._begun_s = time.monotonic()

    async def run(self) -> int:
        """Until asked to stop, or until a part does not come up. Returns the exit code."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self._early:
            stop.set()
        for name, runner in self._runners.items():
            self._state.parts[name] = runner.status
        self._phase("starting")
        keepers = [asyncio.create_task(self._keep(runner)) for runner in self._runners.values()]
        helpers = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._all_ready()),
            asyncio.create_task(self._cap_logs()),
        ]
        problem = await _first_problem(keepers, helpers[0])
        self._phase("stopping")
        await self._stop_all()
        for task in (*keepers, *helpers):
            task.cancel()
        await asyncio.gather(*keepers, *helpers, return_exceptions=True)
        if self._prefork:
            self._prefork.close()
        self._phase("failed" if problem else "stopped", problem)
        self._executor.shutdown(wait=False, cancel_futures=True)
        return 1 if problem else 0

    async def _keep(self, runner: Runner) -> None:
        await runner.keep([self._runners[name] for name in runner.part.needs])

    async def _all_ready(self) -> None:
        for runner in self._runners.values():
            await runner.ready.wait()
        self._state.ready_after_s = round(time.monotonic() - self._begun_s, 1)
        self._phase("ready")

    async def _stop_all(self) -> None:
        for tier in ("product", "store"):
            chosen = [runner for runner in self._runners.values() if runner.part.tier == tier]
            await asyncio.gather(*(runner.stop() for runner in chosen))

    async def _cap_logs(self) -> None:
        while True:
            for path in self._layout.logs.glob("*.log"):
                rotate(path)
            await asyncio.sleep(_ROTATE_EVERY_S)

    def _part_changed(self, status: PartStatus) -> None:
        if status.state in _LOUD or (status.state == "ready" and status.restarts):
            _say(f"{status.name}: {status.state} (restarts: {status.restarts}) {status.said}".rstrip())
        save(self._layout, self._state)

    def _phase(self, phase: Phase, reason: str = "") -> None:
        self._state.phase, self._state.said = phase, reason
        _say(f"stack: {phase} {reason}".rstrip())
        save(self._layout, self._state)


async def _first_problem(keepers: Sequence[asyncio.Task[None]], stop: asyncio.Task[Any]) -> str:
    """Wait until somebody asks to stop, or a keeper gives up; returns what it says."""
    pending: set[asyncio.Task[Any]] = {*keepers, stop}
    while True:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            return ""
        for task in done:
            error = task.exception()
            if isinstance(error, StackError):
                return str(error)
            if error is not None:
                return f"the supervisor has a fault ({error!r}): see `clipstream logs supervisor`"


def _say(text: str) -> None:
    print(datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"), text, flush=True)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the stack of a state directory; the caller holds its lock."""
    hide_memory()
    parser = argparse.ArgumentParser(prog="python -m local.supervisor.main")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--stores-only", action="store_true")
    parser.add_argument("--rewind", action="append", choices=SINKS, default=[])
    options = parser.parse_args(argv)
    layout = Layout(root=options.state_dir)
    early: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: early.append(got))
    try:
        assembly = assemble(layout, environ, stores_only=options.stores_only, rewind=options.rewind)
    except StackError as problem:
        _say(str(problem))
        state = load(layout) or StackState(stack_id="")
        state.phase, state.said = "failed", str(problem)
        save(layout, state)
        return 1
    return asyncio.run(Supervisor(assembly, early).run())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
