"""SpanPlanned → a transcribed span's row; the last one → SpansHeard. Calls the models on Triton."""

from __future__ import annotations

from typing import ClassVar

from core.infra.postgres.connection import Connection, org_transaction
from core.services import spans
from core.storage.projects import read_project, suggest_language
from schemas import events
from schemas.documents.span import HeardSpan
from streams.listen.transcribe_span import RecognitionHints, transcribe_span
from streams.runtime.span_stage import SpanResult, SpanStage
from streams.runtime.stage import Work
from streams.speech.translation import ENGLISH

NOT_TRANSLATED = "the English track lacks some of what is said: the recogniser did not answer"
COARSE_TIMES = "some words have coarse times: the aligner did not answer"


class ListenStage(SpanStage[HeardSpan]):
    """Turns the sound of one span into words with times."""

    name: events.Stage = "listen"
    part: ClassVar[spans.Part] = "heard"

    async def analyse_span(self, event: events.SpanPlanned, work: Work) -> SpanResult[HeardSpan]:
        """Transcribe the span."""
        with self._context.scratch() as scratch:
            heard_span = await transcribe_span(
                event,
                objects=self._context.objects,
                speech=self._context.speech,
                voices=self._context.voices,
                prefix=self.prefix(event, work, "voices"),
                report=work.report,
                hints=await self._read_hints(event),
                alignment=self._context.alignment,
                scratch=scratch,
            )
        warnings = list(heard_span.warnings)
        if heard_span.not_aligned:
            warnings.append(COARSE_TIMES)
        if heard_span.translation and heard_span.translation.missing:
            warnings.append(NOT_TRANSLATED)
        return SpanResult(document=heard_span, warnings=warnings)

    async def update_project(self, connection: Connection, event: events.SpanPlanned, document: HeardSpan) -> None:
        """Set the project's language, where no span before has set it: the next spans take it as a hint."""
        await suggest_language(connection, event.org_id, event.project_id, document.language)

    async def _read_hints(self, event: events.SpanPlanned) -> RecognitionHints:
        """Read what is known of the project's words before they are transcribed."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            project = await read_project(connection, event.org_id, event.project_id)
        if project is None:
            return RecognitionHints()
        return RecognitionHints(
            language=project.language,
            glossary=list(project.options.glossary),
            into_english=project.options.translate == ENGLISH,
        )
