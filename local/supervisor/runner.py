"""Keep one service alive: start, wait until it works, watch, restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

import msgspec

from local.config.state import Layout, PartState, PartStatus
from local.errors import StackError
from local.services.service import Part
from local.supervisor.logs import last_line
from local.supervisor.prefork_client import PreforkGoneError, PreforkServer
from local.supervisor.processes import (
    STACK_MARK,
    Child,
    Spawn,
    descendants,
    end_all,
    session_members,
    spawn,
    start_time,
)

FIRST_S, LONGEST_S = 0.5, 30.0
STEADY_S = 60.0
"""A part that stood this long starts again from the shortest wait."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Number of falls of a part in a row, and the delay of its next start."""

    falls: int = 0

    def fell(self, *, stood_s: float) -> Backoff:
        """The state after one more fall; ``stood_s`` is how long the part had been ready before it."""
        return Backoff(falls=1 if stood_s >= STEADY_S else self.falls + 1)

    @property
    def wait_s(self) -> float:
        """Seconds to wait before the next start."""
        return min(LONGEST_S, FIRST_S * 2.0 ** (self.falls - 1)) if self.falls else 0.0


T = TypeVar("T")
_PROBE_EVERY_S = 0.15
_FALLS_AT_START, _FALLS_OF_COMMAND = 4, 2
"""A part that falls so often before it was ever ready will not come: the stack says so and stops."""
_PATIENCE_RATIO = 2
"""Times as long a part is given that was late once: on a machine with much else to do it would be late for ever."""


class Runner:
    """One part's life. ``status`` is always true; ``changed`` is called whenever it changes."""

    def __init__(
        self,
        part: Part,
        *,
        layout: Layout,
        stack_id: str,
        executor: Executor,
        changed: Callable[[PartStatus], None],
        prefork: PreforkServer | None = None,
    ) -> None:
        """Starts nothing yet. Without a ``prefork`` server a forked service is started by its command."""
        self.part = part
        self.status = PartStatus(name=part.name, port=part.port)
        self.ready = asyncio.Event()
        self.log = layout.logs / f"{part.name}.log"
        self._output = layout.run(part.name) / "output"
        self._cwd = layout.root if part.uid is None else Path("/")
        self._stack_id = stack_id
        self._executor = executor
        self._prefork = prefork if part.forked else None
        self._changed = changed
        self._stopping = asyncio.Event()
        self._process: Child | None = None
        self._begun_s = time.monotonic()
        self._was_late = False

    async def keep(self, needs: Sequence[Runner]) -> None:
        """Run until ``stop``. Raises StackError when the part does not come up at all."""
        for need in needs:
            await need.ready.wait()
        backoff = Backoff()
        while not self._stopping.is_set():
            stood_s = await self._live_once()
            if self._stopping.is_set() or self.status.state == "done":
                return
            backoff = backoff.fell(stood_s=stood_s)
            if not self.ready.is_set() and backoff.falls >= (_FALLS_OF_COMMAND if self.part.once else _FALLS_AT_START):
                reason, name = self.status.said, self.part.name
                self._tell("failed")
                raise StackError(f"{name} does not come up ({reason}): see `clipstream logs {name}`")
            self.status.restarts += 1
            self._tell("restarting")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff.wait_s)

    async def stop(self) -> None:
        """Ask the part to end, wait for it, end whatever is left of it. Its ``keep`` returns then."""
        self._stopping.set()
        process = self._process
        if process is None:
            self._tell("done" if self.status.state == "done" else "stopped")
            return
        self._tell("stopping")
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.part.stop_signal)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_wait_for_exit(process), self.part.stop_timeout_s)
        await self._in_thread(lambda: _end_rest(process))
        self._process = None
        self.status.pid = None
        self._tell("stopped", "")

    async def _live_once(self) -> float:
        """From start to fall; returns the seconds it stood ready."""
        if self.part.prepare:
            await self._in_thread(self.part.prepare)
        if self._stopping.is_set():
            return 0.0
        process = await self._start()
        stood_s = await (self._run_to_end(process) if self.part.once else self._stand(process))
        if not self._stopping.is_set():
            await self._in_thread(lambda: _end_rest(process))
            self._process = None
            self.status.pid = None
        return stood_s

    async def _start(self) -> Child:
        request = Spawn(
            argv=self.part.argv,
            env={**self.part.env, STACK_MARK: self._stack_id, "PYTHONUNBUFFERED": "1"},
            cwd=self._cwd,
            log=self.log,
            output=self._output if self.part.capture else None,
            nice=self.part.nice,
            uid=self.part.uid,
            gid=self.part.gid,
            death_signal=self.part.death_signal,
        )
        process = await self._fork(request, self._prefork) if self._prefork else spawn(request)
        self._process = process
        self.status.pid, self.status.pid_started = process.pid, start_time(process.pid)
        self._tell("starting", "")
        return process

    async def _fork(self, request: Spawn, prefork: PreforkServer) -> Child:
        try:
            return await self._in_thread(lambda: prefork.fork(request))
        except PreforkGoneError:
            self._prefork = None
            return spawn(request)

    async def _stand(self, process: Child) -> float:
        """A server: up, ready, watched. Returns how long it was ready."""
        self.status.said = await self._until_first(process, self._until_ready())
        if self.status.said:
            return 0.0
        self._now_ready("ready")
        ready_at_s = time.monotonic()
        why = await self._until_first(process, self._until_sick())
        self.status.said = "" if self._stopping.is_set() else why
        return time.monotonic() - ready_at_s

    async def _run_to_end(self, process: Child) -> float:
        """A command: done when it ended well and its output was taken."""
        code = await _wait_for_exit(process)
        if code:
            self.status.said = self._describe_end(code)
            return 0.0
        if self.part.capture:
            self.part.capture(self._output.read_text())
            self._output.unlink()
        self._now_ready("done")
        return 0.0

    async def _until_first(self, process: Child, condition: Coroutine[None, None, str]) -> str:
        """Wait for the process's end or for ``condition``; returns why it fell, or ''."""
        watch_task, exit_task = asyncio.create_task(condition), asyncio.create_task(_wait_for_exit(process))
        try:
            done, _ = await asyncio.wait({watch_task, exit_task}, return_when=asyncio.FIRST_COMPLETED)
            if exit_task in done:
                return self._describe_end(exit_task.result())
            return watch_task.result()
        finally:
            for task in (watch_task, exit_task):
                task.cancel()
            await asyncio.gather(watch_task, exit_task, return_exceptions=True)

    def _describe_end(self, code: int) -> str:
        """Text about the end of its process; a killed one had no last word."""
        return f"killed by signal {-code}" if code < 0 else f"ended with {code}: {last_line(self.log)}"

    async def _until_ready(self) -> str:
        """Probe until it works; '' then, or what the last probe said when the time is over."""
        patience_s = self.part.start_timeout_s * (_PATIENCE_RATIO if self._was_late else 1)
        deadline_s, why = time.monotonic() + patience_s, ""
        while time.monotonic() < deadline_s:
            try:
                if self.part.probe:
                    await self._in_thread(self.part.probe)
                if self.part.settle:
                    await self._in_thread(self.part.settle)
            except Exception as error:  # noqa: BLE001 - whatever a probe raises means: not ready yet
                why = _one_line(error)
                await asyncio.sleep(_PROBE_EVERY_S)
            else:
                return ""
        self._was_late = True
        return f"not ready after {patience_s:.0f} s ({why})"

    async def _until_sick(self) -> str:
        """Ask for a sign of life; returns when there was none for ``sick_after_s``."""
        last_good_s = time.monotonic()
        while True:
            await asyncio.sleep(self.part.alive_every_s)
            if self.part.alive is None:
                continue
            try:
                await self._in_thread(self.part.alive)
            except Exception as error:  # noqa: BLE001 - whatever it raises is no sign of life
                if time.monotonic() - last_good_s > self.part.sick_after_s:
                    return f"no sign of life for {self.part.sick_after_s:.0f} s ({_one_line(error)})"
            else:
                last_good_s = time.monotonic()

    def _now_ready(self, state: PartState) -> None:
        if self.status.ready_after_s is None:
            self.status.ready_after_s = round(time.monotonic() - self._begun_s, 2)
        self._tell(state, "")
        self.ready.set()

    def _tell(self, state: PartState, reason: str | None = None) -> None:
        self.status.state = state
        if reason is not None:
            self.status.said = reason
        self._changed(self.status)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160]


async def _wait_for_exit(process: Child) -> int:
    """Wait for a child's end without a thread; returns its exit code."""
    if (code := process.poll()) is not None:
        return code
    loop, exited = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, exited.set)
    try:
        await exited.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()


def _end_rest(process: Child) -> None:
    """End a part's processes that are left: below its own, or in its session after that one died."""
    end_all([*descendants(process.pid), *session_members(process.pid)], grace_s=0.0)
    process.wait()
