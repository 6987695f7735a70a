"""Postgres's roles: each process can do what its statements need, and is refused everything else."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.infra.postgres.roles import API, BOOTSTRAP, ERASURE, KEYS, OF_SINK, OF_STAGE, RELAY, ROLES, WORKER
from core.settings import Settings
from tests.support.sql_reach import Node, nodes_of, reached, tables_used

pytestmark = pytest.mark.contract

PRIVILEGES = ("select", "insert", "update", "delete")
Grants = dict[str, dict[str, set[str]]]
"""Role → table → privileges."""
SNAPSHOT = Path(__file__).parents[1] / "golden" / "postgres_roles.txt"
SWEEPER = "streams.background.sweeper"
RELAYS = ("relay", "watchdog", "audit_sealer", "mailer", "notifier", "use_metering")
ORPHANS = "streams.background.orphan_sweep"
ORGANISATION_DATA = "streams.background.organisation_data"
CLAIMS: set[Node] = {
    *(("core.storage.organisation.erasures", name) for name in ("claim_erasure", "note_progress", "end_round")),
    *(("core.storage.organisation.archives", name) for name in ("claim_archive", "keep_claim")),
    *(("core.storage.organisation.archives", name) for name in ("finish_archive", "end_archive")),
}
"""What archives and erasures of organisations do as the relay's role; the rest is done as that which erases."""
OF_TRIGGERS = {
    ("attempts", "update"): {"admissions": {"select", "delete"}},
    **{
        (table, "insert"): {"organisation_changes": {"insert"}}
        for table in ("projects", "project_events", "exports", "clips", "clip_edits", "transcript_edits")
    },
    **{(table, "update"): {"organisation_changes": {"insert"}} for table in ("exports", "clips")},
}
"""What a statement's triggers do, with the rights of the role that gave the statement: 0037_admissions.sql,
0091_organisation_changes.sql."""
OF_UPLOADS: set[Node] = {
    ("core.services.project_lifecycle", "create_project"),
    ("core.storage.assets", "lock_asset"),
    ("core.services.upload_signatures", "Verifier"),
    ("streams.runtime.refused_uploads", "record"),
}
"""What every worker's code names, and only the one that takes uploads and assets comes to."""
OF_NOTICES: set[Node] = {("core.storage.organisations", "find_owner_row")}
"""What every worker's code names, and only the one that sends notices comes to."""
CATALOGUE = """
select r.role, t.tablename, p.privilege
from unnest($1::text[]) r(role), pg_tables t, unnest($2::text[]) p(privilege)
where t.schemaname = 'public' and (has_table_privilege(r.role, t.schemaname || '.' || t.tablename, p.privilege)
  or p.privilege <> 'delete' and has_any_column_privilege(r.role, t.schemaname || '.' || t.tablename, p.privilege))
"""
COLUMNS = """
select grantee, table_name, lower(privilege_type) as privilege,
  array_agg(column_name::text order by column_name) as names
from information_schema.column_privileges where table_schema = 'public' and grantee = any($1::text[])
and not has_table_privilege(grantee, 'public.' || table_name, privilege_type)
group by 1, 2, 3
"""


def code_of() -> dict[str, tuple[set[Node], set[Node]]]:
    """Role → where its process's code begins, and what it does not come to."""
    worker = nodes_of("streams.worker")
    stages = {
        role: (
            nodes_of(f"streams.{stage}") | worker,
            (set() if stage == "ingest" else OF_UPLOADS) | (set() if stage == "deliver" else OF_NOTICES),
        )
        for stage, role in OF_STAGE.items()
    }
    settle = {(ORPHANS, "_settle")}
    erasure: set[Node] = {(SWEEPER, "run_erasure"), (SWEEPER, "run_letters"), (ORPHANS, "_look")}
    erasure |= {("core.services.billing.project_expiry", "expire_project")}
    erasure |= {(ORGANISATION_DATA, "run_organisation_erasure"), (ORGANISATION_DATA, "run_archives")}
    relay = {node for module in RELAYS for node in nodes_of(f"streams.background.{module}")}
    relay |= {(SWEEPER, "run_sweeps"), (SWEEPER, "run_retention"), (ORPHANS, "sweep_orphans"), *settle}
    relay |= {("core.storage.project_expiry", "list_expiring_projects")}
    relay |= CLAIMS | {(ORGANISATION_DATA, "run_trace_erasure")}
    return stages | {
        API: (nodes_of("api"), set()),
        ERASURE: (erasure, settle | CLAIMS),
        RELAY: (relay, {(ORPHANS, "_look")}),
        BOOTSTRAP: (nodes_of("streams.setup.bootstrap") | nodes_of("streams.setup.sign_in_codes"), set()),
        KEYS: ({("core.services.key_rotation", "reseal")}, set()),
        OF_SINK["clickhouse"]: (nodes_of("streams.sinks.clickhouse"), set()),
        OF_SINK["meilisearch"]: (nodes_of("streams.sinks.search"), set()),
    }


@cache
def granted(dsn: str) -> Grants:
    made: Grants = {role: {} for role in ROLES}
    for row in asyncio.run(query(dsn, CATALOGUE, list(ROLES), list(PRIVILEGES))):
        made[row["role"]].setdefault(row["tablename"], set()).add(row["privilege"])
    return made


async def query(dsn: str, sql: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


def tables(dsn: str) -> frozenset[str]:
    rows = asyncio.run(query(dsn, "select tablename from pg_tables where schemaname = 'public'"))
    return frozenset(row["tablename"] for row in rows) - {"schema_migrations"}


@pytest.mark.parametrize("role", sorted({*ROLES} - {WORKER, KEYS}))
def test_a_role_may_do_what_its_process_does_and_nothing_else(postgres: Settings, role: str) -> None:
    """The statements that the code reaches, and the grants of the catalogue, are the same."""
    roots, barred = code_of()[role]
    needed: dict[str, set[str]] = {}
    for table, privilege in tables_used(reached(roots, barred), tables(postgres.postgres_owner)):
        needed.setdefault(table, set()).add(privilege)
        for other, privileges in OF_TRIGGERS.get((table, privilege), {}).items():
            needed.setdefault(other, set()).update(privileges)
    actual = granted(postgres.postgres_owner)[role]
    missing = {table: kinds - actual.get(table, set()) for table, kinds in needed.items()}
    surplus = {table: kinds - needed.get(table, set()) for table, kinds in actual.items()}
    assert {table: kinds for table, kinds in missing.items() if kinds} == {}, "grant these in a new migration"
    assert {table: kinds for table, kinds in surplus.items() if kinds} == {}, "revoke these in a new migration"


def test_the_grants_are_those_that_were_reviewed(postgres: Settings) -> None:
    """Every table and role; where a role may use some columns only, they are named."""
    dsn = postgres.postgres_owner
    columns: dict[tuple[str, str, str], list[str]] = {
        (row["grantee"], row["table_name"], row["privilege"]): row["names"]
        for row in asyncio.run(query(dsn, COLUMNS, list(ROLES)))
    }
    lines = []
    for role in sorted(ROLES):
        lines.append(f"{role}")
        for table, kinds in sorted(granted(dsn)[role].items()):
            told = []
            for kind in (one for one in PRIVILEGES if one in kinds):
                names = columns.get((role, table, kind))
                told.append(f"{kind} ({', '.join(names)})" if names else kind)
            lines.append(f"  {table}: {', '.join(told)}")
    assert "\n".join(lines) + "\n" == SNAPSHOT.read_text(), f"review the change, and write it into {SNAPSHOT.name}"


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_postgres_refuses_statements_that_are_not_granted(postgres: Settings, role: str) -> None:
    """Each statement on each table, as that role: none reads, writes or removes more than the catalogue says."""
    allowed = {
        (row["tablename"], row["privilege"])
        for row in await query(postgres.postgres_owner, CATALOGUE, [role], list(PRIVILEGES))
    }
    connection = await asyncpg.connect(postgres.postgres_owner)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        names = [row["tablename"] for row in rows]
        await connection.execute(f"set role {role}")
        let = set()
        for table in names:
            for privilege, sql in (
                ("delete", f"delete from {table}"),
                ("insert", f"insert into {table} default values"),
                ("select", f"select * from {table}"),
            ):
                try:
                    async with connection.transaction():
                        await connection.execute(sql)
                        raise asyncpg.RaiseError
                except asyncpg.InsufficientPrivilegeError as error:
                    if "row-level security" in str(error):
                        let.add((table, privilege))
                except asyncpg.PostgresError:
                    let.add((table, privilege))
        assert {place for place in let if place[0] == "schema_migrations"} == set()
        assert let <= allowed
        for statement in ("create table mine ()", "create role more", "alter table orgs disable row level security"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_no_role_can_become_more(postgres: Settings) -> None:
    rows = await query(
        postgres.postgres_owner,
        "select rolname from pg_roles where rolname = any($1::text[]) and (rolsuper or rolbypassrls or rolcreaterole "
        "or rolcreatedb or rolreplication or exists (select 1 from pg_auth_members where member = pg_roles.oid))",
        list(ROLES),
    )
    assert rows == []
    walled = await query(
        postgres.postgres_owner,
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' "
        "and not (relrowsecurity and relforcerowsecurity)",
    )
    assert [row["relname"] for row in walled] == ["schema_migrations"]
