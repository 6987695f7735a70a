"""Every table of the schema is declared: what an erasure of an organisation, and of a person, does to its rows."""

from __future__ import annotations

import asyncio
import re
from importlib import import_module
from typing import Any

import asyncpg
import pytest

from core.services.organisation.archive_contents import RESOURCES
from core.services.organisation.erasure_catalogue import BY_CASCADE, TABLES
from core.settings import Settings

pytestmark = pytest.mark.contract
HOW = "declare what becomes of it in core/services/organisation/erasure_catalogue.py"
SECRETS = re.compile(r"\w*(?:secret|sealed|password|pepper)\w*|\bhash\b|\*")
"""Columns that no archive may hold."""


def query(dsn: str, sql: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_every_table_is_declared(postgres: Settings) -> None:
    rows = query(
        postgres.postgres_owner, "select table_name from information_schema.tables where table_schema = 'public'"
    )
    tables = {row["table_name"] for row in rows}
    assert tables - TABLES.keys() == set(), HOW
    assert TABLES.keys() - tables == set(), "these tables are gone"


def test_rows_of_an_organisation_go_or_a_reason_stands_there(postgres: Settings) -> None:
    sql = """select distinct table_name from information_schema.columns
             where table_schema = 'public' and column_name = 'org_id'"""
    of_organisation = {row["table_name"] for row in query(postgres.postgres_owner, sql)}
    for table, entry in TABLES.items():
        assert bool(entry.organisation) is not bool(entry.why_organisation), f"{table}: a statement, or a reason"
        assert not entry.organisation or table in of_organisation, table
        assert not entry.organisation or f"from {table} where org_id = $1" in entry.organisation


def test_what_goes_by_cascade_does(postgres: Settings) -> None:
    sql = "select conrelid::regclass::text as name from pg_constraint where contype = 'f' and confdeltype = 'c'"
    cascading = {row["name"] for row in query(postgres.postgres_owner, sql)}
    assert {table for table, entry in TABLES.items() if entry.why_organisation == BY_CASCADE} <= cascading


def test_rows_of_a_person_go(postgres: Settings) -> None:
    """Whatever refers to users goes with them; what else removes traces exists."""
    sql = "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'user_id'"
    for row in query(postgres.postgres_owner, sql):
        assert TABLES[row["table_name"]].person, f"{row['table_name']}: {HOW}"
    for table, entry in TABLES.items():
        assert entry.person or entry.why_person, table
        if entry.person:
            module, _, name = entry.person.rpartition(".")
            assert callable(getattr(import_module(module), name)), table


def test_archives_name_no_column_with_a_secret() -> None:
    for name, sql in RESOURCES.items():
        # the hash of an entry in the chain of the audit log is no secret
        assert SECRETS.findall(sql.replace("encode(hash, 'hex') as hash", "")) == [], name
