"""UnderstandingCompleted → MomentsDetected and ClipSelected (one a clip), or "nothing found".

ClipRequested (a clip that a person chose) → ClipMeasured, ExportRequested.
"""

from __future__ import annotations

import msgspec
import numpy as np

from core.errors import Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.sentence_embeddings import embed, read_rows
from core.services import project_lifecycle
from core.services.billing.quotas import read_organisation_plan
from core.storage.organisations import read_own_weights
from core.storage.projects import read_project
from core.storage.spans import list_span_documents
from core.storage.transcripts import read_transcript
from schemas import events
from schemas.documents import encode_document
from schemas.documents.acoustics import Sounds
from schemas.documents.moments import MomentList
from schemas.documents.span import HeardSpan, SeenSpan
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.project import ProjectOptions
from streams.detect.judging.finalists import judge_finalists
from streams.detect.judging.sub_score import JudgedFinalists
from streams.detect.pipeline import ScoredProject, choose_moments, list_requested_topics, score_project
from streams.detect.requested_clip_store import commit_measured, read_requested, request_exports, store_facts
from streams.detect.requested_clips import copy_moment_facts, measure_clip
from streams.detect.semantics import texts_to_embed
from streams.detect.store import DetectInputs, commit_moments
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, build_timeline
from streams.detect.uncurated_clips import take_moments
from streams.detect.visual_coverage import count_visual_coverage
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work

EMBEDDING_WARNING = (
    "What the sentences mean could not be asked for: moments were compared by the words they have in common."
)
"""Warning of a project whose sentences could not be embedded."""
UNRANKED_WARNING = (
    "Nothing here is ranked with confidence: the clips are in order of time, and their scores say little."
)
"""Warning of a project in which no moment scores high enough to rank by scores."""


class DetectStage:
    """Chooses the moments that become clips."""

    name: events.Stage = "detect"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept projects that are understood, and clips that people request of them."""
        return isinstance(event, events.UnderstandingCompleted | events.ClipRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read the analyses, score them, store every candidate."""
        if isinstance(event, events.ClipRequested):
            return await self._measure_requested(event, work)
        assert isinstance(event, events.UnderstandingCompleted)
        inputs = await self._read_inputs(event)
        analysis = await self._read_analysis(inputs)
        work.report(1)
        embedded, embedding_ms, warning = await self._embed(analysis, inputs.options, work)
        work.report(2)
        embedded_analysis = msgspec.structs.replace(analysis, embedded=embedded)
        input_id = work.cause.input_id
        moments, warnings = await self._find_moments(event, inputs, embedded_analysis, work)
        work.cpu_ms += embedding_ms
        picture_models = sorted({span.model for span in analysis.seen})
        moments = msgspec.structs.replace(
            moments,
            project_title=inputs.title,
            picture_models=picture_models,
            scenery=count_visual_coverage(analysis.seen),
        )
        prefix = prefix_of(event, "moments", result_id(input_id, "detect"))
        ref = await self._context.objects.put(prefix, encode_document(moments), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            for text in filter(None, (warning, *warnings)):
                await project_lifecycle.add_warning(connection, event.org_id, event.project_id, text)
            await commit_moments(connection, event, inputs, moments, ref, work)

        return commit

    async def _find_moments(
        self, event: events.UnderstandingCompleted, inputs: DetectInputs, analysis: ProjectAnalysis, work: Work
    ) -> tuple[MomentList, list[str]]:
        """Choose the moments, or take all there is; with the warnings of the project."""
        input_id = work.cause.input_id

        def name_id(name: str) -> str:
            return str(result_id(input_id, "detect", name))

        if inputs.options.curation == "off":
            (moments, warning), work.cpu_ms = await work.in_thread(
                take_moments, analysis, inputs.options, name_id, inputs.weights
            )
            return moments, [warning]
        project, scoring_ms = await work.in_thread(score_project, analysis, inputs.options, inputs.weights)
        judged = await self._judge(event, project, work)
        moments, choosing_ms = await work.in_thread(choose_moments, project, name_id, judged)
        work.cpu_ms += scoring_ms + choosing_ms
        is_unranked = moments.order == "time" and moments.nothing_found_reason is None
        return moments, [UNRANKED_WARNING if is_unranked else "", *(judged.warnings if judged else ())]

    async def _measure_requested(self, event: events.ClipRequested, work: Work) -> Commit:
        """Measure the range that a person chose; a moment was measured before."""
        request_inputs = await read_requested(self._context, event)
        work.report(1)
        if request_inputs.moment is not None:
            facts = copy_moment_facts(request_inputs.moment, request_inputs.title)
            facts = msgspec.structs.replace(facts, scorer=request_inputs.scorer, weights=request_inputs.weights)
        else:
            inputs = await self._read_inputs(event)
            analysis = await self._read_analysis(inputs)
            embedded, embedding_ms, _ = await self._embed(analysis, inputs.options, work)
            work.report(2)
            embedded_analysis = msgspec.structs.replace(analysis, embedded=embedded)
            facts, measured_ms = await work.in_thread(
                measure_clip,
                embedded_analysis,
                inputs.options,
                event.rendition.range,
                request_inputs.title,
                inputs.weights,
            )
            work.cpu_ms = embedding_ms + measured_ms
        facts = msgspec.structs.replace(
            facts, clip_id=str(event.clip_id), ordinal=event.ordinal, project_title=request_inputs.project_title
        )
        ref = await store_facts(self._context, event, facts, work)

        async def commit(connection: Connection) -> None:
            await commit_measured(connection, event, facts, ref, work.cause)

        return commit

    async def _embed(
        self, analysis: ProjectAnalysis, options: ProjectOptions, work: Work
    ) -> tuple[EmbeddedTexts, int, str]:
        """Embed the sentences; return the compute time, and a warning if the model did not answer."""
        language = analysis.transcript.language if analysis.transcript else None
        if language != "en":
            return _no_embeddings(f"the language is {language or 'unknown'}"), 0, ""
        timeline, cpu_ms = await work.in_thread(build_timeline, analysis)
        if not timeline.sentences:
            return _no_embeddings("nothing is said"), cpu_ms, ""
        try:
            stored_rows = analysis.transcript.meaning if analysis.transcript else None
            known_rows = await read_rows(self._context.objects, stored_rows)
            texts = texts_to_embed(timeline, list_requested_topics(options))
            vectors = await embed(self._context.sentences, texts, known_rows, stored_rows.model if stored_rows else "")
        except Unavailable:
            return _no_embeddings("the sentence model did not answer"), cpu_ms, EMBEDDING_WARNING
        return EmbeddedTexts(values=vectors.values, model=vectors.model), cpu_ms + vectors.compute_ms, ""

    async def _judge(
        self, event: events.UnderstandingCompleted, project: ScoredProject, work: Work
    ) -> JudgedFinalists | None:
        """Let the configured model compare the finalists; None where none is configured."""
        if self._context.judge is None:
            return None
        finalists, work.cpu_ms = await work.in_thread(project.list_texts)
        return await judge_finalists(
            self._context.judge,
            self._context.settings.judge,
            self._context.settings.writer,
            finalists,
            objects=self._context.objects,
            prefix=prefix_of(event, "moments", result_id(work.cause.input_id, "detect", "judged")),
            report=work.report,
        )

    async def _read_inputs(self, event: events.UnderstandingCompleted | events.ClipRequested) -> DetectInputs:
        """Read the project's row and the references of its analyses."""
        owner = (event.org_id, event.project_id)
        async with org_transaction(self._context.pool, event.org_id) as connection:
            project = await read_project(connection, *owner)
            spans = await list_span_documents(connection, *owner)
            weights = await read_own_weights(connection, event.org_id)
            transcript = await read_transcript(connection, *owner)
            plan = await read_organisation_plan(connection, self._context.settings, event.org_id)
        assert project is not None
        assert project.duration_ms is not None  # ingest writes it before anything can be understood
        return DetectInputs(
            title=project.title,
            options=project.options,
            duration_ms=project.duration_ms,
            height_px=project.height_px,
            transcript=transcript.object if transcript else None,
            transcript_version=transcript.version if transcript else 0,
            heard=[span.heard for span in spans if span.heard],
            seen=[span.seen for span in spans if span.seen],
            weights=weights,
            test=project.test,
            watermark=plan.watermark and not project.test,
        )

    async def _read_analysis(self, inputs: DetectInputs) -> ProjectAnalysis:
        """Read the stored transcript, acoustics and spans."""
        read_object = self._context.objects.get
        transcript = (
            msgspec.json.decode(await read_object(inputs.transcript), type=Transcript) if inputs.transcript else None
        )
        sounds = transcript.sounds if transcript else None
        return ProjectAnalysis(
            duration_ms=inputs.duration_ms,
            transcript=transcript,
            sounds=msgspec.json.decode(await read_object(sounds), type=Sounds) if sounds else None,
            heard=[msgspec.json.decode(await read_object(ref), type=HeardSpan) for ref in inputs.heard],
            seen=[msgspec.json.decode(await read_object(ref), type=SeenSpan) for ref in inputs.seen],
            has_video=inputs.height_px is not None,
            display_height_px=inputs.height_px,
        )

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Fail the project, for without moments there are no clips; a requested clip is made all the same."""
        if isinstance(event, events.ClipRequested):
            await request_exports(connection, event, cause)
            return
        assert isinstance(event, events.UnderstandingCompleted)
        await project_lifecycle.fail_project(
            connection, event.org_id, event.project_id, f"detect.{reason}", detail, cause
        )


def _no_embeddings(reason: str) -> EmbeddedTexts:
    """Return no embeddings, and the reason."""
    return EmbeddedTexts(values=np.zeros((0, 0), dtype=np.float32), model=reason)
