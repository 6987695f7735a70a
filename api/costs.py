"""What a project cost, as it is shown: items by stage, and their money. Pure; reads no table, prices nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.costs import CostKind, sum_of
from schemas.events import Stage
from streams.adapters.postgres import Row

STAGES_COST = "select stage, kind, amount, money, currency from costs where org_id = $1 and project_id = $2"


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind a stage used, lost tries included; ``money`` is absent where the kind has no price."""

    stage: Stage
    kind: CostKind
    amount: int
    money: float | None


class ProjectCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a project cost so far, by the price list of the time when each part was used."""

    currency: str
    money: float | None
    """Of everything that has a price; absent where nothing has."""
    unpriced: list[CostKind]
    """Kinds that were used and have no price: they are not in ``money``."""
    items: list[CostLine]


def cost_view(rows: Sequence[Row], order: Sequence[str]) -> ProjectCost:
    """A project's cost from its rows, stages in the ``order`` of their work (others after them)."""
    places = {stage: at for at, stage in enumerate(order)}
    ordered = sorted(rows, key=lambda row: (places.get(row["stage"], len(places)), row["stage"], row["kind"]))
    items = [
        CostLine(stage=row["stage"], kind=row["kind"], amount=row["amount"], money=row["money"]) for row in ordered
    ]
    return ProjectCost(
        currency=next((row["currency"] for row in rows if row["currency"]), ""),
        money=sum_of([item.money for item in items]),
        unpriced=sorted({item.kind for item in items if item.money is None}),
        items=items,
    )
