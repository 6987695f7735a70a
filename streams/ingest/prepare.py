"""An upload or a URL → original, index and spans in the store. Joins download, child and store; judges nothing."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from schemas import events
from schemas.documents import SourceIndex
from schemas.media import ObjectRef, TimeRange
from streams.adapters.media.sandbox import ChildLimits, LocalSource, run_child
from streams.adapters.ports import Objects, Outside, Report
from streams.errors import Rejected, Unavailable
from streams.ingest.partials import Partials, name_of
from streams.ingest.probe import INDEX_NAME, ProbeArgs, Probed, flac_name
from streams.settings import MediaLimits, SpanRules
from streams.steps import Steps

COPY_BYTES = 8 * 2**20
SPARE_BYTES = 256 * 2**20
"""Room that stays free for the sound and the index of a source."""
PROBE_MEMORY_BYTES = 1_200_000_000
CPU_S_PER_GB = 60.0
ENTRY = "streams.ingest.probe:main"


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
        source = await fetch_source(
            event, local, objects=objects, outside=outside, limits=limits, partials=partials, prefix=prefix, steps=steps
        )
        probed = await probe(local, source.size, limits=limits, rules=rules, scratch=scratch, report=steps.part())
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


async def fetch_source(
    event: events.UploadReceived,
    local: Path,
    *,
    objects: Objects,
    outside: Outside,
    limits: MediaLimits,
    partials: Partials,
    prefix: str,
    steps: Steps,
) -> ObjectRef:
    """Bring the source to ``local`` and say which object it is."""
    if event.object_key is not None:
        return await _copy_upload(event.object_key, local, objects, limits, partials, steps.part())
    if event.source_url is None:
        raise Rejected("url.invalid", "The upload names neither an object nor a URL.")
    await _download(event.source_url, local, outside, limits, partials, steps.part())
    return await objects.put_file(prefix, local, "application/octet-stream", ".bin", steps.part())


async def _download(
    url: str, local: Path, outside: Outside, limits: MediaLimits, partials: Partials, report: Report
) -> None:
    size = 0
    try:
        async for received in outside.download(url, local, max_bytes=limits.max_bytes, report=report):
            size = received
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        await asyncio.to_thread(local.unlink, missing_ok=True)  # others need the room until this is tried again
        await asyncio.to_thread(partials.make_room)
        raise Unavailable("disk", f"{local.parent} had no room for the download: make room") from error
    if size == 0:
        raise Rejected("media.corrupt", "The URL gave an empty file.")


async def _copy_upload(
    key: str, local: Path, objects: Objects, limits: MediaLimits, partials: Partials, report: Report
) -> ObjectRef:
    try:
        size = await objects.size(key)
    except KeyError:
        raise Rejected("upload.not_found", "The uploaded file is not there: upload it before the project.") from None
    if size > limits.max_bytes:
        raise Rejected("media.too_large", f"The file is larger than the {limits.max_bytes / 1e9:.3g} GB it may be.")
    if size == 0:
        raise Rejected("media.corrupt", "The uploaded file is empty.")
    if shutil.disk_usage(local.parent).free < size + SPARE_BYTES:
        await asyncio.to_thread(partials.make_room)
    _need_room(local.parent, size)
    digest = hashlib.sha256()
    with local.open("wb") as file:
        while (start := file.tell()) < size:
            part = await objects.read_range(key, start, min(COPY_BYTES, size - start))
            if not part:
                raise Unavailable("objects", f"{key!r} ended at {start} of {size} bytes")
            await asyncio.to_thread(_append, file.fileno(), digest.update, part)
            file.seek(start + len(part))
            report(start + len(part))
    return ObjectRef(key=key, sha256=digest.hexdigest(), size=size)


def _append(descriptor: int, update: Callable[[bytes], None], part: bytes) -> None:
    update(part)
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]


def _need_room(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < size + SPARE_BYTES:
        raise Unavailable("disk", f"{directory} has {free} bytes free, the source needs {size}: make room")


async def probe(
    local: Path, size: int, *, limits: MediaLimits, rules: SpanRules, scratch: Path, report: Report
) -> Probed:
    """Run the probe on a local file. Raises Rejected and Unavailable."""
    allowed_s = limits.probe_timeout_s + CPU_S_PER_GB * size / 1e9
    child = ChildLimits(memory_bytes=PROBE_MEMORY_BYTES, cpu_s=int(allowed_s), wall_s=allowed_s * 2)
    args = msgspec.to_builtins(ProbeArgs(scratch=str(scratch), limits=limits, rules=rules))
    with LocalSource(local) as handle:
        answer = await run_child(ENTRY, args, scratch=scratch, limits=child, source=handle, report=report)
    return msgspec.convert(answer, Probed)


async def _store_spans(
    probed: Probed, scratch: Path, objects: Objects, prefix: str, report: Report
) -> list[PreparedSpan]:
    stored = []
    for span in probed.spans:
        audio = None
        if probed.has_sound:
            audio = await objects.put_file(prefix, scratch / flac_name(span.ordinal), "audio/flac", ".flac")
        stored.append(PreparedSpan(ordinal=span.ordinal, range=span.range, padded=span.padded, audio=audio))
        report(len(stored))
    return stored
