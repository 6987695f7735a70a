"""Stores the outcome of an export: its row, its event, and what it means for the project."""

from __future__ import annotations

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services.exports import fail_export, is_automatic, is_done
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from core.storage.billing.usage import UsageKind, add_usage
from core.storage.exports import write_files
from schemas import events
from schemas.documents.quality import list_figures
from streams.render.exporter import ExportOutcome, ProducedExport
from streams.runtime.dead_letters import failure_reason


async def finish_export(
    connection: Connection, event: events.RenderRequested, outcome: ExportOutcome, cause: Cause
) -> None:
    """Record an export as done or failed."""
    # An earlier attempt at the event may have finished this one: its file stays.
    if isinstance(outcome, Exception) and await is_done(connection, event.org_id, event.export_id):
        return
    if isinstance(outcome, Exception):
        await fail_export(connection, event, "render", *failure_reason(outcome), cause)
    else:
        await _complete_export(connection, event, outcome, cause)


async def _complete_export(
    connection: Connection, event: events.RenderRequested, produced: ProducedExport, cause: Cause
) -> None:
    is_written = await write_files(
        connection,
        event.org_id,
        event.export_id,
        files=produced.files,
        certificate=produced.certificate,
        chunks=produced.chunks,
        at=cause.now,
    )
    if not is_written:  # cancelled meanwhile: its siblings were made with it, its own files are swept
        await plan_project_sweep(connection, event.org_id, event.project_id, GRACE)
        return
    await _add_export_usage(connection, event, produced, cause)
    done = events.ExportCompleted(
        org_id=event.org_id,
        project_id=event.project_id,
        clip_id=event.clip_id,
        export_id=event.export_id,
        ordinal=event.ordinal,
        aspect=event.rendition.aspect,
        video=produced.files.video,
        duration_ms=produced.certificate.duration_ms,
        integrated_lufs=produced.certificate.integrated_lufs,
        warnings=produced.certificate.warnings,
        verdict=produced.certificate.verdict,
        checks=list_figures(produced.certificate.checks),
        tries=produced.certificate.tries,
        safer=produced.certificate.safer,
    )
    await put(connection, done, cause, name=str(event.export_id))
    if await is_automatic(connection, event.org_id, event.export_id):
        await project_lifecycle.end_part(
            connection, event.org_id, event.project_id, "render", cause, cpu_ms=produced.cpu_ms
        )
        await project_lifecycle.settle_project(connection, event.org_id, event.project_id, cause)
    else:
        await plan_project_sweep(connection, event.org_id, event.project_id, GRACE)


async def _add_export_usage(
    connection: Connection, event: events.RenderRequested, produced: ProducedExport, cause: Cause
) -> None:
    """Add the export, its length and the bytes of its files to the usage ledger."""
    quantities: dict[UsageKind, int] = {
        "exports": 1,
        "export_ms": produced.certificate.duration_ms,
        "stored_bytes": produced.files.size_bytes,
    }
    for kind, quantity in quantities.items():
        await add_usage(
            connection, event.org_id, event.export_id, kind, quantity, project_id=event.project_id, at=cause.now
        )
