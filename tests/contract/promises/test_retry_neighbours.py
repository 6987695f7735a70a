"""Promise 7: an organisation whose work is retried again and again takes no other organisation's time.

A worker handles events of two organisations in turn. For the one a part is away: each of its events is given back and
due again later, as a row. The other's events take as long as without that neighbour: rounds of both kinds take turns.
"""

from __future__ import annotations

import time

from core.errors import Unavailable
from core.settings import Settings
from streams.runtime.stage import Work
from tests.contract.promises.test_zombies import another
from tests.contract.rigs.attempt_rig import Rig, make_rig, nothing
from tests.contract.rigs.postgres import new_org
from tests.support.soak import ROUND, bound, p95_ratio, record, time_out, volume

__all__ = ["make_rig"]

ROUNDS = volume(2, 40)
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
    alone_s, loaded_s, retried = list[float](), list[float](), 0
    for number in range(ROUNDS):
        for kind in (alone_s, loaded_s) if number % 2 else (loaded_s, alone_s):
            for turn in range(ROUND):
                if kind is loaded_s and turn % 2 == 0:
                    broken = another(troubled)
                retried += kind is loaded_s and await broken.run(away) == "retried"
                kind.append(await timed(rig))
    assert retried == ROUNDS * ROUND
    due = await rig.relay.fetchval(
        "select count(*) from outbox where org_id = $1 and published_at is null", troubled.org_id
    )
    assert due > 0, "what is retried waits as a row, not in the worker"
    ratio = p95_ratio(alone_s, loaded_s)
    record(7, f"{len(loaded_s)} events and {retried} retries of another organisation: p95 {ratio:.2f}×")
    assert ratio <= bound(RATIO_LIMIT)
