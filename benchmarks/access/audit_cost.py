"""What the audit log and the request log add to a request: in rounds that take turns, in one process.

``python -m benchmarks.access.audit_cost [--rounds N]``. A real Postgres with fsync; the API in this process, without a
network. GET and POST one after another, each second one with the request log; POSTs of one organisation from 16 callers
without an audit log, with the product's (append now, seal later), and with a chain that each POST extends itself.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from unittest.mock import patch

import msgspec
import structlog

from core.infra.postgres.connection import create_pool
from core.services.audit import audit_log as audit
from core.services.audit.audit_log import seal_entries
from core.settings import Settings
from core.storage.identity.audit import AuditEntry, insert_entry, lock_chain
from tests.contract.rigs.api_world import URL, World, open_world
from tests.contract.rigs.postgres import run_postgres

CALLER_COUNT = 16
REQUEST_COUNT = 200
"""Of each kind in a round."""
GRANTS = "grant insert, update on audit_chains to clipstream_api"
"""What a chain that the API extends would need."""
Append = Callable[[Any, AuditEntry], Awaitable[None]]


async def append_nothing(_connection: Any, _entry: AuditEntry) -> None:
    """Leave the audit log out."""


async def append_to_chain(connection: Any, entry: AuditEntry) -> None:
    """Extend the chain in the transaction, whose end lets the next writer of the organisation go on."""
    await insert_entry(connection, entry)
    chain = await lock_chain(connection, entry.org_id)
    entry_hash = hashlib.sha256(chain.end.hash + msgspec.json.encode(entry)).digest()
    await connection.execute(
        "update audit_chains set position = position + 1, hash = $2 where org_id = $1", entry.org_id, entry_hash
    )


APPENDS: dict[str, Append] = {
    "no audit log": append_nothing,
    "sealed later": audit.append,
    "chained in the POST": append_to_chain,
}


async def time_requests(world: World, method: str) -> dict[bool, list[float]]:
    """Milliseconds of requests one after another: every other one is noted in the request log."""
    log = world.app.state.context.request_log
    times_ms: dict[bool, list[float]] = {False: [], True: []}
    writer = asyncio.create_task(log.run())
    for number in range(2 * REQUEST_COUNT):
        logged = bool(number % 2)
        with patch.object(log, "note", log.note if logged else lambda _: None):
            begun_s = time.perf_counter()
            answer = await world.ann.client.request(method, "/v1/projects", json=URL if method == "POST" else None)
            times_ms[logged].append(1000 * (time.perf_counter() - begun_s))
        assert answer.status_code < 300, answer.text
    writer.cancel()
    with suppress(asyncio.CancelledError):
        await writer
    return times_ms


async def post_rate_hz(world: World, append: Append) -> float:
    """POSTs a second of all callers."""

    async def post_all() -> None:
        for _ in range(REQUEST_COUNT // 4):
            answer = await world.ann.client.post("/v1/projects", json=URL)
            assert answer.status_code == 202, answer.text

    begun_s = time.perf_counter()
    with patch.object(audit, "append", append):
        await asyncio.gather(*(post_all() for _ in range(CALLER_COUNT)))
    return CALLER_COUNT * (REQUEST_COUNT // 4) / (time.perf_counter() - begun_s)


@asynccontextmanager
async def sealing(settings: Settings) -> AsyncIterator[None]:
    """Seal during the load, as the relay does."""
    pool = await create_pool(settings.postgres_relay, size=1, name="sealer")

    async def seal() -> None:
        while True:
            await seal_entries(pool)
            await asyncio.sleep(1)

    task = asyncio.create_task(seal())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await pool.close()


async def measure(settings: Settings, rounds: int) -> None:
    """Run the rounds and print medians."""
    times_ms: dict[tuple[str, bool], list[float]] = defaultdict(list)
    rates_hz: dict[str, list[float]] = defaultdict(list)
    async with open_world(settings, pool_size=CALLER_COUNT) as world:
        await world.owner.execute(GRANTS)
        await time_requests(world, "POST")
        for _ in range(rounds):
            for method in ("GET", "POST"):
                for logged, measured_ms in (await time_requests(world, method)).items():
                    times_ms[method, logged] += measured_ms
            for name, append in APPENDS.items():
                if append is not audit.append:
                    rates_hz[name].append(await post_rate_hz(world, append))
                    continue
                async with sealing(settings):
                    rates_hz[name].append(await post_rate_hz(world, append))
            await world.owner.execute("truncate audit_entries, audit_chains")
    for method in ("GET", "POST"):
        without, logged_ms = (statistics.median(times_ms[method, logged]) for logged in (False, True))
        print(f"{method}: p50 {without:.2f} ms without the request log, {logged_ms:.2f} ms with it")
    for name, rates in rates_hz.items():
        rounds_text = ", ".join(f"{rate:.0f}" for rate in rates)
        print(f"{CALLER_COUNT} callers, {name}: {statistics.median(rates):.0f} POST/s (rounds: {rounds_text})")


def main() -> int:
    """Start Postgres and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of everything in turn (5)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with run_postgres({"max_connections": "60"}) as settings:
        asyncio.run(measure(settings, options.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
