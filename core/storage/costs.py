"""Rows of costs: how much of each kind each stage of a project used."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.infra.postgres.connection import Connection, Row
from schemas.costs import CostItem

_ADD = """
insert into costs (org_id, project_id, stage, kind, amount, money, currency) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (org_id, project_id, stage, kind) do update set
  amount = costs.amount + excluded.amount, currency = excluded.currency,
  money = case when costs.money is null then excluded.money else costs.money + coalesce(excluded.money, 0) end
"""


async def add_costs(
    connection: Connection, org_id: UUID, project_id: UUID, stage: str, items: Sequence[CostItem], currency: str
) -> None:
    """Add what a try of a stage used to the sums of its project."""
    await connection.executemany(
        _ADD, [(org_id, project_id, stage, item.kind, item.amount, item.money, currency) for item in items]
    )


async def list_cost_rows(connection: Connection, org_id: UUID, project_id: UUID) -> list[Row]:
    """Sums by stage and kind."""
    rows: list[Row] = await connection.fetch(
        "select stage, kind, amount, money, currency from costs where org_id = $1 and project_id = $2",
        org_id,
        project_id,
    )
    return rows
