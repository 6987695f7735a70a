"""Time from COMMIT in one stage to the start in the next, on the real stack.

The way: outbox → relay → Kafka → Faust → claim.

``python -m benchmarks.system.hop [--quick] [--state-dir DIR]``. Both ends are commit times that Postgres itself noted
(``benchmarks/harness/stage_timestamps.py``): of the transaction that wrote the event, and of the claim with which the
next stage starts. Two sets: every hop of small projects, one project after the other (so no event waits for a busy
worker, which would be work and not a hop); and deliver → deliver, webhook tries at a steady rate. Limit: p95 of each ≤
50 ms.

A given ``--state-dir`` has its Postgres restarted once, for ``track_commit_timestamp``.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID, uuid4

from benchmarks.harness.claims import Claim, percentile, spread
from benchmarks.harness.rig import SHORT, SHORT_OPTIONS, Rig, expect_completed, judged, say, start, wait
from benchmarks.harness.stage_timestamps import Hop, Marks, marking
from cli.output.webhook_receiver import Inbox, Receiver
from core.infra.postgres.connection import create_pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from schemas.common import ObjectRef
from schemas.events import ExportCompleted

LIMIT_MS = 50.0
PROJECTS_COUNT = 30
TRIES, EVERY_S = 300, 0.1
NOTHING = ObjectRef(key="none", sha256="0" * 64, size=0)


def claim_of(name: str, hops: Sequence[Hop]) -> Claim:
    """p95 against the limit; by pair of stages, and where the time went."""
    pairs: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    for hop in hops:
        pairs[f"{hop.source} → {hop.target}"].append(hop.total_ms)
        for part, ms in hop.part_ms().items():
            spent[part].append(ms)
    by_pair = ", ".join(f"{pair} {percentile(ms, 0.5):.0f}/{percentile(ms, 0.95):.0f}" for pair, ms in pairs.items())
    totals = [hop.total_ms for hop in hops]
    return Claim(
        name=name,
        measured=percentile(totals, 0.95),
        unit="ms",
        limit=LIMIT_MS,
        where=(
            spread(totals),
            f"p50/p95 ms by pair: {by_pair}",
            *(f"{part}: {spread(ms)}" for part, ms in spent.items()),
        ),
    )


def between_stages(hops: Sequence[Hop]) -> list[Hop]:
    """Hops that a stage began: the API's own events are left out."""
    return [hop for hop in hops if hop.source != "api"]


async def small_projects(rig: Rig, marks: Marks) -> list[Hop]:
    """Hops of short projects, one after the other."""
    count = 2 if rig.quick else PROJECTS_COUNT
    earlier_count = len(await marks.hops())
    with contextlib.closing(rig.client()) as client:
        for number in range(count):
            project_id = await asyncio.to_thread(start, client, rig.file(SHORT), SHORT_OPTIONS)
            expect_completed(await asyncio.to_thread(wait, client, project_id, timeout_s=240))
            say(f"hop: project {number + 1} of {count}")
    return between_stages((await marks.hops())[earlier_count:])


async def webhook_tries(rig: Rig, marks: Marks, project_id: UUID) -> list[Hop]:
    """Hops of webhook deliveries, made at a steady rate.

    Deliver plans a try in one transaction, and takes it in another.

    The facts are written as the API writes its own: through the outbox, in a transaction of its role.
    """
    info, count = rig.stack(), 20 if rig.quick else TRIES
    inbox = Inbox(now_s=time.time)
    pool = await create_pool(info.env["CLIPSTREAM_POSTGRES_API"], size=1, name="clipstream-bench")
    with Receiver(inbox, info.webhook_port) as receiver, contextlib.closing(rig.client()) as client:
        endpoint = client.post("/v1/webhooks/endpoints", {"url": receiver.url, "events": ["export.completed"]})
        inbox.secret = endpoint["secret"]
        earlier_count = len(await marks.hops())
        say(f"hop: {count} webhook tries, one each {EVERY_S * 1000:.0f} ms")
        for _ in range(count):
            async with org_transaction(pool, UUID(info.org_id)) as connection:
                cause = Cause(input_id=uuid4(), source="api", now=dt.datetime.now(dt.UTC))
                await put(connection, _fact(UUID(info.org_id), project_id), cause)
            await asyncio.sleep(EVERY_S)
        await asyncio.to_thread(_until, inbox, count)
        client.delete(f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}")
    await pool.close()
    return between_stages((await marks.hops())[earlier_count:])


def _until(inbox: Inbox, count: int) -> None:
    if inbox.wait_for(lambda _: len(inbox.deliveries) >= count, 60.0) is None:
        raise TimeoutError(f"only {len(inbox.deliveries)} of {count} webhooks came; refused: {inbox.refused[:1]}")


def _fact(org_id: UUID, project_id: UUID) -> ExportCompleted:
    return ExportCompleted(
        org_id=org_id, project_id=project_id, clip_id=uuid4(), export_id=uuid4(), ordinal=0, aspect="9:16",
        video=NOTHING, duration_ms=1, integrated_lufs=None,
    )  # fmt: skip


async def measure(rig: Rig) -> list[Claim]:
    """Both sets, on a warm stack."""
    rig.warm()
    async with marking(rig) as marks:
        project_id = UUID(await asyncio.to_thread(rig.warm))  # Postgres may have been restarted: warm again
        projects = await small_projects(rig, marks)
        tries = await webhook_tries(rig, marks, project_id)
    return [
        claim_of("COMMIT → start in the next stage, small projects (p95)", projects),
        claim_of("COMMIT → start in the next stage, webhook tries (p95)", tries),
    ]


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return asyncio.run(measure(rig))


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
