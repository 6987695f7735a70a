"""The tables of a load test: the rows of a project are recorded, and copied as a year of projects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from benchmarks.load.load_plan import copied_id
from benchmarks.load.project_copies import Copies, fill_tables, measure_tables, record_project
from core.domain.retention_rules import RetentionRules
from core.infra.postgres.connection import prepare_connection, set_org
from core.infra.postgres.outbox import Cause, put
from core.services.project_lifecycle import create_project
from core.settings import Settings
from schemas.events import UploadReceived
from schemas.stages import PROJECT_STAGES
from tests.contract.rigs.postgres import new_org, run_postgres

pytestmark = pytest.mark.contract
COPIES_COUNT, DAYS = 730, 365.0


@pytest.fixture
def own_postgres() -> Iterator[Settings]:
    """The tables are emptied: no other test may use them."""
    with run_postgres() as settings:
        yield settings


async def test_copies_are_a_year_of_projects(own_postgres: Settings) -> None:
    orgs = [await new_org(own_postgres) for _ in range(2)]
    connection = await asyncpg.connect(own_postgres.postgres_owner)
    await prepare_connection(connection)
    event = UploadReceived(org_id=orgs[0], project_id=uuid4(), source_url="https://video.example/a.mp4")
    async with connection.transaction():
        await set_org(connection, orgs[0])
        await create_project(connection, event)
        await put(connection, event, Cause(input_id=event.project_id, source="api", now=dt.datetime.now(dt.UTC)))
        await connection.execute("update outbox set published_at = now(), waits = false")
    recorded = await record_project(connection, event.project_id, "a test's")
    assert {name: len(rows) for name, rows in recorded.tables.items()} == {
        "projects": 1, "project_stages": len(PROJECT_STAGES), "outbox": 1,
    }  # fmt: skip
    for row in recorded.tables["projects"]:
        del row["revision"]  # as where the column is newer than the record: it has its default
    group = Copies(first=1000, count=COPIES_COUNT, orgs=orgs, days=DAYS)
    await fill_tables(connection, recorded, [group], RetentionRules())
    sizes = await measure_tables(connection, list(recorded.tables))
    assert sizes["projects"][0] == COPIES_COUNT
    assert await connection.fetchval("select count(*) from projects where revision = 1") == COPIES_COUNT
    assert sizes["project_stages"][0] == COPIES_COUNT * len(PROJECT_STAGES)
    assert 1 <= sizes["outbox"][0] <= 3, "a day's share of a year"
    last = copied_id(str(event.project_id), 1000 + COPIES_COUNT - 1)
    row = await connection.fetchrow(
        "select org_id, now() - created_at as age from projects where project_id = $1", last
    )
    assert (row["org_id"], dt.timedelta(0) < row["age"] < dt.timedelta(days=1)) == (orgs[1], True)
    shares = await connection.fetch("select org_id, count(*) from projects group by 1")
    assert {UUID(str(org)): count for org, count in shares} == dict.fromkeys(orgs, COPIES_COUNT // 2)
    await connection.close()
