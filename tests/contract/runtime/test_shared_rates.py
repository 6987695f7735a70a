"""RequestRates that processes of the API share, on a real Postgres."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

import pytest

from api.http.limits.shared_rates import RequestRate, SharedRates
from api.problems.problem_details import ApiProblem
from core.infra.postgres.connection import Pool, create_pool, transaction
from core.settings import Settings
from core.storage.billing.rate_buckets import take_tokens

pytestmark = pytest.mark.contract


@pytest.fixture
async def pools(postgres: Settings) -> AsyncIterator[list[Pool]]:
    """Connections of three processes."""
    opened = [await create_pool(postgres.postgres_api, size=2, name=f"api-{number}") for number in range(3)]
    yield opened
    for pool in opened:
        await pool.close()


def new_rate(per_minute: int) -> RequestRate:
    return RequestRate(name=f"key:{uuid.uuid4()}", per_minute=per_minute)


async def is_admitted(rates: SharedRates, *rate: RequestRate) -> bool:
    try:
        await rates.require(rate)
    except ApiProblem as problem:
        return not (problem.code == "rate-limited" and int(problem.headers["Retry-After"]) >= 1)
    return True


async def test_processes_together_admit_what_the_rate_allows(pools: list[Pool]) -> None:
    rate, processes = new_rate(1200), [SharedRates(pool, time.monotonic) for pool in pools]
    begun = time.monotonic()

    async def press(process: SharedRates) -> int:
        return sum([await is_admitted(process, rate) for _ in range(400)])

    admitted = sum(await asyncio.gather(*map(press, processes)))
    ideal = rate.burst + (time.monotonic() - begun) * rate.rate_s
    assert 0.9 * rate.burst <= admitted <= ideal * 1.01


async def test_requests_at_once_lose_no_tokens(pools: list[Pool]) -> None:
    rate, process = new_rate(1200), SharedRates(pools[0], time.monotonic)
    answers = await asyncio.gather(*(is_admitted(process, rate) for _ in range(int(rate.burst))))
    assert sum(answers) == rate.burst


async def test_most_requests_ask_nothing_of_postgres(pools: list[Pool]) -> None:
    rate, asked = new_rate(12_000), 0
    pool = pools[0]

    class Counting:
        def acquire(self, timeout: float = 0) -> object:
            nonlocal asked
            asked += 1
            return pool.acquire(timeout=timeout)

    rates = SharedRates(Counting(), time.monotonic)
    assert all([await is_admitted(rates, rate) for _ in range(1000)])
    assert asked <= 30


async def test_rates_that_are_used_up_are_renewed_in_one_transaction(pools: list[Pool]) -> None:
    begun_count = 0
    pool = pools[0]

    class Counting:
        def acquire(self, timeout: float = 0) -> object:
            nonlocal begun_count
            begun_count += 1
            return pool.acquire(timeout=timeout)

    rates = SharedRates(Counting(), time.monotonic)
    key, organisation = new_rate(1200), new_rate(1200)
    assert await is_admitted(rates, key, organisation)
    assert begun_count == 1
    several = [is_admitted(rates, new_rate(1200), organisation) for _ in range(100)]
    assert all(await asyncio.gather(*several)), "who waits for one lease loses no token of another"


async def test_a_bucket_refills_by_the_clock_of_the_server(pools: list[Pool]) -> None:
    name = f"key:{uuid.uuid4()}"

    async def take(count: int) -> int:
        async with transaction(pools[0]) as rows:
            return (await take_tokens(rows, name, size=10, rate_s=50, count=count)).count

    assert [await take(7), await take(7)] == [7, 3]
    await asyncio.sleep(0.1)
    assert 4 <= await take(10) <= 10


async def test_one_caller_does_not_use_up_the_rate_of_another(pools: list[Pool]) -> None:
    rates, greedy, modest = SharedRates(pools[0], time.monotonic), new_rate(60), new_rate(60)
    assert sum([await is_admitted(rates, greedy) for _ in range(100)]) <= 16
    assert await is_admitted(rates, modest)


async def test_the_scarcest_rate_decides(pools: list[Pool]) -> None:
    rates, key, organisation = SharedRates(pools[0], time.monotonic), new_rate(1200), new_rate(40)
    assert sum([await is_admitted(rates, key, organisation) for _ in range(50)]) in (10, 11)
    headers = await rates.require([key])
    assert headers["RateLimit-Policy"] == '"default";q=1200;w=60'


async def test_without_postgres_a_process_counts_for_itself(postgres: Settings) -> None:
    pool = await create_pool(postgres.postgres_api, size=1, name="gone")
    rates, rate = SharedRates(pool, time.monotonic), new_rate(60)
    await pool.close()
    assert sum([await is_admitted(rates, rate) for _ in range(50)]) in (15, 16)
