"""Consumer lag from the broker, also for partitions without a commit or a fetch."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition

from streams.runtime.lag import Lag

A, B = TopicPartition("spans.v1", 0), TopicPartition("spans.v1", 1)


class Broker:
    """The broker's offsets, and the worker's commits."""

    def __init__(self, *, first: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> None:
        self.first, self.ends = first, ends
        self.committed: dict[TopicPartition, int | None] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.away = False
        self.asked = self.asked_for_first = 0
        self.lag = Lag(self, lambda: {tuple(place) for place in self.ends}, self.committed.get)  # type: ignore[arg-type, misc]

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked_for_first += 1
        return {place: self.first[place] for place in partitions}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += 1
        await self.answers.wait()
        if self.away:
            raise ConnectionError("away")
        return {place: self.ends[place] for place in partitions}

    async def count(self) -> int:
        """The lag after the broker has answered the current request."""
        self.lag.count()
        await asyncio.sleep(0.01)
        return self.lag.count()


async def test_an_uncommitted_partition_counts_from_its_beginning() -> None:
    broker = Broker(first={A: 0, B: 40}, ends={A: 3, B: 50})
    assert broker.lag.count() == 0, "nothing is known yet"
    assert await broker.count() == 13
    broker.committed.update({A: 2, B: None})
    assert await broker.count() == 11


async def test_messages_removed_by_retention_do_not_count_as_lag() -> None:
    broker = Broker(first={A: 100}, ends={A: 100})
    broker.committed[A] = 5
    assert await broker.count() == 0


async def test_a_partition_without_lag_needs_no_beginning_offset() -> None:
    broker = Broker(first={A: 2, B: 0}, ends={A: 7, B: 0})
    broker.committed[A] = 7
    assert [await broker.count() for _ in range(3)] == [0, 0, 0]
    assert broker.asked_for_first == 0
    broker.ends[A] = 8
    assert await broker.count() == 1
    assert broker.asked_for_first > 0


async def test_a_worker_without_partitions_has_no_lag() -> None:
    broker = Broker(first={}, ends={})
    assert await broker.count() == 0
    assert broker.asked == 0


async def test_an_unfetched_message_counts_as_lag() -> None:
    broker = Broker(first={A: 0}, ends={A: 7})
    broker.committed[A] = 7
    assert await broker.count() == 0
    broker.ends[A] = 9
    assert await broker.count() == 2


async def test_a_silent_broker_gets_one_request_and_the_last_lag_holds() -> None:
    broker = Broker(first={A: 0}, ends={A: 7})
    broker.committed[A] = 4
    assert await broker.count() == 3
    await asyncio.sleep(0.01)
    broker.answers.clear()
    broker.ends[A] = 8
    asked = broker.asked
    assert [await broker.count() for _ in range(3)] == [3, 3, 3]
    assert broker.asked == asked + 1
    broker.committed[A] = 7
    assert await broker.count() == 0
    broker.answers.set()
    await asyncio.sleep(0.01)
    assert await broker.count() == 1
    broker.answers.clear()
    broker.lag.count()
    broker.lag.forget()


async def test_an_error_leaves_the_last_known_lag() -> None:
    broker = Broker(first={A: 0}, ends={A: 7})
    assert await broker.count() == 7
    broker.away = True
    assert [await broker.count() for _ in range(3)] == [7, 7, 7]
    broker.away, broker.committed[A] = False, 7
    assert await broker.count() == 0
