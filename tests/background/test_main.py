"""Background processes: they run until stopped, end together, and leave no task behind."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from streams.background import main
from streams.runtime.health import Pulse

run = main._until_stopped


def beating() -> Pulse:
    return Pulse(stall_s=60, now=asyncio.get_running_loop().time)


async def test_a_long_wait_leaves_no_task_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process runs for months: anything that a sweep leaves in memory would add up."""
    looks, most = 0, 0
    wait = asyncio.wait

    async def soon(waiting: set[asyncio.Task[object]], **how: object) -> object:
        nonlocal looks, most
        looks, most = looks + 1, max(most, len(asyncio.all_tasks()))
        if looks == 50:
            stop.set()
        return await wait(waiting, timeout=0.001, return_when=how.get("return_when", "ALL_COMPLETED"))  # type: ignore[call-overload]

    monkeypatch.setattr(asyncio, "wait", soon)
    stop = asyncio.Event()

    async def part() -> None:
        await stop.wait()

    before = len(asyncio.all_tasks())
    assert await run(stop, beating(), part()) == 0
    assert most <= before + 2, "the part, and who waits for the word to stop"
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def test_a_part_that_breaks_ends_the_others_and_is_logged() -> None:
    ended = asyncio.Event()
    stop = asyncio.Event()

    async def broken() -> None:
        raise KeyError("a name that nobody knows")

    async def other() -> None:
        await stop.wait()
        ended.set()

    with structlog.testing.capture_logs() as logs:
        assert await run(stop, beating(), broken(), other()) == 1
    assert ended.is_set()
    assert [str(line["exc_info"]) for line in logs] == ["'a name that nobody knows'"]


async def test_a_part_that_does_not_end_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "DRAIN_S", 0.01)
    stop = asyncio.Event()
    stop.set()
    cancelled = asyncio.Event()

    async def deaf() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    assert await run(stop, beating(), deaf()) == 0
    assert cancelled.is_set()
