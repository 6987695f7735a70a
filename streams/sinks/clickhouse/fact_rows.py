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


def moment_rows(envelope: Envelope, event: events.MomentsDetected, moment_list: MomentList) -> Rows:
    """One row for each candidate, and one for each of its sub-scores."""
    event_columns = (envelope.id, envelope.time)
    return {
        "moments": [
            [
                event.org_id,
                event.project_id,
                UUID(moment.id),
                *event_columns,
                moment.range.start_ms,
                moment.range.end_ms,
                moment.score,
                moment.confidence,
                moment.selected,
                moment.rank,
                moment_list.scorer,
                moment_list.weights,
            ]
            for moment in moment_list.moments
        ],
        "sub_scores": [
            [
                event.org_id,
                event.project_id,
                UUID(moment.id),
                sub_score.name,
                *event_columns,
                moment.selected,
                *_sub_score(sub_score),
            ]
            for moment in moment_list.moments
            for sub_score in _each_once(moment)
        ],
    }


def own_clip_rows(envelope: Envelope, event: events.ClipMeasured, facts: ClipFacts) -> Rows:
    """The same rows for a clip that a person chose: a selected candidate without a rank."""
    if facts.score is None or facts.confidence is None:
        return {}
    owner, event_columns = (event.org_id, event.project_id, event.clip_id), (envelope.id, envelope.time)
    range_columns = (event.range.start_ms, event.range.end_ms)
    score_columns = (facts.score, facts.confidence, True, None, facts.scorer, facts.weights)
    return {
        "moments": [[*owner, *event_columns, *range_columns, *score_columns]],
        "sub_scores": [
            [*owner, sub_score.name, *event_columns, True, *_sub_score(sub_score)] for sub_score in _each_once(facts)
        ],
    }


def _each_once(moment: Moment | ClipFacts) -> Sequence[SubScore]:
    """Sub-scores with unique names: the name is a key."""
    return list({sub_score.name: sub_score for sub_score in moment.signals}.values())


def _sub_score(sub_score: SubScore) -> Row:
    shares: dict[str, float] = {}
    for item in sub_score.evidence:
        if item.part and item.share is not None:
            shares[item.part] = item.share  # each piece of a part has the share of the whole part
    strongest = max(sorted(shares), key=shares.__getitem__, default="")
    return [
        sub_score.value,
        sub_score.raw,
        sub_score.weight,
        sub_score.confidence,
        min(len(sub_score.evidence), MAX_EVIDENCE_COUNT),
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
    metadata = encode_metadata(event.metadata)
    return LabelRecord(kind="project", id=event.project_id, revision=1, title=event.title, metadata=metadata)


def exports_named(event: Labelling) -> list[UUID]:
    """Ids of the exports that an event is about."""
    export_ids = [getattr(event, "export_id", None), *(sibling.export_id for sibling in getattr(event, "siblings", ()))]
    return [export_id for export_id in export_ids if export_id is not None]


def label_rows(envelope: Envelope, event: Labelling | events.UploadReceived, labels: Sequence[LabelRecord]) -> Rows:
    """One row for each labelled resource."""
    event_columns = (envelope.id, envelope.time)
    return {
        "labels": [
            [
                event.org_id,
                event.project_id,
                label.kind,
                label.id,
                *event_columns,
                label.revision,
                label.title,
                label.metadata,
            ]
            for label in labels
        ]
    }


def cost_rows(envelope: Envelope, event: events.CostIncurred) -> Rows:
    """One row for each request to a model, and one for each kind of cost."""
    owner, attempt_columns = (event.org_id, event.project_id), (event.stage, event.attempt, event.outcome)
    began = envelope.time - dt.timedelta(milliseconds=event.wall_ms)
    return {
        "inference_calls": [
            [
                *owner,
                envelope.id,
                ordinal,
                began + dt.timedelta(milliseconds=call.at_ms),
                *attempt_columns,
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
            [*owner, envelope.id, item.kind, envelope.time, *attempt_columns, item.amount, item.money, event.currency]
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
                check.name,
                envelope.id,
                event.clip_id,
                envelope.time,
                event.aspect,
                check.verdict,
                event.verdict or "",
                event.tries,
                check.value,
                check.unit,
                check.limit,
                check.side,
                check.around,
            ]
            for check in event.checks
        ]
    }
