"""RenderRequested → ExportCompleted or ExportFailed. The last automatic export ends the project."""

from __future__ import annotations

import msgspec

from schemas import events
from schemas.documents import FramePlan, Transcript
from schemas.edit import EditList
from schemas.ids import result_id
from schemas.proof import in_short
from streams import lifecycle
from streams.adapters.postgres import Connection, org_transaction
from streams.attempt import Commit, Work
from streams.context import Context, prefix_of
from streams.exports import count_unfinished, fail_export, is_automatic, pinned_transcript
from streams.leftovers import GRACE, plan_project_sweep
from streams.outbox import Cause, put
from streams.render.produce import Produced, produce
from streams.render.writer import Encoding, encoding_for

SIDE_BY_SIDE, ALONE = 1, 2
"""Threads of an encoder. The last clip of a project has no other beside it: one thread would leave a core idle."""


class RenderStage:
    """Encodes one export."""

    name: events.Stage = "render"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Framed exports."""
        return isinstance(event, events.RenderRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """One decode, one encode, everything beside it."""
        assert isinstance(event, events.RenderRequested)
        context = self._context
        index = await context.index(event.index)
        plan = msgspec.json.decode(await context.objects.get(event.plan), type=FramePlan)
        transcript, encoding = await self._before(event)
        edit = None
        if event.edit:
            edit = msgspec.json.decode(await context.objects.get(event.edit), type=EditList)
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                produced = await produce(
                    event,
                    plan,
                    transcript,
                    index,
                    source=source,
                    objects=context.objects,
                    scratch=scratch,
                    prefix=prefix_of(event, "exports", result_id(work.cause.input_id, "render")),
                    report=work.report,
                    encoding=encoding,
                    edit=edit,
                )
        work.cpu_ms = produced.cpu_ms

        async def commit(connection: Connection) -> None:
            await _write(connection, event, produced, work)

        return commit

    async def _before(self, event: events.RenderRequested) -> tuple[Transcript | None, Encoding]:
        """What is said, by the version that was asked for; and how many threads the clip may have."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            ref = await pinned_transcript(connection, event.org_id, event.project_id, event.transcript_version)
            threads = SIDE_BY_SIDE if await count_unfinished(connection, event) > 1 else ALONE
        encoding = encoding_for(event.options, threads)
        if ref is None:
            return None, encoding
        body = await self._context.objects.get(ref)
        return msgspec.json.decode(body, type=Transcript), encoding

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """The export fails; other clips go on."""
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
    )
    await put(connection, done, work.cause, name=str(event.export_id))
    if await is_automatic(connection, event.org_id, event.export_id):
        await lifecycle.end_part(connection, event.org_id, event.project_id, "render", work.cause, cpu_ms=work.cpu_ms)
        await lifecycle.settle(connection, event.org_id, event.project_id, work.cause)
    else:
        await plan_project_sweep(connection, event.org_id, event.project_id, GRACE)
