"""A person's new version of a transcript, beside those before it: stored, recorded, told. Knows no kind of edit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from api.http.conditional import ANY, held_tags
from api.http.operations import Call
from api.problems.problem_details import ApiProblem
from api.projects.handlers import find_project
from api.transcripts.embeddings import with_meaning
from api.transcripts.handlers import is_of, not_ready
from core.domain.transcripts.corrections import Change
from core.domain.transcripts.speaker_operations import SpeakerChange
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.services.orphan_cleanup import GRACE, plan_project_sweep
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from schemas.events import TranscriptCompleted
from schemas.ids import result_id

MOST_VERSIONS = 1_000
LATEST = """
select object, version from transcripts where org_id = $1 and project_id = $2 order by version desc limit 1
"""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit made of a transcript, and what it changed."""

    transcript: Transcript
    changes: list[Change] = []
    speaker_changes: list[SpeakerChange] = []


async def revise(
    call: Call[Any, None], version: int, note: str, apply: Callable[[Transcript], Revision]
) -> tuple[Revision, ObjectRef]:
    """The next version of the transcript of the call's project, made of ``version``, the one that was read.

    Where nothing would change it is that one: nothing is written, and nobody is told.

    Raises ApiProblem where there is none, or the latest is another; whatever ``apply`` raises ends it too.
    """
    project_id, objects = call.ids["project_id"], call.context.objects
    async with call.rows() as rows:
        await project_lifecycle.lock_project(rows, call.org_id, project_id)
        project = await find_project(rows, call.org_id, project_id)
        row = await rows.fetchrow(LATEST, call.org_id, project_id)
        if row is None:
            raise not_ready("transcript", project)
        ref = _current(call, row, version)
        body = await call.outside(f"transcript {ref.key}", partial(objects.get, ref))
        before = await asyncio.to_thread(msgspec.json.decode, body, type=Transcript)
        revision = await asyncio.to_thread(apply, before)
        if _is_same(revision.transcript, before):
            return msgspec.structs.replace(revision, transcript=before), ref
        identity = result_id(project_id, "correct", str(revision.transcript.version))
        after = await with_meaning(call, revision.transcript, identity)
        revision = msgspec.structs.replace(revision, transcript=after)
        prefix = f"{call.org_id}/{project_id}/transcript/{identity}"
        store = partial(objects.put, prefix, encode_document(after), "application/json", ".json")
        made: ObjectRef = await call.outside("corrected transcript", store)
        await _write(rows, call, made, revision, version, note)
        await put(rows, _completed(call.org_id, project_id, after, made), call.cause(identity))
    return revision, made


def _is_same(after: Transcript, before: Transcript) -> bool:
    return msgspec.structs.replace(after, version=before.version) == before


def _current(call: Call[Any, None], row: Row, version: int) -> ObjectRef:
    """The latest version's object; raises where the caller read another one."""
    ref = msgspec.convert(row["object"], ObjectRef)
    held = held_tags(call.request)
    holds_it = not held or ANY in held or any(is_of(tag, ref) for tag in held)
    if version != row["version"] or not holds_it:
        raise ApiProblem("transcript-changed", f"The transcript is at version {row['version']} now.")
    if version >= MOST_VERSIONS:
        raise ApiProblem("limit-reached", f"A transcript has at most {MOST_VERSIONS} versions.")
    return ref


async def _write(
    rows: Connection, call: Call[Any, None], made: ObjectRef, revision: Revision, base_version: int, note: str
) -> None:
    after, owner = revision.transcript, (call.org_id, call.ids["project_id"])
    await rows.execute(
        """insert into transcripts (org_id, project_id, version, object, language, word_count)
           values ($1, $2, $3, $4, $5, $6)""",
        *owner, after.version, made, after.language, len(after.words),
    )  # fmt: skip
    await rows.execute(
        """insert into transcript_edits
             (org_id, project_id, version, base_version, key_id, note, changes, speaker_changes)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        *owner, after.version, base_version, call.caller.key_id, note, revision.changes, revision.speaker_changes,
    )  # fmt: skip
    await plan_project_sweep(rows, *owner, GRACE)  # another try may have stored a version that lost


def _completed(org_id: UUID, project_id: UUID, after: Transcript, made: ObjectRef) -> TranscriptCompleted:
    return TranscriptCompleted(
        org_id=org_id,
        project_id=project_id,
        transcript=made,
        language=after.language,
        word_count=len(after.words),
        segment_count=len(after.segments),
        speech_ms=sum(stretch.length_ms for stretch in after.speech),
        version=after.version,
    )
