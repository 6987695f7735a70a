"""SpansHeard → TranscriptCompleted (and UnderstandingCompleted when look has ended). Merges the time line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.errors import Unavailable
from core.infra import telemetry
from core.infra.postgres.connection import Connection, Row, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services import spans as understanding
from schemas import events
from schemas.common import ObjectRef, TimeRange, Value
from schemas.documents import encode_document
from schemas.documents.acoustics import SoundTotals
from schemas.documents.span import HeardSpan, ScriptReport
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from streams.close.acoustics.acoustic_summary import soundtrack
from streams.close.diarization.pipeline import with_speakers
from streams.close.diarization.stored_embeddings import read_frames, read_voices
from streams.close.script.apply_script import follow
from streams.close.transcript.english_track import english_track
from streams.close.transcript.no_speech import why_no_words, words_lost
from streams.close.transcript.span_merge import close
from streams.close.transcript_embeddings import Meant, keep_meaning
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work
from streams.speech.translation import ENGLISH

WITHOUT_WORDS = "update projects set without_words = $3 where org_id = $1 and project_id = $2"


class Known(Value, frozen=True, kw_only=True):
    """Where the project's sounds lie, and their totals."""

    ref: ObjectRef
    totals: SoundTotals


class CloseStage:
    """Makes one transcript out of all that was heard."""

    name: events.Stage = "close"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """The word that every span has been heard or given up."""
        return isinstance(event, events.SpansHeard)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read the heard spans, merge them, store the transcript."""
        assert isinstance(event, events.SpansHeard)
        spans, planned, project, missing = await self._read(event)
        work.report(1)
        transcript, work.cpu_ms = await work.in_thread(close, spans, project["duration_ms"], missing)
        if script := project["options"].get("script"):
            transcript = await self._follow(script, transcript, planned, work)
        transcript, unspoken = await self._speakers(event, spans, transcript, work)
        sounds, unheard = await self._sounds(event, spans, transcript, work)
        meant = await self._meaning(event, transcript, work)
        transcript = msgspec.structs.replace(
            transcript,
            project_title=project["title"],
            project_created_at=project["created_at"],
            version=event.version,
            sounds=sounds.ref if sounds else None,
            meaning=meant.rows,
            without_words=why_no_words(transcript, sounds.totals if sounds else None),
        )
        tracks, untranslated = await self._tracks(event, spans, transcript, project["options"], work)
        transcript = msgspec.structs.replace(transcript, tracks=tracks)
        prefix = prefix_of(event, "transcript", result_id(work.cause.input_id, "close"))
        ref = await self._context.objects.put(prefix, encode_document(transcript), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            for warning in filter(None, (unheard, unspoken, meant.warning, untranslated)):
                await project_lifecycle.warn(connection, event.org_id, event.project_id, warning)
            await _write(connection, event, transcript, ref, work)

        return commit

    async def _speakers(
        self, event: events.SpansHeard, spans: list[HeardSpan], transcript: Transcript, work: Work
    ) -> tuple[Transcript, str]:
        """The transcript with its speakers, and what to warn of: whatever fails here, the words stay."""
        try:
            vectors = await read_voices(spans, self._context.objects)
            frames = await read_frames(spans, self._context.objects)
            found, cpu_ms = await work.in_thread(with_speakers, transcript, spans, vectors, frames)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return transcript, "speakers: they could not be told apart"
        work.cpu_ms += cpu_ms
        return found, ""

    async def _meaning(self, event: events.SpansHeard, transcript: Transcript, work: Work) -> Meant:
        prefix = prefix_of(event, "meaning", result_id(work.cause.input_id, "close"))
        meant = await keep_meaning(
            transcript,
            sentences=self._context.sentences,
            objects=self._context.objects,
            prefix=prefix,
            report=work.report,
        )
        work.cpu_ms += meant.compute_ms
        return meant

    async def _sounds(
        self, event: events.SpansHeard, spans: list[HeardSpan], transcript: Transcript, work: Work
    ) -> tuple[Known | None, str]:
        """The project's sounds, and what to warn of: they never take the transcript with them."""
        sounding = [span for span in spans if span.loudness.level_db]
        known = [span for span in sounding if span.sounds is not None]
        if not known:
            return None, "sounds: they could not be measured" if sounding else ""
        try:
            sounds, cpu_ms = await work.in_thread(
                soundtrack, known, transcript.speech, transcript.words, transcript.duration_ms
            )
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return None, "sounds: they could not be joined"
        work.cpu_ms += cpu_ms
        prefix = prefix_of(event, "sounds", result_id(work.cause.input_id, "close"))
        ref = await self._context.objects.put(prefix, encode_document(sounds), "application/json", ".json")
        lost = len(sounding) - len(known)
        told = f"sounds: {lost} of {len(sounding)} spans could not be measured" if lost else ""
        return Known(ref=ref, totals=sounds.totals), told

    async def _tracks(
        self,
        event: events.SpansHeard,
        spans: list[HeardSpan],
        transcript: Transcript,
        options: Mapping[str, Any],
        work: Work,
    ) -> tuple[dict[str, ObjectRef], str]:
        """The English track where it was asked for, and what to warn of: it never takes the transcript with it."""
        if options.get("translate") != ENGLISH:
            return {}, ""
        try:
            track, cpu_ms = await work.in_thread(english_track, spans, transcript)
        except Exception as error:  # noqa: BLE001 - a bug here must not take the transcript with it
            telemetry.report_bug(error, self.name)
            return {}, "the English track could not be joined"
        work.cpu_ms += cpu_ms
        prefix = prefix_of(event, "track", result_id(work.cause.input_id, "close"))
        return {
            ENGLISH: await self._context.objects.put(prefix, encode_document(track), "application/json", ".json")
        }, ""

    async def _follow(
        self, script: str, transcript: Transcript, planned: list[events.SpanPlanned], work: Work
    ) -> Transcript:
        """The words that the caller gave, at their times."""
        context = self._context
        found = await follow(
            transcript, script, planned, objects=context.objects, alignment=context.alignment, report=work.report
        )
        work.cpu_ms += found.compute_ms
        return found.transcript

    async def _read(
        self, event: events.SpansHeard
    ) -> tuple[list[HeardSpan], list[events.SpanPlanned], Row, list[TimeRange]]:
        async with org_transaction(self._context.pool, event.org_id) as connection:
            rows: list[Row] = await connection.fetch(
                "select event, heard_ref from spans where org_id = $1 and project_id = $2 order by ordinal",
                event.org_id,
                event.project_id,
            )
            project: Row = await connection.fetchrow(
                "select duration_ms, title, options, created_at from projects where org_id = $1 and project_id = $2",
                event.org_id,
                event.project_id,
            )
        bodies = [
            await self._context.objects.get(project_lifecycle.ref_of(row["heard_ref"]))
            for row in rows
            if row["heard_ref"]
        ]
        planned = [msgspec.convert(row["event"], events.SpanPlanned) for row in rows]
        missing = [span.range for span, row in zip(planned, rows, strict=True) if not row["heard_ref"]]
        return [msgspec.json.decode(body, type=HeardSpan) for body in bodies], planned, project, missing

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """There will be no transcript; pictures and sound still make clips."""
        assert isinstance(event, events.SpansHeard)
        await project_lifecycle.warn(connection, event.org_id, event.project_id, f"transcript: {detail} ({reason})")
        await connection.execute(WITHOUT_WORDS, event.org_id, event.project_id, words_lost())
        for stage in ("close", "study"):  # without words there is nothing to study
            await project_lifecycle.end_part(connection, event.org_id, event.project_id, stage, cause, failed=True)
        await understanding.say_understood(connection, event.org_id, event.project_id, cause)


async def _write(
    connection: Connection, event: events.SpansHeard, transcript: Transcript, ref: ObjectRef, work: Work
) -> None:
    await connection.execute(
        """insert into transcripts (org_id, project_id, version, object, language, word_count)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (org_id, project_id, version) do update set object = excluded.object""",
        event.org_id,
        event.project_id,
        event.version,
        ref,
        transcript.language,
        len(transcript.words),
    )
    await connection.execute(
        "update projects set language = $3 where org_id = $1 and project_id = $2",
        event.org_id,
        event.project_id,
        transcript.language,
    )
    await connection.execute(WITHOUT_WORDS, event.org_id, event.project_id, transcript.without_words or None)
    await put(
        connection,
        events.TranscriptCompleted(
            org_id=event.org_id,
            project_id=event.project_id,
            transcript=ref,
            language=transcript.language,
            word_count=len(transcript.words),
            segment_count=len(transcript.segments),
            speech_ms=sum(stretch.length_ms for stretch in transcript.speech),
            version=event.version,
        ),
        work.cause,
    )
    if (script := transcript.script) is not None and script.left_out:
        await project_lifecycle.warn(connection, event.org_id, event.project_id, left_out(script))
    await project_lifecycle.end_part(
        connection, event.org_id, event.project_id, "close", work.cause, cpu_ms=work.cpu_ms
    )
    await understanding.say_understood(connection, event.org_id, event.project_id, work.cause)


def left_out(script: ScriptReport) -> str:
    """What to warn of where a script was not followed to its last word."""
    if not script.used:
        return f"script: it is not what is said here ({script.heard} of its {script.words} words were heard); not used"
    return f"script: {script.left_out} of its {script.words} words were not found in what is said"
