"""UnderstandingCompleted → MomentsDetected and ClipSelected (one a clip), or "nothing found".

ClipRequested (a clip that a person chose) → ClipMeasured, ExportRequested. Weighs elsewhere.
"""

from __future__ import annotations

import msgspec
import numpy as np

from core.errors import Unavailable
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.sentence_embeddings import embed, read_rows
from core.services import project_lifecycle
from core.storage.organisations import read_own_weights
from core.storage.projects import read_project
from core.storage.spans import list_span_documents
from core.storage.transcripts import read_transcript
from schemas import events
from schemas.documents import encode_document
from schemas.documents.acoustics import Sounds
from schemas.documents.span import HeardSpan, SeenSpan
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.project import ProjectOptions
from streams.detect.pipeline import Material, weigh, wishes_of
from streams.detect.requested_clip_store import ask_for_exports, read_requested, store_facts, write_measured
from streams.detect.requested_clips import facts_of, own_facts
from streams.detect.semantics import texts_to_embed
from streams.detect.store import Known, write_moments
from streams.detect.timeline import Embedded, gather
from streams.detect.visual_coverage import scenery
from streams.runtime.context import Context, prefix_of
from streams.runtime.stage import Commit, Work

MEANING_LOST = "What the sentences mean could not be asked for: moments were compared by the words they have in common."


class DetectStage:
    """Chooses the moments that become clips."""

    name: events.Stage = "detect"

    def __init__(self, context: Context) -> None:
        """Take the adapters."""
        self._context = context

    def wants(self, event: events.AnyEvent) -> bool:
        """Projects that are understood, and clips that people choose of them."""
        return isinstance(event, events.UnderstandingCompleted | events.ClipRequested)

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        """Read what was heard and seen, weigh it, store every candidate."""
        if isinstance(event, events.ClipRequested):
            return await self._measured(event, work)
        assert isinstance(event, events.UnderstandingCompleted)
        known = await self._read(event)
        material = await self._material(known)
        work.report(1)
        embedded, asked_ms, lost = await self._embed(material, known.options, work)
        work.report(2)
        input_id = work.cause.input_id
        moments, weighed_ms = await work.in_thread(
            weigh,
            msgspec.structs.replace(material, embedded=embedded),
            known.options,
            lambda name: str(result_id(input_id, "detect", name)),
            known.weights,
        )
        work.cpu_ms = asked_ms + weighed_ms
        looked = sorted({span.model for span in material.seen})
        moments = msgspec.structs.replace(
            moments, project_title=known.title, picture_models=looked, scenery=scenery(material.seen)
        )
        prefix = prefix_of(event, "moments", result_id(input_id, "detect"))
        ref = await self._context.objects.put(prefix, encode_document(moments), "application/json", ".json")

        async def commit(connection: Connection) -> None:
            if lost:
                await project_lifecycle.warn(connection, event.org_id, event.project_id, lost)
            await write_moments(connection, event, known, moments, ref, work)

        return commit

    async def _measured(self, event: events.ClipRequested, work: Work) -> Commit:
        """Measure the stretch that a person chose; one that is a moment was measured before."""
        asked = await read_requested(self._context, event)
        work.report(1)
        if asked.moment is not None:
            facts = facts_of(asked.moment, asked.title)
            facts = msgspec.structs.replace(facts, scorer=asked.scorer, weights=asked.weights)
        else:
            known = await self._read(event)
            material = await self._material(known)
            embedded, asked_ms, _ = await self._embed(material, known.options, work)
            work.report(2)
            whole = msgspec.structs.replace(material, embedded=embedded)
            facts, measured_ms = await work.in_thread(
                own_facts, whole, known.options, event.rendition.range, asked.title, known.weights
            )
            work.cpu_ms = asked_ms + measured_ms
        facts = msgspec.structs.replace(
            facts, clip_id=str(event.clip_id), ordinal=event.ordinal, project_title=asked.project_title
        )
        ref = await store_facts(self._context, event, facts, work)

        async def commit(connection: Connection) -> None:
            await write_measured(connection, event, facts, ref, work.cause)

        return commit

    async def _embed(self, material: Material, options: ProjectOptions, work: Work) -> tuple[Embedded, int, str]:
        """What the sentence model says, what that cost, and a warning where it was to be asked and did not answer."""
        language = material.transcript.language if material.transcript else None
        if language != "en":
            return _unasked(f"the language is {language or 'unknown'}"), 0, ""
        timeline, cpu_ms = await work.in_thread(gather, material)
        if not timeline.sentences:
            return _unasked("nothing is said"), cpu_ms, ""
        try:
            kept = material.transcript.meaning if material.transcript else None
            have = await read_rows(self._context.objects, kept)
            texts = texts_to_embed(timeline, wishes_of(options))
            found = await embed(self._context.sentences, texts, have, kept.model if kept else "")
        except Unavailable:
            return _unasked("the sentence model did not answer"), cpu_ms, MEANING_LOST
        return Embedded(values=found.values, model=found.model), cpu_ms + found.compute_ms, ""

    async def _read(self, event: events.UnderstandingCompleted | events.ClipRequested) -> Known:
        owner = (event.org_id, event.project_id)
        async with org_transaction(self._context.pool, event.org_id) as connection:
            project = await read_project(connection, *owner)
            spans = await list_span_documents(connection, *owner)
            weights = await read_own_weights(connection, event.org_id)
            transcript = await read_transcript(connection, *owner)
        assert project is not None
        assert project.duration_ms is not None  # ingest writes it before anything can be understood
        return Known(
            title=project.title,
            options=project.options,
            duration_ms=project.duration_ms,
            height_px=project.height_px,
            transcript=transcript.object if transcript else None,
            transcript_version=transcript.version if transcript else 0,
            heard=[span.heard for span in spans if span.heard],
            seen=[span.seen for span in spans if span.seen],
            weights=weights,
        )

    async def _material(self, known: Known) -> Material:
        get = self._context.objects.get
        transcript = msgspec.json.decode(await get(known.transcript), type=Transcript) if known.transcript else None
        sounds = transcript.sounds if transcript else None
        return Material(
            duration_ms=known.duration_ms,
            transcript=transcript,
            sounds=msgspec.json.decode(await get(sounds), type=Sounds) if sounds else None,
            heard=[msgspec.json.decode(await get(ref), type=HeardSpan) for ref in known.heard],
            seen=[msgspec.json.decode(await get(ref), type=SeenSpan) for ref in known.seen],
            has_video=known.height_px is not None,
            display_height_px=known.height_px,
        )

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        """Without moments there are no clips: the project fails and says why. A person's clip is made all the same."""
        if isinstance(event, events.ClipRequested):
            await ask_for_exports(connection, event, cause)
            return
        assert isinstance(event, events.UnderstandingCompleted)
        await project_lifecycle.fail_project(
            connection, event.org_id, event.project_id, f"detect.{reason}", detail, cause
        )


def _unasked(why: str) -> Embedded:
    return Embedded(values=np.zeros((0, 0), dtype=np.float32), model=why)
