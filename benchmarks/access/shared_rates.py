"""Rates that API processes share: their over-admission, and what a flood costs another caller.

``python -m benchmarks.access.shared_rates [--rounds N] [--seconds S]``. Two API processes on a Postgres with fsync,
load from outside at both. First a key, a person and an organisation each ask three times as often as their rate allows,
from a full bucket: over-admission ≤ 1 %. Then another organisation's key asks ten times a second, in rounds that take
turns: alone, and while a key asks five times as often as it may: p99 ≤ 1.5 ×. Exit code 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog

from api.http.limits.shared_rates import RequestRate, SharedRates
from api.projects.event_follower import Listeners
from benchmarks.harness.claims import percentile, spread
from benchmarks.system.api_load import Ask, Customer, Load, LoadResult, joined
from core.infra.postgres.connection import create_pool, set_org
from core.settings import Settings
from tests.contract.generated.schemathesis_run import FiniteStreams, serve
from tests.contract.generated.wall_callers import WallCaller, make_callers
from tests.contract.rigs.api_world import World, open_app, open_world
from tests.contract.rigs.postgres import run_postgres

PROCESSES_COUNT, WORKERS_COUNT, CLIENTS = 2, 6, 8
PER_MINUTE, ORGANISATION_PER_MINUTE = 1200, 600
PLANS = [
    {"name": "unlimited", "title": "Unlimited"},
    {"name": "metered", "title": "Metered", "requests_per_minute": ORGANISATION_PER_MINUTE},
]
PRESS_RATIO, FLOOD_RATIO, VICTIM_HZ = 3, 5, 10.0
MAX_OVER_ADMISSION, MAX_P99_RATIO = 0.01, 1.5
ASKS = [Ask(name="GET projects", weight=1, path="/v1/projects?limit=20")]
SPAWN = multiprocessing.get_context("spawn")


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """What a load met, and from when until when."""

    result: LoadResult
    began_at: float
    """Seconds of the machine's clock."""
    ended_at: float

    @property
    def request_count(self) -> int:
        """Requests that were answered."""
        return sum(map(len, self.result.times_ms.values()))

    @property
    def refusal_count(self) -> int:
        """Requests that were refused because of the rate."""
        return sum(count for name, count in self.result.refused.items() if name.endswith(": 429"))


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whose requests share a bucket: their keys or tokens, and the rate that binds them."""

    name: str
    tokens: Sequence[str]
    per_minute: int


def press(load: Load, starts_at: float) -> Pressed:
    """Send a load from a process of its own, from a time on of the machine's clock."""
    results, stop = [LoadResult() for _ in range(load.clients)], threading.Event()
    customers = [Customer(load, number, results[number], stop) for number in range(load.clients)]
    threads = [threading.Thread(target=customer.run) for customer in customers]
    time.sleep(max(0.0, starts_at - time.time()))
    began_at = time.time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Pressed(result=joined(results), began_at=began_at, ended_at=time.time())


def serve_api(settings: Settings, addresses: Any) -> None:
    """One API process, until it is ended; puts its address into the queue."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

    async def run() -> None:
        pool = await create_pool(settings.postgres_api, size=8, name="api")
        rates, listeners = SharedRates(pool, time.monotonic), Listeners(look_anyway_s=30)
        changes = {"rates": rates, "monotonic": time.monotonic}
        async with open_app(settings, pool, listeners, **changes) as app, serve(FiniteStreams(app)) as address:
            addresses.put(address)
            await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def api_processes(settings: Settings) -> Iterator[list[str]]:
    """Addresses of the API processes."""
    addresses = SPAWN.Queue()
    processes = [
        SPAWN.Process(target=serve_api, args=(settings, addresses), daemon=True) for _ in range(PROCESSES_COUNT)
    ]
    for process in processes:
        process.start()
    try:
        yield [addresses.get(timeout=120) for _ in processes]
    finally:
        for process in processes:
            process.terminate()
            process.join()


def loads(addresses: Sequence[str], tokens: Sequence[str], per_second: float, seconds: float) -> list[Load]:
    """One load for each address and token, of ``per_second`` together."""
    places = [(urlsplit(address), token) for address in addresses for token in tokens]
    return [
        Load(
            host=place.hostname or "", port=place.port or 0, api_key=token, asks=ASKS, clients=CLIENTS,
            per_second=per_second / len(places), seconds=seconds, seed=number,
        )
        for number, (place, token) in enumerate(places)
    ]  # fmt: skip


def press_all(workers: ProcessPoolExecutor, parts: Sequence[Load]) -> list[Pressed]:
    """Send loads at once."""
    return list(workers.map(press, parts, [time.time() + 1.0] * len(parts)))


def over_admission(workers: ProcessPoolExecutor, addresses: Sequence[str], actor: Actor, seconds: float) -> float:
    """By how much more than its rate allows an actor was admitted, as a share."""
    rate = RequestRate(name=actor.name, per_minute=actor.per_minute)
    parts = press_all(workers, loads(addresses, actor.tokens, PRESS_RATIO * rate.rate_s, seconds))
    lasted_s = max(part.ended_at for part in parts) - min(part.began_at for part in parts)
    request_count = sum(part.request_count for part in parts)
    admitted_count = request_count - sum(part.refusal_count for part in parts)
    errors = {
        name: count for part in parts for name, count in part.result.refused.items() if not name.endswith(": 429")
    }
    allowed_count = rate.burst + rate.rate_s * lasted_s
    over = admitted_count / allowed_count - 1
    print(
        f"{actor.name}: {request_count} requests in {lasted_s:.1f} s, {admitted_count} admitted, "
        f"{allowed_count:.0f} allowed: {over:+.2%}{f', other answers {errors}' if errors else ''}"
    )
    return over


def victim_ratio(
    workers: ProcessPoolExecutor, addresses: Sequence[str], victim: str, greedy: Actor, seconds: float, rounds: int
) -> float:
    """p99 of a caller while another one floods, by its p99 alone."""
    times_ms: dict[bool, list[float]] = {False: [], True: []}
    flood_hz = FLOOD_RATIO * greedy.per_minute / 60
    for number in range(2 * rounds):
        flooded = bool(number % 2)
        calls = loads(addresses, [victim], VICTIM_HZ, seconds)
        flood = loads(addresses, greedy.tokens, flood_hz, seconds + 1) if flooded else []
        parts = press_all(workers, [*flood, *calls])[len(flood) :]
        times_ms[flooded] += [took_ms for part in parts for times in part.result.times_ms.values() for took_ms in times]
        assert not any(part.result.refused for part in parts), "the other caller was refused"
    alone_ms, flooded_ms = (percentile(times_ms[flooded], 0.99) for flooded in (False, True))
    print(f"another caller alone: {spread(times_ms[False])}")
    print(f"under {flood_hz:.0f} requests/s: {spread(times_ms[True])}; p99 {flooded_ms / alone_ms:.2f} x")
    return flooded_ms / alone_ms


async def make_actors(settings: Settings) -> tuple[list[Actor], str, Actor]:
    """Those who press, another organisation's key, and the key that floods."""
    async with open_world(settings) as world:
        owners = [await make_callers(world, settings, world.ann.org_id, ["owner"]) for _ in range(2)]
        key, person, greedy = (
            token_of(owners[number], kind) for number, kind in ((0, "key"), (0, "token"), (1, "key"))
        )
        viewers = await make_callers(world, settings, world.bob.org_id, ["viewer"])
        shared = [token_of(viewers, kind) for kind in ("key", "service_account", "token")]
        await set_plan(world, world.bob.org_id, "metered")
        victims = await make_callers(world, settings, await new_organisation(world), ["viewer"])
    actors = [
        Actor(name="key", tokens=[key], per_minute=PER_MINUTE),
        Actor(name="person", tokens=[person], per_minute=PER_MINUTE),
        Actor(name="organisation of three", tokens=shared, per_minute=ORGANISATION_PER_MINUTE),
    ]
    return actors, token_of(victims, "key"), Actor(name="flood", tokens=[greedy], per_minute=PER_MINUTE)


def token_of(callers: Sequence[WallCaller], kind: str) -> str:
    """The token of the first caller of a kind."""
    return next(caller.token for caller in callers if caller.kind == kind)


async def set_plan(world: World, org_id: UUID, plan: str) -> None:
    """Write the plan of an organisation."""
    async with world.owner.transaction():
        await set_org(world.owner, org_id)
        await world.owner.execute("update orgs set plan = $2 where org_id = $1", org_id, plan)


async def new_organisation(world: World) -> UUID:
    """One more organisation."""
    org_id = UUID(int=world.ann.org_id.int ^ 1)
    async with world.owner.transaction():
        await set_org(world.owner, org_id)
        await world.owner.execute("insert into orgs (org_id, name) values ($1, 'Eve')", org_id)
    return org_id


def measure(settings: Settings, *, seconds: float, rounds: int) -> bool:
    """Run all parts and print figures; whether each limit is kept."""
    actors, victim, greedy = asyncio.run(make_actors(settings))
    with api_processes(settings) as addresses, ProcessPoolExecutor(WORKERS_COUNT, mp_context=SPAWN) as workers:
        list(workers.map(time.sleep, [5.0] * WORKERS_COUNT))  # each has to be there before the first load
        press_all(workers, loads(addresses, [victim], VICTIM_HZ, 3.0))
        over = [over_admission(workers, addresses, actor, seconds) for actor in actors]
        ratio = victim_ratio(workers, addresses, victim, greedy, seconds, rounds)
    return max(over) <= MAX_OVER_ADMISSION and ratio <= MAX_P99_RATIO


def main() -> int:
    """Start Postgres and measure; exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="with the flood and without, in turn (5)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each round (20)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with run_postgres({"max_connections": "60"}) as fresh, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plans.json"
        file.write_bytes(msgspec.json.encode(PLANS))
        settings = msgspec.structs.replace(fresh, plans_file=file, rate_limit_per_minute=PER_MINUTE)
        return 0 if measure(settings, seconds=options.seconds, rounds=options.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
