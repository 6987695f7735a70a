"""Events and what they refer to, as documents of the search indexes and as deletions. Pure; reads nothing itself."""

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
FOUND = (SEGMENTS, CLIPS, CHAPTERS, ENTITIES)
"""The indexes that are searched."""
NAMES = ("id", "org_id", "project_id", "ordinal", "project_title", "project_at", "clip_id", "title")
"""Fields that say which document it is, of what, what that is called and when it was made."""
EMBEDDER = "meaning"
"""What the engine calls the vectors of segments, clips and chapters."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TOPICS = ("transcripts.v1", "moments.v1", "projects.v1")
"""The topics that hold anything to find, or to forget."""


Renamed: TypeAlias = events.ProjectUpdated | events.ClipUpdated
"""Events after which documents may have to be called otherwise."""
Indexed: TypeAlias = (
    events.TranscriptCompleted
    | events.IntelligenceCompleted
    | events.MomentsDetected
    | events.ClipMeasured
    | events.ProjectErased
    | Renamed
)
"""Events that change what can be found."""


class BadReferenceError(ValueError):
    """An event refers to an object that is not there, or cannot be what it says. ``reason`` is the typed code."""

    def __init__(self, reason: str, detail: str) -> None:
        """``reason``: ``object.missing``, ``object.foreign`` or ``object.bad``."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def reference_of(event: Indexed) -> ObjectRef | None:
    """The object that must be read to index an event; None where nothing must. Raises BadReferenceError."""
    if isinstance(event, events.TranscriptCompleted):
        found = event.transcript
    elif isinstance(event, events.MomentsDetected):
        found = event.moments
    elif isinstance(event, events.IntelligenceCompleted):
        found = event.intelligence
    elif isinstance(event, events.ClipMeasured):
        found = event.facts
    else:
        return None
    return own(event, found)


def own(event: Indexed, found: ObjectRef) -> ObjectRef:
    """Raises BadReferenceError for an object outside of the event's own project: it would be shown to wrong people."""
    if not found.key.startswith(f"{event.org_id}/{event.project_id}/"):
        raise BadReferenceError("object.foreign", f"{found.key!r} does not lie under the project of its event")
    return found


def read_document(body: bytes, kind: type[T]) -> T:
    """Raises BadReferenceError when the object is not what its event says."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadReferenceError("object.bad", f"the object is no {kind.__name__}: {error}") from None


def identity(event: events.Event, kind: str, name: str) -> str:
    """Id of a document: of the org too, because another org may use the same project id."""
    return str(result_id(event.project_id, kind, f"{event.org_id}/{name}"))


def owner_of(event: events.Event) -> Document:
    """Whose a document is."""
    return {"org_id": str(event.org_id), "project_id": str(event.project_id)}


def millisecond(at: dt.datetime) -> int:
    """A time as the engine compares it: since 1970, in UTC."""
    return round(at.timestamp() * 1000)


def segment_documents(
    event: events.TranscriptCompleted,
    transcript: Transcript,
    rows: Rows = MappingProxyType({}),
    *,
    told_at: dt.datetime = EPOCH,
) -> list[Document]:
    """One document a segment. The same segment of a later version has the same id.

    ``told_at``: when the event was; of a transcript that does not say when its project was made.
    """
    speakers = transcript.diarization.speakers if transcript.diarization else []
    names = {one.id: one.name for one in speakers}
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
    """What a document means, as the engine takes it; it wants to be told where that is not known."""
    return {"_vectors": {EMBEDDER: None if row is None else [round(float(value), 4) for value in row]}}


def clip_documents(
    event: events.MomentsDetected, moments: MomentList, *, told_at: dt.datetime = EPOCH
) -> list[Document]:
    """One document a clip, numbered as the clips themselves are: best first. How far its words are trusted is known
    where its transcript is: what makes documents agree says it.
    """
    chosen = sorted((moment for moment in moments.moments if moment.selected), key=lambda moment: moment.rank or 0)
    of = {"project_title": moments.project_title, "project_at": millisecond(told_at)}
    return [_clip(event, moment, moment.id, ordinal) | of for ordinal, moment in enumerate(chosen)]


def own_clip_document(event: events.ClipMeasured, facts: ClipFacts, *, told_at: dt.datetime = EPOCH) -> Document:
    """The document of a clip that a person chose; its score is None where it has none."""
    of = {"project_title": facts.project_title, "project_at": millisecond(told_at)}
    return _clip(event, facts, str(event.clip_id), facts.ordinal) | of


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
    """What stays of an erased project."""
    return {"id": tombstone_id(event), **owner_of(event), "erased_at": erased_at.isoformat()}


def tombstone_id(event: events.Event) -> str:
    """Id of a project's tombstone."""
    return identity(event, "tombstone", "")


def project_filter(event: events.Event) -> str:
    """Everything of a project; UUIDs are safe inside quotes."""
    return f'org_id = "{event.org_id}" AND project_id = "{event.project_id}"'


def older_filter(event: events.TranscriptCompleted) -> str:
    """Segments that only an older version of the transcript had."""
    return f"{project_filter(event)} AND version < {event.version}"


def newest_options(event: events.Event) -> Document:
    """The document of a project that is of the newest version."""
    return {
        "filter": project_filter(event),
        "sort": ["version:desc"],
        "limit": 1,
        "attributesToRetrieve": ["version"],
    }


def tombstones_filter(ids: list[str]) -> str:
    """Tombstones among these ids."""
    return "id IN [" + ", ".join(f'"{one}"' for one in ids) + "]"


def ids_filter(event: events.Event, ids: list[str]) -> str:
    """Those documents of a project that have one of these ids."""
    return f"{project_filter(event)} AND {tombstones_filter(ids)}"


def stub_filter(event: events.Event) -> str:
    """Documents that another process deleted before they were renamed: nothing but names is left of them."""
    return f"{project_filter(event)} AND ordinal NOT EXISTS"


def page_options(event: events.Event, index: str, start: int, limit: int, only: Sequence[str] = ("*",)) -> Document:
    """The documents of a project from this ordinal on; the engine shows no more than its first thousand hits."""
    return {
        "filter": f"{project_filter(event)} AND ordinal >= {start}",
        "sort": ["ordinal:asc"],
        "limit": limit,
        "attributesToRetrieve": list(only),
        "retrieveVectors": index != ENTITIES and "*" in only,
    }
