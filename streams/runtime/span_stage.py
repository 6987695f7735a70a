"""The base of listen and look: SpanPlanned → a document of the span, its row and next events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle, spans
from schemas import events
from schemas.documents import encode_document
from schemas.documents.span import HeardSpan, SeenSpan
from schemas.ids import result_id
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work

SpanDocument = TypeVar("SpanDocument", HeardSpan, SeenSpan)


@dataclass(frozen=True, kw_only=True)
class SpanResult(Generic[SpanDocument]):
    """The document of one span, and what to warn the project's owner of."""

    document: SpanDocument
    warnings: Sequence[str] = ()


class SpanStage(ABC, Generic[SpanDocument]):
    """A stage that analyses one span after another; it implements `analyse_span`."""

    name: events.Stage
    part: ClassVar[spans.Part]
    """The part of a span's row that it fills; also the folder of its documents."""

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context

    @abstractmethod
    async def analyse_span(self, event: events.SpanPlanned, work: Work) -> SpanResult[SpanDocument]:
        """Analyse one span."""

    async def update_project(self, connection: Connection, event: events.SpanPlanned, document: SpanDocument) -> None:
        """Write what the project's row takes from a span, in the transaction that ends it: nothing by default."""

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept spans only."""
        return isinstance(event, events.SpanPlanned)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Analyse the span and store its document as one object."""
        assert isinstance(event, events.SpanPlanned)
        result = await self.analyse_span(event, work)
        work.cpu_ms = result.document.compute_ms
        document = encode_document(result.document)
        ref = await self._context.objects.put(
            self.prefix(event, work, self.part), document, "application/json", ".json"
        )

        async def commit(connection: Connection) -> None:
            await self.update_project(connection, event, result.document)
            for warning in result.warnings:
                await project_lifecycle.add_warning(connection, event.org_id, event.project_id, warning)
            window = self._context.settings.spans.window
            await spans.end_span(connection, event, self.part, ref, work.cause, window=window, cpu_ms=work.cpu_ms)

        return commit

    def prefix(self, event: events.SpanPlanned, work: Work, folder: str) -> str:
        """Return where objects of this span lie; the same for each attempt at it."""
        return prefix_of(event, folder, result_id(work.cause.input_id, self.name))

    async def give_up(
        self,
        connection: Connection,
        event: events.AnyEvent,
        reason: str,
        detail: str,
        cause: Cause,
    ) -> None:
        """Record that the span lacks this part; the project goes on."""
        assert isinstance(event, events.SpanPlanned)
        await spans.end_span(connection, event, self.part, None, cause, window=self._context.settings.spans.window)
