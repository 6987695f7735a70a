"""RenderRequested → ExportCompleted or ExportFailed, which may end a project; ReplayRequested → ReplayCompleted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.errors import Rejected, Superseded, Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.telemetry import report_bug
from core.ports.stores import Objects
from core.services.export_groups import apart, together
from core.services.exports import (
    cancelled_among,
    count_unfinished,
    exports_of,
    fail_export,
    is_done,
    pinned_transcript,
)
from schemas import events
from schemas.documents.edit import EditList
from schemas.documents.frame_plan import FramePlan
from schemas.documents.replay import Remade
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.brand_kit import BrandSnapshot
from streams.render.earlier_exports import Candidate, candidates_of
from streams.render.export_request import Wanted
from streams.render.export_reuse import certified, made_before, recipe_of
from streams.render.exporter import Outcome, Produced, Shape, produce_all
from streams.render.provenance import workshop
from streams.render.replay import replay, write
from streams.render.store import end_export
from streams.renderer.branding.loader import snapshot_of
from streams.renderer.encoding.muxer import encoding_for
from streams.renderer.encoding.nvenc_probe import Hardware
from streams.renderer.inputs import Shared, Words
from streams.renderer.prepare import task_of
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work

SIDE_BY_SIDE, ALONE = 1, 2
"""Threads of an encoder. The last clip of a project has no other beside it: one thread would leave a core idle."""


class RenderStage:
    """Encodes one export."""

    name: events.Stage = "render"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context
        self._hardware = Hardware(wanted=context.settings.encoder == "nvenc", scratch=context.scratch)

    def wants(self, event: events.AnyEvent) -> bool:
        """Framed exports, and finished ones that are to be made again to compare."""
        return isinstance(event, events.RenderRequested | events.ReplayRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """One decode, one encode, everything beside it."""
        if isinstance(event, events.ReplayRequested):
            return await replay(self._context, event, work, self._make)
        assert isinstance(event, events.RenderRequested)
        event = await self._still_wanted(event)
        ended = await self._ended(await self._read(event, await self._threads(event)), work)
        work.cpu_ms = sum(one.cpu_ms for one in ended if isinstance(one, Produced))

        async def commit(connection: Connection) -> None:
            for one, outcome in zip(apart(event), ended, strict=True):
                await end_export(connection, one, outcome, work.cause)

        return commit

    async def _still_wanted(self, event: events.RenderRequested) -> events.RenderRequested:
        """The request without the exports that were cancelled meanwhile. Raises Superseded where none is left."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            gone = await cancelled_among(connection, event.org_id, exports_of(event))
        kept = [one for one in apart(event) if one.export_id not in gone]
        if not kept:
            raise Superseded
        return together(kept) if gone else event

    async def _ended(self, wanted: Sequence[Wanted | Exception], work: Work) -> list[Outcome]:
        """Each of them, or why it is not there; what was made before is not made again. Raises when none is there."""
        found = [one if isinstance(one, Exception) else await self._made_before(one) for one in wanted]
        missing = [
            one for one, there in zip(wanted, found, strict=True) if there is None and not isinstance(one, Exception)
        ]
        earlier = [candidate for one in missing for candidate in await self._candidates(one)]
        made = iter(await self._render(missing, work, self._context.objects, earlier) if missing else [])
        ended: list[Outcome] = [there if there is not None else next(made) for there in found]
        errors = [one for one in ended if isinstance(one, Exception)]
        if len(errors) == len(ended):
            raise min(errors, key=lambda error: isinstance(error, Rejected))  # what may come right is tried again
        for error in errors:
            if not isinstance(error, Rejected):
                report_bug(error, self.name)
        return ended

    async def _make(self, event: events.RenderRequested, work: Work, objects: Objects, threads: int) -> Produced:
        """The export, its files put into ``objects``, whatever was made before: nothing is taken of that."""
        (wanted,) = await self._read(event, threads)
        if isinstance(wanted, Exception):
            raise wanted
        (made,) = await self._render([wanted], work, objects)
        if isinstance(made, Exception):
            raise made
        return made

    async def _read(self, event: events.RenderRequested, threads: int) -> list[Wanted | Exception]:
        """What the request names, for each of its exports; why it cannot be told for one. Raises Unavailable."""
        context = self._context
        index = await context.index(event.index)
        words, edit = await self._words(event), None
        if event.edit:
            edit = msgspec.json.decode(await context.objects.get(event.edit), type=EditList)
        brand, title = await self._brand(event), await self._title(event)
        encoding = encoding_for(event.rendition.options, threads, hardware=await self._hardware.works())
        shared = Shared(index=index, words=words, edit=edit, brand=brand, encoding=encoding, title=title)
        return [await self._wanted(one, shared) for one in apart(event)]

    async def _wanted(self, event: events.RenderRequested, shared: Shared) -> Wanted | Exception:
        try:
            return await self._told(event, shared)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one dies of, the others go on
            return error

    async def _told(self, event: events.RenderRequested, shared: Shared) -> Wanted:
        objects = self._context.objects
        plan = msgspec.json.decode(await objects.get(event.plan), type=FramePlan)
        prepared = await task_of(event.rendition, plan, shared, objects=objects)
        recipe = recipe_of(prepared, event, shared.brand, workshop())
        return Wanted(request=event, plan=plan, shared=shared, recipe=recipe)

    async def _made_before(self, wanted: Wanted) -> Produced | None:
        """What an earlier export of the clip has, where there is nothing else to be made."""
        async with org_transaction(self._context.pool, wanted.request.org_id) as connection:
            before = await made_before(connection, wanted.request, wanted.recipe)
        if before is None:
            return None
        made = before.certificate.made_with
        tools = {name: value for name, value in made.items() if not name.startswith("input.")}
        inputs = {name: value for name, value in wanted.made_with.items() if name.startswith("input.")}
        return certified(before, made_with=tools | inputs)

    async def _candidates(self, wanted: Wanted) -> list[Candidate]:
        async with org_transaction(self._context.pool, wanted.request.org_id) as connection:
            return await candidates_of(connection, wanted.request, wanted.ground)

    async def _render(
        self, wanted: Sequence[Wanted], work: Work, objects: Objects, candidates: Sequence[Candidate] = ()
    ) -> list[Outcome]:
        context, shared, event = self._context, wanted[0].shared, wanted[0].request
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                produced = await produce_all(
                    [_shape(one, work) for one in wanted],
                    shared,
                    source=source,
                    objects=objects,
                    scratch=scratch,
                    report=work.report,
                    ground=wanted[0].ground,
                    candidates=candidates,
                )
        return [
            _named(made, one) if isinstance(made, Produced) else made
            for one, made in zip(wanted, produced, strict=True)
        ]

    async def _threads(self, event: events.RenderRequested) -> int:
        """How many each encoder may have."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return SIDE_BY_SIDE if await count_unfinished(connection, event) > 1 else ALONE

    async def _words(self, event: events.RenderRequested) -> Words:
        """What is said, by the version that was asked for."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            version = event.rendition.transcript_version
            ref = await pinned_transcript(connection, event.org_id, event.project_id, version)
        if ref is None:
            return Words()
        body = await self._context.objects.get(ref)
        return Words(transcript=msgspec.json.decode(body, type=Transcript), ref=ref)

    async def _brand(self, event: events.RenderRequested) -> BrandSnapshot | None:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return await snapshot_of(connection, event.org_id, event.rendition.options.brand)

    async def _title(self, event: events.RenderRequested) -> str:
        """Of the clip, where it is to stand on the thumbnails."""
        if not event.rendition.options.thumbnails.title:
            return ""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            title = await connection.fetchval(
                "select title from clips where org_id = $1 and clip_id = $2", event.org_id, event.clip_id
            )
        return str(title or "")

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """What is not made of it fails; other clips go on."""
        if isinstance(event, events.ReplayRequested):
            await write(connection, event, Remade(outcome="failed", detail=detail), cause)
            return
        assert isinstance(event, events.RenderRequested)
        for one in apart(event):
            if not await is_done(connection, one.org_id, one.export_id):
                await fail_export(connection, one, "render", reason, detail, cause)


def _named(made: Produced, wanted: Wanted) -> Produced:
    """With what it was made of and by: the threads may be those of an earlier file."""
    made_with = wanted.made_with | {"encoder.threads": str(made.threads)}
    return certified(made, made_with=made_with, recipe=wanted.recipe)


def _shape(wanted: Wanted, work: Work) -> Shape:
    """Where its files go: a place of its own for each."""
    result = result_id(work.cause.input_id, "render", str(wanted.request.export_id))
    return Shape(request=wanted.request, plan=wanted.plan, prefix=prefix_of(wanted.request, "exports", result))
