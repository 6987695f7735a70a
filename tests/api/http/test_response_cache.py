"""Cached answers: one request for all callers, bounded age, no failures.

Analytics uses the cache: another window is another question.
"""

from __future__ import annotations

import asyncio

import pytest

from api.http.response_cache import AnswerCache
from tests.api.conftest import OpenClient
from tests.api.fakes import AnalyticsTwin


class Store:
    """Counts its queries; answers when the test allows it."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return number


class Clock:
    """Blocks until it is set."""

    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


async def test_concurrent_callers_share_one_answer_until_it_expires() -> None:
    clock, store = Clock(), Store()
    memory = AnswerCache[int](seconds=2, now=clock)
    waiting = [asyncio.create_task(memory.get("q", store.ask)) for _ in range(5)]
    await asyncio.sleep(0)
    store.open.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    clock.at_s = 1.9
    assert await memory.get("q", store.ask) == 1
    assert await memory.get("another", store.ask) == 2
    clock.at_s = 2.0
    assert await memory.get("q", store.ask) == 3


async def test_a_failure_reaches_all_callers_and_is_not_cached() -> None:
    store = Store()
    memory = AnswerCache[int](seconds=2, now=Clock())
    store.error = RuntimeError("away")
    store.open.set()
    told = await asyncio.gather(*(memory.get("q", store.ask) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in told] == ["away"] * 3
    store.error = None
    assert await memory.get("q", store.ask) == 2


async def test_a_caller_that_gives_up_leaves_the_others_their_answer() -> None:
    store = Store()
    memory = AnswerCache[int](seconds=2, now=Clock())
    first, second = (asyncio.create_task(memory.get("q", store.ask)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    store.open.set()
    assert await second == 1


async def test_the_cache_is_bounded_and_drops_expired_answers() -> None:
    clock, store = Clock(), Store()
    store.open.set()
    memory = AnswerCache[int](seconds=2, now=clock, most=3)
    for name in "abcd":
        await memory.get(name, store.ask)
    assert await memory.get("d", store.ask) == 4
    assert await memory.get("a", store.ask) == 5
    clock.at_s = 3.0
    await memory.get("e", store.ask)
    assert len(memory._kept) == 1


async def test_equal_queries_share_an_answer_with_its_age(
    open_client: OpenClient,
) -> None:
    analytics, now_s = AnalyticsTwin([]), 0.0
    async with open_client(analytics=analytics, monotonic=lambda: now_s) as client:
        for _ in range(3):
            answer = await client.get("/v1/analytics/failures-by-reason")
            assert answer.headers["cache-control"] == "private, max-age=2"
        assert len(analytics.asked) == 1
        await client.get("/v1/analytics/failures-by-reason", params={"until": "2026-11-01T00:00:00Z"})
        await client.get("/v1/analytics/minutes-processed")
        assert len(analytics.asked) == 3
        now_s = 2.0
        await client.get("/v1/analytics/failures-by-reason")
        assert len(analytics.asked) == 4
