"""Errors of lost transactions: one that may be repeated is Unavailable, a bug stays a bug. Real Postgres."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from core.errors import Unavailable
from core.infra.postgres.connection import Pool, create_pool, transaction
from core.settings import Settings


async def crossing(pool: Pool, first: int, second: int, both: asyncio.Barrier) -> str:
    try:
        async with transaction(pool) as connection:
            await connection.execute("select pg_advisory_xact_lock($1)", first)
            await both.wait()
            await connection.execute("select pg_advisory_xact_lock($1)", second)
    except Unavailable as error:
        return error.detail
    return ""


async def test_the_loser_of_a_deadlock_may_try_again(postgres: Settings) -> None:
    pool, both = await create_pool(postgres.postgres_worker, size=2), asyncio.Barrier(2)
    ended = await asyncio.gather(crossing(pool, 1, 2, both), crossing(pool, 2, 1, both))
    assert sorted(bool(detail) for detail in ended) == [False, True]
    assert "deadlock" in "".join(ended)
    await pool.close()


async def ask(pool: Pool, sql: str, argument: object) -> None:
    async with transaction(pool) as connection:
        await connection.execute("set local statement_timeout = '200ms'")
        await connection.fetchval(sql, argument)


async def test_a_cancelled_statement_may_run_again_a_wrong_one_not(postgres: Settings) -> None:
    pool = await create_pool(postgres.postgres_worker, size=1)
    with pytest.raises(Unavailable):
        await ask(pool, "select pg_sleep($1)", 5.0)
    for wrong, argument in (("select $1::int", 2**40), ("select $1::text", "a\0b"), ("select no_such($1::int)", 1)):
        with pytest.raises(asyncpg.PostgresError):
            await ask(pool, wrong, argument)
    async with transaction(pool) as connection:
        assert await connection.fetchval("select 1") == 1
    await pool.close()
