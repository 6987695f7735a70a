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

from core.errors import Unavailable
from core.media.sandbox.confinement import ChildLimits, Confinement, close_walls, enter_walls
from core.media.sandbox.parent import child_environment, leased_confinement
from core.media.sandbox.pipes import read_tail, send_order
from core.media.sandbox.starvation import judge_timeout
from core.media.sandbox.walls import SANDBOX, describe_missing, list_missing

MAX_OUTPUT_BYTES = 8_000
"""End of the program's stderr that is kept."""
WALL_MISSING_CODE, WALL_MISSING_PREFIX = 69, "walls missing: "
"""How the process says that it did not become the program (sysexits.h: service unavailable)."""


class ToolOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The message to the process that becomes the program."""

    confinement: Confinement
    strict: bool
    command: list[str]


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """Exit code of a program (negative: a signal), and the end of its stderr."""

    code: int
    said: str


async def run_tool(command: Sequence[str], *, scratch: Path, limits: ChildLimits) -> ToolResult:
    """Run a program by its absolute path inside ``scratch``; it sees nothing else.

    Raises Starved, Overdue, and Unavailable where a wall is missing that must stand; cancelling kills it.
    """
    with leased_confinement(limits, writes=[scratch], executes=command[0]) as confinement:
        order = ToolOrder(confinement=confinement, strict=SANDBOX.policy == "strict", command=list(command))
        result = await _run_order(order, scratch, limits)
    if result.code == WALL_MISSING_CODE and result.said.startswith(WALL_MISSING_PREFIX):
        raise Unavailable("sandbox", describe_missing(result.said.removeprefix(WALL_MISSING_PREFIX).split()))
    return result


async def _run_order(order: ToolOrder, scratch: Path, limits: ChildLimits) -> ToolResult:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "core.media.sandbox.external_tool",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=scratch,
        env=child_environment(scratch),
        start_new_session=True,
    )
    output = bytearray()
    try:
        async with asyncio.timeout(limits.wall_s):
            await send_order(process, msgspec.json.encode(order))
            await read_tail(process, output, MAX_OUTPUT_BYTES)
            await process.wait()
    except TimeoutError:
        raise judge_timeout(process.pid, limits.wall_s) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    return ToolResult(code=process.returncode or 0, said=output.decode(errors="replace"))


def main() -> None:
    """Entry of ``python -m core.media.sandbox.external_tool``: confine, then become the program."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=ToolOrder)
    standing = close_walls(order.confinement, enter_walls(order.confinement))
    missing = list_missing([*standing, "worker_memory"], is_root=order.confinement.started_by_root)
    if order.strict and missing:
        sys.stderr.write(WALL_MISSING_PREFIX + " ".join(missing))
        sys.exit(WALL_MISSING_CODE)
    os.execv(order.command[0], order.command)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
