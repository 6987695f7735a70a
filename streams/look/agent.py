"""SpanPlanned → a seen row; the last one (with close) → UnderstandingCompleted. Sparse frames only."""

from __future__ import annotations

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle, spans
from schemas import events
from schemas.documents import encode_document
from schemas.documents.span import SeenSpan
from schemas.ids import result_id
from streams.look.span_analysis import analyse_span
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work
from streams.vision.analysis_input import AnalysisInput


class LookStage:
    """Analyses a few frames of one span: faces, shot changes, brightness, thumbnails."""

    name: events.Stage = "look"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept spans only."""
        return isinstance(event, events.SpanPlanned)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Analyse the span and store the result as one object."""
        assert isinstance(event, events.SpanPlanned)
        context = self._context
        prefix = prefix_of(event, "seen", result_id(work.cause.input_id, "look"))
        warnings: list[str] = []
        seen = await self._see(event, work, prefix, warnings) if event.has_video else _nothing_to_see(event)
        work.cpu_ms = seen.compute_ms
        ref = await context.objects.put(prefix, encode_document(seen), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            window = context.settings.spans.window
            await spans.end_span(connection, event, "seen", ref, work.cause, window=window, cpu_ms=work.cpu_ms)
            for sentence in warnings:
                await project_lifecycle.warn(connection, event.org_id, event.project_id, sentence)

        return commit

    async def _see(self, event: events.SpanPlanned, work: Work, prefix: str, warnings: list[str]) -> SeenSpan:
        context = self._context
        index = await context.index(event.index)
        with context.scratch() as scratch:
            async with context.cache.open(event.source.key, event.source.size) as source:
                inputs = AnalysisInput(
                    index=index,
                    source=source,
                    faces=context.faces,
                    landmarks=context.landmarks,
                    scratch=scratch,
                    report=work.report,
                    warn=warnings.append,
                )
                return await analyse_span(event, inputs, objects=context.objects, prefix=prefix)

    async def give_up(
        self,
        connection: Connection,
        event: events.AnyEvent,
        reason: str,
        detail: str,
        cause: Cause,
    ) -> None:
        """Leave the span unseen; everything else goes on."""
        assert isinstance(event, events.SpanPlanned)
        await spans.end_span(connection, event, "seen", None, cause, window=self._context.settings.spans.window)


def _nothing_to_see(event: events.SpanPlanned) -> SeenSpan:
    return SeenSpan(
        ordinal=event.ordinal, range=event.range, pictures=[], shots=[], thumbnails=[], model="none", compute_ms=0
    )
