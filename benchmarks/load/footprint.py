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
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.harness.cpu_usage import IDLE
from benchmarks.harness.rig import SHORT, SHORT_OPTIONS, Rig, arguments, expect_completed, rig_of, say, start, wait
from benchmarks.load.footprint_readings import IDLE_S, Reading, added, read_all, read_rest
from benchmarks.load.project_amounts import (
    FOOTPRINT,
    OF_BYTES,
    OF_ROWS,
    Amount,
    Footprint,
    ProjectShape,
    TableFootprint,
    Terms,
    TopicFootprint,
    fit_each,
)
from benchmarks.load.project_copies import (
    RECORDED,
    Copies,
    RecordedProject,
    fill_tables,
    measure_tables,
    record_project,
)
from cli.api.client import JSON
from cli.output.webhook_receiver import Inbox, Receiver
from core.domain.retention_rules import RetentionRules
from core.settings import Settings
from schemas.stages import STAGES
from tests.contract.rigs.postgres import new_org, run_postgres

TALK = "talking/physicsworks_lecture_203s_240p.webm"
EVENTS = ("project.completed", "export.completed")
SETTLE_S = 12.0
"""After a project's end: webhooks, sinks and sweeps."""
POLL_S = 5.0
"""Between two questions whether a project has ended: each is a transaction."""
TRANSIENT = ("admissions", "object_sweeps")
"""Tables whose rows go once they are worked on."""
COPIES_COUNT, COPIES_DAYS = 3_000, 0.9
"""Younger than every lifetime: each table gets all rows of all copies."""


def is_stage(part: str) -> bool:
    """Whether a part's processor time is in the rates of the stages: a worker's, and that of the models."""
    return part.rstrip("-0123456789") in {*STAGES, "triton"}


def footprint_of(
    shapes: Sequence[ProjectShape], amounts: Sequence[Mapping[str, Mapping[str, float]]], rest: Reading, measured: str
) -> Footprint:
    """The three projects as one table of amounts."""

    def fitted(kind: str, terms: Terms = OF_BYTES) -> dict[str, Amount]:
        return fit_each(shapes, [amount[kind] for amount in amounts], terms)

    def size_of(kind: str, name: str) -> float:
        total, count = (
            sum(amount[part].get(name, 0.0) for amount in amounts) for part in (f"{kind}_bytes", f"{kind}s")
        )
        return round(total / count, 1) if count else 0.0

    return Footprint(
        measured=measured,
        tables={
            table: TableFootprint(rows=rows, row_bytes=size_of("row", table))
            for table, rows in fitted("rows", OF_ROWS).items()
            if table not in TRANSIENT
        },
        topics={
            topic: TopicFootprint(events=events, event_bytes=size_of("event", topic))
            for topic, events in fitted("events", OF_ROWS).items()
        },
        object_bytes={kind: amount for kind, amount in fitted("object_bytes").items() if kind != "uploads"},
        commits=fitted("commits")["all"],
        parts_cpu_s={part: amount for part, amount in fitted("cpu_s").items() if not is_stage(part) and part != "api"},
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
            project = expect_completed(
                wait(client, start(client, rig.file(name), options), timeout_s=900, every_s=POLL_S)
            )
            time.sleep(SETTLE_S)
            amounts.append(added(before, read_all(rig), rest))
            spans = int(amounts[-1]["rows"].get("spans", 0))
            shapes.append(ProjectShape(media_s=project["duration_ms"] / 1000, spans=spans, clips=project["clip_count"]))
            say(f"footprint: {shapes[-1]}")
    described = "; ".join(f"{shape.media_s:.0f} s, {shape.spans} spans, {shape.clips} clips" for shape in shapes)
    measured = f"three projects one after the other ({described}), one webhook endpoint, two cores, no GPU"
    return footprint_of(shapes, amounts, rest, measured), UUID(project["project_id"])


async def record(rig: Rig, project_id: UUID) -> RecordedProject:
    """The last project's rows, for copies."""
    connection = await asyncpg.connect(rig.superuser())
    try:
        return await record_project(connection, project_id, f"{TALK}, with a webhook endpoint")
    finally:
        await connection.close()


async def measure_row_bytes(settings: Settings, recorded: RecordedProject) -> dict[str, float]:
    """Bytes of a row with its share of the indexes, by table, among thousands of copies."""
    org_id = await new_org(settings)
    connection = await asyncpg.connect(settings.postgres_owner)
    try:
        copies = Copies(first=0, count=COPIES_COUNT, orgs=[org_id], days=COPIES_DAYS)
        await fill_tables(connection, recorded, [copies], RetentionRules())
        sizes = await measure_tables(connection, list(recorded.tables))
    finally:
        await connection.close()
    return {table: round(size / rows, 1) for table, (rows, size) in sizes.items()}


def with_row_bytes(footprint: Footprint, row_bytes: Mapping[str, float]) -> Footprint:
    """The footprint with the sizes of rows among thousands; tables that were not copied stay as they are."""
    tables = {
        name: msgspec.structs.replace(table, row_bytes=row_bytes.get(name, table.row_bytes))
        for name, table in footprint.tables.items()
    }
    return msgspec.structs.replace(footprint, tables=tables)


def main() -> int:
    """Measure, and write both files."""
    with rig_of(arguments(__doc__, "out/bench").parse_args()) as rig:
        footprint, project_id = measure(rig)
        recorded = asyncio.run(record(rig, project_id))
    with run_postgres() as settings:
        footprint = with_row_bytes(footprint, asyncio.run(measure_row_bytes(settings, recorded)))
    RECORDED.write_bytes(msgspec.json.encode(recorded) + b"\n")
    FOOTPRINT.write_bytes(msgspec.json.format(msgspec.json.encode(footprint), indent=1) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
