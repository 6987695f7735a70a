"""Promise 4: a worker that wakes up after its lease has passed to another writes nothing, at whatever moment it wakes.

Each round: a worker claims an event and stands still; its lease expires, another worker takes the event over. The first
wakes up before the other claims, while the other works, or after the other's end, by seed; both then try to commit.
"""

from __future__ import annotations

import asyncio
import random
import uuid

import msgspec

from core.infra.kafka.message import Message
from schemas import events
from schemas.topics import BY_NAME, partition_for
from streams.runtime.stage import Work
from tests.contract.rigs.attempt_rig import LOSING, Rig, make_rig
from tests.support.soak import SEED, record, time_out, volume

__all__ = ["make_rig"]

ROUNDS = volume(6, 50)
AT_ONCE = 10
WAKES = ("before the claim", "at work", "after the end")
SECOND = msgspec.structs.replace(LOSING, lease_s=60.0, patience_s=60.0)
"""The next worker keeps its lease, however busy the machine is."""


def another(rig: Rig) -> Rig:
    """The same organisation with a project and an event of its own."""
    own = Rig(rig.worker, rig.relay, rig.org_id)
    own.message = Message(
        topic="uploads.v1",
        partition=partition_for(BY_NAME["uploads.v1"], own.project_id),
        offset=7,
        key=str(own.project_id),
        headers=own.message.headers | {"ce_id": str(own.envelope.id)},
        payload=own.message.payload,
    )
    return own


async def play(rig: Rig, wake: str, pause_s: float) -> tuple[str, str, int, int]:
    """One round: the outcomes of both workers, and the results and events that there are."""
    rig.rules = LOSING
    woken, claimed, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleeper(work: Work) -> None:
        await woken.wait()

    async def heir(work: Work) -> None:
        claimed.set()
        await may_end.wait()

    zombie = asyncio.create_task(rig.run(sleeper, "zombie"))
    await rig.until_claimed()
    await rig.until_expired()
    rig.rules = SECOND
    if wake == "before the claim":
        woken.set()
    second = asyncio.create_task(rig.run(heir, "heir"))
    if wake == "at work":
        await asyncio.wait({asyncio.create_task(claimed.wait()), second}, return_when="FIRST_COMPLETED")
        woken.set()
        await asyncio.sleep(pause_s)
    may_end.set()
    outcome = await second
    woken.set()
    return await zombie, outcome, await rig.results(), await rig.logical_events()


@time_out(3600)
async def test_a_zombie_writes_nothing_whenever_it_wakes(rig: Rig) -> None:
    dice = random.Random(SEED)
    wakes = [WAKES[number % len(WAKES)] for number in range(ROUNDS)]
    taken_over = 0
    for at in range(0, ROUNDS, AT_ONCE):
        played = [play(another(rig), wake, dice.uniform(0, 0.2)) for wake in wakes[at : at + AT_ONCE]]
        for wake, (first, second, results, logical) in zip(
            wakes[at : at + AT_ONCE], await asyncio.gather(*played), strict=True
        ):
            assert (results, logical) == (1, 1), (wake, first, second)
            assert [first, second].count("committed") == 1, (wake, first, second)
            taken_over += second == "committed" and first == "superseded"
    assert taken_over >= ROUNDS // 2, "in most rounds the first had lost its lease"
    record(4, f"{ROUNDS} rounds, {taken_over} zombies: 0 stale writes")


def test_a_round_has_an_event_of_its_own() -> None:
    rig = Rig(None, None, uuid.uuid4())
    first, second = another(rig), another(rig)
    assert first.message.headers["ce_id"] != second.message.headers["ce_id"]
    assert isinstance(first.event, events.UploadReceived)
