"""Tables as after a year: copies of all rows that one real project left, dated over the year.

The rows were recorded from a finished project (``footprint.py``). In copy n every id is ``md5(id || n)``, so that rows
still belong together, and every time is moved. A table with a lifetime gets only the copies that are young enough, as
retention would have left them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from core.domain.retention_rules import RetentionRules
from core.services.retention import list_expiring

Connection: TypeAlias = Any
"""An asyncpg connection (the library ships no types)."""
RECORDED = Path(__file__).with_name("project_rows.json")
NEWEST_HOURS = 1.0
"""Age of the newest copy: nothing of it lies in the future."""
_COLUMNS = """
select column_name, data_type from information_schema.columns
where table_schema = 'public' and table_name = $1 and is_identity = 'NO' and is_generated = 'NEVER'
order by ordinal_position
"""
_OF_PROJECT = """
select table_name from information_schema.columns join information_schema.tables using (table_schema, table_name)
where table_schema = 'public' and table_type = 'BASE TABLE' and column_name = 'project_id' order by 1
"""
_SIZES = "select count(*), pg_total_relation_size('{table}'::regclass) from {table}"


class RecordedProject(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one finished project, by table, as JSON."""

    about: str
    org_id: str
    project_id: str
    created_at: dt.datetime
    tables: dict[str, list[dict[str, Any]]]

    def ids(self, table: str, column: str) -> list[str]:
        """Ids in a column, as they were recorded."""
        return [row[column] for row in self.tables[table]]


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of the recorded project to make, and their organisations."""

    first: int
    count: int
    orgs: Sequence[UUID]
    """Copy ``first + k`` belongs to organisation ``k mod n``."""
    days: float
    """Over which they are spread evenly, up to now."""


def read_recorded() -> RecordedProject:
    """The project that lies next to this module."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=RecordedProject)


async def list_tables(connection: Connection) -> list[str]:
    """Tables whose rows belong to a project."""
    return [row["table_name"] for row in await connection.fetch(_OF_PROJECT)]


async def record_project(connection: Connection, project_id: UUID, description: str) -> RecordedProject:
    """All rows of a project, with its upload and the key under which it was requested."""
    tables = {
        table: await _rows(connection, f"{table} t where t.project_id = $1", project_id)
        for table in await list_tables(connection)
    }
    (project,) = tables["projects"]
    tables["uploads"] = await _rows(
        connection, "uploads t where $1 in (t.object_key, t.sealed_key)", project["object_key"]
    )
    tables["idempotency_keys"] = await _rows(
        connection, "idempotency_keys t where t.created_at = $1", dt.datetime.fromisoformat(project["created_at"])
    )
    return RecordedProject(
        about=description,
        org_id=project["org_id"],
        project_id=project["project_id"],
        created_at=dt.datetime.fromisoformat(project["created_at"]),
        tables={name: rows for name, rows in tables.items() if rows},
    )


async def _rows(connection: Connection, source: str, argument: object) -> list[dict[str, Any]]:
    records = await connection.fetch(f"select to_jsonb(t)::text as row from {source}", argument)
    rows: list[dict[str, Any]] = [msgspec.json.decode(row["row"]) for row in records]
    return [row | {"worker": "worker/1"} if "worker" in row else row for row in rows]  # not the machine's name


def expression_of(column: str, kind: str, table: str) -> str:
    """The SQL value of a copy's column; ``t`` is the recorded row, ``n`` the number of the copy."""
    if column in ("org_id", "endpoint_id"):
        return "c.org_id"
    if kind == "uuid":
        return f"md5(t.{column}::text || c.n)::uuid"
    if kind == "timestamp with time zone":
        return f"t.{column} + c.moved"
    if (table, column) == ("idempotency_keys", "key"):
        return f"md5(t.{column} || c.n)"
    return f"t.{column}"


def copy_statement(table: str, columns: Mapping[str, str]) -> str:
    """Insert copies: $1 first, $2 count, $3 organisations, $4 days, $5 start of the project, $6 age."""
    values = ", ".join(expression_of(column, kind, table) for column, kind in columns.items())
    return f"""
insert into {table} ({", ".join(columns)}) select {values} from (
  select n, ($3::uuid[])[1 + (n - $1) % cardinality($3::uuid[])] as org_id, now() - age - $5::timestamptz as moved
  from (
    select n, make_interval(hours => {NEWEST_HOURS:.0f})
      + make_interval(secs => 86400 * $4::float8 * (1 - (n - $1 + 0.5) / $2)) as age
    from generate_series($1::bigint, $1::bigint + $2::bigint - 1) n) aged
  where age < $6::interval) c cross join recorded_{table} t
"""


def ages_of(rules: RetentionRules) -> dict[str, dt.timedelta]:
    """Table → how long its rows are kept; a table that is missing keeps them for ever."""
    return {kind.table: kind.age for kind in list_expiring(rules)}


async def fill_tables(
    connection: Connection, recorded: RecordedProject, groups: Sequence[Copies], rules: RetentionRules
) -> None:
    """Replace the rows of all projects by copies, in one transaction. Runs as the superuser."""
    ages = ages_of(rules)
    async with connection.transaction():
        # no check of foreign keys, no trigger; and a table emptied in the same transaction needs no log of its rows
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(f"truncate {', '.join(recorded.tables)} cascade")
        for table, rows in recorded.tables.items():
            kinds = {row["column_name"]: row["data_type"] for row in await connection.fetch(_COLUMNS, table)}
            # a column that is newer than the record keeps its default
            columns = {column: kind for column, kind in kinds.items() if column in rows[0]}
            await connection.execute(
                f"create temporary table recorded_{table} on commit drop as "
                f"select * from jsonb_populate_recordset(null::{table}, $1::text::jsonb)",
                msgspec.json.encode(rows).decode(),
            )
            for group in groups:
                age = ages.get(table, dt.timedelta(days=group.days + 1))
                await connection.execute(
                    copy_statement(table, columns),
                    *(group.first, group.count, group.orgs, group.days, recorded.created_at, age),
                    timeout=1800,
                )
    for table in recorded.tables:
        await connection.execute(f"vacuum (analyze) {table}", timeout=1800)
    await connection.execute("checkpoint", timeout=600)


async def measure_tables(connection: Connection, tables: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Table → its rows, and its bytes with indexes."""
    return {table: tuple(await connection.fetchrow(_SIZES.format(table=table))) for table in tables}
