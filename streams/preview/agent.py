"""PreviewPlanned → PreviewCompleted or PreviewFailed: one frame of an export.

The stage has workers and a consumer group of its own, so that a preview does not wait behind a render.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import InputRejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.parent import run_child
from core.services.exports import find_pinned_transcript
from core.services.previews import end_preview, fail_preview
from core.storage.brand_kits import read_snapshot
from core.storage.clips import ClipMedia, read_media
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.frame_plan import FramePlan
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.brand_kit import BrandSnapshot
from schemas.options.export_options import ExportOptions, file_for
from schemas.options.file_formats import FileKind
from streams.preview.child import PICTURE_FILE, PreviewJob
from streams.renderer.branding.loader import load_brand
from streams.renderer.encoding.muxer import build_encoding
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.prepare import build_job
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work

LIMITS = ChildLimits(memory_bytes=3_000_000_000, cpu_s=120, wall_s=120.0)
"""Limits of the child. A person waits for it: unlike a render's it is not niced and has less time."""
THREAD_COUNT = 2
"""Encoder threads that the job names; nothing is encoded."""


def shown_format(options: ExportOptions) -> FileKind:
    """The file format that is shown; for an audio file, that of a video."""
    file = file_for(options)
    return file if file.video else FileKind()


class PreviewInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of a preview from the database."""

    media: ClipMedia
    transcript: ObjectRef | None
    brand: BrandSnapshot | None


class PreviewStage:
    """Draws one frame as an export would show it."""

    name: events.Stage = "preview"

    def __init__(self, context: StageContext) -> None:
        """``context``: the worker's adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept previews that have a framing plan."""
        return isinstance(event, events.PreviewPlanned)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Decode around the frame, draw it as an export would, store it."""
        assert isinstance(event, events.PreviewPlanned)
        inputs = await self._read(event)
        with self._context.scratch() as scratch:
            task = await self._task(event, inputs, scratch)
            picture = await self._picture(event, inputs, task, scratch, work)

        async def commit(connection: Connection) -> None:
            await end_preview(connection, event, picture, work.cause, cpu_ms=work.cpu_ms)

        return commit

    async def _task(self, event: events.PreviewPlanned, inputs: PreviewInputs, scratch: Path) -> PreviewJob:
        context, options = self._context, event.rendition.options
        plan = msgspec.json.decode(await context.objects.get(event.plan), type=FramePlan)
        transcript = None
        if inputs.transcript:
            transcript = msgspec.json.decode(await context.objects.get(inputs.transcript), type=Transcript)
        built_job = await build_job(
            event.rendition,
            plan,
            RenderInputs(
                index=await context.index(inputs.media.index),
                stored_transcript=StoredTranscript(transcript=transcript, ref=inputs.transcript),
                edit=inputs.media.edit,
                brand=inputs.brand,
                encoding=build_encoding(options.video, THREAD_COUNT, shown_format(options)),
            ),
            objects=context.objects,
            brand=await load_brand(options.brand, inputs.brand, transcript, context.objects, scratch),
        )
        return PreviewJob(export=built_job.job, at_ms=event.at_ms)

    async def _picture(
        self, event: events.PreviewPlanned, inputs: PreviewInputs, task: PreviewJob, scratch: Path, work: Work
    ) -> ObjectRef:
        context = self._context
        args = {"task": msgspec.json.encode(task).decode(), "scratch": str(scratch)}
        async with context.cache.open(inputs.media.source.key, inputs.media.source.size) as source:
            result = await run_child(
                "streams.preview.child:main", args, scratch=scratch, limits=LIMITS, source=source, report=work.report
            )
        work.cpu_ms = int(result["cpu_ms"])
        prefix = prefix_of(event, "previews", result_id(work.cause.input_id, "preview"))
        return await context.objects.put_file(prefix, scratch / PICTURE_FILE, "image/png", ".png")

    async def _read(self, event: events.PreviewPlanned) -> PreviewInputs:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            media = await read_media(connection, event.org_id, event.clip_id, edit_version=event.edit_version)
            words = await find_pinned_transcript(
                connection, event.org_id, event.project_id, event.rendition.transcript_version
            )
            brand = await read_snapshot(connection, event.org_id, event.rendition.options.brand)
        if media is None:
            raise InputRejected("clip.unknown", f"There is no clip {event.clip_id}.")
        return PreviewInputs(media=media, transcript=words, brand=brand)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the preview."""
        assert isinstance(event, events.PreviewPlanned)
        await fail_preview(connection, event, reason, detail, cause)
