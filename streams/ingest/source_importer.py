"""An upload or a URL → original, index and spans in the store. Joins download, child and store; judges nothing."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from core.errors import Rejected, Unavailable
from core.media.sandbox.parent import ChildLimits, LocalSource, SourceHandle, run_child
from core.ports.outside import Outside
from core.ports.stores import Objects
from core.progress import Report, Steps
from core.settings import MediaLimits, SpanRules
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.source import SourceIndex
from streams.ingest.growing_file import arriving
from streams.ingest.partial_downloads import Partials, name_of
from streams.ingest.probe.child import INDEX_NAME, ProbeArgs, Probed, flac_name
from streams.ingest.span_planner import PlannedSpan

SPARE_BYTES = 256 * 2**20
"""Room that stays free for the sound and the index of a source."""
PROBE_MEMORY_BYTES = 1_200_000_000
CPU_S_PER_GB = 60.0
WAIT_S_PER_GB = 1000.0
"""For a store as slow as 1 MB/s: the source's fault must not be told where the store is at fault."""
ENTRY = "streams.ingest.probe.child:main"
NOT_FOUND = "upload.not_found"


class PreparedSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One span with its sound; ``audio`` covers ``padded`` and is absent without sound."""

    ordinal: int
    range: TimeRange
    padded: TimeRange
    audio: ObjectRef | None = None


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ingest found out and stored."""

    source: ObjectRef
    index_ref: ObjectRef
    index: SourceIndex
    spans: list[PreparedSpan]
    cpu_ms: int
    peak_bytes: int


async def prepare(
    event: events.UploadReceived,
    *,
    objects: Objects,
    outside: Outside,
    limits: MediaLimits,
    rules: SpanRules,
    partials: Partials,
    scratch: Path,
    prefix: str,
    report: Report,
) -> Prepared:
    """Fetch the source, learn what it is, store index and sound under ``prefix``.

    An upload stays where it lies; a download is stored under ``prefix`` first. Raises Rejected (``media.*``,
    ``url.*``, ``upload.not_found``) and Unavailable.
    """
    steps = Steps(report)
    with _place(event, partials, scratch) as local:
        if event.object_key is not None:
            size = await _checked_size(event.object_key, local, objects, limits, partials)
            async with arriving(objects, event.object_key, size, local, steps.beside()) as handle:
                probed = await probe(handle, limits=limits, rules=rules, scratch=scratch, report=steps.beside())
                source = await handle.whole()
        else:
            source = await _download(event, local, objects, outside, limits, partials, prefix, steps)
            with LocalSource(local) as file:
                probed = await probe(file, limits=limits, rules=rules, scratch=scratch, report=steps.part())
        local.unlink()
    index = msgspec.msgpack.decode(await asyncio.to_thread((scratch / INDEX_NAME).read_bytes), type=SourceIndex)
    index_ref = await objects.put_file(prefix, scratch / INDEX_NAME, "application/msgpack", ".msgpack")
    return Prepared(
        source=source,
        index_ref=index_ref,
        index=index,
        spans=await _store_spans(probed, scratch, objects, prefix, steps.part()),
        cpu_ms=probed.cpu_ms,
        peak_bytes=probed.peak_bytes,
    )


@contextmanager
def _place(event: events.UploadReceived, partials: Partials, scratch: Path) -> Iterator[Path]:
    """Where the source lies while it is looked at; a download where an earlier attempt may have begun it."""
    fresh = scratch / f"{uuid4()}.bin"
    if event.object_key is not None or event.source_url is None:
        yield fresh
        return
    with partials.hold(name_of(event.org_id, event.project_id, event.source_url), fresh) as path:
        yield path


async def _download(
    event: events.UploadReceived,
    local: Path,
    objects: Objects,
    outside: Outside,
    limits: MediaLimits,
    partials: Partials,
    prefix: str,
    steps: Steps,
) -> ObjectRef:
    """Bring what lies behind the URL to ``local``, and store it."""
    url, size = event.source_url, 0
    if url is None:
        raise Rejected("url.invalid", "The upload names neither an object nor a URL.")
    try:
        async for received in outside.download(url, local, max_bytes=limits.max_bytes, report=steps.part()):
            size = received
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        await asyncio.to_thread(local.unlink, missing_ok=True)  # others need the room until this is tried again
        await asyncio.to_thread(partials.make_room)
        raise Unavailable("disk", f"{local.parent} had no room for the download: make room") from error
    if size == 0:
        raise Rejected("media.corrupt", "The URL gave an empty file.")
    return await objects.put_file(prefix, local, "application/octet-stream", ".bin", steps.part())


async def _checked_size(key: str, local: Path, objects: Objects, limits: MediaLimits, partials: Partials) -> int:
    """Bytes of an upload for which there is room."""
    try:
        size = await objects.size(key)
    except KeyError:
        raise Rejected(NOT_FOUND, "The uploaded file is not there: upload it before the project.") from None
    if size > limits.max_bytes:
        raise Rejected("media.too_large", f"The file is larger than the {limits.max_bytes / 1e9:.3g} GB it may be.")
    if size == 0:
        raise Rejected("media.corrupt", "The uploaded file is empty.")
    if shutil.disk_usage(local.parent).free < size + SPARE_BYTES:
        await asyncio.to_thread(partials.make_room)
    _need_room(local.parent, size)
    return size


def _need_room(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < size + SPARE_BYTES:
        raise Unavailable("disk", f"{directory} has {free} bytes free, the source needs {size}: make room")


async def probe(
    source: SourceHandle, *, limits: MediaLimits, rules: SpanRules, scratch: Path, report: Report
) -> Probed:
    """Run the probe on a source that is there, or comes. Raises Rejected and Unavailable."""
    gigabytes = source.size / 1e9
    allowed_s = limits.probe_timeout_s + CPU_S_PER_GB * gigabytes
    wait_s = 0.0 if source.complete else WAIT_S_PER_GB * gigabytes
    child = ChildLimits(memory_bytes=PROBE_MEMORY_BYTES, cpu_s=int(allowed_s), wall_s=allowed_s * 2 + wait_s)
    args = msgspec.to_builtins(ProbeArgs(scratch=str(scratch), limits=limits, rules=rules))
    answer = await run_child(ENTRY, args, scratch=scratch, limits=child, source=source, report=report)
    return msgspec.convert(answer, Probed)


async def _store_spans(
    probed: Probed, scratch: Path, objects: Objects, prefix: str, report: Report
) -> list[PreparedSpan]:
    """Side by side, as many as the store's client lets: listening waits for the last of them.

    Where one cannot be stored the others are not begun: their files go with the scratch folder.
    """
    stored = 0

    async def store(span: PlannedSpan) -> PreparedSpan:
        nonlocal stored
        audio = None
        if probed.has_sound:
            audio = await objects.put_file(prefix, scratch / flac_name(span.ordinal), "audio/flac", ".flac")
        stored += 1
        report(stored)
        return PreparedSpan(ordinal=span.ordinal, range=span.range, padded=span.padded, audio=audio)

    try:
        async with asyncio.TaskGroup() as group:
            storing = [group.create_task(store(span)) for span in probed.spans]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in storing]
