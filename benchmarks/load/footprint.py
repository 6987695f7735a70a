"""What one project leaves behind: rows, events, bytes, transactions and processor time.

And its rows themselves, of which a year of projects can be copied.

``python -m benchmarks.load.footprint [--state-dir DIR]``. Three projects on a stack of its own, one after the other:
ten seconds of speech, and a lecture of 203 s with one clip and with several. What each left is counted as the
difference before and after; the three together say how much of it belongs to a project, to a span and to a clip.
Writes ``footprint.json`` (for ``capacity.py``) and ``project_rows.json`` (for ``knee.py``) next to this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from botocore.client import BaseClient

from benchmarks.harness.cpu_usage import IDLE, take_sample
from benchmarks.harness.rig import SHORT, SHORT_OPTIONS, Rig, arguments, expect_completed, rig_of, say, start, wait
from benchmarks.load.project_amounts import (
    FOOTPRINT,
    Amount,
    Footprint,
    ProjectShape,
    TableFootprint,
    TopicFootprint,
    fit_each,
)
from benchmarks.load.project_copies import RECORDED, record_project
from cli.api.client import JSON
from cli.output.webhook_receiver import Inbox, Receiver
from core.infra.s3.client import make_client
from schemas.stages import STAGES

TALK = "talking/physicsworks_lecture_203s_240p.webm"
EVENTS = ("project.completed", "export.completed")
SETTLE_S = 12.0
"""After a project's end: webhooks, sinks and sweeps."""
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
    found: Counter[str] = Counter()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            parts = item["Key"].split("/")
            found["uploads" if parts[1] == "uploads" else parts[2] if len(parts) > 2 else "others"] += item["Size"]
    return found


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
    """What was added, by name; names without any are left out."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value - before.get(name, 0)}


def added(before: Reading, after: Reading, idle: Reading | None = None) -> dict[str, dict[str, float]]:
    """What came between two readings; without the commits and processor time of a stack at rest."""
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
    """What a stack does without work; ``at_s`` is the length of the time, all else what was added in it."""
    before = read_all(rig)
    time.sleep(IDLE_S)
    after = read_all(rig)
    return msgspec.structs.replace(
        after, at_s=after.at_s - before.at_s, commits=after.commits - before.commits,
        cpu_s=difference(after.cpu_s, before.cpu_s),
    )  # fmt: skip


def is_stage(part: str) -> bool:
    """Whether a part's processor time is in the rates of the stages: a worker's, and that of the models."""
    return part.rstrip("-0123456789") in {*STAGES, "triton"}


def footprint_of(
    shapes: Sequence[ProjectShape], amounts: Sequence[Mapping[str, Mapping[str, float]]], rest: Reading, measured: str
) -> Footprint:
    """The three projects as one table of amounts."""

    def fitted(kind: str) -> dict[str, Amount]:
        return fit_each(shapes, [amount[kind] for amount in amounts])

    def size_of(kind: str, name: str) -> float:
        whole, count = (
            sum(amount[part].get(name, 0.0) for amount in amounts) for part in (f"{kind}_bytes", f"{kind}s")
        )
        return round(whole / count, 1) if count else 0.0

    return Footprint(
        measured=measured,
        tables={
            table: TableFootprint(rows=rows, row_bytes=size_of("row", table)) for table, rows in fitted("rows").items()
        },
        topics={
            topic: TopicFootprint(events=events, event_bytes=size_of("event", topic))
            for topic, events in fitted("events").items()
        },
        object_bytes={kind: amount for kind, amount in fitted("object_bytes").items() if kind != "uploads"},
        commits=fitted("commits")["all"],
        parts_cpu_s={part: amount for part, amount in fitted("cpu_s").items() if not is_stage(part)},
        rest_cpu_share=round(sum(spent for part, spent in rest.cpu_s.items() if part != IDLE) / rest.at_s, 3),
    )


def measure(rig: Rig) -> tuple[Footprint, UUID]:
    """All three projects; gives the id of the last as well."""
    info, inbox = rig.stack(), Inbox(now_s=time.time)
    rig.warm()
    jobs: tuple[tuple[str, JSON], ...] = ((SHORT, SHORT_OPTIONS), (TALK, {"max_clips": 1}), (TALK, {}))
    shapes, amounts = [], []
    with contextlib.closing(rig.client()) as client, Receiver(inbox, info.webhook_port) as receiver:
        endpoint = client.post("/v1/webhooks/endpoints", {"url": receiver.url, "events": list(EVENTS)})
        inbox.secret = endpoint["secret"]
        time.sleep(SETTLE_S)
        say(f"footprint: {IDLE_S:.0f} s at rest")
        rest = read_rest(rig)
        for name, options in jobs:
            say(f"footprint: {name}, {options or 'as it comes'}")
            before = read_all(rig)
            project = expect_completed(wait(client, start(client, rig.file(name), options), timeout_s=900))
            time.sleep(SETTLE_S)
            amounts.append(added(before, read_all(rig), rest))
            spans = int(amounts[-1]["rows"].get("spans", 0))
            shapes.append(ProjectShape(media_s=project["duration_ms"] / 1000, spans=spans, clips=project["clip_count"]))
            say(f"footprint: {shapes[-1]}")
    described = "; ".join(f"{one.media_s:.0f} s, {one.spans} spans, {one.clips} clips" for one in shapes)
    measured = f"three projects one after the other ({described}), one webhook endpoint, two cores, no GPU"
    return footprint_of(shapes, amounts, rest, measured), UUID(project["project_id"])


async def record(rig: Rig, project_id: UUID) -> bytes:
    """The last project's rows, for copies."""
    connection = await asyncpg.connect(rig.superuser())
    try:
        recorded = await record_project(connection, project_id, f"{TALK}, with a webhook endpoint")
    finally:
        await connection.close()
    return msgspec.json.encode(recorded)


def main() -> int:
    """Measure, and write both files."""
    with rig_of(arguments(__doc__, "out/bench").parse_args()) as rig:
        footprint, project_id = measure(rig)
        RECORDED.write_bytes(asyncio.run(record(rig, project_id)) + b"\n")
        FOOTPRINT.write_bytes(msgspec.json.format(msgspec.json.encode(footprint), indent=1) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
