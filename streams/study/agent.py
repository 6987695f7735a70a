"""TranscriptCompleted → IntelligenceCompleted: what a project is about. Finds it elsewhere; makes no clip wait."""

from __future__ import annotations

import msgspec
import numpy as np

from core.domain.text.word_joining import searched
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
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work
from streams.study.assemble import VERSION, Material, study
from streams.study.index_rows import Subject, subjects
from streams.study.lexicon import speaks_english
from streams.study.llm.grounding import laid_over, not_written
from streams.study.llm.summarizer import NotWritten, Writer
from streams.study.topics import keyphrases, topic_tokens
from streams.study.topics.keyphrases import Phrase
from streams.study.transcript_text import Spoken, read

MACHINES = 1
"""The version of a transcript that a machine made; the next ones are people's corrections."""
AT_ONCE = 256
"""Texts between two signs of life."""
BY_WORDS = "the sentence model knows English only: sentences are compared by their words"


class StudyStage:
    """Reads the transcript for what it is about, beside the stages that make clips."""

    name: events.Stage = "study"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """The word that there is a transcript: the machine's, and each one that a person corrected."""
        return isinstance(event, events.TranscriptCompleted)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read the transcript, study it, store what was found."""
        assert isinstance(event, events.TranscriptCompleted)
        if await self._outdated(event):
            return _nothing
        body = await self._context.objects.get(event.transcript)
        transcript = msgspec.json.decode(body, type=Transcript)
        (spoken, found), reading_ms = await work.in_thread(_prepare, transcript)
        material, asking_ms = await self._material(spoken, found, transcript.meaning, work)
        made, studying_ms = await work.in_thread(study, material)
        made = await self._written(made, spoken, work)
        made = msgspec.structs.replace(
            made,
            project_title=transcript.project_title,
            transcript_version=event.version,
            speaker_names=names_of(transcript),
        )
        work.cpu_ms = reading_ms + asking_ms + studying_ms
        prefix = prefix_of(event, "intelligence", result_id(work.cause.input_id, "study"))
        ref = await self._context.objects.put(prefix, encode_document(made), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            await _write(connection, event, made, ref, work)

        return commit

    async def _outdated(self, event: events.TranscriptCompleted) -> bool:
        """Whether a correction was corrected again meanwhile: of many in a row, the last one is studied."""
        if event.version == MACHINES:
            return False
        async with org_transaction(self._context.pool, event.org_id) as connection:
            newest = await newest_transcript_version(connection, event.org_id, event.project_id)
        return newest is not None and newest > event.version

    async def _material(
        self, spoken: Spoken, found: list[Phrase], kept: SentenceRows | None, work: Work
    ) -> tuple[Material, int]:
        """Vectors of sentences and phrases, and the processor time they cost. Raises Unavailable."""
        texts = [line.text for line in spoken.lines]
        if not speaks_english(spoken.language):
            rows = topic_tokens.vectors([*texts, *(phrase.text for phrase in found)])
            lined, named_rows = rows[: len(texts)], rows[len(texts) :]
            return Material(
                spoken=spoken, vectors=lined, phrases=found, phrase_vectors=named_rows, model="tf-idf", reason=BY_WORDS
            ), 0
        have = await read_rows(self._context.objects, kept)
        lines = await self._embed(texts, have, kept, work, 0)
        named = await self._embed([phrase.text for phrase in found], {}, kept, work, len(texts))
        material = Material(
            spoken=spoken, vectors=lines.values, phrases=found, phrase_vectors=named.values, model=lines.model
        )
        return material, lines.compute_ms + named.compute_ms

    async def _written(self, made: Intelligence, spoken: Spoken, work: Work) -> Intelligence:
        """What a configured model makes of it; without one, or where it fails, what was made here, which says so."""
        chat, rules = self._context.chat, self._context.settings.writer
        if chat is None or not spoken.lines:
            return made
        writer = Writer(chat, rules)
        try:
            answers = await writer.write(spoken, work.report)
        except NotWritten as error:
            return not_written(made, rules.model, error.reason, error.cost)
        engine = Engine(name=rules.model, version=VERSION, model=rules.model, reason="the configured model")
        return laid_over(made, spoken, answers, engine, writer.cost)

    async def _embed(self, texts: list[str], have: Rows, kept: SentenceRows | None, work: Work, done: int) -> Vectors:
        """One row a text; only those that close did not ask for are asked for. Raises Unavailable."""
        parts = []
        for at in range(0, len(texts) or 1, AT_ONCE):
            part = texts[at : at + AT_ONCE]
            parts.append(await embed(self._context.sentences, part, have, kept.model if kept else ""))
            work.report(done + at + 1)
        return Vectors(
            values=np.concatenate([part.values for part in parts]),
            model=parts[0].model,
            compute_ms=sum(part.compute_ms for part in parts),
        )

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Nobody will know what it is about; transcript and clips are as they were."""
        assert isinstance(event, events.TranscriptCompleted)
        owner = (event.org_id, event.project_id)
        if event.version > MACHINES:
            told = f"intelligence: it does not know of correction {event.version} yet: {detail} ({reason})"
            await project_lifecycle.warn(connection, *owner, told)
            return
        await project_lifecycle.ensure_stage(connection, *owner, "study")
        await project_lifecycle.warn(connection, *owner, f"intelligence: {detail} ({reason})")
        await project_lifecycle.end_part(connection, *owner, "study", cause, failed=True)
        await project_lifecycle.settle(connection, *owner, cause)


async def _nothing(connection: Connection) -> None:
    """What there is to write of a transcript that nobody reads any more."""


def _prepare(transcript: Transcript) -> tuple[Spoken, list[Phrase]]:
    spoken = read(transcript)
    return spoken, keyphrases.candidates(spoken)


def names_of(transcript: Transcript) -> dict[str, str]:
    """What the speakers are called, by id; who has no name is not there."""
    known = transcript.diarization.speakers if transcript.diarization else []
    return {one.id: one.name for one in known if one.name}


async def _write(
    connection: Connection, event: events.TranscriptCompleted, made: Intelligence, ref: ObjectRef, work: Work
) -> None:
    owner = (event.org_id, event.project_id)
    newest = await write_intelligence(
        connection,
        *owner,
        ref,
        engine=made.engine.name,
        transcript_version=event.version,
        cpu_ms=work.cpu_ms,
    )
    if made.engine.not_used:
        await project_lifecycle.warn(connection, *owner, f"intelligence: made locally, {made.engine.reason}")
    if newest:  # of an older transcript that comes late nothing is kept
        await _write_subjects(connection, event, subjects(made))
    completed = events.IntelligenceCompleted(
        org_id=event.org_id,
        project_id=event.project_id,
        intelligence=ref,
        engine=made.engine.name,
        chapter_count=len(made.chapters),
        topic_count=len(made.topics),
        entity_count=len(made.entities),
        transcript_version=event.version,
    )
    await put(connection, completed, work.cause)
    if event.version > MACHINES:  # the project waited for the machine's alone, and may long have ended
        await project_lifecycle.add_cost(connection, *owner, "study", work.cpu_ms)
        return
    await project_lifecycle.ensure_stage(connection, *owner, "study")
    await project_lifecycle.end_part(connection, *owner, "study", work.cause, cpu_ms=work.cpu_ms)
    await project_lifecycle.settle(connection, *owner, work.cause)


async def _write_subjects(connection: Connection, event: events.TranscriptCompleted, found: list[Subject]) -> None:
    records = [
        SubjectRecord(kind=one.kind, key=one.key, name=one.name, plain=searched(one.name), mentions=one.seconds)
        for one in found
    ]
    await replace_subjects(connection, event.org_id, event.project_id, records)
