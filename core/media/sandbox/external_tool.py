"""Runs an external program on a hostile file, confined as children are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from core.errors import Starved
from core.media.sandbox.confinement import ChildLimits, apply_confinement
from core.media.sandbox.parent import ENVIRONMENT
from core.media.sandbox.pipes import read_tail, send_order

MAX_OUTPUT_BYTES = 8_000
"""End of the program's stderr that is kept."""


class ToolOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The message to the process that becomes the program."""

    parent_pid: int
    limits: ChildLimits
    command: list[str]


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """Exit code of a program (negative: a signal), and the end of its stderr."""

    code: int
    said: str


async def run_tool(command: Sequence[str], *, scratch: Path, limits: ChildLimits) -> ToolResult:
    """Run a program by its absolute path inside ``scratch``. Raises Starved; cancelling kills it."""
    order = ToolOrder(parent_pid=os.getpid(), limits=limits, command=list(command))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "core.media.sandbox.external_tool",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=scratch,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    said = bytearray()
    try:
        async with asyncio.timeout(limits.wall_s):
            await send_order(process, msgspec.json.encode(order))
            await read_tail(process, said, MAX_OUTPUT_BYTES)
            await process.wait()
    except TimeoutError:
        raise Starved(limits.wall_s) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    return ToolResult(code=process.returncode or 0, said=said.decode(errors="replace"))


def main() -> None:
    """Entry of ``python -m core.media.sandbox.external_tool``: confine, then become the program."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=ToolOrder)
    apply_confinement(order.limits, order.parent_pid, may_execute=True)
    os.execv(order.command[0], order.command)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
