"""What garbage on ``uploads.v1`` costs the good uploads behind it in the consumer of ingest.

``python -m benchmarks.system.garbage [--quick]``. 2,000 good uploads through claim, empty work and commit; and the same
with 10,000 messages among them that are no events. The work itself is left out: with it the ratio is smaller.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks.harness.claims import Claim
from benchmarks.harness.rig import Rig, judged
from core.infra.postgres.connection import create_pool
from core.settings import Settings
from tests.contract.rigs.postgres import new_org, run_postgres
from tests.contract.runtime.test_poison import Rig as ConsumerRig

LIMIT_RATIO = 1.2
GOOD_COUNT, BAD_COUNT = 2_000, 10_000


async def _seconds(settings: Settings, good_count: int, bad_count: int) -> float:
    pool = await create_pool(settings.postgres_worker, size=4)
    rig = ConsumerRig(settings, pool, await new_org(settings))
    began = time.perf_counter()
    for _ in range(good_count):
        for _ in range(bad_count // good_count):
            await rig.take(b"no event", {})
        body = rig.body()
        assert await rig.take(body, rig.headers(body)) == "committed"
    spent_s = time.perf_counter() - began
    await pool.close()
    return spent_s


async def _measure(settings: Settings, *, quick: bool) -> list[Claim]:
    good_count, bad_count = (GOOD_COUNT, BAD_COUNT) if not quick else (200, 1_000)
    await _seconds(settings, 50, 0)
    alone_s = await _seconds(settings, good_count, 0)
    among_s = await _seconds(settings, good_count, bad_count)
    where = (f"{good_count} good ones alone: {alone_s:.1f} s; with {bad_count} bad ones: {among_s:.1f} s",)
    return [Claim(name="good uploads among garbage", measured=among_s / alone_s, limit=LIMIT_RATIO, where=where)]


def bench(rig: Rig) -> list[Claim]:
    """One ratio of one run."""
    with run_postgres() as settings:
        return asyncio.run(_measure(settings, quick=rig.quick))


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
