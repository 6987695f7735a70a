"""Concurrent messages of one worker: turns of organisations, and acknowledgement in the order of the partition."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from streams.runtime.ordered_ack import OrderedAcknowledger
from streams.runtime.turn_queue import TurnQueue


class FakeEvent:
    """A message as Faust hands it over."""

    def __init__(self, org: str, offset: int, acknowledged: list[int]) -> None:
        self.message = SimpleNamespace(value=json.dumps({"org_id": org, "x": 1}).encode(), tp="uploads.v1-0")
        self.org, self.offset, self._acknowledged = org, offset, acknowledged

    def ack(self) -> None:
        self._acknowledged.append(self.offset)


class Hands:
    """Handles events until each is let go, and notes the order in which they began."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.doors: dict[int, asyncio.Event] = {}
        self.errors: list[BaseException] = []

    async def handle(self, event: Any) -> None:
        self.began.append(event.org)
        await self.doors.setdefault(event.offset, asyncio.Event()).wait()

    async def let_go(self, offset: int) -> None:
        self.doors.setdefault(offset, asyncio.Event()).set()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_another_organisation_is_next_though_its_message_came_last() -> None:
    acknowledged: list[int] = []
    hands = Hands()
    async with OrderedAcknowledger(hands.handle, 1, hands.errors.append) as acknowledger:
        for offset, org in enumerate("aaaab"):
            await acknowledger.take(FakeEvent(org, offset, acknowledged))
        await hands.let_go(0)
        assert hands.began == ["a", "b"]
        await hands.let_go(4)
        assert acknowledged == [0]  # message 4 is done, and 1 to 3 before it are not
        for offset in (1, 2, 3):
            await hands.let_go(offset)
        assert acknowledged == [0, 1, 2, 3, 4]
    assert hands.errors == []


async def test_one_organisation_does_not_take_all_places() -> None:
    acknowledged: list[int] = []
    hands = Hands()
    async with OrderedAcknowledger(hands.handle, 4, hands.errors.append, most_of_org=2) as acknowledger:
        for offset, org in enumerate("aaaaaab"):
            await acknowledger.take(FakeEvent(org, offset, acknowledged))
        await asyncio.sleep(0)
        assert hands.began == ["a", "a", "b"]
    assert acknowledged == []  # what was under way when the worker left goes to the next


async def test_a_message_without_an_organisation_has_a_queue_too() -> None:
    acknowledged: list[int] = []
    hands = Hands()
    async with OrderedAcknowledger(hands.handle, 1, hands.errors.append) as acknowledger:
        garbage = FakeEvent("", 0, acknowledged)
        garbage.message.value = b"\xff\x00 no json"
        await acknowledger.take(garbage)
        await hands.let_go(0)
    assert acknowledged == [0]


async def test_nothing_behind_a_message_that_broke_is_acknowledged() -> None:
    acknowledged: list[int] = []
    errors: list[BaseException] = []

    async def handle(event: Any) -> None:
        if event.offset == 1:
            raise ZeroDivisionError

    async with OrderedAcknowledger(handle, 2, errors.append) as acknowledger:
        for offset in range(4):
            await acknowledger.take(FakeEvent("a", offset, acknowledged))
        for _ in range(5):
            await asyncio.sleep(0)
    assert (acknowledged, len(errors)) == ([0], 1)


def test_turns_rotate_and_finished_organisations_leave_nothing() -> None:
    queue: TurnQueue[int] = TurnQueue(1)
    for number in range(6):
        queue.put("ab"[number % 2], number)
    order = []
    while (turn := queue.take()) is not None:
        order.append(turn[1])
        queue.end(turn[0])
    assert order == [0, 1, 2, 3, 4, 5]
    assert (queue._turns, queue._waiting, queue._running) == ({}, {}, {})
