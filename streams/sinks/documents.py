"""Events and what they refer to, as documents of the search indexes and as deletions. Pure; reads nothing itself."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from schemas import events
from schemas.documents import MomentList, Transcript
from schemas.ids import result_id
from schemas.media import ObjectRef

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
SEGMENTS, CLIPS, TOMBSTONES = "segments", "clips", "tombstones"
TOPICS = ("transcripts.v1", "moments.v1", "projects.v1")
"""The topics that hold anything to find, or to forget."""


Indexed: TypeAlias = events.TranscriptCompleted | events.MomentsDetected | events.ClipSelected | events.ProjectErased
"""Events that change what can be found."""


class BadReferenceError(ValueError):
    """An event refers to an object that is not there, or cannot be what it says. ``reason`` is the typed code."""

    def __init__(self, reason: str, detail: str) -> None:
        """``reason``: ``object.missing``, ``object.foreign`` or ``object.bad``."""
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def reference_of(event: Indexed) -> ObjectRef | None:
    """The object that must be read to index an event; None where nothing must.

    Raises BadReferenceError for an object outside of the event's own project: it would be shown to the wrong people.
    """
    if isinstance(event, events.TranscriptCompleted):
        found = event.transcript
    elif isinstance(event, events.MomentsDetected):
        found = event.moments
    else:
        return None
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


def _owner(event: events.Event) -> Document:
    return {"org_id": str(event.org_id), "project_id": str(event.project_id)}


def segment_documents(event: events.TranscriptCompleted, transcript: Transcript) -> list[Document]:
    """One document a segment. The same segment of a later version has the same id."""
    speakers = transcript.diarization.speakers if transcript.diarization else []
    names = {one.id: one.name for one in speakers}
    return [
        {
            "id": identity(event, "segment", str(ordinal)),
            **_owner(event),
            "project_title": transcript.project_title,
            "version": event.version,
            "ordinal": ordinal,
            "start_ms": segment.start_ms,
            "end_ms": segment.end_ms,
            "text": segment.text,
            "speaker": segment.speaker,
            "speaker_name": names.get(segment.speaker or ""),
            "language": segment.language or transcript.language,
            "trust": segment.trust,
        }
        for ordinal, segment in enumerate(transcript.segments)
    ]


def clip_documents(event: events.MomentsDetected, moments: MomentList) -> list[Document]:
    """What the list of moments knows of each clip: its words, and its project's title."""
    return [
        {
            "id": identity(event, "clip", str(UUID(moment.id))),
            **_owner(event),
            "project_title": moments.project_title,
            "clip_id": str(UUID(moment.id)),
            "title": moment.title,
            "reason": moment.reason,
            "text": moment.text,
            "start_ms": moment.range.start_ms,
            "end_ms": moment.range.end_ms,
            "score": moment.score,
            "confidence": moment.confidence,
        }
        for moment in moments.moments
        if moment.selected
    ]


def clip_document(event: events.ClipSelected) -> Document:
    """What the selection knows of its clip. Merged with the words, whichever comes first."""
    return {
        "id": identity(event, "clip", str(event.clip_id)),
        **_owner(event),
        "clip_id": str(event.clip_id),
        "ordinal": event.ordinal,
        "start_ms": event.range.start_ms,
        "end_ms": event.range.end_ms,
        "score": event.score,
        "confidence": event.confidence,
    }


def tombstone_document(event: events.Event, erased_at: dt.datetime) -> Document:
    """What stays of an erased project."""
    return {"id": tombstone_id(event), **_owner(event), "erased_at": erased_at.isoformat()}


def tombstone_id(event: events.Event) -> str:
    """Id of a project's tombstone."""
    return identity(event, "tombstone", "")


def project_filter(event: events.Event) -> str:
    """Everything of a project; UUIDs are safe inside quotes."""
    return f'org_id = "{event.org_id}" AND project_id = "{event.project_id}"'


def older_filter(event: events.TranscriptCompleted) -> str:
    """Segments that only an older version of the transcript had."""
    return f"{project_filter(event)} AND version < {event.version}"


def tombstones_filter(ids: list[str]) -> str:
    """Tombstones among these ids."""
    return "id IN [" + ", ".join(f'"{one}"' for one in ids) + "]"
