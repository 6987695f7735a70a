"""ProxyRequested → ProxyCompleted or ProxyFailed: a copy of a source in which players seek smoothly.

The stage has workers of its own: neither clips nor previews wait behind a proxy, and its child yields to theirs.
"""

from __future__ import annotations

import msgspec

from core.errors import InputRejected
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.media.playback import judge_playback
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.parent import run_child
from core.progress import Steps
from core.services.media.proxies import end_proxy, fail_proxy
from core.storage.media.source_media import SourceObjects, read_source_objects
from schemas import events
from schemas.documents.source import ProxyFile, SourceIndex
from schemas.ids import result_id
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work
from streams.transcode.proxy_job import INDEX_FILE, PROXY_FILE, ProxyResult

BASE_CPU_S, CPU_S_PER_S = 300, 3.0
"""Processor time that a child may take: 0.37 s were measured for a second of 1080p, 24 pictures a second."""
WALL_RATIO = 6.0
"""Wall time by processor time: the child yields to all others, and a host may be busy for hours."""
MEMORY_BYTES = 3_000_000_000
NICENESS = 19
"""The child takes the time that no other process wants."""


class TranscodeStage:
    """Makes the proxy of a source, where the source itself does not play smoothly."""

    name: events.Stage = "transcode"

    def __init__(self, context: StageContext) -> None:
        """``context``: the worker's adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept requests for proxies."""
        return isinstance(event, events.ProxyRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Make and store the proxy; raises InputRejected for a project without a source."""
        assert isinstance(event, events.ProxyRequested)
        async with org_transaction(self._context.pool, event.org_id) as connection:
            stored = await read_source_objects(connection, event.org_id, event.project_id)
        if stored is None:
            raise InputRejected("source.missing", "The project ended before its source was read.")
        index = await self._context.index(stored.index)
        playback = judge_playback(index)
        proxy = None if playback.smooth else await self._make_proxy(event, stored, index, work)

        async def commit(connection: Connection) -> None:
            await end_proxy(connection, event, playback, proxy, work.cause, cpu_ms=work.cpu_ms)

        return commit

    async def _make_proxy(
        self, event: events.ProxyRequested, stored: SourceObjects, index: SourceIndex, work: Work
    ) -> ProxyFile:
        context, progress = self._context, Steps(work.report)
        prefix = prefix_of(event, "proxy", result_id(work.cause.input_id, self.name))
        with context.scratch() as scratch:
            (scratch / INDEX_FILE).write_bytes(msgspec.msgpack.encode(index))
            async with context.cache.open(stored.source.key, stored.source.size) as source:
                child_result = await run_child(
                    "streams.transcode.child:main",
                    {"scratch": str(scratch)},
                    scratch=scratch,
                    limits=limits_for(index),
                    source=source,
                    report=progress.part(),
                )
            work.cpu_ms = int(child_result["cpu_ms"])
            proxy_result = msgspec.convert(child_result, ProxyResult)
            file = await context.objects.put_file(
                prefix, scratch / PROXY_FILE, proxy_result.content_type, ".mp4", progress.part()
            )
        return ProxyFile(
            file=file,
            content_type=proxy_result.content_type,
            width_px=proxy_result.width_px,
            height_px=proxy_result.height_px,
        )

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the proxy; the project keeps its source."""
        assert isinstance(event, events.ProxyRequested)
        await fail_proxy(connection, event, reason, detail, cause)


def limits_for(index: SourceIndex) -> ChildLimits:
    """Limits of the child, by the length of the source."""
    cpu_s = BASE_CPU_S + int(CPU_S_PER_S * index.duration_ms / 1000)
    return ChildLimits(memory_bytes=MEMORY_BYTES, cpu_s=cpu_s, wall_s=cpu_s * WALL_RATIO, nice=NICENESS)
