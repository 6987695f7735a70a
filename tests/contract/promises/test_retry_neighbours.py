"""Promise 7: an organisation whose work is retried again and again takes no other organisation's time.

A worker handles events of two organisations in turn. For the one a part is away: each of its events is given back and
due again later, as a row. The other's events take as long as without that neighbour.
"""

from __future__ import annotations

import time

from benchmarks.harness.claims import percentile
from core.errors import Unavailable
from core.settings import Settings
from streams.runtime.stage import Work
from tests.contract.promises.test_zombies import another
from tests.contract.rigs.attempt_rig import Rig, make_rig, nothing
from tests.contract.rigs.postgres import new_org
from tests.support.soak import bound, record, time_out, volume

__all__ = ["make_rig"]

EVENTS = volume(60, 2_000)
RATIO_LIMIT = 1.2


async def away(work: Work) -> None:
    work.report(1)
    raise Unavailable("objects", "away")


async def timed(rig: Rig) -> float:
    """Seconds that one good event of the organisation takes."""
    own, begun_s = another(rig), time.monotonic()
    assert await own.run(nothing) == "committed"
    return time.monotonic() - begun_s


@time_out(1800)
async def test_retries_of_one_organisation_take_nothing_from_another(rig: Rig, postgres: Settings) -> None:
    troubled = Rig(rig.worker, rig.relay, await new_org(postgres))
    alone, beside, retried = [], [], 0
    for number in range(EVENTS):
        alone.append(await timed(rig))
        if number % 2 == 0:
            broken = another(troubled)
        retried += await broken.run(away) == "retried"
        beside.append(await timed(rig))
    assert retried == EVENTS
    due = await rig.relay.fetchval(
        "select count(*) from outbox where org_id = $1 and published_at is null", troubled.org_id
    )
    assert due > 0, "what is retried waits as a row, not in the worker"
    middle, late = (percentile(beside, share) / percentile(alone, share) for share in (0.5, 0.95))
    record(
        7, f"{EVENTS} events beside {retried} retries of another organisation: median {middle:.2f}×, p95 {late:.2f}×"
    )
    assert middle <= bound(RATIO_LIMIT)
