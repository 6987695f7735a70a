"""What a try cost, written down in the transaction that ends it: rows of ``costs``, and CostIncurred. Measures nothing.

Every try counts, also one that came to nothing: it was paid for. One that lost its fence is written down by nobody.
"""

from __future__ import annotations

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.infra.usage_meter import Meter
from schemas.costs import CostItem, Outcome, PriceList, priced, shortened
from schemas.events import AnyEvent, CostIncurred, Stage, owner_of
from streams.runtime.leases import Claim

MOST_CALLS = 200
"""Listed one by one in an event; it stays below 64 KiB."""
_ADD = """
insert into costs (org_id, project_id, stage, kind, amount, money, currency) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (org_id, project_id, stage, kind) do update set
  amount = costs.amount + excluded.amount, currency = excluded.currency,
  money = case when costs.money is null then excluded.money else costs.money + coalesce(excluded.money, 0) end
"""


def items_of(meter: Meter, cpu_ms: int, prices: PriceList) -> list[CostItem]:
    """What was used, priced. The models' processor time is part of a finished stage's; of a lost try it is all."""
    cpu_ms = max(cpu_ms, sum(call.compute_ms for call in meter.calls))
    gpu_ms = sum(call.gpu_ms for call in meter.calls)
    found = [priced("cpu_ms", cpu_ms, prices), priced("gpu_ms", gpu_ms, prices)]
    for kind, amount in sorted(meter.counts.items()):
        money = meter.token_money.get(kind)
        found.append(
            CostItem(kind=kind, amount=amount, money=money) if money is not None else priced(kind, amount, prices)
        )
    return [item for item in found if item.amount]


async def record(
    connection: Connection,
    claim: Claim,
    event: AnyEvent,
    meter: Meter,
    prices: PriceList,
    cause: Cause,
    *,
    outcome: Outcome,
    cpu_ms: int = 0,
) -> None:
    """Write down one try; one that used nothing leaves nothing. The caller has locked the project's row."""
    items = items_of(meter, cpu_ms, prices)
    if not items and not meter.calls:
        return
    org_id, project_id = owner_of(event)
    rows = [(org_id, project_id, claim.stage, item.kind, item.amount, item.money, prices.currency) for item in items]
    await connection.executemany(_ADD, rows)
    incurred = CostIncurred(
        org_id=org_id,
        project_id=project_id,
        stage=msgspec.convert(claim.stage, Stage),
        attempt=claim.fence,
        outcome=outcome,
        wall_ms=meter.wall_ms,
        items=items,
        calls=shortened(meter.calls, MOST_CALLS),
        currency=prices.currency,
    )
    await put(connection, incurred, cause, name=str(claim.fence))
