"""What admission costs the relay's own statements: a mix with events of lanes, against none of them.

``python -m benchmarks.system.admission [--quick]``. Both in one run on a Postgres of its own, in turn: 100
organisations, 20,000 events, each fifth of a lane as in a project with one clip (or none), in rounds of 500 that are
admitted, listed and marked as sent; Kafka has no part in it. Then a round while 100,000 events of one organisation
wait behind its full window, against a round with nothing there.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import asyncpg

from benchmarks.harness.claims import Claim, percentile, spread
from benchmarks.harness.rig import Rig, judged
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.admission import Window
from core.infra.postgres.connection import prepare_connection
from core.settings import Settings
from streams.background.relay import BATCH_ROWS
from tests.contract.rigs.postgres import run_postgres

ORGS_COUNT, EVENTS_COUNT, WAITING_COUNT, ROUNDS_COUNT = 100, 20_000, 100_000, 50
WINDOWS = (Window(lane="render", of_queue=5, of_org=5),)
"""Of 100 organisations: a batch of the relay."""
LANE_EVERY_COUNT = 5
LIMIT_RATIO, LIMIT_ROUND_MS = 2.0, 50.0
_FILL = """
insert into outbox (org_id, event_id, topic, key, partition, headers, payload, lane, queue, input_id, waits)
select o.id, gen_random_uuid(), 'renders.v1', 'k', 0, '{}', convert_to(repeat('x', 700), 'UTF8'), l.lane, o.id,
  gen_random_uuid(), l.lane is not null
from generate_series(1, $1) n join lateral (select ($2::uuid[])[1 + n % cardinality($2::uuid[])] as id) o on true
cross join lateral (select case when n % $4 = 0 then $3::text end as lane) l
"""


async def round_ms(relay: Any) -> tuple[float, int]:
    """One round of the relay without Kafka: its milliseconds, and the rows that it sent."""
    began = time.perf_counter()
    await admission.admit(relay, WINDOWS, BATCH_ROWS)
    rows = await outbox_queue.list_due_rows(relay, BATCH_ROWS)
    if rows:
        await outbox_queue.mark_sent(relay, [row["seq"] for row in rows])
    return (time.perf_counter() - began) * 1000, len(rows)


async def drain_ms(relay: Any, lane: str | None, count: int) -> float:
    """Milliseconds for a thousand events, until nothing is left."""
    orgs = [uuid.uuid4() for _ in range(ORGS_COUNT)]
    await relay.execute(_FILL, count, orgs, lane, LANE_EVERY_COUNT)
    await relay.execute("analyze outbox")
    spent_ms, sent_count = 0.0, 0
    while sent_count < count:
        ms, rows = await round_ms(relay)
        await relay.execute("delete from admissions")  # as the ends of their attempts do
        spent_ms, sent_count = spent_ms + ms, sent_count + rows
    await relay.execute("delete from outbox")
    await relay.execute("vacuum outbox")
    await relay.execute("vacuum admissions")
    return spent_ms / count * 1000


async def _measure(settings: Settings, *, quick: bool) -> list[Claim]:
    relay = await asyncpg.connect(settings.postgres_owner)
    await prepare_connection(relay)
    try:
        plain, laned = [], []
        for _ in range(1 if quick else 5):
            plain.append(await drain_ms(relay, None, EVENTS_COUNT // (10 if quick else 1)))
            laned.append(await drain_ms(relay, "render", EVENTS_COUNT // (10 if quick else 1)))
        idle = [(await round_ms(relay))[0] for _ in range(ROUNDS_COUNT)]
        await relay.execute(_FILL, WAITING_COUNT // (10 if quick else 1), [uuid.uuid4()], "render", 1)
        await relay.execute("analyze outbox")
        await round_ms(relay)
        full = [(await round_ms(relay))[0] for _ in range(ROUNDS_COUNT)]
    finally:
        await relay.close()
    ratio = percentile(laned, 0.5) / percentile(plain, 0.5)
    details = (
        f"each fifth of a lane: {percentile(laned, 0.5):.0f} ms a thousand; none: {percentile(plain, 0.5):.0f} ms",
    )
    idle_details = (f"with nothing there: {spread(idle)}",)
    return [
        Claim(name="the relay's statements, admitted to not", measured=ratio, limit=LIMIT_RATIO, where=details),
        Claim(
            name="a round with 100,000 waiting",
            measured=percentile(full, 0.95),
            unit="ms",
            limit=LIMIT_ROUND_MS,
            where=idle_details,
        ),
    ]


def bench(rig: Rig) -> list[Claim]:
    """Both claims; the stack has no part in them."""
    with run_postgres() as settings:
        return asyncio.run(_measure(settings, quick=rig.quick))


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
