"""Every event of a project compared with analytics: the same ids, each once. Only reads both stores."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from core.infra.clickhouse import ClickHouseAnalytics
from local.stack import StackInfo
from tests.docs.pages import ready_queries
from tests.e2e.invariants import own_rows
from tests.support.progress import Patience

_COUNTED = "SELECT event_id FROM events_once WHERE org_id = {org_id:UUID} AND project_id = {project_id:UUID}"
_WRITTEN = "select distinct headers->>'ce_id' as id from outbox where project_id = $1 and due_at <= now()"


async def expect_each_event_once(stack: StackInfo, project_id: str) -> None:
    """Wait until analytics has every written event; fails if one is lost, doubled, or belongs to no project."""
    analytics, owner = ClickHouseAnalytics(stack.env["CLIPSTREAM_CLICKHOUSE"]), await own_rows(stack)
    asked = {"org_id": stack.org_id, "project_id": project_id}
    patience = Patience(f"every event of {project_id} in analytics")
    try:
        while True:
            written = {row["id"] for row in await owner.fetch(_WRITTEN, project_id)}
            counted = [str(row["event_id"]) for row in await analytics.query(_COUNTED, asked)]
            assert len(counted) == len(set(counted)), f"{len(counted) - len(set(counted))} events count twice"
            if written and set(counted) == written:
                return
            lost, strange = len(written - set(counted)), len(set(counted) - written)
            patience.check(f"of {len(written)} events {lost} are lost, {strange} belong to no project")
            await asyncio.sleep(0.5)
    finally:
        await owner.close()
        await analytics.close()


_RENDERED = """SELECT count() AS n FROM cost_items_once
WHERE org_id = {org_id:UUID} AND project_id = {project_id:UUID} AND stage = 'render'"""


async def ask_every_query(stack: StackInfo, project_id: str) -> dict[str, list[dict[str, Any]]]:
    """Results of the docs' queries for the last day, once the project's last facts have arrived."""
    analytics = ClickHouseAnalytics(stack.env["CLIPSTREAM_CLICKHOUSE"])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    window = {"org_id": stack.org_id, "since": now - day, "until": now + day}
    patience = Patience(f"facts about {project_id}'s renders")
    try:
        while not (await analytics.query(_RENDERED, {"org_id": stack.org_id, "project_id": project_id}))[0]["n"]:
            patience.check()
            await asyncio.sleep(0.5)
        return {name: await analytics.query(sql, window) for name, sql in ready_queries().items()}
    finally:
        await analytics.close()
