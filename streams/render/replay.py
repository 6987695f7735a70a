"""Renders an export again from its logged event and stored inputs, and compares the bytes.

The files of a replay are not stored: their SHA-256 is kept while the comparison lasts.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from core.domain.exports.replay_comparison import compared
from core.infra.postgres.connection import Connection, Row, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.ports.stores import EventLog, Objects
from core.progress import Report, Steps
from core.services.export_groups import split_exports
from core.services.exports import owner_of, read_export
from core.storage.exports import write_replay_report
from schemas import codec, events
from schemas.common import ObjectRef
from schemas.documents.export import Certificate, ExportFiles
from schemas.documents.replay import ReplayResult
from schemas.topics import TOPIC_OF, partition_for, partitions_before
from streams.render.exporter import ProducedExport
from streams.runtime.context import StageContext
from streams.runtime.stage import Commit, Work

RenderAgain = Callable[[events.RenderRequested, Work, Objects, int], Awaitable[ProducedExport]]
"""Renders an export into the given objects with the given number of threads."""
LOG_MARGIN = dt.timedelta(hours=1)
"""The log is read from this long before the request: clocks of database and broker may differ."""
THREADS_PATTERN = re.compile(r"threads (\d+)")


class DiscardingObjects:
    """Object storage that keeps only references of what is written, and reads what is really stored."""

    def __init__(self, objects: Objects) -> None:
        """``objects`` holds the inputs."""
        self._objects = objects

    def __getattr__(self, name: str) -> Any:
        """Reading methods of the real storage."""
        return getattr(self._objects, name)

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        """Reference that these bytes would have."""
        del content_type
        digest = hashlib.sha256(body).hexdigest()
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        """Reference that this file would have."""
        del content_type, report
        digest, size = await asyncio.to_thread(_hash_file, path)
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=size)


def _hash_file(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


async def replay_export(
    context: StageContext, event: events.ReplayRequested, work: Work, render_again: RenderAgain
) -> Commit:
    """Find the logged request, render it and compare; returns the commit.

    Raises as `render_again`, and Unavailable.
    """
    async with org_transaction(context.pool, event.org_id) as connection:
        row = await read_export(connection, event.org_id, event.export_id)
    if row is None or row["state"] != "done":
        report = ReplayResult(outcome="impossible", detail="The export has no files to compare with.")
    else:
        report = await _render_and_compare(context, context.log, event, row, work, render_again)

    async def commit(connection: Connection) -> None:
        await write_report(connection, event, report, work.cause)

    return commit


async def _render_and_compare(
    context: StageContext, log: EventLog, event: events.ReplayRequested, row: Row, work: Work, render_again: RenderAgain
) -> ReplayResult:
    steps = Steps(work.report)
    request = await find_logged_request(log, event, row["created_at"] - LOG_MARGIN, steps)
    if request is None:
        topic = TOPIC_OF[events.RenderRequested].name
        detail = f"The log no longer has the event that this export was made by ({topic}): it cannot be made again."
        return ReplayResult(outcome="impossible", detail=detail)
    missing = [name for name, ref in list_inputs(request).items() if not await _is_stored(context.objects, ref)]
    if missing:
        return ReplayResult(outcome="impossible", detail=f"No longer stored: {', '.join(missing)}.")
    certificate = msgspec.convert(row["certificate"], Certificate)
    rest = msgspec.structs.replace(work, report=steps.part())
    produced = await render_again(request, rest, DiscardingObjects(context.objects), encoder_threads(certificate))
    work.cpu_ms = produced.cpu_ms
    files = msgspec.convert(row["files"], ExportFiles)
    return compared(files, produced.files, certificate.made_with, produced.certificate.made_with)


async def find_logged_request(
    log: EventLog, event: events.ReplayRequested, since: dt.datetime, progress: Steps
) -> events.RenderRequested | None:
    """The logged event of this export; None where the log no longer has it.

    ``progress`` counts the records read: reading a long log is progress.
    """
    topic, key = TOPIC_OF[events.RenderRequested], (event.project_id, event.ordinal)
    count = await log.count_partitions(topic.name)
    # An older event lies where the rule of its time put it, or where fewer partitions did.
    likely_partitions = (partition_for(topic, *key, partitions=count), *partitions_before(topic, *key))
    for partition in dict.fromkeys((*likely_partitions, *range(count))):
        request = await _find_in_partition(partition, log, event, since, progress.part())
        if request is not None:
            return request
    return None


async def _find_in_partition(
    partition: int, log: EventLog, event: events.ReplayRequested, since: dt.datetime, report: Report
) -> events.RenderRequested | None:
    topic = TOPIC_OF[events.RenderRequested]
    read = 0
    async for record in log.read(topic.name, partition, since):
        report(read := read + 1)
        # Cheaper than decoding: most records are of other projects.
        if record.key != str(event.project_id):
            continue
        try:
            _, event_read = codec.decode(topic, record.headers, record.payload)
        # A message that cannot be decoded made no export.
        except codec.DecodeError:
            continue
        for request in split_exports(event_read) if isinstance(event_read, events.RenderRequested) else ():
            if (request.org_id, request.export_id) == (event.org_id, event.export_id):
                return request
    return None


def list_inputs(request: events.RenderRequested) -> dict[str, ObjectRef]:
    """Stored inputs that the event names."""
    inputs = {"plan": request.plan, "source": request.source, "index": request.index, "edit": request.edit}
    return {name: ref for name, ref in inputs.items() if ref is not None}


async def _is_stored(objects: Objects, ref: ObjectRef) -> bool:
    try:
        return await objects.size(ref.key) == ref.size
    except KeyError:
        return False


def encoder_threads(certificate: Certificate) -> int:
    """Threads of the original encode: another number gives other bytes."""
    threads = certificate.made_with.get("encoder.threads") or next(
        iter(THREADS_PATTERN.findall(certificate.encoder)), "1"
    )
    return int(threads)


async def write_report(
    connection: Connection, event: events.ReplayRequested, report: ReplayResult, cause: Cause
) -> None:
    """Store the report unless a later replay was requested, and emit the event."""
    await write_replay_report(connection, event.org_id, event.export_id, event.replay_id, report, cause.now)
    completed = events.ReplayCompleted(
        replay_id=event.replay_id,
        outcome=report.outcome,
        files=report.files,
        differences=[difference.what for difference in report.differences],
        **owner_of(event),
    )
    await put(connection, completed, cause, name=str(event.replay_id))
