"""SpansHeard → TranscriptCompleted (and UnderstandingCompleted once look has ended). Merges the spans."""

from __future__ import annotations

import msgspec

from core.errors import Unavailable
from core.infra import telemetry
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services.spans import emit_understood
from core.storage.projects import ProjectRecord, read_project, write_language, write_no_words_reason
from core.storage.spans import list_spans
from core.storage.transcripts import NewTranscript, write_machine_transcript
from schemas import events
from schemas.common import ObjectRef, TimeRange, Value
from schemas.documents import encode_document
from schemas.documents.acoustics import SoundTotals
from schemas.documents.span import HeardSpan, ScriptReport
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.project import ProjectOptions
from streams.close.acoustics.acoustic_summary import summarise_acoustics
from streams.close.diarization.pipeline import add_speakers
from streams.close.diarization.stored_embeddings import read_frames, read_voices
from streams.close.script.apply_script import apply_script
from streams.close.transcript.english_track import build_english_track
from streams.close.transcript.no_speech import explain_lost_sound, explain_no_words
from streams.close.transcript.span_merge import merge_spans
from streams.close.transcript_embeddings import StoredEmbeddings, store_transcript_embeddings
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work
from streams.speech.translation import ENGLISH


class StoredAcoustics(Value, frozen=True, kw_only=True):
    """The stored object of the project's acoustics, and their totals."""

    ref: ObjectRef
    totals: SoundTotals


class CloseStage:
    """Makes one transcript of all recognised spans."""

    name: events.Stage = "close"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept the event that every span was transcribed or given up."""
        return isinstance(event, events.SpansHeard)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read the spans, merge them, store the transcript."""
        assert isinstance(event, events.SpansHeard)
        spans, planned_spans, project, duration_ms, missing = await self._read_spans(event)
        work.report(1)
        transcript, work.cpu_ms = await work.in_thread(merge_spans, spans, duration_ms, missing)
        if script := project.options.script:
            transcript = await self._apply_script(script, transcript, planned_spans, work)
        transcript, speakers_warning = await self._add_speakers(event, spans, transcript, work)
        acoustics, acoustics_warning = await self._store_acoustics(event, spans, transcript, work)
        embeddings = await self._store_embeddings(event, transcript, work)
        transcript = msgspec.structs.replace(
            transcript,
            project_title=project.title,
            project_created_at=project.created_at,
            version=event.version,
            sounds=acoustics.ref if acoustics else None,
            meaning=embeddings.rows,
            without_words=explain_no_words(transcript, acoustics.totals if acoustics else None),
        )
        tracks, track_warning = await self._store_english_track(event, spans, transcript, project.options, work)
        transcript = msgspec.structs.replace(transcript, tracks=tracks)
        prefix = prefix_of(event, "transcript", result_id(work.cause.input_id, "close"))
        ref = await self._context.objects.put(prefix, encode_document(transcript), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            for warning in filter(None, (acoustics_warning, speakers_warning, embeddings.warning, track_warning)):
                await project_lifecycle.add_warning(connection, event.org_id, event.project_id, warning)
            await _commit_transcript(connection, event, transcript, ref, work)

        return commit

    async def _add_speakers(
        self, event: events.SpansHeard, spans: list[HeardSpan], transcript: Transcript, work: Work
    ) -> tuple[Transcript, str]:
        """Add the speakers; a failure here keeps the words and returns a warning."""
        try:
            vectors = await read_voices(spans, self._context.objects)
            frames = await read_frames(spans, self._context.objects)
            diarized, cpu_ms = await work.in_thread(add_speakers, transcript, spans, vectors, frames)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return transcript, "speakers: they could not be distinguished"
        work.cpu_ms += cpu_ms
        return diarized, ""

    async def _store_embeddings(self, event: events.SpansHeard, transcript: Transcript, work: Work) -> StoredEmbeddings:
        """Embed the transcript's sentences."""
        prefix = prefix_of(event, "meaning", result_id(work.cause.input_id, "close"))
        embeddings = await store_transcript_embeddings(
            transcript,
            sentences=self._context.sentences,
            objects=self._context.objects,
            prefix=prefix,
            report=work.report,
        )
        work.cpu_ms += embeddings.compute_ms
        return embeddings

    async def _store_acoustics(
        self, event: events.SpansHeard, spans: list[HeardSpan], transcript: Transcript, work: Work
    ) -> tuple[StoredAcoustics | None, str]:
        """Store the project's acoustics; a failure here keeps the transcript and returns a warning."""
        spans_with_sound = [span for span in spans if span.loudness.level_db]
        measured_spans = [span for span in spans_with_sound if span.sounds is not None]
        if not measured_spans:
            return None, "sounds: they could not be measured" if spans_with_sound else ""
        try:
            acoustics, cpu_ms = await work.in_thread(
                summarise_acoustics, measured_spans, transcript.speech, transcript.words, transcript.duration_ms
            )
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return None, "sounds: they could not be joined"
        work.cpu_ms += cpu_ms
        prefix = prefix_of(event, "sounds", result_id(work.cause.input_id, "close"))
        ref = await self._context.objects.put(prefix, encode_document(acoustics), "application/json", ".json")
        unmeasured = len(spans_with_sound) - len(measured_spans)
        warning = f"sounds: {unmeasured} of {len(spans_with_sound)} spans could not be measured" if unmeasured else ""
        return StoredAcoustics(ref=ref, totals=acoustics.totals), warning

    async def _store_english_track(
        self,
        event: events.SpansHeard,
        spans: list[HeardSpan],
        transcript: Transcript,
        options: ProjectOptions,
        work: Work,
    ) -> tuple[dict[str, ObjectRef], str]:
        """Store the English track if requested; a failure here keeps the transcript and returns a warning."""
        if options.translate != ENGLISH:
            return {}, ""
        try:
            track, cpu_ms = await work.in_thread(build_english_track, spans, transcript)
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return {}, "the English track could not be joined"
        work.cpu_ms += cpu_ms
        prefix = prefix_of(event, "track", result_id(work.cause.input_id, "close"))
        return {
            ENGLISH: await self._context.objects.put(prefix, encode_document(track), "application/json", ".json")
        }, ""

    async def _apply_script(
        self, script: str, transcript: Transcript, planned_spans: list[events.SpanPlanned], work: Work
    ) -> Transcript:
        """Replace the words by the caller's script."""
        context = self._context
        with context.scratch() as scratch:
            scripted = await apply_script(
                transcript,
                script,
                planned_spans,
                objects=context.objects,
                alignment=context.alignment,
                report=work.report,
                scratch=scratch,
            )
        work.cpu_ms += scripted.compute_ms
        return scripted.transcript

    async def _read_spans(
        self, event: events.SpansHeard
    ) -> tuple[list[HeardSpan], list[events.SpanPlanned], ProjectRecord, int, list[TimeRange]]:
        """Read the spans, the project, its length in ms, and the ranges of spans that were given up."""
        async with org_transaction(self._context.pool, event.org_id) as connection:
            spans = await list_spans(connection, event.org_id, event.project_id)
            project = await read_project(connection, event.org_id, event.project_id)
        assert project is not None
        assert project.duration_ms is not None  # ingest writes it before a span is planned
        bodies = [await self._context.objects.get(span.heard) for span in spans if span.heard]
        missing = [span.event.range for span in spans if not span.heard]
        heard_spans = [msgspec.json.decode(body, type=HeardSpan) for body in bodies]
        return heard_spans, [span.event for span in spans], project, project.duration_ms, missing

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """End without a transcript; picture and sound still make clips."""
        assert isinstance(event, events.SpansHeard)
        await project_lifecycle.add_warning(
            connection, event.org_id, event.project_id, f"transcript: {detail} ({reason})"
        )
        await write_no_words_reason(connection, event.org_id, event.project_id, explain_lost_sound())
        for stage in ("close", "study"):  # without words there is nothing to study
            await project_lifecycle.end_part(connection, event.org_id, event.project_id, stage, cause, failed=True)
        await emit_understood(connection, event.org_id, event.project_id, cause)


async def _commit_transcript(
    connection: Connection, event: events.SpansHeard, transcript: Transcript, ref: ObjectRef, work: Work
) -> None:
    """Commit the transcript's row, the project's language, and the event."""
    owner = (event.org_id, event.project_id)
    new_transcript = NewTranscript(
        object=ref, version=event.version, language=transcript.language, word_count=len(transcript.words)
    )
    await write_machine_transcript(connection, *owner, new_transcript)
    await write_language(connection, *owner, transcript.language)
    await write_no_words_reason(connection, *owner, transcript.without_words or None)
    await put(
        connection,
        events.TranscriptCompleted(
            org_id=event.org_id,
            project_id=event.project_id,
            transcript=ref,
            language=transcript.language,
            word_count=len(transcript.words),
            segment_count=len(transcript.segments),
            speech_ms=sum(time.length_ms for time in transcript.speech),
            version=event.version,
        ),
        work.cause,
    )
    if (script := transcript.script) is not None and script.left_out:
        await project_lifecycle.add_warning(connection, event.org_id, event.project_id, describe_script_loss(script))
    await project_lifecycle.end_part(
        connection, event.org_id, event.project_id, "close", work.cause, cpu_ms=work.cpu_ms
    )
    await emit_understood(connection, event.org_id, event.project_id, work.cause)


def describe_script_loss(script: ScriptReport) -> str:
    """Describe how much of a script was not found in the recording."""
    if not script.used:
        return f"script: it is not what is said here ({script.heard} of its {script.words} words were heard); not used"
    return f"script: {script.left_out} of its {script.words} words were not found in what is said"
