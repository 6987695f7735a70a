"""Corrections of a transcript: a new version beside the machine's, and who changed what. Never changes a version."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.problems import ApiProblem, invalid
from api.projects import find_project
from api.registry import Call, Operation, Reply
from api.transcripts import etag_of, not_ready
from schemas.corrections import BadEditError, Change, WordEdit, corrected
from schemas.documents import Transcript, encode_document
from schemas.events import TranscriptCompleted
from schemas.ids import result_id
from schemas.media import ObjectRef
from streams import lifecycle
from streams.adapters.postgres import Connection, Row
from streams.leftovers import GRACE, plan_project_sweep
from streams.outbox import put

LATEST = """
select object, version from transcripts where org_id = $1 and project_id = $2 order by version desc limit 1
"""


class CorrectTranscript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change in the version that was read; another version meanwhile is refused."""

    version: Annotated[int, Meta(ge=1)]
    edits: Annotated[list[WordEdit], Meta(min_length=1, max_length=1000)]
    note: Annotated[str, Meta(max_length=500)] = ""


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The version that the correction made."""

    project_id: UUID
    version: int
    word_count: int


class TranscriptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version: who made it, when, and what was changed in which earlier one."""

    version: int
    made_by: Literal["machine", "person"]
    created_at: dt.datetime
    word_count: int
    key_id: UUID | None = None
    base_version: int | None = None
    note: str = ""
    changes: list[Change] = []


class TranscriptVersions(msgspec.Struct, frozen=True, kw_only=True):
    """All versions, newest first."""

    items: list[TranscriptVersion]


async def correct_transcript(call: Call[CorrectTranscript, None]) -> Reply:
    """Write a corrected version; captions of later exports, subtitles and search follow it."""
    project_id, objects = call.ids["project_id"], call.context.objects
    async with call.rows() as rows:
        await lifecycle.lock_project(rows, call.org_id, project_id)
        project = await find_project(rows, call.org_id, project_id)
        row = await rows.fetchrow(LATEST, call.org_id, project_id)
        if row is None:
            raise not_ready("transcript", project)
        ref = _current(call, row)
        body = await call.outside(f"transcript {ref.key}", partial(objects.get, ref))
        after, changes = _apply(msgspec.json.decode(body, type=Transcript), call.body)
        identity = result_id(project_id, "correct", str(after.version))
        prefix = f"{call.org_id}/{project_id}/transcript/{identity}"
        store = partial(objects.put, prefix, encode_document(after), "application/json", ".json")
        made: ObjectRef = await call.outside("corrected transcript", store)
        await _write(rows, call, made, after, changes)
        await put(rows, _completed(call.org_id, project_id, after, made), call.cause(identity))
    corrected_to = Corrected(project_id=project_id, version=after.version, word_count=len(after.words))
    return Reply(body=corrected_to, headers={"ETag": etag_of(made, "json")})


def _current(call: Call[CorrectTranscript, None], row: Row) -> ObjectRef:
    """The latest version's object; raises where the caller read another one."""
    ref = msgspec.convert(row["object"], ObjectRef)
    held = call.request.headers.get("if-match", "").removeprefix("W/")
    known = ("", "*", *(etag_of(ref, wanted) for wanted in ("json", "srt", "vtt", "txt")))
    if call.body.version != row["version"] or held not in known:
        raise ApiProblem("transcript-changed", f"The transcript is at version {row['version']} now.")
    return ref


def _apply(transcript: Transcript, asked: CorrectTranscript) -> tuple[Transcript, list[Change]]:
    try:
        return corrected(transcript, asked.edits, asked.version + 1)
    except BadEditError as error:
        raise invalid(f"/edits/{error.at}", error.detail) from None


async def _write(
    rows: Connection, call: Call[CorrectTranscript, None], made: ObjectRef, after: Transcript, changes: list[Change]
) -> None:
    owner = (call.org_id, call.ids["project_id"])
    await rows.execute(
        """insert into transcripts (org_id, project_id, version, object, language, word_count)
           values ($1, $2, $3, $4, $5, $6)""",
        *owner, after.version, made, after.language, len(after.words),
    )  # fmt: skip
    await rows.execute(
        """insert into transcript_edits (org_id, project_id, version, base_version, key_id, note, changes)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        *owner, after.version, call.body.version, call.caller.key_id, call.body.note, changes,
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


async def list_versions(call: Call[None, None]) -> Reply:
    """Who made which version of the transcript, and what was changed."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        found = await rows.fetch(
            """select t.version, t.word_count, t.created_at, e.key_id, e.base_version, e.note, e.changes
               from transcripts t left join transcript_edits e using (org_id, project_id, version)
               where t.org_id = $1 and t.project_id = $2 order by t.version desc""",
            call.org_id,
            project["project_id"],
        )
    if not found:
        raise not_ready("transcript", project)
    return Reply(body=TranscriptVersions(items=[_version(row) for row in found]))


def _version(row: Row) -> TranscriptVersion:
    told = {name: row[name] for name in ("version", "word_count", "created_at")}
    if row["key_id"] is None:
        return TranscriptVersion(made_by="machine", **told)
    changes = msgspec.convert(row["changes"], list[Change])
    by = {name: row[name] for name in ("key_id", "base_version", "note")}
    return TranscriptVersion(made_by="person", changes=changes, **by, **told)


OPERATIONS = (
    Operation(
        method="PATCH",
        path="/v1/projects/{project_id}/transcript",
        name="correctTranscript",
        tag="projects",
        permission="write",
        summary="Correct words of the transcript",
        handler=correct_transcript,
        request=CorrectTranscript,
        response=Corrected,
        problems=("not-ready", "project-erased", "transcript-changed"),
    ),
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/transcript/versions",
        name="listTranscriptVersions",
        tag="projects",
        permission="read",
        summary="List the versions of the transcript: who changed what",
        handler=list_versions,
        response=TranscriptVersions,
        problems=("not-ready", "project-erased"),
    ),
)
