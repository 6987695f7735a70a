"""The meter follows the work into its tasks and threads, and counts nothing outside of it."""

from __future__ import annotations

import asyncio

import pytest

from core.infra.usage_meter import count, count_tokens, current, meter_call, metered


async def ask(model: str) -> None:
    with meter_call(model) as told:
        await asyncio.sleep(0)
        told.weights, told.compute_ms = "w", 5


async def test_usage_by_tasks_and_threads_of_the_work_is_counted() -> None:
    with metered() as meter:
        await asyncio.gather(asyncio.create_task(ask("faces")), asyncio.create_task(ask("whisper")))
        await asyncio.to_thread(count, "stored_bytes", 7)
        count("stored_bytes", 3)
    assert sorted(call.model for call in meter.calls) == ["faces", "whisper"]
    assert {(call.weights, call.compute_ms, call.failed, call.requests) for call in meter.calls} == {("w", 5, 0, 1)}
    assert meter.counts == {"stored_bytes": 10}


async def test_a_request_that_fails_is_counted_as_failed() -> None:
    with metered() as meter, pytest.raises(ZeroDivisionError), meter_call("faces"):
        raise ZeroDivisionError
    assert [(call.model, call.failed, call.compute_ms) for call in meter.calls] == [("faces", 1, 0)]


async def test_outside_of_metered_work_nothing_is_counted() -> None:
    await ask("faces")
    count("read_bytes", 5)
    count_tokens(1, 2, 0.1, 0.2)
    assert current() is None


async def test_concurrent_pieces_of_work_have_their_own_meters() -> None:
    async def work(model: str) -> list[str]:
        with metered() as meter:
            await ask(model)
            await asyncio.sleep(0)
            await ask(model)
        return [call.model for call in meter.calls]

    assert await asyncio.gather(work("a"), work("b")) == [["a", "a"], ["b", "b"]]


async def test_tokens_have_the_money_of_their_own_price_list() -> None:
    with metered() as meter:
        count_tokens(1000, 200, 0.001, 0.0)
        count_tokens(500, 100, 0.0005, 0.0)
    assert meter.counts == {"tokens_in": 1500, "tokens_out": 300}
    assert meter.token_money == pytest.approx({"tokens_in": 0.0015})
