"""Reads Postgres, ClickHouse, object storage and the receiver for the soak's judgement.

Writes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
import httpx2

from benchmarks.harness.rig import Rig
from benchmarks.soak.invariants import EndedProject, Stores
from cli.api.client import Client
from cli.exit_codes import CliError
from cli.output.webhook_receiver import Inbox
from core.infra.clickhouse import ClickHouseAnalytics

Connection: TypeAlias = Any
"""An asyncpg connection (the library ships no types)."""
_PROJECTS = """
select p.project_id::text, p.state, p.failure_reason,
  (select count(*) from clips c where c.org_id = p.org_id and c.project_id = p.project_id) as clips,
  (select count(*) from exports e where e.org_id = p.org_id and e.project_id = p.project_id and e.state = 'done')
    as done_exports
from projects p order by p.created_at
"""
_ATTEMPTS = "select project_id::text, stage, state, count(*) from attempts group by 1, 2, 3"
_FACTS = """
select project_id::text, headers->>'ce_type' as type, count(distinct event_id) from outbox
where project_id is not null group by 1, 2
"""
_EXPORTS = "select project_id::text, export_id::text from exports where state = 'done'"
_UNSENT = "select count(*) from outbox where published_at is null and due_at <= now()"
_LETTERS = (
    "select stage || ' ' || topic || ': ' || reason || ', ' || detail as said from dead_letters order by created_at"
)
_PUBLISHED = (
    "select distinct event_id::text as id from outbox where published_at is not null and project_id is not null"
)
_COUNTED = "SELECT toString(event_id) AS id FROM events_once WHERE project_id IN {project_ids:Array(UUID)}"
_ROWS_SENT = "select count(*) from outbox where published_at is not null and project_id is not null"
MAX_QUERY_PROJECTS_COUNT = 50


async def read(rig: Rig, client: Client, inbox: Inbox, accepted: Sequence[str]) -> Stores:
    """All of it, once. Postgres is read first: what is sent afterwards is not called lost by the others."""
    connection = await asyncpg.connect(rig.superuser())
    try:
        rows = await connection.fetch(_PROJECTS)
        published = frozenset(row["id"] for row in await connection.fetch(_PUBLISHED))
        unsent, rows_sent = await connection.fetchval(_UNSENT), await connection.fetchval(_ROWS_SENT)
        letters = [row["said"] for row in await connection.fetch(_LETTERS)]
        facts, attempts = await _facts(connection), await _attempts(connection)
        exports = await _exports(connection)
    finally:
        await connection.close()
    project_ids = [row["project_id"] for row in rows]
    webhooks = _webhooks(inbox)
    projects = {
        row["project_id"]: EndedProject(
            state=row["state"],
            reason=row["failure_reason"],
            clips=row["clips"],
            done_exports=row["done_exports"],
            facts=facts[row["project_id"]],
            attempts=attempts[row["project_id"]],
            webhooks=webhooks[row["project_id"]],
            missing_files=tuple(
                export_id for export_id in exports[row["project_id"]] if not _is_there(client, export_id)
            ),
        )
        for row in rows
    }
    return Stores(
        accepted=accepted,
        projects=projects,
        unaccounted=[project_id for project_id in project_ids if project_id not in accepted],
        unsent=unsent,
        dead_letters=letters,
        published=published,
        rows_sent=rows_sent,
        counted=await _counted(rig, project_ids),
        refused_webhooks=list(inbox.refused),
    )


async def _facts(connection: Connection) -> Mapping[str, dict[str, int]]:
    facts: dict[str, dict[str, int]] = defaultdict(dict)
    for project_id, kind, count in await connection.fetch(_FACTS):
        facts[project_id][kind.removeprefix("clipstream.")] = count
    return facts


async def _attempts(connection: Connection) -> Mapping[str, dict[str, dict[str, int]]]:
    attempts: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for project_id, stage, state, count in await connection.fetch(_ATTEMPTS):
        attempts[project_id][stage][state] = count
    return attempts


async def _exports(connection: Connection) -> Mapping[str, list[str]]:
    exports: dict[str, list[str]] = defaultdict(list)
    for project_id, export_id in await connection.fetch(_EXPORTS):
        exports[project_id].append(export_id)
    return exports


async def _counted(rig: Rig, project_ids: Sequence[str]) -> list[str]:
    analytics = ClickHouseAnalytics(rig.stack().env["CLIPSTREAM_CLICKHOUSE"])
    try:
        rows: list[Mapping[str, object]] = []
        for at in range(0, len(project_ids), MAX_QUERY_PROJECTS_COUNT):
            parameters = {"project_ids": list(project_ids[at : at + MAX_QUERY_PROJECTS_COUNT])}
            rows += await analytics.query(_COUNTED, parameters)
    finally:
        await analytics.close()
    return [str(row["id"]) for row in rows]


def _webhooks(inbox: Inbox) -> Mapping[str, Counter[str]]:
    webhooks: dict[str, Counter[str]] = defaultdict(Counter)
    with inbox.changed:
        for delivery in inbox.deliveries.values():
            webhooks[str(delivery.body["data"]["project_id"])][delivery.kind] += 1
    return webhooks


def _is_there(client: Client, export_id: str) -> bool:
    """Whether the first byte of an export's video can be fetched by its signed URL."""
    try:
        link = client.get(f"/v1/exports/{export_id}")["files"]["video"]
        answer = httpx2.get(link["url"], headers={"Range": "bytes=0-0"}, timeout=10, trust_env=False)
    except (CliError, httpx2.TransportError):
        return False
    return answer.status_code == 206 and len(answer.content) == 1
