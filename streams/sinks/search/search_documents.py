"""Events and their objects as search documents and deletions. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from core.domain.text.indexed_word_times import word_times
from core.domain.text.script_languages import said_in
from core.infra.sentence_embeddings import Rows, digest
from core.ports.models import Float32
from schemas import events
from schemas.common import ObjectRef, Segment
from schemas.documents.moments import ClipFacts, Moment, MomentList
from schemas.documents.transcript import Transcript
from schemas.ids import result_id

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
SEGMENTS, CLIPS, CHAPTERS, ENTITIES, TOMBSTONES = "segments", "clips", "chapters", "entities", "tombstones"
SEARCHED_INDEXES = (SEGMENTS, CLIPS, CHAPTERS, ENTITIES)
"""The indexes that are searched."""
TITLE_FIELDS = ("id", "org_id", "project_id", "ordinal", "project_title", "project_at", "clip_id", "title")
"""Fields that identify a document and its project."""
EMBEDDER = "meaning"
"""The engine's name for the vectors of segments, clips and chapters."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TOPICS = ("transcripts.v1", "moments.v1", "projects.v1")
"""Topics with events that change the search index."""


Renamed: TypeAlias = events.ProjectUpdated | events.ClipUpdated
"""Events after which titles of documents may differ."""
Indexed: TypeAlias = (
    events.TranscriptCompleted
    | events.IntelligenceCompleted
    | events.MomentsDetected
    | events.ClipMeasured
    | events.ProjectErased
    | Renamed
)
"""Events that change the search index."""


class BadReferenceError(ValueError):
    """An event refers to an object that is missing or wrong. ``reason`` is the typed code."""

    def __init__(self, reason: str, detail: str) -> None:
        """``reason``: ``object.missing``, ``object.foreign`` or ``object.bad``."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def reference_of(event: Indexed) -> ObjectRef | None:
    """The object to read for an event, or None. Raises BadReferenceError."""
    if isinstance(event, events.TranscriptCompleted):
        reference = event.transcript
    elif isinstance(event, events.MomentsDetected):
        reference = event.moments
    elif isinstance(event, events.IntelligenceCompleted):
        reference = event.intelligence
    elif isinstance(event, events.ClipMeasured):
        reference = event.facts
    else:
        return None
    return check_owner(event, reference)


def check_owner(event: Indexed, reference: ObjectRef) -> ObjectRef:
    """Raises BadReferenceError for an object outside of the event's own project."""
    if not reference.key.startswith(f"{event.org_id}/{event.project_id}/"):
        raise BadReferenceError("object.foreign", f"{reference.key!r} does not lie under the project of its event")
    return reference


def read_document(body: bytes, kind: type[T]) -> T:
    """Decode an object. Raises BadReferenceError if it is not what its event says."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadReferenceError("object.bad", f"the object does not fit {kind.__name__}: {error}") from None


def identity(event: events.Event, kind: str, name: str) -> str:
    """Id of a document. It includes the organisation, because another one may use the same project id."""
    return str(result_id(event.project_id, kind, f"{event.org_id}/{name}"))


def owner_of(event: events.Event) -> Document:
    """Fields that say whose a document is."""
    return {"org_id": str(event.org_id), "project_id": str(event.project_id)}


def millisecond(at: dt.datetime) -> int:
    """A time as the engine compares it: milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)


def segment_documents(
    event: events.TranscriptCompleted,
    transcript: Transcript,
    rows: Rows = MappingProxyType({}),
    *,
    told_at: dt.datetime = EPOCH,
) -> list[Document]:
    """One document for each segment. The same segment of a later version has the same id.

    ``told_at``: the event's time, used for transcripts without the project's creation time.
    """
    speakers = transcript.diarization.speakers if transcript.diarization else []
    names = {speaker.id: speaker.name for speaker in speakers}
    return [
        {
            "id": identity(event, "segment", str(ordinal)),
            **owner_of(event),
            "project_title": transcript.project_title,
            "project_at": millisecond(transcript.project_created_at or told_at),
            "version": event.version,
            "ordinal": ordinal,
            "start_ms": segment.start_ms,
            "end_ms": segment.end_ms,
            "text": segment.text,
            "speaker": segment.speaker,
            "speaker_name": names.get(segment.speaker or ""),
            "language": segment.language or transcript.language,
            "trust": segment.trust,
            "word_at": word_times(segment.text, _words(transcript, segment)),
            **said_in([segment.language or transcript.language], segment.text),
            **vectors(rows.get(digest(segment.text))),
        }
        for ordinal, segment in enumerate(transcript.segments)
    ]


def _words(transcript: Transcript, segment: Segment) -> list[tuple[str, int]]:
    return [(word.text, word.start_ms) for word in transcript.words[segment.first_word : segment.end_word]]


def vectors(row: Float32 | None) -> Document:
    """A document's vector as the engine takes it; the engine must be told explicitly about a missing one."""
    return {"_vectors": {EMBEDDER: None if row is None else [round(float(value), 4) for value in row]}}


def clip_documents(
    event: events.MomentsDetected, moments: MomentList, *, told_at: dt.datetime = EPOCH
) -> list[Document]:
    """One document for each clip, in the clips' own order: best first.

    Their confidence is added by reconcile, from the transcript.
    """
    chosen = sorted((moment for moment in moments.moments if moment.selected), key=lambda moment: moment.rank or 0)
    project_fields = {"project_title": moments.project_title, "project_at": millisecond(told_at)}
    return [_clip(event, moment, moment.id, ordinal) | project_fields for ordinal, moment in enumerate(chosen)]


def own_clip_document(event: events.ClipMeasured, facts: ClipFacts, *, told_at: dt.datetime = EPOCH) -> Document:
    """The document of a clip that a person chose; its score may be None."""
    project_fields = {"project_title": facts.project_title, "project_at": millisecond(told_at)}
    return _clip(event, facts, str(event.clip_id), facts.ordinal) | project_fields


def _clip(event: Indexed, clip: Moment | ClipFacts, clip_id: str, ordinal: int) -> Document:
    return {
        "id": identity(event, "clip", str(UUID(clip_id))),
        **owner_of(event),
        "clip_id": str(UUID(clip_id)),
        "ordinal": ordinal,
        "title": clip.title,
        "reason": clip.reason,
        "text": clip.text,
        "start_ms": clip.range.start_ms,
        "end_ms": clip.range.end_ms,
        "score": clip.score,
        "confidence": clip.confidence,
        "trust": None,
        "doubtful": [],
        "word_at": [],
        **said_in([], None),
        **vectors(None),
    }


def tombstone_document(event: events.Event, erased_at: dt.datetime) -> Document:
    """Build the document that stays of an erased project."""
    return {"id": tombstone_id(event), **owner_of(event), "erased_at": erased_at.isoformat()}


def tombstone_id(event: events.Event) -> str:
    """Id of a project's tombstone."""
    return identity(event, "tombstone", "")


def project_filter(event: events.Event) -> str:
    """All documents of a project. UUIDs are safe inside quotes."""
    return f'org_id = "{event.org_id}" AND project_id = "{event.project_id}"'


def older_filter(event: events.TranscriptCompleted) -> str:
    """Segments that only an older version of the transcript had."""
    return f"{project_filter(event)} AND version < {event.version}"


def newest_options(event: events.Event) -> Document:
    """Search options for the document of a project's newest version."""
    return {
        "filter": project_filter(event),
        "sort": ["version:desc"],
        "limit": 1,
        "attributesToRetrieve": ["version"],
    }


def tombstones_filter(ids: list[str]) -> str:
    """Tombstones among these ids."""
    return "id IN [" + ", ".join(f'"{document_id}"' for document_id in ids) + "]"


def ids_filter(event: events.Event, ids: list[str]) -> str:
    """Documents of a project with one of these ids."""
    return f"{project_filter(event)} AND {tombstones_filter(ids)}"


def stub_filter(event: events.Event) -> str:
    """Documents that another process deleted before they were renamed: only their titles are left."""
    return f"{project_filter(event)} AND ordinal NOT EXISTS"


def page_options(event: events.Event, index: str, start: int, limit: int, fields: Sequence[str] = ("*",)) -> Document:
    """Search options for a project's documents from this ordinal on.

    The engine shows at most the first thousand hits.
    """
    return {
        "filter": f"{project_filter(event)} AND ordinal >= {start}",
        "sort": ["ordinal:asc"],
        "limit": limit,
        "attributesToRetrieve": list(fields),
        "retrieveVectors": index != ENTITIES and "*" in fields,
    }
