"""RenderRequested → ExportCompleted or ExportFailed; ReplayRequested → ReplayCompleted.

The last export of a project ends it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from core.errors import InputRejected, Superseded, Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.telemetry import report_bug
from core.ports.stores import Objects
from core.services.export_groups import join_requests, split_exports
from core.services.exports import fail_export, is_done
from core.storage.exports import ReusableExport
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.edit import EditList
from schemas.documents.frame_plan import FramePlan
from schemas.documents.replay import ReplayResult
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from streams.render.earlier_exports import find_candidates
from streams.render.export_request import RenderRows, ResolvedRequest, read_rows
from streams.render.export_reuse import find_identical_export, hash_recipe, with_certificate
from streams.render.exporter import ExportOutcome, ExportTarget, ProducedExport, produce_exports
from streams.render.provenance import environment
from streams.render.replay import replay_export, write_report
from streams.render.store import finish_export
from streams.renderer.encoding.muxer import encoding_for_export
from streams.renderer.encoding.nvenc_probe import NvencProbe
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.prepare import build_job
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work

PARALLEL_THREADS, SINGLE_THREADS = 1, 2
"""Threads of an encoder.

The last clip of a project renders alone, and one thread would leave a core idle.
"""


class RenderStage:
    """Renders exports, and replays finished ones."""

    name: events.Stage = "render"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context
        self._nvenc = NvencProbe(requested=context.settings.encoder == "nvenc", scratch=context.scratch)

    def wants(self, event: events.AnyEvent) -> bool:
        """Framed exports, and replay requests."""
        return isinstance(event, events.RenderRequested | events.ReplayRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Render the exports of a request, or replay one."""
        if isinstance(event, events.ReplayRequested):
            return await replay_export(self._context, event, work, self._render_again)
        assert isinstance(event, events.RenderRequested)
        rows = await self._read_rows(event)
        event = _without_settled(event, rows.settled)
        threads = PARALLEL_THREADS if rows.unfinished > 1 else SINGLE_THREADS
        outcomes = await self._produce_or_reuse(await self._resolve_requests(event, rows, threads), work)
        work.cpu_ms = sum(outcome.cpu_ms for outcome in outcomes if isinstance(outcome, ProducedExport))

        async def commit(connection: Connection) -> None:
            for request, outcome in zip(split_exports(event), outcomes, strict=True):
                await finish_export(connection, request, outcome, work.cause)

        return commit

    async def _read_rows(self, event: events.RenderRequested) -> RenderRows:
        """Read the rows that the request needs, in one transaction."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return await read_rows(connection, event)

    async def _produce_or_reuse(
        self, resolved: Sequence[ResolvedRequest | Exception], work: Work
    ) -> list[ExportOutcome]:
        """Reuse identical exports and render the others. Raises when none succeeds."""
        existing, candidates = await self._find_earlier_exports(resolved)
        missing = [
            request
            for request, reusable in zip(resolved, existing, strict=True)
            if reusable is None and not isinstance(request, Exception)
        ]
        # In the order of `missing`: each gap among the existing ones takes the next.
        rendered = iter(await self._render(missing, work, self._context.objects, candidates) if missing else [])
        outcomes: list[ExportOutcome] = [reusable if reusable is not None else next(rendered) for reusable in existing]
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if len(errors) == len(outcomes):
            raise min(errors, key=lambda error: isinstance(error, InputRejected))  # what may come right is tried again
        for error in errors:
            if not isinstance(error, InputRejected):
                report_bug(error, self.name)
        return outcomes

    async def _render_again(
        self, event: events.RenderRequested, work: Work, objects: Objects, threads: int
    ) -> ProducedExport:
        """Render the export into ``objects`` without reusing anything earlier."""
        (resolved,) = await self._resolve_requests(event, await self._read_rows(event), threads)
        if isinstance(resolved, Exception):
            raise resolved
        (outcome,) = await self._render([resolved], work, objects)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _resolve_requests(
        self, event: events.RenderRequested, rows: RenderRows, threads: int
    ) -> list[ResolvedRequest | Exception]:
        """Resolve each export of the request, or return its error. Raises Unavailable."""
        context = self._context
        index, stored_transcript, edit = (
            await context.index(event.index),
            await self._load_transcript(rows.transcript),
            None,
        )
        if event.edit:
            edit = msgspec.json.decode(await context.objects.get(event.edit), type=EditList)
        title = rows.clip_title if event.rendition.options.thumbnails.title else ""
        encoding = encoding_for_export(event.rendition.options, threads, hardware=await self._nvenc.is_available())
        inputs = RenderInputs(
            index=index,
            stored_transcript=stored_transcript,
            edit=edit,
            brand=rows.brand,
            encoding=encoding,
            title=title,
        )
        return [await self._resolve_or_error(request, inputs) for request in split_exports(event)]

    async def _resolve_or_error(
        self, event: events.RenderRequested, inputs: RenderInputs
    ) -> ResolvedRequest | Exception:
        try:
            return await self._resolve_request(event, inputs)
        # A part that is away concerns all outputs: the whole event is tried again.
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the failure of one output must not stop the others
            return error

    async def _resolve_request(self, event: events.RenderRequested, inputs: RenderInputs) -> ResolvedRequest:
        objects = self._context.objects
        plan = msgspec.json.decode(await objects.get(event.plan), type=FramePlan)
        prepared = await build_job(event.rendition, plan, inputs, objects=objects)
        recipe = hash_recipe(prepared, event, inputs.brand, environment())
        return ResolvedRequest(request=event, plan=plan, inputs=inputs, recipe=recipe)

    async def _find_earlier_exports(
        self, resolved: Sequence[ResolvedRequest | Exception]
    ) -> tuple[list[ProducedExport | Exception | None], list[ReusableExport]]:
        """Find identical exports by recipe, and segments for the others, in one transaction."""
        exports: list[ProducedExport | Exception | None] = []
        segments: list[ReusableExport] = []
        requests = [request for request in resolved if not isinstance(request, Exception)]
        if not requests:
            return [request for request in resolved if isinstance(request, Exception)], []
        async with org_transaction(self._context.pool, requests[0].request.org_id) as connection:
            for request in resolved:
                if isinstance(request, Exception):
                    exports.append(request)
                    continue
                identical = await find_identical_export(connection, request.request, request.recipe)
                exports.append(_inherit_export(identical, request) if identical else None)
                if identical is None:
                    segments += await find_candidates(connection, request.request, request.segment_base)
        return exports, segments

    async def _render(
        self,
        resolved: Sequence[ResolvedRequest],
        work: Work,
        objects: Objects,
        candidates: Sequence[ReusableExport] = (),
    ) -> list[ExportOutcome]:
        context, inputs, event = self._context, resolved[0].inputs, resolved[0].request
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                produced = await produce_exports(
                    [_build_target(request, work) for request in resolved],
                    inputs,
                    source=source,
                    objects=objects,
                    scratch=scratch,
                    report=work.report,
                    segment_base=resolved[0].segment_base,
                    candidates=candidates,
                )
        return [
            _with_provenance(outcome, request) if isinstance(outcome, ProducedExport) else outcome
            for request, outcome in zip(resolved, produced, strict=True)
        ]

    async def _load_transcript(self, ref: ObjectRef | None) -> StoredTranscript:
        if ref is None:
            return StoredTranscript()
        body = await self._context.objects.get(ref)
        return StoredTranscript(transcript=msgspec.json.decode(body, type=Transcript), ref=ref)

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the exports that are not done; other clips go on."""
        if isinstance(event, events.ReplayRequested):
            await write_report(connection, event, ReplayResult(outcome="failed", detail=detail), cause)
            return
        assert isinstance(event, events.RenderRequested)
        for export in split_exports(event):
            if not await is_done(connection, export.org_id, export.export_id):
                await fail_export(connection, export, "render", reason, detail, cause)


def _without_settled(event: events.RenderRequested, settled_ids: Collection[UUID]) -> events.RenderRequested:
    """The request without exports that are cancelled or done. Raises Superseded where none is left."""
    remaining = [export for export in split_exports(event) if export.export_id not in settled_ids]
    if not remaining:
        raise Superseded
    return join_requests(remaining) if settled_ids else event


def _inherit_export(earlier_export: ProducedExport, resolved: ResolvedRequest) -> ProducedExport:
    """An identical export's files, with its tools and the new request's inputs as provenance."""
    tools = {
        name: value for name, value in earlier_export.certificate.made_with.items() if not name.startswith("input.")
    }
    inputs = {name: value for name, value in resolved.provenance.items() if name.startswith("input.")}
    return with_certificate(earlier_export, made_with=tools | inputs)


def _with_provenance(produced: ProducedExport, resolved: ResolvedRequest) -> ProducedExport:
    """The export with its provenance; an earlier file may have set its encoder threads."""
    made_with = resolved.provenance | {"encoder.threads": str(produced.threads)}
    return with_certificate(produced, made_with=made_with, recipe=resolved.recipe)


def _build_target(resolved: ResolvedRequest, work: Work) -> ExportTarget:
    """The place of its files, one for each export."""
    result = result_id(work.cause.input_id, "render", str(resolved.request.export_id))
    return ExportTarget(
        request=resolved.request, plan=resolved.plan, prefix=prefix_of(resolved.request, "exports", result)
    )
