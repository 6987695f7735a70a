"""Readings of a stack for the footprint: rows, events, objects, transactions, processor time.

Writes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
from botocore.client import BaseClient

from benchmarks.harness.cpu_usage import IDLE, take_sample
from benchmarks.harness.rig import Rig
from core.infra.s3.client import make_client

IDLE_S = 30.0
_TABLES = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' and c.relname <> 'schema_migrations' order by 1
"""
_TOPICS = """
select topic, count(*), sum(octet_length(payload) + octet_length(headers::text) + octet_length(key)) as size
from outbox group by 1
"""
_COMMITS = "select xact_commit from pg_stat_database where datname = current_database()"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is counted, at one time."""

    at_s: float
    rows: Mapping[str, int]
    row_bytes: Mapping[str, int]
    events: Mapping[str, int]
    event_bytes: Mapping[str, int]
    object_bytes: Mapping[str, int]
    """By kind of object: the third part of its key; sources apart."""
    commits: int
    cpu_s: Mapping[str, float]


async def read_postgres(connection: asyncpg.Connection) -> dict[str, Any]:
    """Rows, their bytes without indexes, events by topic, commits."""
    rows, sizes = {}, {}
    for (table,) in await connection.fetch(_TABLES):
        rows[table], sizes[table] = await connection.fetchrow(
            f"select count(*), coalesce(sum(pg_column_size(t.*)), 0)::bigint from {table} t"
        )
    topics = await connection.fetch(_TOPICS)
    return {
        "rows": rows,
        "row_bytes": sizes,
        "events": {row["topic"]: row["count"] for row in topics},
        "event_bytes": {row["topic"]: int(row["size"]) for row in topics},
        "commits": await connection.fetchval(_COMMITS),
    }


def read_objects(client: BaseClient, bucket: str) -> Counter[str]:
    """Bytes of all objects by kind."""
    sizes: Counter[str] = Counter()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            parts = item["Key"].split("/")
            sizes["uploads" if parts[1] == "uploads" else parts[2] if len(parts) > 2 else "others"] += item["Size"]
    return sizes


def read_all(rig: Rig) -> Reading:
    """One reading of the whole stack."""
    env = rig.stack().env

    async def ask() -> dict[str, Any]:
        connection = await asyncpg.connect(rig.superuser())
        try:
            return await read_postgres(connection)
        finally:
            await connection.close()

    client = make_client(env["CLIPSTREAM_S3"], env["CLIPSTREAM_S3_ACCESS_KEY"], env["CLIPSTREAM_S3_SECRET_KEY"])
    sample = take_sample({name: part.pid for name, part in rig.read_parts().items() if part.pid})
    return Reading(
        at_s=time.monotonic(), cpu_s=sample.spent_s, object_bytes=read_objects(client, env["CLIPSTREAM_S3_BUCKET"]),
        **asyncio.run(ask()),
    )  # fmt: skip


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """The amounts that were added, by name; names without any are left out."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value - before.get(name, 0)}


def added(before: Reading, after: Reading, idle: Reading | None = None) -> dict[str, dict[str, float]]:
    """Amounts added between two readings, without the commits and processor time of a stack at rest."""
    elapsed_s = after.at_s - before.at_s
    rest_commits = idle.commits / idle.at_s if idle else 0.0
    cpu_s = {
        name: max(0.0, spent_s - (idle.cpu_s.get(name, 0.0) / idle.at_s * elapsed_s if idle else 0.0))
        for name, spent_s in difference(after.cpu_s, before.cpu_s).items()
        if name != IDLE
    }
    return {
        "rows": difference(after.rows, before.rows),
        "row_bytes": difference(after.row_bytes, before.row_bytes),
        "events": difference(after.events, before.events),
        "event_bytes": difference(after.event_bytes, before.event_bytes),
        "object_bytes": difference(after.object_bytes, before.object_bytes),
        "commits": {"all": max(0.0, after.commits - before.commits - rest_commits * elapsed_s)},
        "cpu_s": cpu_s,
    }


def read_rest(rig: Rig) -> Reading:
    """A reading of a stack at rest; ``at_s`` is the time's length, commits and CPU are those added in it."""
    before = read_all(rig)
    time.sleep(IDLE_S)
    after = read_all(rig)
    return msgspec.structs.replace(
        after, at_s=after.at_s - before.at_s, commits=after.commits - before.commits,
        cpu_s=difference(after.cpu_s, before.cpu_s),
    )  # fmt: skip
