"""Corrections of a transcript's words: each is a new version with its author and changes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.projects.handlers import find_project
from api.transcripts.handlers import etag_of, not_ready
from api.transcripts.revisions import PreparedRevision, Revision, prepare_revision, write_revision
from core.domain.identity.actors import Actor, parse_actor
from core.domain.transcripts.corrections import Change, WordEdit, corrected
from core.domain.transcripts.speaker_operations import SpeakerChange
from core.infra.postgres.connection import Row
from core.storage.transcripts import list_version_rows
from schemas.documents.transcript import Transcript

PAGE_BYTES = 4 * 2**20
"""Bytes of changes on a page: one request may bring a whole body of them, and a page has up to a hundred requests."""
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class CorrectTranscript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to the version that was read; the request is refused where a newer one exists."""

    version: Version
    """Version of the transcript that was read."""
    edits: Annotated[list[WordEdit], Meta(min_length=1, max_length=1000)]
    note: Annotated[str, Meta(max_length=500)] = ""


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The version that the correction made."""

    project_id: UUID
    version: int
    """Number of the new version."""
    word_count: int


class TranscriptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version: its author, its time and its changes to an earlier one."""

    version: int
    made_by: Literal["machine", "person"]
    created_at: dt.datetime
    word_count: int
    actor: Actor | None = None
    """Who corrected; null: the machine made it."""
    base_version: int | None = None
    note: str = ""
    changes: list[Change] = []
    """Changes of words."""
    speaker_changes: list[SpeakerChange] = []
    """Changes of the speakers."""


class ListTranscriptVersions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of versions before a version, newest first; it is shorter where versions have many changes."""

    before: Version | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 100


class TranscriptVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first; ``next_before`` asks for older ones."""

    items: list[TranscriptVersion]
    next_before: int | None = None


async def prepare_correction(call: Call[CorrectTranscript, None]) -> PreparedRevision:
    """Correct the words, and store the new version."""
    return await prepare_revision(call, _apply_edits)


async def correct_transcript(call: Call[CorrectTranscript, None], prepared: PreparedRevision) -> Reply:
    """Write a corrected version; captions of later exports, subtitles and search follow it."""
    await write_revision(call, prepared)
    after = prepared.revision.transcript
    corrected_to = Corrected(project_id=call.ids["project_id"], version=after.version, word_count=len(after.words))
    return Reply(body=corrected_to, headers={"ETag": etag_of(prepared.object, "json")})


def _apply_edits(transcript: Transcript, request: CorrectTranscript) -> Revision:
    after, changes = corrected(transcript, request.edits, request.version + 1)
    return Revision(transcript=after, changes=changes)


async def list_versions(call: Call[None, ListTranscriptVersions]) -> Reply:
    """List the versions of the transcript with their authors and changes."""
    before = call.query.before or 2**31 - 1
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        version_rows = await list_version_rows(
            rows, call.org_id, project["project_id"], before=before, limit=call.query.limit, max_bytes=PAGE_BYTES
        )
    if not version_rows and call.query.before is None:
        raise not_ready("transcript", project)
    items = [_version_view(row) for row in version_rows]
    more = items[-1].version if items and items[-1].version > 1 else None
    return Reply(body=TranscriptVersions(items=items, next_before=more))


def _version_view(row: Row) -> TranscriptVersion:
    fields = {name: row[name] for name in ("version", "word_count", "created_at")}
    if row["actor"] is None:
        return TranscriptVersion(made_by="machine", **fields)
    by = {name: row[name] for name in ("base_version", "note")}
    actor = parse_actor(row["actor"])
    return TranscriptVersion(
        made_by="person",
        actor=actor,
        changes=msgspec.convert(row["changes"], list[Change]),
        speaker_changes=msgspec.convert(row["speaker_changes"], list[SpeakerChange]),
        **by,
        **fields,
    )


OPERATIONS = (
    Operation(
        method="PATCH",
        path="/v1/projects/{project_id}/transcript",
        name="correctTranscript",
        tag="projects",
        permission="projects:write",
        summary="Correct words of the transcript",
        handler=TwoPhaseHandler(prepare=prepare_correction, commit=correct_transcript),
        request=CorrectTranscript,
        response=Corrected,
        problems=("not-ready", "project-erased", "transcript-changed", "limit-reached"),
    ),
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/transcript/versions",
        name="listTranscriptVersions",
        tag="projects",
        permission="projects:read",
        summary="List the versions of the transcript: who changed what",
        handler=list_versions,
        query=ListTranscriptVersions,
        response=TranscriptVersions,
        problems=("not-ready", "project-erased"),
    ),
)
