"""Files of the stores: every query filters by organisation and takes no text, every index can be filtered by it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from core.infra.clickhouse import schema_text, split_statements
from core.infra.meilisearch import index_schemas
from schemas.tools import data_dictionary
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS, TOMBSTONE_COLUMNS

QUERIES = sorted(entry.name for entry in files("schemas").joinpath("clickhouse", "queries").iterdir())
VIEWS = "events_once|stage_timings|exports_once|clips_once|cost_items_once"


def test_the_named_queries_exist() -> None:
    assert [name.removesuffix(".sql") for name in QUERIES] == [
        "clips_by_length", "clips_by_template", "cost_over_time", "failures_by_reason", "failures_over_time",
        "minutes_processed", "projects_over_time", "projects_per_hour", "stage_times", "summary",
    ]  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_every_table_of_a_query_is_filtered_by_organisation(name: str) -> None:
    sql = schema_text("queries", name)
    tables = re.findall(rf"FROM (?:{VIEWS}|events FINAL|cost_items FINAL|tombstones)\b", sql)
    assert len(re.findall(r"WHERE org_id = \{org_id:UUID\}", sql)) == len(tables) == len(re.findall(r"\bFROM\b", sql))
    assert set(re.findall(r"\{(\w+):", sql)) - {"bucket"} == {"org_id", "since", "until"}
    assert len(split_statements(sql)) == 1


@pytest.mark.parametrize("table", fact_rows.TABLES)
def test_columns_of_facts_are_those_of_their_table(table: fact_rows.Table) -> None:
    (declared,) = [one for one in data_dictionary.tables(data_dictionary.migrations()) if one.name == table]
    assert [column.name for column in declared.columns] == [*fact_rows.COLUMNS[table], "inserted_at"]


def test_columns_are_those_of_the_tables() -> None:
    sql = schema_text("0001_events.sql")
    declared = re.findall(r"^    (\w+) \S+.* COMMENT '", sql, re.M)
    assert declared == [*COLUMNS, "inserted_at", *TOMBSTONE_COLUMNS]


def test_migrations_split_into_statements() -> None:
    statements = split_statements(schema_text("0001_events.sql"))
    assert [statement.split("(")[0].split()[:6] for statement in statements] == [
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS", "events"],
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS", "tombstones"],
        ["CREATE", "VIEW", "IF", "NOT", "EXISTS", "events_once"],
        ["CREATE", "VIEW", "IF", "NOT", "EXISTS", "stage_timings"],
    ]


def test_indexes_are_filterable_by_organisation_and_project() -> None:
    schemas = {schema.uid: schema for schema in index_schemas()}
    assert set(schemas) == {"segments", "clips", "chapters", "entities", "tombstones"}
    for schema in schemas.values():
        assert {"org_id", "project_id"} <= set(schema.settings["filterableAttributes"])
        assert schema.primary_key == "id"
