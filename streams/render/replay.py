"""Makes an export once more from its event in the log and its stored inputs, and compares. Overwrites nothing.

The files of a replay are never stored: only what they are, as SHA-256, is kept for as long as the comparison lasts.
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
from core.services.export_groups import apart
from core.services.exports import owner_of, read_export
from core.storage.exports import write_replay_report
from schemas import codec, events
from schemas.common import ObjectRef
from schemas.documents.export import Certificate, ExportFiles
from schemas.documents.replay import ReplayResult
from schemas.topics import TOPIC_OF, partition_before, partition_for
from streams.render.exporter import Produced
from streams.runtime.context import Context
from streams.runtime.stage import Commit, Work

Make = Callable[[events.RenderRequested, Work, Objects, int], Awaitable[Produced]]
"""Renders an export into the given objects with so many threads."""
EARLIER = dt.timedelta(hours=1)
"""Clocks of the database and the broker may differ: the log is read from so long before the export was asked for."""
THREADS = re.compile(r"threads (\d+)")


class Nowhere:
    """Takes files as object storage does and keeps only what they are; reads what is really stored."""

    def __init__(self, objects: Objects) -> None:
        """``objects`` is where inputs lie."""
        self._objects = objects

    def __getattr__(self, name: str) -> Any:
        """Whatever only reads."""
        return getattr(self._objects, name)

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        """What these bytes would be."""
        del content_type
        digest = hashlib.sha256(body).hexdigest()
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        """What this file would be."""
        del content_type, report
        digest, size = await asyncio.to_thread(_of_file, path)
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=size)


def _of_file(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


async def replay(context: Context, event: events.ReplayRequested, work: Work, make: Make) -> Commit:
    """Find, render, compare; gives what is to be written. Raises as `make`, and Unavailable."""
    async with org_transaction(context.pool, event.org_id) as connection:
        row = await read_export(connection, event.org_id, event.export_id)
    if row is None or row["state"] != "done":
        found = ReplayResult(outcome="impossible", detail="The export has no files to compare with.")
    else:
        found = await _found(context, context.log, event, row, work, make)

    async def commit(connection: Connection) -> None:
        await write(connection, event, found, work.cause)

    return commit


async def _found(
    context: Context, log: EventLog, event: events.ReplayRequested, row: Row, work: Work, make: Make
) -> ReplayResult:
    steps = Steps(work.report)
    request = await logged(log, event, row["created_at"] - EARLIER, steps)
    if request is None:
        topic = TOPIC_OF[events.RenderRequested].name
        detail = f"The log no longer has the event that this export was made by ({topic}): it cannot be made again."
        return ReplayResult(outcome="impossible", detail=detail)
    lost = [name for name, ref in inputs_of(request).items() if not await _there(context.objects, ref)]
    if lost:
        return ReplayResult(outcome="impossible", detail=f"No longer stored: {', '.join(lost)}.")
    certificate = msgspec.convert(row["certificate"], Certificate)
    rest = msgspec.structs.replace(work, report=steps.part())
    produced = await make(request, rest, Nowhere(context.objects), threads_of(certificate))
    work.cpu_ms = produced.cpu_ms
    files = msgspec.convert(row["files"], ExportFiles)
    return compared(files, produced.files, certificate.made_with, produced.certificate.made_with)


async def logged(
    log: EventLog, event: events.ReplayRequested, since: dt.datetime, steps: Steps
) -> events.RenderRequested | None:
    """The event that the export was rendered by, of this one alone; None where the log has it no more.

    ``steps`` counts what is read: a long log is no standstill.
    """
    topic, parts = TOPIC_OF[events.RenderRequested], (event.project_id, event.ordinal)
    for partition in dict.fromkeys((partition_for(topic, *parts), partition_before(topic, *parts))):
        found = await _logged_in(partition, log, event, since, steps.part())
        if found is not None:
            return found
    return None


async def _logged_in(
    partition: int, log: EventLog, event: events.ReplayRequested, since: dt.datetime, report: Report
) -> events.RenderRequested | None:
    topic = TOPIC_OF[events.RenderRequested]
    read = 0
    async for record in log.read(topic.name, partition, since):
        report(read := read + 1)
        if record.key != str(event.project_id):
            continue
        try:
            _, found = codec.decode(topic, record.headers, record.payload)
        except codec.DecodeError:
            continue
        for one in apart(found) if isinstance(found, events.RenderRequested) else ():
            if (one.org_id, one.export_id) == (event.org_id, event.export_id):
                return one
    return None


def inputs_of(request: events.RenderRequested) -> dict[str, ObjectRef]:
    """What the event names of what is stored."""
    named = {"plan": request.plan, "source": request.source, "index": request.index, "edit": request.edit}
    return {name: ref for name, ref in named.items() if ref is not None}


async def _there(objects: Objects, ref: ObjectRef) -> bool:
    try:
        return await objects.size(ref.key) == ref.size
    except KeyError:
        return False


def threads_of(certificate: Certificate) -> int:
    """With how many threads it was encoded: others give other bytes."""
    told = certificate.made_with.get("encoder.threads") or next(iter(THREADS.findall(certificate.encoder)), "1")
    return int(told)


async def write(connection: Connection, event: events.ReplayRequested, found: ReplayResult, cause: Cause) -> None:
    """Keep what was found, where no later replay was asked for, and say so."""
    await write_replay_report(connection, event.org_id, event.export_id, event.replay_id, found, cause.now)
    completed = events.ReplayCompleted(
        replay_id=event.replay_id,
        outcome=found.outcome,
        files=found.files,
        differences=[one.what for one in found.differences],
        **owner_of(event),
    )
    await put(connection, completed, cause, name=str(event.replay_id))
