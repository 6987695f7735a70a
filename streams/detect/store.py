"""Commit what detect found: moments, selected clips, their exports."""

from __future__ import annotations

from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services.export_groups import split_exports
from core.storage.clips import insert_selected_clip
from core.storage.exports import insert_selected_export
from core.storage.intelligence import write_moments as write_moments_row
from core.storage.projects import write_nothing_found
from schemas import events
from schemas.common import ObjectRef, Sibling
from schemas.documents.moments import Moment, MomentList
from schemas.ids import result_id
from schemas.options.caption_template import export_words, version_of
from schemas.options.export_options import export_suffix, watermark_suffix, words_suffix
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import WeightTable
from schemas.stages import EXPORT_STAGES
from streams.runtime.stage import Work


class DetectInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of detect from a project's row: options, and references of its analyses."""

    title: str
    options: ProjectOptions
    duration_ms: int
    height_px: int | None
    transcript: ObjectRef | None
    transcript_version: int
    """0 without a transcript."""
    heard: list[ObjectRef]
    seen: list[ObjectRef]
    weights: WeightTable | None
    """The organisation's own table; None: the installation's."""
    test: bool = False
    """Whether the project was made with a test key."""
    watermark: bool = False
    """Whether the organisation's plan marks its files; a test has its own mark."""


async def commit_moments(
    connection: Connection,
    event: events.UnderstandingCompleted,
    inputs: DetectInputs,
    moments: MomentList,
    ref: ObjectRef,
    work: Work,
) -> None:
    """Commit the moments, and each selected clip with its exports and its event."""
    owner = (event.org_id, event.project_id)
    clips = sorted((moment for moment in moments.moments if moment.selected), key=lambda moment: moment.rank or 0)
    nothing_found_reason = moments.nothing_found_reason
    await write_moments_row(connection, *owner, ref, candidate_count=len(moments.moments), nearest=moments.nearest)
    detected = events.MomentsDetected(
        org_id=event.org_id,
        project_id=event.project_id,
        moments=ref,
        candidate_count=len(moments.moments),
        clip_count=len(clips),
        nothing_found_reason=nothing_found_reason,
    )
    await put(connection, detected, work.cause)
    for stage in EXPORT_STAGES:
        await project_lifecycle.expect_parts(connection, *owner, stage, len(clips) * len(inputs.options.shapes))
    await project_lifecycle.end_part(connection, *owner, "detect", work.cause, cpu_ms=work.cpu_ms)
    for ordinal, moment in enumerate(clips):
        await _commit_clip(connection, event, inputs, ordinal, moment, work.cause)
    if not clips:
        await write_nothing_found(connection, *owner, nothing_found_reason)
        await project_lifecycle.settle_project(connection, *owner, work.cause)


async def _commit_clip(
    connection: Connection,
    event: events.UnderstandingCompleted,
    inputs: DetectInputs,
    ordinal: int,
    moment: Moment,
    cause: Cause,
) -> None:
    """Commit one clip with its exports."""
    selected = _build_selection(event, inputs, ordinal, moment)
    await insert_selected_clip(connection, selected, moment)
    for number, export in enumerate(split_exports(selected), 1):
        await insert_selected_export(connection, export, number)
    await put(connection, selected, cause, name=str(selected.clip_id))


def _build_selection(
    event: events.UnderstandingCompleted, inputs: DetectInputs, ordinal: int, moment: Moment
) -> events.ClipSelected:
    """Build the clip's event, with an export in each requested aspect."""
    clip_id, options = UUID(moment.id), inputs.options
    words = export_words(options.captions, options.captions_template, masked=options.mask_profanity)
    name = f"{words}{export_suffix(options.export)}{words_suffix(inputs.transcript_version)}"
    name += watermark_suffix(watermark=inputs.watermark)
    first, *siblings = [
        Sibling(export_id=result_id(clip_id, "export", f"{aspect}/{name}"), aspect=aspect) for aspect in options.shapes
    ]
    return events.ClipSelected(
        org_id=event.org_id,
        project_id=event.project_id,
        clip_id=clip_id,
        export_id=first.export_id,
        ordinal=ordinal,
        score=moment.score,
        confidence=moment.confidence,
        rendition=events.Rendition(
            range=moment.range,
            aspect=first.aspect,
            captions=options.captions,
            template=options.captions_template,
            template_version=version_of(options.captions_template),
            mask_profanity=options.mask_profanity,
            options=options.export,
            transcript_version=inputs.transcript_version,
            test=inputs.test,
            watermark=inputs.watermark,
        ),
        siblings=siblings,
    )
