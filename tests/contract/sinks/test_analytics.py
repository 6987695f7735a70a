"""The `Analytics` port on ClickHouse's engine: the migration, the questions, once by token, erasure, being down."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.errors import Unavailable
from core.infra.clickhouse import ClickHouseAnalytics, migrate_clickhouse, schema_text
from schemas import codec, events
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS, row_of
from tests.contract.rigs.servers import Server, make_settings, run_clickhouse_front
from tests.support.port_contracts import analytics_keep_what_they_promise

pytestmark = pytest.mark.contract
NOON = dt.datetime(2026, 5, 6, 12, 0, tzinfo=dt.UTC)
WINDOW = {"since": NOON - dt.timedelta(days=1), "until": NOON + dt.timedelta(days=1)}


@pytest.fixture
async def analytics(clickhouse_front: Server) -> AsyncIterator[ClickHouseAnalytics]:
    settings = make_settings(clickhouse=clickhouse_front.url)
    await migrate_clickhouse(settings)
    await migrate_clickhouse(settings)
    made = ClickHouseAnalytics(clickhouse_front.url)
    yield made
    await made.close()


def row(event: events.AnyEvent, *, minutes: int = 0, event_id: UUID | None = None) -> list[Any]:
    envelope = codec.Envelope(
        id=event_id or uuid4(),
        source="/clipstream/test",
        type=codec.type_name(type(event)),
        time=NOON + dt.timedelta(minutes=minutes),
    )
    return row_of(envelope, event, topic="projects.v1", partition=3, offset=7)


def progress(org: UUID, project: UUID, stage: Any, state: Any, elapsed_ms: int = 0) -> events.ProjectProgressed:
    return events.ProjectProgressed(
        org_id=org, project_id=project, version=1, stage=stage, state=state, percent=100,
        elapsed_ms=elapsed_ms, cpu_ms=elapsed_ms * 2, media_ms=120_000,
    )  # fmt: skip


async def ask(analytics: ClickHouseAnalytics, name: str, org: UUID) -> list[dict[str, Any]]:
    return await analytics.query(schema_text("queries", f"{name}.sql"), WINDOW | {"org_id": str(org)})


async def test_the_store_keeps_the_promises_of_its_twin(analytics: ClickHouseAnalytics) -> None:
    async def count(org: UUID) -> int:
        found = await analytics.query("SELECT count() AS n FROM events_once WHERE org_id = {o:UUID}", {"o": str(org)})
        return int(found[0]["n"])

    await analytics_keep_what_they_promise(analytics, count)


async def test_the_named_queries_answer(analytics: ClickHouseAnalytics) -> None:
    org, other = uuid4(), uuid4()
    projects = [uuid4() for _ in range(4)]
    rows = []
    for number, project in enumerate(projects):
        rows += [
            row(progress(org, project, "ingest", "running")),
            row(progress(org, project, "ingest", "done", 100 * (number + 1)), minutes=61 * (number // 2)),
        ]
    rows += [
        row(events.ProjectCompleted(org_id=org, project_id=projects[0], version=2, clip_count=1)),
        row(
            events.ProjectFailed(org_id=org, project_id=projects[1], version=2, reason="media.corrupt", detail="secret")
        ),
        row(events.ProjectFailed(org_id=other, project_id=projects[1], version=2, reason="media.bomb", detail="")),
    ]
    await analytics.insert("events", COLUMNS, rows, token="a")
    hours = await ask(analytics, "projects_per_hour", org)
    assert [(r["hour"].hour, r["stage"], r["projects"], r["p50_ms"], r["p95_ms"]) for r in hours] == [
        (12, "ingest", 2, 150.0, 195.0),
        (13, "ingest", 2, 350.0, 395.0),
    ]
    assert hours[0]["hour"].tzinfo is not None
    assert await ask(analytics, "minutes_processed", org) == [{"day": NOON.date(), "projects": 4, "minutes": 8.0}]
    failures = [{"what": "project", "reason": "media.corrupt", "count": 1}]
    assert await ask(analytics, "failures_by_reason", org) == failures
    (summary,) = await ask(analytics, "summary", org)
    assert summary == {
        "projects_started": 4, "projects_completed": 1, "projects_failed": 1, "minutes_processed": 8.0, "clips": 0,
        "exports_completed": 0, "exports_failed": 0, "cpu_ms": 0,
    }  # fmt: skip
    (empty,) = await ask(analytics, "summary", uuid4())
    assert set(empty.values()) == {0}


async def test_a_repeated_event_counts_once(analytics: ClickHouseAnalytics) -> None:
    org, project, event_id = uuid4(), uuid4(), uuid4()
    failed = events.ProjectFailed(org_id=org, project_id=project, version=2, reason="media.bomb", detail="")
    for token in ("same", "same", "another", "a third"):
        await analytics.insert("events", COLUMNS, [row(failed, event_id=event_id)], token=f"{org}-{token}")
    raw = await analytics.query("SELECT count() AS n FROM events WHERE org_id = {o:UUID}", {"o": str(org)})
    assert raw[0]["n"] <= 3
    once = await analytics.query("SELECT count() AS n FROM events_once WHERE org_id = {o:UUID}", {"o": str(org)})
    assert once[0]["n"] == 1


async def test_the_summary_counts_duplicates_once(
    analytics: ClickHouseAnalytics,
) -> None:
    org, kept, erased = uuid4(), uuid4(), uuid4()
    rows, costs = [], []
    for project in (kept, erased):
        rows += [
            row(progress(org, project, "ingest", "running")),
            row(progress(org, project, "ingest", "done", 100), minutes=1),
            row(events.ProjectCompleted(org_id=org, project_id=project, version=2, clip_count=1), minutes=2),
        ]
        costs += [cost(org, project, 200, minutes=1), cost(org, project, 140, minutes=90)]  # an export asked for later
        costs += [cost(org, project, 1000, minutes=60 * 24), cost(org, project, 5000, minutes=-60 * 24 - 1)]  # outside
    for token in ("first", "again"):
        await analytics.insert("events", COLUMNS, rows, token=f"{org}-{token}")
        await analytics.insert("cost_items", fact_rows.COLUMNS["cost_items"], costs, token=f"{org}-{token}")
    stone = [[org, erased, NOON]]
    await analytics.insert("tombstones", ["org_id", "project_id", "erased_at"], stone, token=f"{org}-t")
    (summary,) = await ask(analytics, "summary", org)
    assert summary == {
        "projects_started": 1, "projects_completed": 1, "projects_failed": 0, "minutes_processed": 2.0, "clips": 0,
        "exports_completed": 0, "exports_failed": 0, "cpu_ms": 200 + 140,
    }  # fmt: skip


def cost(org: UUID, project: UUID, cpu_ms: int, *, minutes: int) -> list[Any]:
    time = NOON + dt.timedelta(minutes=minutes)
    return [org, project, uuid4(), "cpu_ms", time, "render", 1, "done", cpu_ms, None, ""]


async def test_erasure_hides_and_deletes_rows_and_hides_late_ones(analytics: ClickHouseAnalytics) -> None:
    org, project = uuid4(), uuid4()
    failed = events.ProjectFailed(org_id=org, project_id=project, version=2, reason="media.bomb", detail="")
    mine = {"org_id": str(org), "project_id": str(project)}
    await analytics.insert("events", COLUMNS, [row(failed)], token=f"{org}-1")
    await analytics.insert(
        "tombstones", ["org_id", "project_id", "erased_at"], [[org, project, NOON]], token=f"{org}-t"
    )
    await analytics.command(schema_text("statements", "erase_events.sql"), mine)
    count = "SELECT count() AS n FROM {} WHERE org_id = {{org_id:UUID}}"
    assert (await analytics.query(count.format("events"), mine))[0]["n"] == 0
    await analytics.insert("events", COLUMNS, [row(failed, minutes=1)], token=f"{org}-2")
    assert (await analytics.query(count.format("events_once"), mine))[0]["n"] == 0
    asked = {"project_ids": [str(project), str(uuid4())]}
    erased = await analytics.query(schema_text("statements", "erased_projects.sql"), asked)
    assert erased == [{"org_id": org, "project_id": project}]


async def test_a_query_may_only_read(analytics: ClickHouseAnalytics) -> None:
    with pytest.raises(Exception, match=r"(?i)readonly"):
        await analytics.query("DROP TABLE events", {})


async def test_every_column_has_its_comment(analytics: ClickHouseAnalytics) -> None:
    sql = "SELECT table, name FROM system.columns WHERE database = 'clipstream' AND table IN ('events', 'tombstones')"
    assert await analytics.query(f"{sql} AND comment = '' AND name != 'x'", {}) == []


async def test_a_stopped_server_is_unavailable_until_it_restarts(tmp_path: Path) -> None:
    with run_clickhouse_front(tmp_path) as server:
        settings = make_settings(clickhouse=server.url)
        await migrate_clickhouse(settings)
        analytics = ClickHouseAnalytics(server.url)
        await analytics.insert("events", COLUMNS, [row(progress(uuid4(), uuid4(), "look", "done"))], token="x")
        server.stop(signal.SIGKILL)
        with pytest.raises(Unavailable):
            await analytics.query("SELECT 1", {})
        with pytest.raises(Unavailable):
            await ClickHouseAnalytics(server.url).query("SELECT 1", {})
        server.start()
        assert (await analytics.query("SELECT count() AS n FROM events_once", {}))[0]["n"] == 1
        await analytics.close()
