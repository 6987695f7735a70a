"""Makes the stores ready: roles, numbered SQL, topics, bucket, tables, indexes. Forward only; safe to repeat."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import asyncpg
import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS
from streams.adapters.clickhouse import migrate_clickhouse
from streams.adapters.meilisearch import migrate_meilisearch
from streams.adapters.objects import ensure_bucket
from streams.adapters.postgres import Connection
from streams.settings import Settings

LOCK = 0x6D696772
ROLES = ("clipstream_api", "clipstream_worker", "clipstream_relay")


class MigrationError(RuntimeError):
    """A migration that was applied has changed since; the message says which."""


async def migrate(settings: Settings) -> None:
    """Bring every store to the present version, one after the other."""
    log = structlog.get_logger()
    await migrate_postgres(settings)
    log.info("migrated", store="postgres")
    await create_topics(settings.kafka)
    log.info("migrated", store="kafka")
    await ensure_bucket(settings)
    log.info("migrated", store="objects")
    await migrate_clickhouse(settings)
    log.info("migrated", store="clickhouse")
    await migrate_meilisearch(settings)
    log.info("migrated", store="meilisearch")


async def migrate_postgres(settings: Settings) -> None:
    """Create the database and the three roles where they are missing, then apply the numbered files."""
    await _ensure_database(settings.postgres_owner)
    connection = await asyncpg.connect(settings.postgres_owner, timeout=10)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        for dsn in (settings.postgres_api, settings.postgres_worker, settings.postgres_relay):
            await _ensure_role(connection, dsn)
        await connection.execute(
            """create table if not exists schema_migrations
               (name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
        )
        for name, text in sql_files("postgres"):
            await _apply(connection, name, text)
    finally:
        await connection.close()


def sql_files(store: str) -> list[tuple[str, str]]:
    """Name and text of a store's numbered files, in order."""
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


async def _ensure_role(connection: Connection, dsn: str) -> None:
    parts = urlsplit(dsn)
    if parts.username not in ROLES:
        raise MigrationError(
            f"the user of a Postgres setting must be one of {', '.join(ROLES)}, not {parts.username!r}"
        )
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", parts.username):
        await connection.execute(f"create role {parts.username} login nosuperuser nobypassrls")
    quoted = await connection.fetchval("select quote_literal($1::text)", unquote(parts.password or ""))
    await connection.execute(f"alter role {parts.username} password {quoted}")


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


async def create_topics(bootstrap: str) -> None:
    """Create every topic of the table with its partitions and retention, before any worker starts."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=-1,
                topic_configs={"retention.ms": str(topic.retention_ms), "max.message.bytes": "2000000"},
            )
            for topic in TOPICS
        ]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise MigrationError(f"topic {name} could not be made: {for_code(code).__name__}")
    finally:
        await admin.close()
