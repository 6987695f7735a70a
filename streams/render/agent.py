"""RenderRequested → ExportCompleted or ExportFailed, which may end a project; ReplayRequested → ReplayCompleted."""

from __future__ import annotations

import msgspec

from schemas import events
from schemas.brand import BrandSnapshot
from schemas.documents import FramePlan, SourceIndex, Transcript
from schemas.edit import EditList
from schemas.ids import result_id
from schemas.media import ObjectRef
from schemas.proof import in_short
from schemas.remade import Remade
from schemas.templates import template_named
from streams import lifecycle
from streams.adapters.ports import Objects
from streams.adapters.postgres import Connection, org_transaction
from streams.attempt import Commit, Work
from streams.context import Context, prefix_of
from streams.exports import count_unfinished, fail_export, is_automatic, pinned_transcript
from streams.leftovers import GRACE, plan_project_sweep
from streams.outbox import Cause, put
from streams.render.asked import task_of
from streams.render.dressing import files_of, snapshot_of
from streams.render.hardware import Hardware
from streams.render.made_with import made_with, workshop
from streams.render.produce import Produced, produce
from streams.render.replay import replay, write
from streams.render.reuse import certified, made_before, recipe_of
from streams.render.writer import Encoding, encoding_for

SIDE_BY_SIDE, ALONE = 1, 2
"""Threads of an encoder. The last clip of a project has no other beside it: one thread would leave a core idle."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript and where it is stored; None where nothing is said."""

    transcript: Transcript | None
    ref: ObjectRef | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request names."""

    plan: FramePlan
    index: SourceIndex
    words: Words
    edit: EditList | None
    brand: BrandSnapshot | None
    encoding: Encoding
    title: str
    """On the thumbnails, where it is to stand there."""
    recipe: str
    """One name for all that goes into the files."""

    def made_with(self, event: events.RenderRequested) -> dict[str, str]:
        """Everything by name."""
        used = {"plan": event.plan, "source": event.source, "index": event.index, "edit": event.edit}
        inputs = used | {"transcript": self.words.ref} | files_of(self.brand)
        look = template_named(event.template, event.template_version)
        return made_with(self.encoding, look, self.plan, self.words.transcript, inputs)


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
        wanted = await self._read(event, await self._threads(event))
        produced = await self._made_before(event, wanted)
        if produced is None:
            produced = await self._render(event, wanted, work, self._context.objects)
        work.cpu_ms = produced.cpu_ms

        async def commit(connection: Connection) -> None:
            await _write(connection, event, produced, work)

        return commit

    async def _make(self, event: events.RenderRequested, work: Work, objects: Objects, threads: int) -> Produced:
        """The export, its files put into ``objects``, whatever was made before."""
        return await self._render(event, await self._read(event, threads), work, objects)

    async def _read(self, event: events.RenderRequested, threads: int) -> Wanted:
        """What the request names."""
        context = self._context
        index = await context.index(event.index)
        plan = msgspec.json.decode(await context.objects.get(event.plan), type=FramePlan)
        words, edit = await self._words(event), None
        if event.edit:
            edit = msgspec.json.decode(await context.objects.get(event.edit), type=EditList)
        brand, title = await self._brand(event), await self._title(event)
        encoding = encoding_for(event.options, threads, hardware=await self._hardware.works())
        prepared = await task_of(
            event, plan, words.transcript, index, objects=context.objects, encoding=encoding, edit=edit, title=title
        )
        recipe = recipe_of(prepared, event, brand, workshop())
        return Wanted(
            plan=plan,
            index=index,
            words=words,
            edit=edit,
            brand=brand,
            encoding=encoding,
            title=title,
            recipe=recipe,
        )

    async def _made_before(self, event: events.RenderRequested, wanted: Wanted) -> Produced | None:
        """What an earlier export of the clip has, where there is nothing else to be made."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            before = await made_before(connection, event, wanted.recipe)
        if before is None:
            return None
        made = before.certificate.made_with
        tools = {name: value for name, value in made.items() if not name.startswith("input.")}
        inputs = {name: value for name, value in wanted.made_with(event).items() if name.startswith("input.")}
        return certified(before, made_with=tools | inputs)

    async def _render(self, event: events.RenderRequested, wanted: Wanted, work: Work, objects: Objects) -> Produced:
        context = self._context
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                produced = await produce(
                    event,
                    wanted.plan,
                    wanted.words.transcript,
                    wanted.index,
                    source=source,
                    objects=objects,
                    scratch=scratch,
                    prefix=prefix_of(event, "exports", result_id(work.cause.input_id, "render")),
                    report=work.report,
                    encoding=wanted.encoding,
                    edit=wanted.edit,
                    brand=wanted.brand,
                    title=wanted.title,
                )
        return certified(produced, made_with=wanted.made_with(event), recipe=wanted.recipe)

    async def _threads(self, event: events.RenderRequested) -> int:
        """How many the clip may have."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return SIDE_BY_SIDE if await count_unfinished(connection, event) > 1 else ALONE

    async def _words(self, event: events.RenderRequested) -> Words:
        """What is said, by the version that was asked for."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            ref = await pinned_transcript(connection, event.org_id, event.project_id, event.transcript_version)
        if ref is None:
            return Words(transcript=None, ref=None)
        body = await self._context.objects.get(ref)
        return Words(transcript=msgspec.json.decode(body, type=Transcript), ref=ref)

    async def _brand(self, event: events.RenderRequested) -> BrandSnapshot | None:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            return await snapshot_of(connection, event.org_id, event.options.brand)

    async def _title(self, event: events.RenderRequested) -> str:
        """Of the clip, where it is to stand on the thumbnails."""
        if not event.options.thumbnails.title:
            return ""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            title = await connection.fetchval(
                "select title from clips where org_id = $1 and clip_id = $2", event.org_id, event.clip_id
            )
        return str(title or "")

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """The export fails; other clips go on."""
        if isinstance(event, events.ReplayRequested):
            await write(connection, event, Remade(outcome="failed", detail=detail), cause)
            return
        assert isinstance(event, events.RenderRequested)
        await fail_export(connection, event, "render", reason, detail, cause)


async def _write(connection: Connection, event: events.RenderRequested, produced: Produced, work: Work) -> None:
    await connection.execute(
        """update exports set state = 'done', files = $3, certificate = $4, finished_at = $5
           where org_id = $1 and export_id = $2""",
        event.org_id,
        event.export_id,
        produced.files,
        produced.certificate,
        work.cause.now,
    )
    done = events.ExportCompleted(
        org_id=event.org_id,
        project_id=event.project_id,
        clip_id=event.clip_id,
        export_id=event.export_id,
        ordinal=event.ordinal,
        aspect=event.aspect,
        video=produced.files.video,
        duration_ms=produced.certificate.duration_ms,
        integrated_lufs=produced.certificate.integrated_lufs,
        warnings=produced.certificate.warnings,
        verdict=produced.certificate.verdict,
        checks=in_short(produced.certificate.checks),
        tries=produced.certificate.tries,
        safer=produced.certificate.safer,
    )
    await put(connection, done, work.cause, name=str(event.export_id))
    if await is_automatic(connection, event.org_id, event.export_id):
        await lifecycle.end_part(connection, event.org_id, event.project_id, "render", work.cause, cpu_ms=work.cpu_ms)
        await lifecycle.settle(connection, event.org_id, event.project_id, work.cause)
    else:
        await plan_project_sweep(connection, event.org_id, event.project_id, GRACE)
