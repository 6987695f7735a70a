"""SpanPlanned → a transcribed span's row; the last one → SpansHeard. Calls the models on Triton."""

from __future__ import annotations

from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle, spans
from core.storage.projects import read_project, suggest_language
from schemas import events
from schemas.documents import encode_document
from schemas.ids import result_id
from streams.listen.transcribe_span import RecognitionHints, transcribe_span
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work
from streams.speech.translation import ENGLISH

NOT_TRANSLATED = "the English track lacks some of what is said: the recogniser did not answer"
COARSE_TIMES = "some words have coarse times: the aligner did not answer"


class ListenStage:
    """Turns the sound of one span into words with times."""

    name: events.Stage = "listen"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Spans only."""
        return isinstance(event, events.SpanPlanned)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Hear the span and store what was heard as one object."""
        assert isinstance(event, events.SpanPlanned)
        hints = await self._hints(event)
        heard = await transcribe_span(
            event,
            objects=self._context.objects,
            speech=self._context.speech,
            voices=self._context.voices,
            prefix=prefix_of(event, "voices", result_id(work.cause.input_id, "listen")),
            report=work.report,
            hints=hints,
            alignment=self._context.alignment,
        )
        work.cpu_ms = heard.compute_ms
        prefix = prefix_of(event, "heard", result_id(work.cause.input_id, "listen"))
        ref = await self._context.objects.put(prefix, encode_document(heard), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            await suggest_language(connection, event.org_id, event.project_id, heard.language)
            for warning in heard.warnings:
                await project_lifecycle.warn(connection, event.org_id, event.project_id, warning)
            if heard.not_aligned:
                await project_lifecycle.warn(connection, event.org_id, event.project_id, COARSE_TIMES)
            if heard.translation and heard.translation.missing:
                await project_lifecycle.warn(connection, event.org_id, event.project_id, NOT_TRANSLATED)
            window = self._context.settings.spans.window
            await spans.end_span(connection, event, "heard", ref, work.cause, window=window, cpu_ms=work.cpu_ms)

        return commit

    async def _hints(self, event: events.SpanPlanned) -> RecognitionHints:
        """What is known of the project's words before they are heard."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            project = await read_project(connection, event.org_id, event.project_id)
        if project is None:
            return RecognitionHints()
        return RecognitionHints(
            language=project.language,
            glossary=list(project.options.glossary),
            into_english=project.options.translate == ENGLISH,
        )

    async def give_up(
        self,
        connection: Connection,
        event: events.AnyEvent,
        reason: str,
        detail: str,
        cause: Cause,
    ) -> None:
        """The span stays unheard; everything else goes on."""
        assert isinstance(event, events.SpanPlanned)
        await spans.end_span(connection, event, "heard", None, cause, window=self._context.settings.spans.window)
