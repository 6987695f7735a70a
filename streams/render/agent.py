"""RenderRequested → ExportCompleted or ExportFailed; ReplayRequested → ReplayCompleted.

The last export of a project ends it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from core.errors import Rejected, Superseded, Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.telemetry import report_bug
from core.ports.stores import Objects
from core.services.export_groups import apart, together
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
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work

SIDE_BY_SIDE, ALONE = 1, 2
"""Threads of an encoder. The last clip of a project has no other beside it: one thread would leave a core idle."""


class RenderStage:
    """Renders exports, and replays finished ones."""

    name: events.Stage = "render"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context
        self._hardware = NvencProbe(requested=context.settings.encoder == "nvenc", scratch=context.scratch)

    def wants(self, event: events.AnyEvent) -> bool:
        """Framed exports, and replay requests."""
        return isinstance(event, events.RenderRequested | events.ReplayRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Render the exports of a request, or replay one."""
        if isinstance(event, events.ReplayRequested):
            return await replay_export(self._context, event, work, self._make)
        assert isinstance(event, events.RenderRequested)
        rows = await self._read_rows(event)
        event = _without(event, rows.cancelled)
        threads = SIDE_BY_SIDE if rows.unfinished > 1 else ALONE
        ended = await self._ended(await self._read(event, rows, threads), work)
        work.cpu_ms = sum(one.cpu_ms for one in ended if isinstance(one, ProducedExport))

        async def commit(connection: Connection) -> None:
            for one, outcome in zip(apart(event), ended, strict=True):
                await finish_export(connection, one, outcome, work.cause)

        return commit

    async def _read_rows(self, event: events.RenderRequested) -> RenderRows:
        """What the database knows of the request, read in one transaction."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return await read_rows(connection, event)

    async def _ended(self, wanted: Sequence[ResolvedRequest | Exception], work: Work) -> list[ExportOutcome]:
        """Each of them, or why it is not there; what was made before is not made again. Raises when none is there."""
        found, earlier = await self._look_up(wanted)
        missing = [
            one for one, there in zip(wanted, found, strict=True) if there is None and not isinstance(one, Exception)
        ]
        made = iter(await self._render(missing, work, self._context.objects, earlier) if missing else [])
        ended: list[ExportOutcome] = [there if there is not None else next(made) for there in found]
        errors = [one for one in ended if isinstance(one, Exception)]
        if len(errors) == len(ended):
            raise min(errors, key=lambda error: isinstance(error, Rejected))  # what may come right is tried again
        for error in errors:
            if not isinstance(error, Rejected):
                report_bug(error, self.name)
        return ended

    async def _make(self, event: events.RenderRequested, work: Work, objects: Objects, threads: int) -> ProducedExport:
        """The export, its files put into ``objects``, whatever was made before: nothing is taken of that."""
        (wanted,) = await self._read(event, await self._read_rows(event), threads)
        if isinstance(wanted, Exception):
            raise wanted
        (made,) = await self._render([wanted], work, objects)
        if isinstance(made, Exception):
            raise made
        return made

    async def _read(
        self, event: events.RenderRequested, rows: RenderRows, threads: int
    ) -> list[ResolvedRequest | Exception]:
        """What the request names, for each of its exports; why it cannot be told for one. Raises Unavailable."""
        context = self._context
        index, words, edit = await context.index(event.index), await self._words(rows.transcript), None
        if event.edit:
            edit = msgspec.json.decode(await context.objects.get(event.edit), type=EditList)
        title = rows.clip_title if event.rendition.options.thumbnails.title else ""
        encoding = encoding_for_export(event.rendition.options, threads, hardware=await self._hardware.is_available())
        shared = RenderInputs(
            index=index, stored_transcript=words, edit=edit, brand=rows.brand, encoding=encoding, title=title
        )
        return [await self._wanted(one, shared) for one in apart(event)]

    async def _wanted(self, event: events.RenderRequested, shared: RenderInputs) -> ResolvedRequest | Exception:
        try:
            return await self._told(event, shared)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one dies of, the others go on
            return error

    async def _told(self, event: events.RenderRequested, shared: RenderInputs) -> ResolvedRequest:
        objects = self._context.objects
        plan = msgspec.json.decode(await objects.get(event.plan), type=FramePlan)
        prepared = await build_job(event.rendition, plan, shared, objects=objects)
        recipe = hash_recipe(prepared, event, shared.brand, environment())
        return ResolvedRequest(request=event, plan=plan, inputs=shared, recipe=recipe)

    async def _look_up(
        self, wanted: Sequence[ResolvedRequest | Exception]
    ) -> tuple[list[ProducedExport | Exception | None], list[ReusableExport]]:
        """What earlier exports have, in one transaction: whole files by recipe, and segments for the others."""
        whole: list[ProducedExport | Exception | None] = []
        segments: list[ReusableExport] = []
        asked = [one for one in wanted if not isinstance(one, Exception)]
        if not asked:
            return [one for one in wanted if isinstance(one, Exception)], []
        async with org_transaction(self._context.pool, asked[0].request.org_id) as connection:
            for one in wanted:
                if isinstance(one, Exception):
                    whole.append(one)
                    continue
                before = await find_identical_export(connection, one.request, one.recipe)
                whole.append(_inherited(before, one) if before else None)
                if before is None:
                    segments += await find_candidates(connection, one.request, one.segment_base)
        return whole, segments

    async def _render(
        self, wanted: Sequence[ResolvedRequest], work: Work, objects: Objects, candidates: Sequence[ReusableExport] = ()
    ) -> list[ExportOutcome]:
        context, shared, event = self._context, wanted[0].inputs, wanted[0].request
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                produced = await produce_exports(
                    [_shape(one, work) for one in wanted],
                    shared,
                    source=source,
                    objects=objects,
                    scratch=scratch,
                    report=work.report,
                    segment_base=wanted[0].segment_base,
                    candidates=candidates,
                )
        return [
            _named(made, one) if isinstance(made, ProducedExport) else made
            for one, made in zip(wanted, produced, strict=True)
        ]

    async def _words(self, ref: ObjectRef | None) -> StoredTranscript:
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
        for one in apart(event):
            if not await is_done(connection, one.org_id, one.export_id):
                await fail_export(connection, one, "render", reason, detail, cause)


def _without(event: events.RenderRequested, cancelled: Collection[UUID]) -> events.RenderRequested:
    """The request without the exports that were cancelled meanwhile. Raises Superseded where none is left."""
    kept = [one for one in apart(event) if one.export_id not in cancelled]
    if not kept:
        raise Superseded
    return together(kept) if cancelled else event


def _inherited(before: ProducedExport, wanted: ResolvedRequest) -> ProducedExport:
    """Files of an earlier export, made by its tools of the new one's inputs."""
    tools = {name: value for name, value in before.certificate.made_with.items() if not name.startswith("input.")}
    inputs = {name: value for name, value in wanted.provenance.items() if name.startswith("input.")}
    return with_certificate(before, made_with=tools | inputs)


def _named(made: ProducedExport, wanted: ResolvedRequest) -> ProducedExport:
    """With what it was made of and by: the threads may be those of an earlier file."""
    made_with = wanted.provenance | {"encoder.threads": str(made.threads)}
    return with_certificate(made, made_with=made_with, recipe=wanted.recipe)


def _shape(wanted: ResolvedRequest, work: Work) -> ExportTarget:
    """Where its files go: a place of its own for each."""
    result = result_id(work.cause.input_id, "render", str(wanted.request.export_id))
    return ExportTarget(request=wanted.request, plan=wanted.plan, prefix=prefix_of(wanted.request, "exports", result))
