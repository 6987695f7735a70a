"""A question about one organisation reads that organisation's granules alone, and a duplicate counts once."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.infra.clickhouse import ClickHouseAnalytics, migrate_clickhouse, schema_text, split_statements
from tests.contract.rigs.servers import Server, make_settings
from tests.docs.pages import ready_queries
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract
FOREIGN_ORG_COUNT = 50
PROJECT_COUNT, PROJECT_ROWS = 40, 60
GRANULE_ROWS = 8192
"""ClickHouse's default `index_granularity`."""
LAST_BEFORE = "0008_retried_projects.sql"
VIEWS = (
    "events_once", "labels_once", "segments_once", "moments_once", "sub_scores_once", "inference_calls_once",
    "cost_items_once", "certificate_checks_once", "stage_timings", "edits_once", "deliveries_once", "exports_once",
    "clips_once", "projects_once",
)  # fmt: skip
NOON = "toDateTime64('2026-05-06 12:00:00', 3, 'UTC')"
ID = "reinterpretAsUUID(sipHash128(p, n))"
_BODY = (
    """concat('{"clip_id":"', toString(p), '","export_id":"', """
    """toString(reinterpretAsUUID(sipHash128(p, intDiv(n, 8)))), '","delivery_id":"', """
    """toString(p), '","aspect":"9:16","attempt":1}')"""
)
_TYPES = (
    "['UploadReceived', 'ProjectProgressed', 'ClipSelected', 'ExportRequested', 'ExportCompleted', 'ClipEdited', "
    "'DeliveryDue', 'ProjectCompleted']"
)
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "events": {"event_id": ID, "type": f"{_TYPES}[1 + n % 8]", "time": NOON, "stage": "'ingest'", "state": "'done'",
               "version": "n", "media_ms": "60000", "body": _BODY},
    "segments": {"version": "1 + n % 2", "ordinal": "n", "event_id": ID, "time": NOON},
    "moments": {"moment_id": ID, "event_id": "p", "time": NOON},
    "sub_scores": {"moment_id": ID, "name": "'hook'", "event_id": "p", "time": NOON},
    "inference_calls": {"event_id": ID, "ordinal": "0", "time": NOON},
    "cost_items": {"event_id": ID, "kind": "'cpu_ms'", "time": NOON, "stage": "'look'", "amount": "5"},
    "certificate_checks": {"export_id": ID, "name": "'lufs'", "event_id": "p", "time": NOON},
    "labels": {"kind": "['project', 'clip', 'export'][1 + n % 3]", "id": ID, "event_id": "p", "time": NOON,
               "revision": "n", "title": "'A talk'"},
}  # fmt: skip
"""Table → SQL of its columns for project ``p`` and number ``n``."""


def organisation(number: int) -> UUID:
    """An organisation; its number is its place in the order of the key."""
    return UUID(int=(1 + number) << 64)


OWN = organisation(FOREIGN_ORG_COUNT // 2)


class Store:
    """A database of its own on the front."""

    def __init__(self, url: str) -> None:
        self.settings = make_settings(clickhouse=url)
        self.analytics = ClickHouseAnalytics(url)

    async def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        return await self.analytics.query(sql, parameters)

    async def migrate_before(self) -> None:
        """Apply what an installation of before has."""
        names = sorted(one.name for one in files("schemas").joinpath("clickhouse").iterdir())
        await self.analytics.command(
            "CREATE TABLE schema_migrations (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) "
            "ENGINE = ReplacingMergeTree ORDER BY name",
            {},
        )
        for name in [one for one in names if one.endswith(".sql") and one <= LAST_BEFORE]:
            for statement in split_statements(schema_text(name)):
                await self.analytics.command(statement, {})
            await self.analytics.insert("schema_migrations", ["name"], [[name]], token=name)

    async def fill(self, *org_ids: UUID) -> None:
        """Write rows of organisations, each table in one part."""
        own, names = PROJECT_COUNT * PROJECT_ROWS, ", ".join(f"toUUID('{org_id}')" for org_id in org_ids)
        numbers = (
            f"(SELECT [{names}][1 + intDiv(number, {own})] AS o, "
            f"reinterpretAsUUID(sipHash128(o, intDiv(number, {PROJECT_ROWS}))) AS p, number % {PROJECT_ROWS} AS n "
            f"FROM numbers({own * len(org_ids)}))"
        )
        for table, columns in COLUMNS.items():
            names, values = ", ".join(columns), ", ".join(columns.values())
            sql = f"INSERT INTO {table} (org_id, project_id, {names}) SELECT o, p, {values} FROM {numbers}"
            await self.analytics.command(sql, {})
        await self.analytics.command(f"INSERT INTO tombstones SELECT o, {ID}, {NOON} FROM {numbers}", {})

    async def answers(self) -> dict[str, Any]:
        """What each view says about the own organisation."""
        found = {}
        for view in VIEWS:
            sql = f"SELECT * FROM {view} WHERE org_id = {{org_id:UUID}} ORDER BY ALL"
            found[view] = await self.rows(sql, org_id=str(OWN))
        return found

    async def reads(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[str, int, int]]:
        """Table, parts and granules of each read of a question, as ClickHouse plans it."""
        rows = await self.rows(f"EXPLAIN indexes = 1 {sql}", **parameters)
        reads: list[tuple[str, int, int]] = []
        for line in (str(next(iter(row.values()))) for row in rows):
            if table := re.search(r"ReadFromMergeTree \(\w+\.(\w+)\)", line):
                reads.append((table.group(1), 0, 10**9))
            elif parts := re.search(r"Parts: (\d+)/", line):
                reads[-1] = (reads[-1][0], int(parts.group(1)), reads[-1][2])
            elif granules := re.search(r"Granules: (\d+)/", line):
                reads[-1] = (*reads[-1][:2], int(granules.group(1)))
        return reads

    async def count_read(self, sql: str, parameters: Mapping[str, str]) -> int:
        """Rows that a question reads; the plan does not show those of sets behind IN."""
        server, _, database = self.settings.clickhouse.rpartition("/")
        named = {f"param_{name}": value for name, value in parameters.items()} | {"database": database}
        async with httpx2.AsyncClient(timeout=HANG_S) as client:
            answer = await client.post(server, params=named, content=f"{sql} FORMAT JSON")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["statistics"]["rows_read"])


@pytest.fixture
async def store(clickhouse_front: Server, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    name = re.sub(r"\W", "_", request.node.name)[:40]
    keeper = ClickHouseAnalytics(clickhouse_front.url)
    await keeper.command(f"CREATE DATABASE {name}", {})
    opened = Store(clickhouse_front.url.rsplit("/", 1)[0] + f"/{name}")
    yield opened
    await opened.analytics.close()
    await keeper.command(f"DROP DATABASE {name}", {})
    await keeper.close()


def questions() -> dict[str, str]:
    """Each view of one organisation, the API's questions, and those that the docs offer."""
    views = {view: f"SELECT * FROM {view} WHERE org_id = {{org_id:UUID}}" for view in VIEWS}
    names = sorted(one.name for one in files("schemas").joinpath("clickhouse", "queries").iterdir())
    return views | {name: schema_text("queries", name) for name in names} | ready_queries()


async def test_each_question_reads_the_granules_of_its_organisation(store: Store) -> None:
    await migrate_clickhouse(store.settings)
    await store.fill(*map(organisation, range(FOREIGN_ORG_COUNT + 1)))
    for table in (*COLUMNS, "tombstones"):
        await store.analytics.command(f"OPTIMIZE TABLE {table} FINAL", {})
    own = math.ceil(PROJECT_COUNT * PROJECT_ROWS / GRANULE_ROWS)
    wide: dict[object, int] = {}
    parameters = {"org_id": str(OWN), "since": "2026-05-06 00:00:00", "until": "2026-05-07 00:00:00"}
    parameters |= {"bucket": "hour"}
    for name, sql in questions().items():
        reads = await store.reads(sql, parameters)
        assert reads, name
        # a range of keys may begin in the last granule of the organisation before, and end in the first of the next
        wide |= {(name, table): granules for table, parts, granules in reads if granules > (own + 1) * max(1, parts)}
        count = await store.count_read(sql, parameters)
        if count > (len(reads) + sql.count("(SELECT") + sql.count("(\n")) * (own + 1) * GRANULE_ROWS:
            wide[name] = count
    assert wide == {}


async def test_an_upgrade_answers_as_before_and_duplicates_count_once(store: Store) -> None:
    await store.migrate_before()
    await store.fill(OWN, organisation(0))
    before = await store.answers()
    assert all(before.values())
    await migrate_clickhouse(store.settings)
    await store.fill(OWN)  # the same again, in parts of their own
    after = await store.answers()
    for view, rows in after.items():
        own_time = [{name: value for name, value in row.items() if name != "inserted_at"} for row in rows]
        assert own_time == [
            {name: value for name, value in row.items() if name != "inserted_at"} for row in before[view]
        ], view
    gone = before["events_once"][0]["project_id"]
    await store.analytics.insert("tombstones", ["org_id", "project_id"], [[OWN, gone]], token="gone")
    for view, rows in (await store.answers()).items():
        assert gone not in {row["project_id"] for row in rows}, view
        assert len({row["project_id"] for row in rows}) == PROJECT_COUNT - 1, view
