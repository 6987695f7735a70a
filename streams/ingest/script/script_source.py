"""Make a source of a script: a video to put its cards on, and spans whose words and times are known."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from core.domain.script_text.reading_time import TimedScript, time_script
from core.media.sandbox.parent import ChildLimits, LocalSource, run_child
from core.ports.stores import Objects
from core.progress import Report, Steps
from core.settings import MediaLimits, SpanRules
from core.storage.spans import SpanDocuments
from schemas import events
from schemas.common import TimeRange
from schemas.documents import encode_document
from schemas.documents.source import SourceIndex, Waveform
from schemas.documents.span import SCRIPT_MODEL, HeardSpan, LoudnessCurve, SeenSpan
from schemas.options.brand_kit import BrandKit
from streams.ingest.probe.child import INDEX_FILE_NAME
from streams.ingest.probe.waveform import PEAKS_PER_SECOND
from streams.ingest.script.background import choose_colours
from streams.ingest.script.child import BACKGROUND_FILE_NAME, BackgroundArgs
from streams.ingest.source_importer import ImportedSource, StoredSpan, probe_source
from streams.ingest.span_planner import LEVEL_STEP_MS

BACKGROUND_ENTRY_POINT = "streams.ingest.script.child:main"
"""Entry point of the child that makes the video."""
CHILD_LIMITS = ChildLimits(memory_bytes=1_500_000_000, cpu_s=120, wall_s=480.0, file_bytes=2**30)
"""Limits of that child: two hours take some seconds and 160 MB."""


class ScriptSource(msgspec.Struct, frozen=True, kw_only=True):
    """The stored source of a script, and the documents of its one span."""

    imported: ImportedSource
    documents: SpanDocuments
    """Of what was heard: the words as they are shown; of what was seen: nothing."""


async def make_script_source(
    event: events.UploadReceived,
    kit: BrandKit | None,
    *,
    objects: Objects,
    limits: MediaLimits,
    rules: SpanRules,
    scratch: Path,
    prefix: str,
    report: Report,
) -> ScriptSource:
    """Make the video of a script, and store it with its index, its words and their times under ``prefix``.

    The event was checked. Raises Unavailable.
    """
    assert event.script_text is not None
    assert event.options.language is not None
    progress = Steps(report)
    timed = await asyncio.to_thread(time_script, event.script_text, event.options.language)
    args = BackgroundArgs(scratch=str(scratch), duration_ms=timed.duration_ms, colours=choose_colours(kit))
    child_result = await run_child(
        BACKGROUND_ENTRY_POINT,
        msgspec.to_builtins(args),
        scratch=scratch,
        limits=CHILD_LIMITS,
        report=progress.part(),
    )
    path = scratch / BACKGROUND_FILE_NAME
    source = await objects.put_file(prefix, path, "video/mp4", ".mp4", progress.part())
    with LocalSource(path) as file:
        probed = await probe_source(file, limits=limits, rules=rules, scratch=scratch, report=progress.part())
    index = msgspec.structs.replace(await asyncio.to_thread(_read_index, scratch), still=True)
    body = msgspec.msgpack.encode(index)
    span = TimeRange(start_ms=0, end_ms=index.duration_ms)
    heard_span = _build_heard_span(timed, span, event.options.language)
    seen_span = SeenSpan(ordinal=0, range=span, pictures=[], shots=[], thumbnails=[], model="none", compute_ms=0)
    return ScriptSource(
        imported=ImportedSource(
            source=source,
            index_ref=await objects.put(prefix, body, "application/msgpack", ".msgpack"),
            index=index,
            waveform=Waveform(peaks=None, per_second=PEAKS_PER_SECOND, loudest=0.0),
            spans=[StoredSpan(ordinal=0, range=span, padded=span)],
            cpu_ms=int(child_result["cpu_ms"]) + probed.cpu_ms,
            peak_bytes=max(int(child_result["peak_bytes"]), probed.peak_bytes),
        ),
        documents=SpanDocuments(
            heard=await objects.put(prefix, encode_document(heard_span), "application/json", ".json"),
            seen=await objects.put(prefix, encode_document(seen_span), "application/json", ".json"),
        ),
    )


def _read_index(scratch: Path) -> SourceIndex:
    return msgspec.msgpack.decode((scratch / INDEX_FILE_NAME).read_bytes(), type=SourceIndex)


def _build_heard_span(timed: TimedScript, span: TimeRange, language: str) -> HeardSpan:
    """Build the document that listen would have written of somebody who reads the script."""
    return HeardSpan(
        ordinal=0,
        range=span,
        language=language,
        language_probability=1.0,
        words=timed.words,
        speech=timed.sentences,
        loudness=LoudnessCurve(start_ms=0, step_ms=LEVEL_STEP_MS, level_db=[]),
        model=SCRIPT_MODEL,
        compute_ms=0,
    )
