"""Import a source: fetch an upload or a URL, probe it, store index and span audio."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from core.domain.pages.page_video import PageVideo
from core.errors import InputRejected, TooSlow, Unavailable
from core.media.sandbox.parent import ChildLimits, LocalSource, SourceHandle, run_child
from core.ports.outside import Outside
from core.ports.stores import Objects
from core.progress import Report, Steps
from core.settings import MediaLimits, SpanRules
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.source import SourceIndex, Waveform
from streams.ingest.growing_file import copy_object
from streams.ingest.partial_downloads import PartialDownloads, download_name
from streams.ingest.probe.child import (
    INDEX_FILE_NAME,
    WAVEFORM_FILE_NAME,
    ProbeArgs,
    ProbeResult,
    span_audio_name,
)
from streams.ingest.probe.waveform import PEAKS_PER_SECOND
from streams.ingest.span_planner import PlannedSpan

MIN_FREE_BYTES = 256 * 2**20
"""Disk space that stays free for the audio and the index of a source."""
MAX_PROBE_MEMORY_BYTES = 1_200_000_000
"""Memory limit of the probe's child."""
CPU_SECONDS_PER_GB = 60.0
"""CPU time of the probe for each gigabyte, in addition to the configured limit."""
WAIT_SECONDS_PER_GB = 1000.0
"""Wall time of the probe for each gigabyte still to arrive: a store as slow as 1 MB/s is not the source's fault."""
PROBE_ENTRY_POINT = "streams.ingest.probe.child:main"
"""Entry point of the probe's child."""
MAX_SLOW_TRIES_COUNT = 3
"""Tries at a URL whose server is slow before it is refused; each goes on where the one before stopped."""
SLOW_SERVER = "The server of the URL sends too slowly: less than 64 KiB a second for a minute, three times."
UPLOAD_NOT_FOUND = "upload.not_found"
MISSING_UPLOAD = "The uploaded file is not there: upload it before the project."
"""Reason of a project whose upload does not exist."""


class StoredSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One span with its stored audio, which covers ``padded``; None without sound."""

    ordinal: int
    range: TimeRange
    padded: TimeRange
    audio: ObjectRef | None = None


class ImportedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A stored source with its index and spans, and the cost of the import."""

    source: ObjectRef
    index_ref: ObjectRef
    index: SourceIndex
    spans: list[StoredSpan]
    waveform: Waveform
    cpu_ms: int
    peak_bytes: int


async def import_source(
    event: events.UploadReceived,
    *,
    objects: Objects,
    outside: Outside,
    limits: MediaLimits,
    rules: SpanRules,
    partials: PartialDownloads,
    scratch: Path,
    prefix: str,
    report: Report,
    tries: int = 1,
    video: PageVideo | None = None,
) -> ImportedSource:
    """Fetch the source, probe it, store index and audio under ``prefix``.

    ``video``: the file of the page that the URL names. An upload stays where it is; a download is stored under
    ``prefix`` first. Raises InputRejected (``media.*``, ``url.*``, ``upload.not_found``) and Unavailable.
    """
    progress = Steps(report)
    with _choose_path(event, partials, scratch) as local_path:
        if event.object_key is not None:
            size = await _check_size(event.object_key, local_path, objects, limits, partials)
            async with copy_object(objects, event.object_key, size, local_path, progress.parallel()) as handle:
                probe_result = await probe_source(
                    handle, limits=limits, rules=rules, scratch=scratch, report=progress.parallel()
                )
                source = await handle.wait_complete()
        else:
            file = video or PageVideo(url=event.source_url or "")
            source = await _download(file, local_path, objects, outside, limits, partials, prefix, progress, tries)
            with LocalSource(local_path) as handle:
                probe_result = await probe_source(
                    handle, limits=limits, rules=rules, scratch=scratch, report=progress.part()
                )
        # The object is stored and the probe is done: give the disk back before the spans are stored.
        local_path.unlink()
    index = msgspec.msgpack.decode(await asyncio.to_thread((scratch / INDEX_FILE_NAME).read_bytes), type=SourceIndex)
    index_ref = await objects.put_file(prefix, scratch / INDEX_FILE_NAME, "application/msgpack", ".msgpack")
    return ImportedSource(
        source=source,
        index_ref=index_ref,
        index=index,
        spans=await _store_spans(probe_result, scratch, objects, prefix, progress.part()),
        waveform=await _store_waveform(probe_result, scratch, objects, prefix),
        cpu_ms=probe_result.cpu_ms,
        peak_bytes=probe_result.peak_bytes,
    )


@contextmanager
def _choose_path(event: events.UploadReceived, partials: PartialDownloads, scratch: Path) -> Iterator[Path]:
    """Yield the local path of the source; for a URL the file that an earlier attempt may have begun."""
    # Only downloads are worth resuming: an upload lies in our own store.
    new_path = scratch / f"{uuid4()}.bin"
    if event.object_key is not None or event.source_url is None:
        yield new_path
        return
    with partials.open_download(download_name(event.org_id, event.project_id, event.source_url), new_path) as path:
        yield path


async def _download(
    file: PageVideo,
    local_path: Path,
    objects: Objects,
    outside: Outside,
    limits: MediaLimits,
    partials: PartialDownloads,
    prefix: str,
    progress: Steps,
    tries: int,
) -> ObjectRef:
    """Download the URL to ``local_path`` and store it.

    A server that is too slow for a minute is asked again later, twice, for the rest; then its URL is refused.
    """
    url, size = file.url, 0
    if not url:
        raise InputRejected("url.invalid", "The upload names neither an object nor a URL.")
    try:
        async for received_bytes in outside.download(
            url, local_path, max_bytes=limits.max_bytes, report=progress.part(), headers=file.headers
        ):
            size = received_bytes
    except TooSlow as error:
        if tries < MAX_SLOW_TRIES_COUNT:
            raise
        raise InputRejected("media.timeout", f"{SLOW_SERVER} Upload the file instead.") from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        await asyncio.to_thread(local_path.unlink, missing_ok=True)  # others need the room until this is tried again
        await asyncio.to_thread(partials.make_room)
        raise Unavailable("disk", f"{local_path.parent} had no room for the download: make room") from error
    if size == 0:
        raise InputRejected("media.corrupt", "The URL gave an empty file.")
    return await objects.put_file(prefix, local_path, "application/octet-stream", ".bin", progress.part())


async def _check_size(
    key: str, local_path: Path, objects: Objects, limits: MediaLimits, partials: PartialDownloads
) -> int:
    """Return the upload's size once there is room for it."""
    try:
        size = await objects.size(key)
    except KeyError:
        raise InputRejected(UPLOAD_NOT_FOUND, MISSING_UPLOAD) from None
    if size > limits.max_bytes:
        raise InputRejected(
            "media.too_large", f"The file is larger than the {limits.max_bytes / 1e9:.3g} GB it may be."
        )
    if size == 0:
        raise InputRejected("media.corrupt", "The uploaded file is empty.")
    if shutil.disk_usage(local_path.parent).free < size + MIN_FREE_BYTES:
        # Downloads that wait to be resumed give way before this source does.
        await asyncio.to_thread(partials.make_room)
    _check_room(local_path.parent, size)
    return size


def _check_room(directory: Path, size: int) -> None:
    """Raise Unavailable where the disk has too little room."""
    free_bytes = shutil.disk_usage(directory).free
    if free_bytes < size + MIN_FREE_BYTES:
        raise Unavailable("disk", f"{directory} has {free_bytes} bytes free, the source needs {size}: make room")


async def probe_source(
    source: SourceHandle, *, limits: MediaLimits, rules: SpanRules, scratch: Path, report: Report
) -> ProbeResult:
    """Run the probe's child on a file that is complete or growing. Raises InputRejected and Unavailable."""
    gigabytes = source.size / 1e9
    cpu_limit_s = limits.probe_timeout_s + CPU_SECONDS_PER_GB * gigabytes
    wait_s = 0.0 if source.complete else WAIT_SECONDS_PER_GB * gigabytes
    child_limits = ChildLimits(
        memory_bytes=MAX_PROBE_MEMORY_BYTES, cpu_s=int(cpu_limit_s), wall_s=cpu_limit_s * 2 + wait_s
    )
    args = msgspec.to_builtins(ProbeArgs(scratch=str(scratch), limits=limits, rules=rules))
    child_result = await run_child(
        PROBE_ENTRY_POINT, args, scratch=scratch, limits=child_limits, source=source, report=report
    )
    return msgspec.convert(child_result, ProbeResult)


async def _store_waveform(probe_result: ProbeResult, scratch: Path, objects: Objects, prefix: str) -> Waveform:
    """Store the peaks of the sound, if there is any."""
    peaks = None
    if probe_result.has_sound:
        peaks = await objects.put_file(prefix, scratch / WAVEFORM_FILE_NAME, "application/octet-stream", ".u8")
    return Waveform(peaks=peaks, per_second=PEAKS_PER_SECOND, loudest=probe_result.loudest)


async def _store_spans(
    probe_result: ProbeResult, scratch: Path, objects: Objects, prefix: str, report: Report
) -> list[StoredSpan]:
    """Store the spans' audio concurrently: listening starts with the first and waits for the last.

    Where one cannot be stored the others are not begun: their files go with the scratch folder.
    """
    stored_count = 0

    async def store(span: PlannedSpan) -> StoredSpan:
        nonlocal stored_count
        audio = None
        if probe_result.has_sound:
            audio = await objects.put_file(prefix, scratch / span_audio_name(span.ordinal), "audio/flac", ".flac")
        stored_count += 1
        report(stored_count)
        return StoredSpan(ordinal=span.ordinal, range=span.range, padded=span.padded, audio=audio)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store(span)) for span in probe_result.spans]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
