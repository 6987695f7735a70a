"""Edits of clips: read, change, list versions. Each change is a new version."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.clips.handlers import find_clip
from api.exports.clip_looks import check_look
from api.http.conditional import check_held
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, invalid, no_version, require
from core.domain.editing import edit_operations as ops
from core.domain.editing.apply_edit import EditMaterial, apply, is_same
from core.domain.editing.clock import length_ms, place_edit
from core.domain.identity.actors import Actor, parse_actor
from core.domain.transcripts.corrections import BadEditError
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import next_version, put_project_event
from core.services.exports import lock_clip
from core.storage import clips
from core.storage.transcripts import read_transcript
from schemas.common import Aspect, Version, Word
from schemas.documents.edit import CaptionStyle, CaptionText, CropKey, EditList
from schemas.documents.transcript import Transcript
from schemas.events import ClipEdited
from schemas.options.clip_look import ClipLook

MAX_VERSIONS = 1_000
PAGE_BYTES = 4 * 2**20
"""Bytes of operations on a page: one request may bring a whole body, and a page has up to a hundred requests."""


class ReadEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Version of an edit; the newest where it is left out."""

    version: Version | None = None
    """Version of the edit; absent: the newest."""


class EditClip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Operations in order; all of them apply, or none."""

    operations: Annotated[list[ops.Operation], Meta(min_length=1, max_length=200)]
    transcript_version: Version | None = None
    """The transcript that was read: whose words `delete_words` counts. Without it the newest."""
    note: Annotated[str, Meta(max_length=500)] = ""


class PlayedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment with the times at which it plays in the clip."""

    segment_id: str
    start_ms: int
    """Start in the source, as ``end_ms`` is the end there."""
    end_ms: int
    """End in the source; not included."""
    speed: float
    muted: bool
    gain_db: float
    style: CaptionStyle | None
    """Style of its captions; null: the export's own."""
    output_start_ms: float
    """Start in the clip."""
    output_end_ms: float
    """End in the clip; not included."""


class ClipEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a clip's edit."""

    clip_id: UUID
    version: int
    base_version: int | None
    transcript_version: int
    length_ms: float
    """Length of the clip as it is played."""
    segments: list[PlayedSegment]
    """Segments in the order in which they are played."""
    crops: dict[Aspect, list[CropKey]]
    suggested: dict[Aspect, list[CropKey]]
    """Key frames to start from: automatic framing of the clip in each aspect. Empty until it was analysed."""
    captions: list[CaptionText]
    """Own texts that are shown instead of the words."""
    look: ClipLook | None
    """Look of exports that name none; null: as the project's options say."""


class EditedClip(ClipEdit, frozen=True, kw_only=True):
    """The newest version of a clip's edit after a request."""

    changed: Annotated[
        bool, Meta(description="`false`: the operations change nothing, and this is the version that was there.")
    ]


class EditVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version: its author, its base version and its operations."""

    version: int
    made_by: Literal["machine", "person"]
    created_at: dt.datetime
    base_version: int | None = None
    actor: Actor | None = None
    """Who edited; null: the machine made it."""
    note: str = ""
    operations: list[ops.Operation] = []
    """Requested operations, in order."""


class ListVersions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of versions before a version, newest first; it is shorter where versions have many operations."""

    before: Version | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class EditVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first; ``next_before`` asks for older ones."""

    items: list[EditVersion]
    next_before: int | None = None


async def get_edit(call: Call[None, ReadEdit]) -> Reply:
    """Read what a clip plays of its source, in which order and how."""
    async with call.rows() as rows:
        clip = await find_clip(rows, call.org_id, call.ids["clip_id"])
        version = call.query.version or await clips.newest_edit_version(rows, call.org_id, clip["clip_id"])
        edit = await clips.read_edit(rows, clip, version)
    if edit is None:
        raise no_version(version, "this clip's edit")
    return _answer(clip, edit)


class ReadWords(msgspec.Struct, frozen=True, kw_only=True):
    """Words that an edit counts, with the version of their transcript."""

    words: list[Word] = []
    transcript_version: int = 1


async def read_words(call: Call[EditClip, None]) -> ReadWords:
    """Read the transcript that the request names, or the newest. Raises as `_check_version`, and a 422."""
    version = call.body.transcript_version
    async with call.rows() as rows:
        clip = await find_clip(rows, call.org_id, call.ids["clip_id"])
        await _check_version(rows, call)
        transcript = await read_transcript(rows, call.org_id, clip["project_id"], version)
    if transcript is None and version is not None:
        raise invalid("/transcript_version", f"There is no version {version} of the transcript.")
    if transcript is None:
        return ReadWords()
    body = await call.context.documents.get(transcript.object)
    words = (await asyncio.to_thread(msgspec.json.decode, body, type=Transcript)).words
    return ReadWords(words=words, transcript_version=transcript.version)


async def _check_version(rows: Connection, call: Call[EditClip, None]) -> int:
    """The newest version of the edit.

    Raises a 428 or 412 where the caller did not read it, a 409 where the edit has the most versions.
    """
    newest = await clips.newest_edit_version(rows, call.org_id, call.ids["clip_id"])
    changed = ApiProblem("edit-changed", f"The edit is at version {newest} now.")
    check_held(call.request, etag_of(newest), resource="edit", changed=changed)
    if newest >= MAX_VERSIONS:
        raise ApiProblem("limit-reached", f"An edit has at most {MAX_VERSIONS} versions.")
    return newest


async def edit_clip(call: Call[EditClip, None], read: ReadWords) -> Reply:
    """Make the next version of the one that was read; operations without effect make none, and no event."""
    async with call.rows() as rows:
        clip = require(await lock_clip(rows, call.org_id, call.ids["clip_id"]), "clip")
        newest = await _check_version(rows, call)
        base = await clips.read_edit(rows, clip, newest)
        assert base is not None
        material = await _read_material(rows, call, clip, newest, read)
        try:
            edit = await asyncio.to_thread(apply, base, call.body.operations, material)
        except BadEditError as error:
            raise invalid(f"/operations/{error.path}", error.detail) from None
        await _check_look(rows, call, clip, edit)
        if is_same(edit, base):
            return _answer(clip, base, changed=False)
        await clips.insert_edit(rows, clip, edit, call.body.operations, call.caller.actor, call.body.note)
        await _put_event(rows, call, clip, edit)
    return _answer(clip, edit, changed=True)


async def _check_look(rows: Connection, call: Call[EditClip, None], clip: Row, edit: EditList) -> None:
    """Raise a 422 where operations change the look into one that no export can have."""
    changes = [at for at, operation in enumerate(call.body.operations) if isinstance(operation, ops.Look)]
    if changes and edit.look is not None:
        pointer = f"/operations/{changes[-1]}/look"
        await check_look(rows, call.context.settings, edit.look, clip, test=call.caller.test, pointer=pointer)


async def _put_event(rows: Connection, call: Call[EditClip, None], clip: Row, edit: EditList) -> None:
    """Add the event to the project's list.

    It names the operations alone: their texts are the customer's words.
    """
    event = ClipEdited(
        org_id=call.org_id,
        project_id=clip["project_id"],
        version=await next_version(rows, call.org_id, clip["project_id"]),
        clip_id=clip["clip_id"],
        ordinal=clip["ordinal"],
        edit_version=edit.version,
        base_version=edit.base_version or 1,
        transcript_version=edit.transcript_version,
        operations=[str(msgspec.to_builtins(operation)["op"]) for operation in call.body.operations],
        segment_count=len(edit.segments),
        length_ms=round(length_ms(place_edit(edit))),
    )
    await put_project_event(rows, event, call.cause(clip["clip_id"]))


async def _read_material(
    rows: Connection, call: Call[EditClip, None], clip: Row, newest: int, read: ReadWords
) -> EditMaterial:
    restored = {
        operation.version
        for operation in call.body.operations
        if isinstance(operation, ops.Restore) and operation.version <= newest
    }
    edits = {version: await clips.read_edit(rows, clip, version) for version in sorted(restored)}
    return EditMaterial(
        words=read.words,
        duration_ms=clip["duration_ms"] or clip["end_ms"],
        width_px=clip["width_px"] or 0,
        height_px=clip["height_px"] or 0,
        transcript_version=read.transcript_version,
        versions={number: edit for number, edit in edits.items() if edit is not None},
    )


_PIECE_FIELDS = ("segment_id", "speed", "muted", "gain_db", "style", "output_start_ms")
"""Fields of a piece that an answer has unchanged."""


def etag_of(version: int) -> str:
    """ETag of one version of a clip's edit."""
    return f'"edit-{version}"'


def _answer(clip: Row, edit: EditList, *, changed: bool | None = None) -> Reply:
    played = place_edit(edit)
    segments = [
        PlayedSegment(
            start_ms=segment.source.start_ms,
            end_ms=segment.source.end_ms,
            output_end_ms=segment.output_end_ms,
            **{name: getattr(segment, name) for name in _PIECE_FIELDS},
        )
        for segment in played
    ]
    fields = {name: getattr(edit, name) for name in EditList.__struct_fields__ if name != "segments"}
    keys = msgspec.convert(clip["crops"], dict[Aspect, list[CropKey]])
    fields |= {"clip_id": clip["clip_id"], "suggested": keys, "length_ms": length_ms(played), "segments": segments}
    body = ClipEdit(**fields) if changed is None else EditedClip(changed=changed, **fields)
    return Reply(body=body, headers={"ETag": etag_of(edit.version), "Cache-Control": "private, no-cache"})


async def list_edit_versions(call: Call[None, ListVersions]) -> Reply:
    """List the versions with their authors, base versions and operations."""
    before = call.query.before or 2**31 - 1
    async with call.rows() as rows:
        clip = await find_clip(rows, call.org_id, call.ids["clip_id"])
        version_rows = await clips.list_edit_rows(
            rows, call.org_id, clip["clip_id"], before=before, limit=call.query.limit, max_bytes=PAGE_BYTES
        )
    items = [_version(row) for row in version_rows]
    oldest = items[-1].version if items else before
    if len(items) < call.query.limit and (oldest == 2 or (not items and before > 1)):
        items.append(EditVersion(version=1, made_by="machine", created_at=clip["created_at"]))
    more = items[-1].version if items and items[-1].version > 1 else None
    return Reply(body=EditVersions(items=items, next_before=more))


def _version(row: Row) -> EditVersion:
    fields: dict[str, Any] = {name: row[name] for name in ("version", "base_version", "note", "created_at")}
    actor = parse_actor(row["actor"])
    operations = msgspec.convert(row["operations"], list[ops.Operation])
    return EditVersion(made_by="person", actor=actor, operations=operations, **fields)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}/edit",
        name="getClipEdit",
        tag="clips",
        permission="projects:read",
        summary="Read what a clip plays of its source",
        handler=get_edit,
        query=ReadEdit,
        response=ClipEdit,
    ),
    Operation(
        method="PATCH",
        path="/v1/clips/{clip_id}/edit",
        name="editClip",
        tag="clips",
        permission="projects:write",
        summary="Edit a clip: cut, join, reorder, speed, mute, texts, styles, crops, look, undo",
        handler=TwoPhaseHandler(prepare=read_words, commit=edit_clip),
        request=EditClip,
        response=EditedClip,
        problems=("precondition-required", "edit-changed", "limit-reached"),
        description="`If-Match` with the ETag of the version that was read is required. No version is ever changed. "
        "Operations that change nothing make no version: the answer is the newest one, `changed` is false.",
    ),
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}/edit/versions",
        name="listClipEditVersions",
        tag="clips",
        permission="projects:read",
        summary="List the versions of a clip's edit",
        handler=list_edit_versions,
        query=ListVersions,
        response=EditVersions,
    ),
)
