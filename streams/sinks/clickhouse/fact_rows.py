"""Results and costs as rows for ClickHouse. Pure: the same event gives the same rows.

Customers' words stay out: a segment has its numbers, a speaker the letter S and a number. Titles and metadata have a
table of their own, `labels`, that an erasure empties.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

from core.storage.labels import LabelRecord
from schemas import events
from schemas.codec import Envelope
from schemas.common import Segment, Word
from schemas.documents.moments import ClipFacts, Moment, MomentList, SubScore
from schemas.documents.transcript import Transcript
from schemas.metadata import encode_metadata

Table = Literal["segments", "moments", "sub_scores", "inference_calls", "cost_items", "certificate_checks", "labels"]
TABLES: tuple[Table, ...] = get_args(Table)
Row: TypeAlias = list[Any]
Rows: TypeAlias = dict[Table, list[Row]]
_OWNER = ("org_id", "project_id")
COLUMNS: Mapping[Table, tuple[str, ...]] = {
    "segments": (
        *_OWNER, "version", "ordinal", "event_id", "time", "start_ms", "end_ms", "language", "speaker", "trust",
        "doubts", "words", "fillers", "probability",
    ),
    "moments": (
        *_OWNER, "moment_id", "event_id", "time", "start_ms", "end_ms", "score", "confidence", "selected", "rank",
        "scorer", "weights",
    ),
    "sub_scores": (
        *_OWNER, "moment_id", "name", "event_id", "time", "selected", "value", "raw", "weight", "confidence",
        "evidence", "strongest", "strongest_share",
    ),
    "inference_calls": (
        *_OWNER, "event_id", "ordinal", "time", "stage", "attempt", "outcome", "model", "weights", "requests",
        "failed", "wall_ms", "compute_ms", "gpu_ms", "tokens_in", "tokens_out",
    ),
    "cost_items": (
        *_OWNER, "event_id", "kind", "time", "stage", "attempt", "outcome", "amount", "money", "currency",
    ),
    "certificate_checks": (
        *_OWNER, "export_id", "name", "event_id", "clip_id", "time", "aspect", "outcome", "verdict", "tries", "value",
        "unit", "bound", "side", "around",
    ),
    "labels": (*_OWNER, "kind", "id", "event_id", "time", "revision", "title", "metadata"),
}  # fmt: skip
"""Columns of each table in the order of its rows."""
SPEAKER = re.compile(r"S\d{1,4}")
MAX_EVIDENCE_COUNT = 65_535


def segment_rows(envelope: Envelope, event: events.TranscriptCompleted, transcript: Transcript) -> Rows:
    """One row for each segment of this version."""
    return {
        "segments": [
            [
                event.org_id,
                event.project_id,
                event.version,
                ordinal,
                envelope.id,
                envelope.time,
                *_segment(segment, transcript.words[segment.first_word : segment.end_word], transcript.language),
            ]
            for ordinal, segment in enumerate(transcript.segments)
        ]
    }


def _segment(segment: Segment, words: Sequence[Word], language: str | None) -> Row:
    speaker = segment.speaker or ""
    return [
        segment.start_ms,
        segment.end_ms,
        segment.language or language or "",
        speaker if SPEAKER.fullmatch(speaker) else "",
        segment.trust or "",
        list(segment.doubts),
        len(words),
        sum(word.filler for word in words),
        sum(word.probability for word in words) / len(words) if words else None,
    ]


def moment_rows(envelope: Envelope, event: events.MomentsDetected, found: MomentList) -> Rows:
    """One row for each candidate, and one for each of its sub-scores."""
    told = (envelope.id, envelope.time)
    return {
        "moments": [
            [
                event.org_id,
                event.project_id,
                UUID(moment.id),
                *told,
                moment.range.start_ms,
                moment.range.end_ms,
                moment.score,
                moment.confidence,
                moment.selected,
                moment.rank,
                found.scorer,
                found.weights,
            ]
            for moment in found.moments
        ],
        "sub_scores": [
            [event.org_id, event.project_id, UUID(moment.id), one.name, *told, moment.selected, *_sub_score(one)]
            for moment in found.moments
            for one in _each_once(moment)
        ],
    }


def own_clip_rows(envelope: Envelope, event: events.ClipMeasured, found: ClipFacts) -> Rows:
    """The same rows for a clip that a person chose: a selected candidate without a rank."""
    if found.score is None or found.confidence is None:
        return {}
    owner, told = (event.org_id, event.project_id, event.clip_id), (envelope.id, envelope.time)
    place = (event.range.start_ms, event.range.end_ms)
    judged = (found.score, found.confidence, True, None, found.scorer, found.weights)
    return {
        "moments": [[*owner, *told, *place, *judged]],
        "sub_scores": [[*owner, one.name, *told, True, *_sub_score(one)] for one in _each_once(found)],
    }


def _each_once(moment: Moment | ClipFacts) -> Sequence[SubScore]:
    """Sub-scores with unique names: the name is a key."""
    return list({one.name: one for one in moment.signals}.values())


def _sub_score(one: SubScore) -> Row:
    shares: dict[str, float] = {}
    for piece in one.evidence:
        if piece.part and piece.share is not None:
            shares[piece.part] = piece.share  # each piece of a part has the share of the whole part
    strongest = max(sorted(shares), key=shares.__getitem__, default="")
    return [
        one.value,
        one.raw,
        one.weight,
        one.confidence,
        min(len(one.evidence), MAX_EVIDENCE_COUNT),
        strongest,
        shares.get(strongest),
    ]


Labelling: TypeAlias = (
    events.ClipSelected
    | events.ClipRequested
    | events.ClipMeasured
    | events.ExportRequested
    | events.ProjectUpdated
    | events.ClipUpdated
    | events.ExportUpdated
)
"""Events after which titles or metadata may differ."""


def upload_label(event: events.UploadReceived) -> LabelRecord:
    """The first label of a project, from its upload: this event may come before the project's row."""
    kept = encode_metadata(event.metadata)
    return LabelRecord(kind="project", id=event.project_id, revision=1, title=event.title, metadata=kept)


def exports_named(event: Labelling) -> list[UUID]:
    """Ids of the exports that an event is about."""
    found = [getattr(event, "export_id", None), *(one.export_id for one in getattr(event, "siblings", ()))]
    return [one for one in found if one is not None]


def label_rows(envelope: Envelope, event: Labelling | events.UploadReceived, found: Sequence[LabelRecord]) -> Rows:
    """One row for each labelled resource."""
    told = (envelope.id, envelope.time)
    return {
        "labels": [
            [event.org_id, event.project_id, one.kind, one.id, *told, one.revision, one.title, one.metadata]
            for one in found
        ]
    }


def cost_rows(envelope: Envelope, event: events.CostIncurred) -> Rows:
    """One row for each request to a model, and one for each kind of cost."""
    owner, tried = (event.org_id, event.project_id), (event.stage, event.attempt, event.outcome)
    began = envelope.time - dt.timedelta(milliseconds=event.wall_ms)
    return {
        "inference_calls": [
            [
                *owner,
                envelope.id,
                ordinal,
                began + dt.timedelta(milliseconds=call.at_ms),
                *tried,
                call.model,
                call.weights,
                call.requests,
                call.failed,
                call.wall_ms,
                call.compute_ms,
                call.gpu_ms,
                call.tokens_in,
                call.tokens_out,
            ]
            for ordinal, call in enumerate(event.calls)
        ],
        "cost_items": [
            [*owner, envelope.id, item.kind, envelope.time, *tried, item.amount, item.money, event.currency]
            for item in event.items
        ],
    }


def check_rows(envelope: Envelope, event: events.ExportCompleted) -> Rows:
    """One row for each check of a finished export."""
    return {
        "certificate_checks": [
            [
                event.org_id,
                event.project_id,
                event.export_id,
                one.name,
                envelope.id,
                event.clip_id,
                envelope.time,
                event.aspect,
                one.verdict,
                event.verdict or "",
                event.tries,
                one.value,
                one.unit,
                one.limit,
                one.side,
                one.around,
            ]
            for one in event.checks
        ]
    }
