"""Cost of a project for an answer: items by stage, their money, and the estimate for comparison. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from core.domain.estimates import Estimate, Range
from core.infra.postgres.connection import Row
from schemas.costs import CostKind, sum_of
from schemas.stages import PROJECT_STAGES, Stage, stage_position


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """Use of one kind by a stage, lost tries included; ``money`` is absent where the kind has no price."""

    stage: Stage
    kind: CostKind
    """Kind of cost."""
    amount: int
    money: float | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One amount of a finished project with its estimate; ``inside``: it lies in the estimated range."""

    what: str
    """``elapsed``, a stage (its processor time), or a kind of cost."""
    expected: float
    low: float
    high: float
    actual: float
    """Actual amount."""
    inside: bool
    """Whether the actual amount lies in the expected range."""


class ProjectCost(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of a project so far, at the prices of the time when each part was used."""

    currency: str
    money: float | None
    """Cost of everything that has a price; absent where nothing has."""
    unpriced: list[CostKind]
    """Kinds that were used and have no price: they are not in ``money``."""
    items: list[CostLine]
    """Amounts by stage and kind."""
    estimate: Estimate | None
    """The expected cost, from length and size; absent until they are known, and in projects older than this."""
    comparison: list[Compared]
    """Each amount of a completed project with its estimate, without stages that were skipped."""


def cost_view(rows: Sequence[Row], project: Row, stages: Sequence[Row]) -> ProjectCost:
    """A project's cost in the form of an answer, from its own row and those of its stages and costs."""
    estimate = msgspec.convert(project["estimate"], Estimate) if project["estimate"] else None
    completed = estimate is not None and project["state"] == "completed"
    ordered = sorted(rows, key=lambda row: (stage_position(row["stage"]), row["stage"], row["kind"]))
    items = [
        CostLine(stage=row["stage"], kind=row["kind"], amount=row["amount"], money=row["money"]) for row in ordered
    ]
    return ProjectCost(
        currency=next((row["currency"] for row in rows if row["currency"]), ""),
        money=sum_of([item.money for item in items]),
        unpriced=sorted({item.kind for item in items if item.money is None}),
        items=items,
        estimate=estimate,
        comparison=compare_costs(estimate, project, stages, items) if estimate and completed else [],
    )


def cpu_by_stage(items: Sequence[CostLine]) -> Counter[str]:
    """Processor time of each stage by the ledger: later exports, previews and lost tries included."""
    used: Counter[str] = Counter()
    for item in items:
        if item.kind == "cpu_ms":
            used[item.stage] += item.amount
    return used


def compare_costs(estimate: Estimate, project: Row, stages: Sequence[Row], items: Sequence[CostLine]) -> list[Compared]:
    """Amounts of an estimate with the amounts that were used.

    Processor time is that of the stages, without later exports and lost tries: they were not estimated. Where a stage
    was skipped the totals are left out too: they were estimated with it.
    """
    cpu_ms = {row["stage"]: row["cpu_ms"] for row in stages if row["stage"] in PROJECT_STAGES}
    skipped = {row["stage"] for row in stages if row["state"] == "skipped"}
    of_stages = [
        _compare_amount(stage.stage, stage.cpu_ms, cpu_ms.get(stage.stage, 0))
        for stage in estimate.stages
        if stage.stage not in skipped
    ]
    if any(stage.stage in skipped and stage.cpu_ms.expected for stage in estimate.stages):
        return of_stages
    used: Counter[str] = Counter()
    for item in items:
        used[item.kind] += item.amount
    used["cpu_ms"] = sum(cpu_ms.values())
    # Two workers wrote the two times: where their clocks differ, the end may lie before the start.
    elapsed_ms = max(0.0, (project["finished_at"] - project["started_at"]).total_seconds() * 1000)
    return [
        _compare_amount("elapsed", estimate.elapsed_ms, elapsed_ms),
        *of_stages,
        *(_compare_amount(kind.kind, kind.amount, used[kind.kind]) for kind in estimate.kinds),
    ]


def _compare_amount(name: str, expected: Range, actual: float) -> Compared:
    inside = expected.low <= actual <= expected.high
    return Compared(
        what=name, expected=expected.expected, low=expected.low, high=expected.high, actual=actual, inside=inside
    )
