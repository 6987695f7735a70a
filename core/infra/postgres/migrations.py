"""Set up Postgres: the database, the roles, the numbered files. Forward only; safe to repeat."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import asyncpg

from core.infra.postgres.connection import Connection
from core.infra.postgres.roles import ROLES
from core.settings import Settings

LOCK_ID = 0x6D696772
"""Advisory lock of a migration: one runs at a time."""


class MigrationError(RuntimeError):
    """A migration cannot be applied; the message says which and why."""


async def migrate_postgres(settings: Settings) -> None:
    """Create the database and the roles if they are missing, then apply the numbered files."""
    await _ensure_database(settings.postgres_owner)
    connection = await asyncpg.connect(settings.postgres_owner, timeout=10)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK_ID)
        for role in ROLES:
            await _ensure_role(connection, role)
        workers = (settings.postgres_worker, settings.postgres_relay, settings.postgres_keys)
        for dsn in (settings.postgres_api, *workers, settings.postgres_bootstrap, *settings.postgres_roles):
            if dsn:
                await _let_in(connection, dsn)
        await connection.execute(
            """create table if not exists schema_migrations
               (name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
        )
        for name, text in sql_files("postgres"):
            await _apply(connection, name, text)
    finally:
        await connection.close()


def sql_files(store: str) -> list[tuple[str, str]]:
    """Names and texts of a store's numbered files, in order."""
    folder = files("schemas") / store
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(name, (folder / name).read_text()) for name in names]


async def _ensure_database(dsn: str) -> None:
    name = urlsplit(dsn).path.lstrip("/")
    try:
        await (await asyncpg.connect(dsn, timeout=10)).close()
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(dsn, database="postgres", timeout=10)
        try:
            await connection.execute(f'create database "{name}"')
        except asyncpg.DuplicateDatabaseError:
            return
        finally:
            await connection.close()


async def _ensure_role(connection: Connection, role: str) -> None:
    """Make a role that cannot log in before an address of it says its password."""
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
        await connection.execute(f"create role {role} nologin nosuperuser nobypassrls")


async def _let_in(connection: Connection, dsn: str) -> None:
    parts = urlsplit(dsn)
    if parts.username not in ROLES:
        raise MigrationError(
            f"the user of a Postgres setting must be one of {', '.join(ROLES)}, not {parts.username!r}"
        )
    quoted = await connection.fetchval("select quote_literal($1::text)", unquote(parts.password or ""))
    await connection.execute(f"alter role {parts.username} login password {quoted}")


async def _apply(connection: Connection, name: str, text: str) -> None:
    checksum = hashlib.sha256(text.encode()).hexdigest()
    applied = await connection.fetchval("select sha256 from schema_migrations where name = $1", name)
    if applied == checksum:
        return
    if applied:
        raise MigrationError(f"schemas/postgres/{name} was changed after it was applied: add a new file instead")
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute("insert into schema_migrations (name, sha256) values ($1, $2)", name, checksum)
