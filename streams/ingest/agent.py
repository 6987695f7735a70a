"""UploadReceived → SpanPlanned (the first few), SpansHeard (of a script) or ProjectFailed.

AssetReceived → AssetChecked/Refused.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from core.domain.pages.page_video import PageVideo
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.media.playback import judge_playback
from core.services import estimates, project_lifecycle
from core.services.billing.quotas import PLAN_EXCEEDED, check_quota
from core.services.spans import emit_next_spans, end_script_span
from core.services.upload_seals import find_sealed_key
from core.services.upload_signatures import check_upload
from core.settings import Settings
from core.storage.billing.usage import add_usage
from core.storage.brand_kits import read_snapshot
from core.storage.media.source_media import write_source_media
from core.storage.projects import IngestedSource, write_page, write_source
from core.storage.spans import insert_spans
from schemas import events
from schemas.ids import result_id
from schemas.options.project import beyond_warnings
from schemas.stages import TABLE
from streams.ingest.assets.asset_importer import check_asset, commit_checked, commit_refused, find_upload
from streams.ingest.pages.page_source import find_page_video, with_page_copy
from streams.ingest.partial_downloads import PartialDownloads
from streams.ingest.script.script_source import ScriptSource, make_script_source
from streams.ingest.source_importer import MISSING_UPLOAD, UPLOAD_NOT_FOUND, ImportedSource, import_source
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work


class IngestStage:
    """Fetches an original, indexes it, and cuts its time line into spans."""

    name: events.Stage = "ingest"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters; remove downloads that earlier workers began and no attempt resumed."""
        self._context = context
        limit = context.settings.media.max_bytes
        self._partials = PartialDownloads(context.persistent_dir("downloads"), max_bytes=limit, now_s=time.time)
        self._partials.sweep()

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept uploads to make clips of, and files of brand kits."""
        return isinstance(event, events.UploadReceived | events.AssetReceived)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Import the source; see ``streams.ingest.source_importer``."""
        if isinstance(event, events.AssetReceived):
            return await self._check_asset(event, work)
        assert isinstance(event, events.UploadReceived)
        check_upload(event)
        if event.script_text is not None:
            return await self._make_script_source(event, work)
        with self._context.scratch() as scratch:
            video = await find_page_video(self._context, event, work, scratch)
            source_event = await with_page_copy(self._context, event, work, video)
            imported_source = await self._import_source(source_event, work, scratch, video)
        work.cpu_ms = imported_source.cpu_ms

        async def commit(connection: Connection) -> None:
            settings = self._context.settings
            await _commit_source(connection, event, imported_source, work, settings)
            if video is not None:
                await write_page(connection, event.org_id, event.project_id, video.page_key, video.title)
            await estimates.write_estimate(connection, event.org_id, event.project_id, settings)

        return commit

    async def _make_script_source(self, event: events.UploadReceived, work: Work) -> Commit:
        """Make the source of a script."""
        context = self._context
        async with org_transaction(context.pool, event.org_id) as connection:
            brand = await read_snapshot(connection, event.org_id, event.options.export.brand)
        with context.scratch() as scratch:
            script_source = await make_script_source(
                event,
                brand.kit if brand is not None else None,
                objects=context.objects,
                limits=context.settings.media,
                rules=context.settings.spans,
                scratch=scratch,
                prefix=prefix_of(event, "source", result_id(work.cause.input_id, "ingest")),
                report=work.report,
            )
        work.cpu_ms = script_source.imported.cpu_ms

        async def commit(connection: Connection) -> None:
            await _commit_script_source(connection, event, script_source, work, context.settings)
            await estimates.write_estimate(connection, event.org_id, event.project_id, context.settings)

        return commit

    async def _check_asset(self, event: events.AssetReceived, work: Work) -> Commit:
        """Check a file of a brand kit."""
        object_key = await find_upload(self._context, event)
        if object_key is None:
            return _commit_nothing
        with self._context.scratch() as scratch:
            checked = await check_asset(
                event.kind,
                object_key,
                objects=self._context.objects,
                limits=self._context.settings.media,
                scratch=scratch,
                prefix=f"{event.org_id}/assets/{event.asset_id}",
                report=work.report,
            )
        work.cpu_ms = checked.cpu_ms

        async def commit(connection: Connection) -> None:
            await commit_checked(connection, event, checked.asset, work.cause)

        return commit

    async def _import_source(
        self, event: events.UploadReceived, work: Work, scratch: Path, video: PageVideo | None
    ) -> ImportedSource:
        """Import the source of a project."""
        context = self._context
        event = await self._seal(event, work)
        return await import_source(
            event,
            objects=context.objects,
            outside=context.outside,
            limits=context.settings.media,
            rules=context.settings.spans,
            partials=self._partials,
            scratch=scratch,
            prefix=prefix_of(event, "source", result_id(work.cause.input_id, "ingest")),
            report=work.report,
            tries=work.tries,
            video=video,
        )

    async def _seal(self, event: events.UploadReceived, work: Work) -> events.UploadReceived:
        """The event with the key under which the upload's bytes stay as they are."""
        if event.object_key is None:
            return event
        context, copy_id = self._context, result_id(work.cause.input_id, "seal")
        try:
            key = await find_sealed_key(context.pool, context.objects, event.org_id, event.object_key, copy_id)
        except KeyError:
            raise InputRejected(UPLOAD_NOT_FOUND, MISSING_UPLOAD) from None
        return msgspec.structs.replace(event, object_key=key)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the project of a source that cannot be used; refuse a file of a brand kit."""
        if isinstance(event, events.AssetReceived):
            await commit_refused(connection, event, reason, detail, cause)
            return
        assert isinstance(event, events.UploadReceived)
        if reason == UPLOAD_NOT_FOUND:
            await project_lifecycle.reopen_upload(connection, event)
        await project_lifecycle.fail_project(connection, event.org_id, event.project_id, reason, detail, cause)


async def _commit_nothing(_: Connection) -> None:
    """Commit nothing: the file was checked before."""


async def _commit_source(
    connection: Connection,
    event: events.UploadReceived,
    imported_source: ImportedSource,
    work: Work,
    settings: Settings,
) -> None:
    """Commit the source's row, its spans, the expected parts of each stage, and the first span events."""
    if await _write_rows(connection, event, imported_source, work, settings):
        await emit_next_spans(connection, event.org_id, event.project_id, work.cause, settings.spans.window)


async def _commit_script_source(
    connection: Connection, event: events.UploadReceived, script_source: ScriptSource, work: Work, settings: Settings
) -> None:
    """Commit the same of a script, whose words are there already."""
    if await _write_rows(connection, event, script_source.imported, work, settings):
        await end_script_span(connection, event.org_id, event.project_id, script_source.documents, work.cause)


async def _write_rows(
    connection: Connection,
    event: events.UploadReceived,
    imported_source: ImportedSource,
    work: Work,
    settings: Settings,
) -> bool:
    """Write the source's row, its spans, the expected parts of each stage, and the end of ingest.

    False where the plan has no room for the source: the project fails.
    """
    index = imported_source.index
    video = index.video
    owner = (event.org_id, event.project_id)
    ingested_source = IngestedSource(
        source=imported_source.source,
        index=imported_source.index_ref,
        duration_ms=index.duration_ms,
        width_px=video.display_width if video else None,
        height_px=video.display_height if video else None,
        span_count=len(imported_source.spans),
        warnings=[*index.warnings, *beyond_warnings(event.options, index.duration_ms)],
    )
    excess = await check_quota(
        connection,
        settings,
        event.org_id,
        work.cause.now,
        source_ms=index.duration_ms,
        stored_bytes=imported_source.source.size,
        but=event.project_id,
    )
    await write_source(connection, *owner, ingested_source)
    await write_source_media(connection, *owner, judge_playback(index), imported_source.waveform)
    if excess is not None:
        await project_lifecycle.fail_project(connection, *owner, PLAN_EXCEEDED, excess.detail, work.cause)
        return False
    await add_usage(
        connection,
        *owner,
        "stored_bytes",
        imported_source.source.size,
        project_id=event.project_id,
        at=work.cause.now,
    )
    await insert_spans(
        connection, *owner, [_build_span_event(event, imported_source, span.ordinal) for span in imported_source.spans]
    )
    totals = {"span": len(imported_source.spans), "project": 1}
    # How many clips there will be is not known yet: stages that count those grow as they come.
    for row in TABLE:
        if row.part in totals and row.name != "ingest":
            await project_lifecycle.expect_parts(connection, event.org_id, event.project_id, row.name, totals[row.part])
    await project_lifecycle.end_part(connection, *owner, "ingest", work.cause, cpu_ms=work.cpu_ms)
    return True


def _build_span_event(
    event: events.UploadReceived, imported_source: ImportedSource, ordinal: int
) -> events.SpanPlanned:
    """Build the event of one span."""
    span = imported_source.spans[ordinal]
    return events.SpanPlanned(
        org_id=event.org_id,
        project_id=event.project_id,
        ordinal=ordinal,
        span_count=len(imported_source.spans),
        range=span.range,
        padded=span.padded,
        source=imported_source.source,
        index=imported_source.index_ref,
        audio=span.audio,
        has_video=imported_source.index.video is not None,
        language=event.options.language,
    )
