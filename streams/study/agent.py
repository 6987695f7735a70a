"""TranscriptCompleted → IntelligenceCompleted: what a project is about. No clip waits for it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from core.domain.text.word_joining import searched
from core.infra.chat_session import AnswerUnavailableError
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.infra.sentence_embeddings import Rows, embed, read_rows
from core.ports.models import Vectors
from core.services import project_lifecycle
from core.storage.intelligence import SubjectRecord, replace_subjects, write_intelligence
from core.storage.transcripts import newest_transcript_version
from schemas import events
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.intelligence import Engine, Intelligence
from schemas.documents.transcript import SentenceRows, Transcript
from schemas.ids import result_id
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Commit, Work
from streams.study.assemble import STUDY_VERSION, StudyInputs, build_intelligence
from streams.study.discourse_patterns import speaks_english
from streams.study.index_rows import IndexedSubject, build_index_rows
from streams.study.learned_names import learn_names
from streams.study.llm.grounding import apply_answers, mark_not_used
from streams.study.llm.summarizer import TranscriptSummarizer
from streams.study.topics import keyphrases, topic_tokens
from streams.study.topics.keyphrases import Keyphrase
from streams.study.transcript_text import TranscriptText, read_transcript

MACHINE_VERSION = 1
"""Version of the machine's transcript; later ones are corrections."""
TEXTS_PER_REPORT_COUNT = 256
"""Texts embedded between two reports of progress."""
TFIDF_REASON = "the sentence model knows English only: sentences are compared by their words"
"""Reason for comparing sentences by words."""


class StudyStage:
    """Analyses what a transcript is about, in parallel with the stages that make clips."""

    name: events.Stage = "study"

    def __init__(self, context: StageContext) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Accept each transcript: the machine's, and each correction."""
        return isinstance(event, events.TranscriptCompleted)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read the transcript, analyse it, store the document."""
        assert isinstance(event, events.TranscriptCompleted)
        if await self._is_outdated(event):
            return _commit_nothing
        body = await self._context.objects.get(event.transcript)
        transcript = msgspec.json.decode(body, type=Transcript)
        (document, phrases), reading_ms = await work.in_thread(_read_transcript, transcript)
        inputs, embedding_ms = await self._embed_inputs(document, phrases, transcript.meaning, work)
        names = await learn_names(self._context.names, document, lambda done: work.report(_count_texts(inputs) + done))
        inputs = replace(inputs, names=names)
        intelligence, studying_ms = await work.in_thread(build_intelligence, inputs)
        intelligence = await self._apply_model(intelligence, document, work)
        intelligence = msgspec.structs.replace(
            intelligence,
            project_title=transcript.project_title,
            transcript_version=event.version,
            speaker_names=list_speaker_names(transcript),
        )
        work.cpu_ms = reading_ms + embedding_ms + names.compute_ms + studying_ms
        prefix = prefix_of(event, "intelligence", result_id(work.cause.input_id, "study"))
        ref = await self._context.objects.put(prefix, encode_document(intelligence), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            await _commit_intelligence(connection, event, intelligence, ref, work)
            if names.note:
                await project_lifecycle.add_warning(
                    connection, event.org_id, event.project_id, f"intelligence: {names.note}"
                )

        return commit

    async def _is_outdated(self, event: events.TranscriptCompleted) -> bool:
        """Whether a newer correction exists: of several in a row, only the last one is studied."""
        if event.version == MACHINE_VERSION:
            return False
        async with org_transaction(self._context.pool, event.org_id) as connection:
            newest = await newest_transcript_version(connection, event.org_id, event.project_id)
        return newest is not None and newest > event.version

    async def _embed_inputs(
        self, document: TranscriptText, phrases: list[Keyphrase], stored_rows: SentenceRows | None, work: Work
    ) -> tuple[StudyInputs, int]:
        """Embed sentences and phrases; return the inputs and the CPU time. Raises Unavailable."""
        texts = [line.text for line in document.lines]
        if not speaks_english(document.language):
            rows = topic_tokens.compute_tfidf([*texts, *(phrase.text for phrase in phrases)])
            line_rows, phrase_rows = rows[: len(texts)], rows[len(texts) :]
            return StudyInputs(
                document=document,
                vectors=line_rows,
                phrases=phrases,
                phrase_vectors=phrase_rows,
                model="tf-idf",
                reason=TFIDF_REASON,
            ), 0
        known_rows = await read_rows(self._context.objects, stored_rows)
        line_vectors = await self._embed(texts, known_rows, stored_rows, work, 0)
        phrase_vectors = await self._embed([phrase.text for phrase in phrases], {}, stored_rows, work, len(texts))
        inputs = StudyInputs(
            document=document,
            vectors=line_vectors.values,
            phrases=phrases,
            phrase_vectors=phrase_vectors.values,
            model=line_vectors.model,
        )
        return inputs, line_vectors.compute_ms + phrase_vectors.compute_ms

    async def _apply_model(self, intelligence: Intelligence, document: TranscriptText, work: Work) -> Intelligence:
        """Let the configured model write the document; the local one, with the reason, where it fails."""
        chat, rules = self._context.chat, self._context.settings.writer
        if chat is None or not document.lines:
            return intelligence
        writer = TranscriptSummarizer(chat, rules)
        try:
            answers = await writer.write(document, work.report)
        except AnswerUnavailableError as error:
            return mark_not_used(intelligence, rules.model, error.reason, error.cost)
        engine = Engine(name=rules.model, version=STUDY_VERSION, model=rules.model, reason="the configured model")
        return apply_answers(intelligence, document, answers, engine, writer.cost)

    async def _embed(
        self, texts: list[str], known_rows: Rows, stored_rows: SentenceRows | None, work: Work, done: int
    ) -> Vectors:
        """Embed texts, one row each, except those that close embedded. Raises Unavailable."""
        batches = []
        for at in range(0, len(texts) or 1, TEXTS_PER_REPORT_COUNT):
            batch = texts[at : at + TEXTS_PER_REPORT_COUNT]
            batches.append(
                await embed(self._context.sentences, batch, known_rows, stored_rows.model if stored_rows else "")
            )
            work.report(done + at + 1)
        return Vectors(
            values=np.concatenate([batch.values for batch in batches]),
            model=batches[0].model,
            compute_ms=sum(batch.compute_ms for batch in batches),
        )

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """End without an analysis; transcript and clips stay as they are."""
        assert isinstance(event, events.TranscriptCompleted)
        owner = (event.org_id, event.project_id)
        if event.version > MACHINE_VERSION:
            warning = f"intelligence: it does not know of correction {event.version} yet: {detail} ({reason})"
            await project_lifecycle.add_warning(connection, *owner, warning)
            return
        await project_lifecycle.ensure_stage(connection, *owner, "study")
        await project_lifecycle.add_warning(connection, *owner, f"intelligence: {detail} ({reason})")
        await project_lifecycle.end_part(connection, *owner, "study", cause, failed=True)
        await project_lifecycle.settle_project(connection, *owner, cause)


def _count_texts(inputs: StudyInputs) -> int:
    """Number of texts that were embedded: progress is counted on from there."""
    return len(inputs.document.lines) + len(inputs.phrases)


async def _commit_nothing(connection: Connection) -> None:
    """Commit nothing: the transcript is outdated."""


def _read_transcript(transcript: Transcript) -> tuple[TranscriptText, list[Keyphrase]]:
    """Split the transcript into sentences and find its keyphrases."""
    document = read_transcript(transcript)
    return document, keyphrases.find_keyphrases(document)


def list_speaker_names(transcript: Transcript) -> dict[str, str]:
    """List the speakers' names by id; speakers without a name are left out."""
    speakers = transcript.diarization.speakers if transcript.diarization else []
    return {speaker.id: speaker.name for speaker in speakers if speaker.name}


async def _commit_intelligence(
    connection: Connection, event: events.TranscriptCompleted, intelligence: Intelligence, ref: ObjectRef, work: Work
) -> None:
    """Commit the document, its index rows and the event."""
    owner = (event.org_id, event.project_id)
    is_newest = await write_intelligence(
        connection,
        *owner,
        ref,
        engine=intelligence.engine.name,
        transcript_version=event.version,
        cpu_ms=work.cpu_ms,
    )
    if intelligence.engine.not_used:
        await project_lifecycle.add_warning(
            connection, *owner, f"intelligence: made locally, {intelligence.engine.reason}"
        )
    if is_newest:  # of an older transcript that comes late nothing is kept
        await _commit_index_rows(connection, event, build_index_rows(intelligence))
    completed = events.IntelligenceCompleted(
        org_id=event.org_id,
        project_id=event.project_id,
        intelligence=ref,
        engine=intelligence.engine.name,
        chapter_count=len(intelligence.chapters),
        topic_count=len(intelligence.topics),
        entity_count=len(intelligence.entities),
        transcript_version=event.version,
    )
    await put(connection, completed, work.cause)
    if event.version > MACHINE_VERSION:  # the project waited for the machine's alone, and may long have ended
        await project_lifecycle.add_cost(connection, *owner, "study", work.cpu_ms)
        return
    await project_lifecycle.ensure_stage(connection, *owner, "study")
    await project_lifecycle.end_part(connection, *owner, "study", work.cause, cpu_ms=work.cpu_ms)
    await project_lifecycle.settle_project(connection, *owner, work.cause)


async def _commit_index_rows(
    connection: Connection, event: events.TranscriptCompleted, index_rows: list[IndexedSubject]
) -> None:
    """Replace the project's index rows."""
    records = [
        SubjectRecord(kind=row.kind, key=row.key, name=row.name, plain=searched(row.name), mentions=row.seconds)
        for row in index_rows
    ]
    await replace_subjects(connection, event.org_id, event.project_id, records)
