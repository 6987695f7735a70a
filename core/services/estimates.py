"""Estimates from the database: an organisation's finished projects, and the estimate of each new one.

A failed estimate never fails its project.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
import sentry_sdk

from core.domain.estimates import Estimate, EstimatedSource, Finished, default_rates, estimate
from core.infra.postgres.connection import Connection, Row
from core.settings import Settings
from schemas.costs import CostKind
from schemas.options.project import ProjectOptions
from schemas.stages import EXPORT_STAGES

MAX_PROJECTS_LEARNED_FROM = 50
"""Number of finished projects to learn from, the newest: an installation that became faster is judged by its present.

Videos without clips are left out: their last stages were skipped, so they say nothing about videos with clips. So
are scripts, which skip the costly stages.
"""
_FINISHED = """
select p.duration_ms, p.width_px, p.height_px, p.options,
  -- two workers wrote the two times: where their clocks differ, the end may lie before the start
  greatest(0, extract(epoch from p.finished_at - p.started_at) * 1000)::bigint as elapsed_ms,
  (select coalesce(jsonb_object_agg(s.stage, s.cpu_ms), '{}') from project_stages s
   where s.org_id = p.org_id and s.project_id = p.project_id) as stages,
  (select coalesce(jsonb_object_agg(k.kind, k.amount), '{}') from
    (select c.kind, sum(c.amount)::bigint as amount from costs c
     where c.org_id = p.org_id and c.project_id = p.project_id group by c.kind) k) as amounts
from projects p
where p.org_id = $1 and p.state = 'completed' and p.duration_ms > 0 and p.started_at is not null
  and not (p.width_px is not null and exists (select 1 from project_stages s
    where s.org_id = p.org_id and s.project_id = p.project_id and s.stage = any($3::text[])
      and s.state = 'skipped'))
  and not exists (select 1 from project_stages s
    where s.org_id = p.org_id and s.project_id = p.project_id and s.stage = 'listen' and s.state = 'skipped')
order by p.finished_at desc limit $2
"""


async def list_finished_projects(connection: Connection, org_id: UUID) -> list[Finished]:
    """Read what the organisation's newest finished projects took."""
    rows = await connection.fetch(_FINISHED, org_id, MAX_PROJECTS_LEARNED_FROM, list(EXPORT_STAGES))
    return [
        msgspec.convert(
            {
                "source": source_of(row),
                "stages_cpu_ms": row["stages"],
                "elapsed_ms": row["elapsed_ms"],
                "amounts": row["amounts"],
            },
            Finished,
            from_attributes=True,
        )
        for row in rows
    ]


def source_of(row: Row) -> EstimatedSource:
    """Read the properties of a source from its project's row."""
    pixels = (row["width_px"] or 0) * (row["height_px"] or 0)
    return EstimatedSource(
        media_ms=row["duration_ms"],
        megapixels=pixels / 1e6,
        options=msgspec.convert(row["options"], ProjectOptions),
    )


def token_prices(settings: Settings) -> dict[CostKind, float]:
    """Price of one token of the configured model, by kind; empty if no model is configured."""
    rules = settings.writer
    if not rules.url:
        return {}
    return {"tokens_in": rules.input_price / 1_000_000, "tokens_out": rules.output_price / 1_000_000}


async def estimate_source(
    connection: Connection, org_id: UUID, source: EstimatedSource, settings: Settings, unsure: float = 0.0
) -> Estimate:
    """Estimate what a project of this source should take, from this organisation's finished projects."""
    finished = await list_finished_projects(connection, org_id)
    return estimate(source, default_rates(), finished, settings.prices, token_prices(settings), unsure)


async def write_estimate(connection: Connection, org_id: UUID, project_id: UUID, settings: Settings) -> None:
    """Write the estimate of a project, once its length and size are known."""
    row = await connection.fetchrow(
        """select duration_ms, width_px, height_px, options, exists (select 1 from project_stages s
             where s.org_id = p.org_id and s.project_id = p.project_id and s.stage = 'listen' and s.state = 'skipped')
             as script
           from projects p where org_id = $1 and project_id = $2""",
        org_id,
        project_id,
    )
    if row is None or not row["duration_ms"]:
        return
    finished = await list_finished_projects(connection, org_id)
    source = msgspec.structs.replace(source_of(row), script=row["script"])
    try:
        project_estimate = estimate(source, default_rates(), finished, settings.prices, token_prices(settings))
    except (ArithmeticError, ValueError) as error:  # a bug of ours: the project goes on without
        sentry_sdk.capture_exception(error)
        return
    await connection.execute(
        "update projects set estimate = $3 where org_id = $1 and project_id = $2", org_id, project_id, project_estimate
    )
