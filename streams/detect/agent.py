"""UnderstandingCompleted → MomentsDetected and ClipSelected (one a clip), or "nothing found".

ClipRequested (a clip that a person chose) → ClipMeasured, ExportRequested. Weighs elsewhere.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
import numpy as np

from schemas import events
from schemas.documents import HeardSpan, SeenSpan, Transcript, encode_document
from schemas.export_options import export_suffix, words_suffix
from schemas.ids import result_id
from schemas.media import ObjectRef
from schemas.moments import Moment, MomentList
from schemas.options import ProjectOptions
from schemas.siblings import Sibling
from schemas.sounds import Sounds
from schemas.templates import export_words, version_of
from schemas.worth import WeightTable
from streams import lifecycle
from streams.adapters.postgres import Connection, org_transaction
from streams.adapters.sentence_rows import embed, read_rows
from streams.attempt import Commit, Work
from streams.context import Context, prefix_of
from streams.detect.meaning import texts_to_embed
from streams.detect.own_clips import facts_of, own_facts
from streams.detect.requested import ask_for_exports, read_requested, store_facts, write_measured
from streams.detect.scenery import scenery
from streams.detect.timeline import Embedded, gather
from streams.detect.weigh import Material, weigh, wishes_of
from streams.errors import Unavailable
from streams.outbox import Cause, put
from streams.siblings import apart

MEANING_LOST = "What the sentences mean could not be asked for: moments were compared by the words they have in common."


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What detect reads of a project."""

    title: str
    options: ProjectOptions
    duration_ms: int
    height_px: int | None
    transcript: ObjectRef | None
    transcript_version: int
    """0: there is none."""
    heard: list[ObjectRef]
    seen: list[ObjectRef]
    weights: WeightTable | None
    """The organisation's own; None: the installation's."""


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
                await lifecycle.warn(connection, event.org_id, event.project_id, lost)
            await _write(connection, event, known, moments, ref, work)

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
                own_facts, whole, known.options, event.range, asked.title, known.weights
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
            project = await connection.fetchrow(
                "select title, options, duration_ms, height_px from projects where org_id = $1 and project_id = $2",
                *owner,
            )
            spans = await connection.fetch(
                "select heard_ref, seen_ref from spans where org_id = $1 and project_id = $2 order by ordinal", *owner
            )
            weights = await connection.fetchval(
                "select weights from score_weights where org_id = $1 order by version desc limit 1", event.org_id
            )
            transcript = await connection.fetchrow(
                """select object, version from transcripts where org_id = $1 and project_id = $2
                   order by version desc limit 1""",
                *owner,
            )
        return Known(
            title=project["title"],
            options=msgspec.convert(project["options"], ProjectOptions),
            duration_ms=project["duration_ms"],
            height_px=project["height_px"],
            transcript=lifecycle.ref_of(transcript["object"]) if transcript else None,
            transcript_version=transcript["version"] if transcript else 0,
            heard=[lifecycle.ref_of(row["heard_ref"]) for row in spans if row["heard_ref"]],
            seen=[lifecycle.ref_of(row["seen_ref"]) for row in spans if row["seen_ref"]],
            weights=msgspec.convert(weights, WeightTable) if weights else None,
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
        await lifecycle.fail_project(connection, event.org_id, event.project_id, f"detect.{reason}", detail, cause)


def _unasked(why: str) -> Embedded:
    return Embedded(values=np.zeros((0, 0), dtype=np.float32), model=why)


async def _write(
    connection: Connection,
    event: events.UnderstandingCompleted,
    known: Known,
    moments: MomentList,
    ref: ObjectRef,
    work: Work,
) -> None:
    owner = (event.org_id, event.project_id)
    clips = sorted((moment for moment in moments.moments if moment.selected), key=lambda moment: moment.rank or 0)
    nothing = moments.nothing_found_reason
    await connection.execute(
        """insert into moments (org_id, project_id, object, candidate_count, nearest) values ($1, $2, $3, $4, $5)
           on conflict (org_id, project_id) do update set object = excluded.object, nearest = excluded.nearest""",
        *owner,
        ref,
        len(moments.moments),
        moments.nearest,
    )
    detected = events.MomentsDetected(
        org_id=event.org_id,
        project_id=event.project_id,
        moments=ref,
        candidate_count=len(moments.moments),
        clip_count=len(clips),
        nothing_found_reason=nothing,
    )
    await put(connection, detected, work.cause)
    for stage in ("frame", "render"):
        await lifecycle.expect_parts(connection, *owner, stage, len(clips) * len(known.options.shapes))
    await lifecycle.end_part(connection, *owner, "detect", work.cause, cpu_ms=work.cpu_ms)
    for ordinal, moment in enumerate(clips):
        await _write_clip(connection, event, known, ordinal, moment, work.cause)
    if not clips:
        await connection.execute(
            "update projects set nothing_found_reason = $3 where org_id = $1 and project_id = $2", *owner, nothing
        )
        await lifecycle.settle(connection, *owner, work.cause)


async def _write_clip(
    connection: Connection,
    event: events.UnderstandingCompleted,
    known: Known,
    ordinal: int,
    moment: Moment,
    cause: Cause,
) -> None:
    selected = _selected(event, known, ordinal, moment)
    await _insert_clip(connection, selected, moment)
    for number, one in enumerate(apart(selected), 1):
        await _insert_export(connection, one, number)
    await put(connection, selected, cause, name=str(selected.clip_id))


def _selected(event: events.UnderstandingCompleted, known: Known, ordinal: int, moment: Moment) -> events.ClipSelected:
    """What is said of a clip, with its export in each shape that is wanted."""
    clip_id, options = UUID(moment.id), known.options
    words = export_words(options.captions, options.captions_template, masked=options.mask_profanity)
    name = f"{words}{export_suffix(options.export)}{words_suffix(known.transcript_version)}"
    first, *others = [
        Sibling(export_id=result_id(clip_id, "export", f"{aspect}/{name}"), aspect=aspect) for aspect in options.shapes
    ]
    return events.ClipSelected(
        org_id=event.org_id,
        project_id=event.project_id,
        clip_id=clip_id,
        export_id=first.export_id,
        ordinal=ordinal,
        range=moment.range,
        score=moment.score,
        confidence=moment.confidence,
        aspect=first.aspect,
        captions=options.captions,
        template=options.captions_template,
        template_version=version_of(options.captions_template),
        mask_profanity=options.mask_profanity,
        options=options.export,
        transcript_version=known.transcript_version,
        siblings=others,
    )


async def _insert_clip(connection: Connection, selected: events.ClipSelected, moment: Moment) -> None:
    await connection.execute(
        """insert into clips
             (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title, reason, signals,
              hook, description, hashtags, without_words)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing""",
        selected.org_id,
        selected.clip_id,
        selected.project_id,
        selected.ordinal,
        moment.range.start_ms,
        moment.range.end_ms,
        moment.score,
        moment.confidence,
        moment.title,
        moment.reason,
        moment.signals,
        moment.hook,
        moment.description,
        moment.hashtags,
        moment.without_words or None,
    )


async def _insert_export(connection: Connection, selected: events.ClipSelected, number: int) -> None:
    await connection.execute(
        """insert into exports
             (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms, automatic, template,
              mask_profanity, options, transcript_version, number)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true, $10, $11, $12, $13, $14) on conflict do nothing""",
        selected.org_id,
        selected.export_id,
        selected.project_id,
        selected.clip_id,
        selected.ordinal,
        selected.aspect,
        selected.captions,
        selected.range.start_ms,
        selected.range.end_ms,
        selected.template,
        selected.mask_profanity,
        selected.options,
        selected.transcript_version,
        number,
    )
