"""The next version of a transcript by a person: prepare and store it, then record it with its event.

Corrections of words and of speakers share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from api.http.conditional import ANY, held_tags
from api.http.operations import Call
from api.problems.problem_details import ApiProblem, invalid
from api.projects.handlers import find_project
from api.transcripts.embeddings import with_meaning
from api.transcripts.handlers import names_version, not_ready
from core.domain.transcripts.corrections import BadEditError, Change
from core.domain.transcripts.speaker_operations import SpeakerChange
from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from core.storage.transcripts import NewTranscript, insert_revision, read_transcript
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from schemas.events import TranscriptCompleted
from schemas.ids import result_id

MAX_VERSIONS = 1_000


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript after an edit, and its changes."""

    transcript: Transcript
    changes: list[Change] = []
    speaker_changes: list[SpeakerChange] = []


class RevisionRequest(Protocol):
    """Body of a request for the next version of a transcript."""

    @property
    def version(self) -> int:
        """The version that the caller read."""
        ...

    @property
    def note(self) -> str:
        """Why, in the caller's words."""
        ...


RequestT = TypeVar("RequestT", bound=RevisionRequest)


class PreparedRevision(msgspec.Struct, frozen=True, kw_only=True):
    """The next version, stored and not yet recorded."""

    revision: Revision
    identity: UUID
    object: ObjectRef
    """Object of its transcript; where nothing changes, that of the version that was read."""
    is_new: bool
    """False: the edits change nothing."""


async def prepare_revision(
    call: Call[RequestT, None], apply: Callable[[Transcript, RequestT], Revision]
) -> PreparedRevision:
    """Apply the request's edits to the version that its caller read, and store the result.

    Raises ApiProblem where there is no transcript, or a newer version; a 422 for edits that cannot be applied.
    """
    project_id, objects = call.ids["project_id"], call.context.objects
    async with call.rows() as rows:
        ref = await _find_current(rows, call)
    before = await asyncio.to_thread(msgspec.json.decode, await objects.get(ref), type=Transcript)
    try:
        revision = await asyncio.to_thread(apply, before, call.body)
    except BadEditError as error:
        raise invalid(f"/edits/{error.path}", error.detail) from None
    identity = result_id(project_id, "correct", str(revision.transcript.version))
    if _is_unchanged(revision.transcript, before):
        revision = msgspec.structs.replace(revision, transcript=before)
        return PreparedRevision(revision=revision, identity=identity, object=ref, is_new=False)
    after = await with_meaning(call, revision.transcript, identity)
    prefix = f"{call.org_id}/{project_id}/transcript/{identity}"
    stored = await objects.put(prefix, encode_document(after), "application/json", ".json")
    revision = msgspec.structs.replace(revision, transcript=after)
    return PreparedRevision(revision=revision, identity=identity, object=stored, is_new=True)


async def write_revision(call: Call[RequestT, None], prepared: PreparedRevision) -> None:
    """Record the next version and its event; nothing where the edits change nothing.

    Raises as `prepare_revision`, also where another version came meanwhile.
    """
    async with call.rows() as rows:
        await project_lifecycle.lock_project(rows, call.org_id, call.ids["project_id"])
        await _find_current(rows, call)
        if prepared.is_new:
            await _write(rows, call, prepared)
            await put(rows, _completed_event(call, prepared), call.cause(prepared.identity))


def _is_unchanged(after: Transcript, before: Transcript) -> bool:
    return msgspec.structs.replace(after, version=before.version) == before


async def _find_current(rows: Connection, call: Call[RequestT, None]) -> ObjectRef:
    """The newest version's object; raises where the caller read another one."""
    project = await find_project(rows, call.org_id, call.ids["project_id"])
    newest = await read_transcript(rows, call.org_id, project["project_id"])
    if newest is None:
        raise not_ready("transcript", project)
    tags = held_tags(call.request)
    holds_it = not tags or ANY in tags or any(names_version(tag, newest.object) for tag in tags)
    if call.body.version != newest.version or not holds_it:
        raise ApiProblem("transcript-changed", f"The transcript is at version {newest.version} now.")
    if newest.version >= MAX_VERSIONS:
        raise ApiProblem("limit-reached", f"A transcript has at most {MAX_VERSIONS} versions.")
    return newest.object


async def _write(rows: Connection, call: Call[RequestT, None], prepared: PreparedRevision) -> None:
    revision, owner, body = prepared.revision, (call.org_id, call.ids["project_id"]), call.body
    after = revision.transcript
    new = NewTranscript(
        object=prepared.object, version=after.version, language=after.language, word_count=len(after.words)
    )
    await insert_revision(
        rows,
        *owner,
        new,
        base_version=body.version,
        actor=call.caller.actor,
        note=body.note,
        changes=revision.changes,
        speaker_changes=revision.speaker_changes,
    )
    await plan_project_sweep(rows, *owner, GRACE)  # another try may have stored a version that lost


def _completed_event(call: Call[RequestT, None], prepared: PreparedRevision) -> TranscriptCompleted:
    after = prepared.revision.transcript
    return TranscriptCompleted(
        org_id=call.org_id,
        project_id=call.ids["project_id"],
        transcript=prepared.object,
        language=after.language,
        word_count=len(after.words),
        segment_count=len(after.segments),
        speech_ms=sum(turn.length_ms for turn in after.speech),
        version=after.version,
    )
