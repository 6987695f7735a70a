"""SpanPlanned → a seen row; the last one (with close) → UnderstandingCompleted. Sparse pictures only."""

from __future__ import annotations

from typing import ClassVar

from core.infra.postgres.connection import Connection
from core.services import spans
from core.storage.media.source_media import write_poster
from schemas import events
from schemas.documents.span import SeenSpan
from streams.look.poster import choose_poster
from streams.look.span_analysis import analyse_span
from streams.runtime.span_stage import SpanResult, SpanStage
from streams.runtime.stage import Work
from streams.vision.analysis_input import AnalysisInput


class LookStage(SpanStage[SeenSpan]):
    """Analyses a few frames of one span: faces, shot changes, brightness, thumbnails."""

    name: events.Stage = "look"
    part: ClassVar[spans.Part] = "seen"

    async def analyse_span(self, event: events.SpanPlanned, work: Work) -> SpanResult[SeenSpan]:
        """Analyse the span's pictures; a source without video has none."""
        if not event.has_video:
            return SpanResult(document=_empty_span(event))
        context, warnings = self._context, list[str]()
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
                seen_span = await analyse_span(
                    event, inputs, objects=context.objects, prefix=self.prefix(event, work, self.part)
                )
        return SpanResult(document=seen_span, warnings=warnings)

    async def update_project(self, connection: Connection, event: events.SpanPlanned, document: SeenSpan) -> None:
        """Keep the best picture of the span for the project, unless it has a better one."""
        poster = choose_poster(document)
        if poster is not None:
            await write_poster(connection, event.org_id, event.project_id, poster)


def _empty_span(event: events.SpanPlanned) -> SeenSpan:
    return SeenSpan(
        ordinal=event.ordinal, range=event.range, pictures=[], shots=[], thumbnails=[], model="none", compute_ms=0
    )
