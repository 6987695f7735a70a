"""Work at a part that no longer answers is given up; work at one that answers may take as long as it takes."""

from __future__ import annotations

import asyncio
import time

import pytest

from api.health.handlers import probe_part
from core.errors import Unavailable
from core.infra.part_watch import LateTasks, PartWatch, watched


class Part:
    """A part whose probe answers, fails, or hangs so that even its cancellation waits."""

    def __init__(self, mood: str) -> None:
        self.mood, self.probed, self.healed = mood, 0, asyncio.Event()

    async def probe(self) -> None:
        self.probed += 1
        if self.mood == "fails":
            raise OSError
        if self.mood == "hangs":
            await self.hang()

    async def hang(self) -> str:
        try:
            await self.healed.wait()
        except asyncio.CancelledError:
            await self.healed.wait()  # as a client that rolls back on a connection that carries nothing
            raise
        return "late"


def watch_of(part: Part) -> PartWatch:
    return PartWatch({"part": part.probe}, grace_s=0.05, probe_s=0.1)


@pytest.mark.parametrize("mood", ["fails", "hangs"])
async def test_work_at_a_dead_part_is_given_up(mood: str) -> None:
    part = Part(mood)
    watch = watch_of(part)
    with pytest.raises(Unavailable, match="part"):
        await asyncio.wait_for(watch.guard("part", part.hang()), 5)
    part.healed.set()
    await asyncio.sleep(0)


async def test_work_at_a_part_that_answers_is_waited_for() -> None:
    part = Part("answers")

    async def slow() -> str:
        while part.probed < 3:
            await asyncio.sleep(0.01)
        return "done"

    assert await watch_of(part).guard("part", slow()) == "done"


async def test_quick_work_costs_no_probe_and_keeps_its_error() -> None:
    part = Part("fails")

    async def wrong() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await watch_of(part).guard("part", wrong())
    assert part.probed == 0


async def test_many_waiting_requests_share_a_probe() -> None:
    part = Part("fails")
    watch = watch_of(part)
    part.mood = "hangs"  # all have begun to wait before the first probe is over
    given_up = await asyncio.gather(*(watch.guard("part", part.hang()) for _ in range(50)), return_exceptions=True)
    assert all(isinstance(error, Unavailable) for error in given_up)
    assert part.probed < 50, "not one each"  # how many of 50 timers fire in one turn is the loop's matter
    part.healed.set()
    await asyncio.sleep(0)


async def test_a_port_is_watched_in_its_coroutines_only() -> None:
    class Store:
        name = "store"

        async def get(self, key: str, *, part: Part) -> str:
            return f"{key} {await part.hang()}"

    part = Part("fails")
    store = watched(Store(), watch_of(part), "part")
    assert store.name == "store"
    with pytest.raises(Unavailable):
        await store.get("a", part=part)
    part.healed.set()
    assert await store.get("a", part=part) == "a late"


async def test_readiness_does_not_wait_for_the_end_of_a_probe() -> None:
    part = Part("hangs")
    state = await asyncio.wait_for(probe_part(part.probe, LateTasks(), 0.05), 30)
    assert (state.up, state.detail) == (False, "no answer within 0.05 s")
    part.healed.set()
    await asyncio.sleep(0)


async def _crowd_loop() -> None:
    """Make each turn of the loop late."""
    while True:
        time.sleep(0.012)
        await asyncio.sleep(0)


@pytest.mark.parametrize("answers", [True, False])
async def test_a_late_loop_is_no_evidence_against_a_part(answers: bool) -> None:
    healed = asyncio.Event()

    async def probe() -> None:
        for _ in range(30):  # of a loop that is in time it would need a third of what it has
            await asyncio.sleep(0.001)
        if not answers:
            await healed.wait()

    crowd = asyncio.create_task(_crowd_loop())
    error = await LateTasks().probe(probe, 0.1)
    crowd.cancel()
    assert (error is None) == answers
