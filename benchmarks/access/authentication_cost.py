"""What authentication adds to a request, each way of it, over the same operation without any.

``python -m benchmarks.access.authentication_cost [--rounds N] [--organisations N] [--profile]``. A real Postgres with
fsync and N organisations (1,000) with five keys each; the API in this process, without a network. One operation that
reads one row is served twice: to all, and to those who are known. Their requests take turns, by the key, by the access
token and by the cookie of a session, each also *cold*: with nothing of the caller in memory, as every four seconds.
The same operation without authentication is measured as two series: their difference is the noise.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import logging
import pstats
import random
import statistics
import sys
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal
from unittest.mock import patch

import httpx2
import msgspec
import structlog

from api.http.limits.shared_rates import SharedRates
from api.http.operations import Call, Operation, Reply
from api.routes import OPERATIONS
from benchmarks.harness.claims import percentile
from core.infra.postgres.connection import create_pool
from core.settings import Settings
from tests.contract.rigs.api_world import World, client_of, open_world
from tests.contract.rigs.people import PASSWORD, join, visitor
from tests.contract.rigs.postgres import run_postgres

LIMIT_MS = 2.0
REQUEST_COUNT = 300
"""Of each kind in a round."""
OWN_PAGE = {"Origin": "http://api", "Clipstream-Client": "web"}
NOISE, BASE, COLD = "none, again", "none", ", cold"
_FILL = """
with made as (
  insert into orgs (org_id, name, operator) select gen_random_uuid(), 'org ' || n, false from generate_series(1, $1) n
  returning org_id
)
insert into api_keys (org_id, key_id, hash, last4, scopes)
select org_id, gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), 'last', '{read,write,admin}'
from made cross join generate_series(1, 5)
"""
Send = Callable[[], Awaitable[httpx2.Response]]


class RequestTimes:
    """Milliseconds of each request, by kind: passed, and spent by this process on a core."""

    def __init__(self) -> None:
        self.wall_ms: dict[str, list[float]] = defaultdict(list)
        self.cpu_ms: dict[str, list[float]] = defaultdict(list)


async def read_a_row(call: Call[None, None]) -> Reply:
    """One transaction behind the walls of the caller."""
    async with call.rows() as rows:
        return Reply(body={"one": await rows.fetchval("select 1")})


def _operation(name: str, permission: Literal["public", "authenticated"]) -> Operation:
    return Operation(
        method="GET", path=f"/v1/{name}", name=name, tag="projects", summary=name, handler=read_a_row,
        permission=permission,
    )  # fmt: skip


@contextmanager
def forgotten_callers(world: World) -> Iterator[None]:
    """A process that knows no key and no token yet; afterwards it knows what it knew before."""
    context = world.app.state.context
    with patch.object(context.keys, "_found", OrderedDict()), patch.object(context.callers, "_found", OrderedDict()):
        yield


async def make_ways(world: World, settings: Settings) -> dict[str, Send]:
    """A request of each kind."""
    person = await join(world, settings, world.bob, "owner")
    token = visitor(world, person.session["access_token"])
    cookies = visitor(world)
    login = {"email": person.email, "password": PASSWORD, "cookies": True}
    answer = await cookies.post("/v1/auth/login", json=login, headers=OWN_PAGE)
    assert answer.status_code == 200, answer.text
    nobody, key = client_of(world.app, ""), world.bob.client

    def cold(client: httpx2.AsyncClient) -> Send:
        async def send() -> httpx2.Response:
            with forgotten_callers(world):
                return await client.get("/v1/known")

        return send

    return {
        BASE: lambda: nobody.get("/v1/open"),
        NOISE: lambda: nobody.get("/v1/open"),
        "key": lambda: key.get("/v1/known"),
        "token": lambda: token.get("/v1/known"),
        "cookie": lambda: cookies.get("/v1/known"),
        "key" + COLD: cold(key),
        "token" + COLD: cold(token),
        "cookie" + COLD: cold(cookies),
    }


async def time_round(ways: Mapping[str, Send], times: RequestTimes, order: random.Random) -> None:
    """Requests of all kinds, one after another, in a new order each time."""
    for _ in range(REQUEST_COUNT):
        for name in order.sample(list(ways), len(ways)):
            begun_s, cpu_begun_s = time.perf_counter(), time.process_time()
            answer = await ways[name]()
            times.cpu_ms[name].append(1000 * (time.process_time() - cpu_begun_s))
            times.wall_ms[name].append(1000 * (time.perf_counter() - begun_s))
            assert answer.status_code == 200, answer.text


def tell(times: RequestTimes) -> bool:
    """Print the figures; whether each way keeps to the limit, by median and p95."""
    wall, cpu = times.wall_ms, times.cpu_ms
    base_p50, base_p95, base_cpu = (
        statistics.median(wall[BASE]),
        percentile(wall[BASE], 0.95),
        statistics.median(cpu[BASE]),
    )
    print(
        f"without authentication: median {base_p50:.2f} ms, p95 {base_p95:.2f} ms, processor {base_cpu:.2f} ms "
        f"({len(wall[BASE])} requests)"
    )
    within_limit = True
    for name in sorted(wall.keys() - {BASE}):
        more = statistics.median(wall[name]) - base_p50, percentile(wall[name], 0.95) - base_p95
        cpu_more = statistics.median(cpu[name]) - base_cpu
        within_limit = within_limit and max(more) <= LIMIT_MS
        print(f"{name}: median {more[0]:+.2f} ms, p95 {more[1]:+.2f} ms, processor {cpu_more:+.2f} ms")
    return within_limit


async def tell_profile(ways: Mapping[str, Send]) -> None:
    """Where the processor time of each way goes."""
    for name in (BASE, "key", "token" + COLD):
        profile = cProfile.Profile(time.process_time)
        profile.enable()
        for _ in range(REQUEST_COUNT):
            await ways[name]()
        profile.disable()
        print(f"{name}:")
        pstats.Stats(profile).sort_stats("tottime").print_stats(18)


async def measure(settings: Settings, rounds: int, organisations: int, *, profiled: bool) -> bool:
    """Fill the tables, run the rounds, print the figures."""
    times = RequestTimes()
    rates_pool = await create_pool(settings.postgres_api, size=2, name="rates")
    operations = (_operation("open", "public"), _operation("known", "authenticated"))
    with patch("api.app.OPERATIONS", (*OPERATIONS, *operations)):
        async with open_world(settings, rates=SharedRates(rates_pool, time.monotonic)) as world:
            await world.owner.execute("alter table orgs no force row level security")
            await world.owner.execute("alter table api_keys no force row level security")
            await world.owner.execute(_FILL.replace("$1", str(organisations)))
            await world.owner.execute("alter table orgs force row level security")
            await world.owner.execute("alter table api_keys force row level security")
            await world.owner.execute("analyze")
            ways = await make_ways(world, settings)
            await time_round(ways, RequestTimes(), random.Random(0))  # warms connections and statements
            for number in range(rounds):
                await time_round(ways, times, random.Random(number))
            if profiled:
                await tell_profile(ways)
    await rates_pool.close()
    return tell(times)


def main() -> int:
    """Start Postgres and measure; 1 where authentication adds more than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help=f"of {REQUEST_COUNT} requests of each kind (5)")
    parser.add_argument("--organisations", type=int, default=1000, help="in the tables (1000)")
    parser.add_argument("--profile", action="store_true", help="also print where the processor time goes")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with run_postgres({"max_connections": "60"}) as stack_settings:
        settings = msgspec.structs.replace(stack_settings, public="http://api")
        within_limit = asyncio.run(measure(settings, options.rounds, options.organisations, profiled=options.profile))
    print(f"limit: +{LIMIT_MS:g} ms: {'kept' if within_limit else 'missed'}")
    return 0 if within_limit else 1


if __name__ == "__main__":
    sys.exit(main())
