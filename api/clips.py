"""Clips of a project: read them, with the files made of them. Changes and renders nothing."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from api.problems import not_found
from api.projects import find_project
from api.registry import Call, Operation, Reply
from schemas.documents import Aspect
from schemas.moments import SubScore
from schemas.proof import Verdict
from schemas.scenery import Framing
from streams.adapters.postgres import Connection, Row

_OF_PROJECT = """
select export_id, clip_id, aspect, captions, template, mask_profanity, state, edit_version, number, automatic, start_ms,
  end_ms, coalesce(certificate->'framing', '[]') as framing, certificate->>'verdict' as verdict
from exports where org_id = $1 and project_id = $2 order by number, created_at, export_id
"""
_OF_CLIP = _OF_PROJECT.replace("project_id = $2", "clip_id = $2")
"""A certificate is long, and a list needs little of it."""


class ClipExport(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a clip, in short."""

    export_id: UUID
    aspect: Aspect
    captions: bool
    template: str
    mask_profanity: bool
    state: Literal["waiting", "rendering", "done", "failed"]
    edit_version: int
    """Of the clip's edit that it plays."""
    number: int
    """Counts the exports of the clip: it names their files."""
    automatic: bool
    start_ms: int
    end_ms: int
    framing: list[Framing]
    """What its picture holds on, and why; empty until it is done."""
    verdict: Verdict | None
    """Of its certificate; None until it is done."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A chosen moment: why it was chosen, with its evidence, and the files made of it."""

    clip_id: UUID
    project_id: UUID
    ordinal: int
    start_ms: int
    end_ms: int
    title: str
    hook: str
    """The line it opens with."""
    description: str
    hashtags: list[str]
    reason: str
    """Why it was chosen, in a sentence."""
    without_words: str | None
    """Why nothing is said in it, and so it has no captions; None where there are words."""
    score: float
    """Score from 0 to 100."""
    confidence: float
    signals: list[SubScore]
    exports: list[ClipExport]
    created_at: dt.datetime


class ClipList(msgspec.Struct, frozen=True, kw_only=True):
    """Clips of a project, best first."""

    items: list[Clip]
    nothing_found_reason: str | None = None


async def list_clips(call: Call[None, None]) -> Reply:
    """Clips of a project, best first."""
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        owner = (call.org_id, project["project_id"])
        clips = await rows.fetch("select * from clips where org_id = $1 and project_id = $2 order by ordinal", *owner)
        exports = await rows.fetch(_OF_PROJECT, *owner)
    of_clip: dict[UUID, list[Row]] = {}
    for export in exports:
        of_clip.setdefault(export["clip_id"], []).append(export)
    items = [_clip(row, of_clip.get(row["clip_id"], [])) for row in clips]
    return Reply(body=ClipList(items=items, nothing_found_reason=project["nothing_found_reason"]))


async def get_clip(call: Call[None, None]) -> Reply:
    """One clip."""
    async with call.rows() as rows:
        row = await find_clip(rows, call.org_id, call.ids["clip_id"])
        exports = await rows.fetch(_OF_CLIP, call.org_id, row["clip_id"])
    return Reply(body=_clip(row, exports))


async def find_clip(rows: Connection, org_id: UUID, clip_id: UUID) -> Row:
    """A clip of the caller's with its project's length and options; raises a 404, also when its project was erased."""
    row = await rows.fetchrow(
        """select c.*, p.duration_ms, p.options from clips c join projects p using (org_id, project_id)
           where c.org_id = $1 and c.clip_id = $2 and p.state not in ('erased', 'cancelled')""",
        org_id,
        clip_id,
    )
    if row is None:
        raise not_found("clip")
    return row


def _clip(row: Row, exports: list[Row]) -> Clip:
    names = [name for name in Clip.__struct_fields__ if name not in ("signals", "exports")]
    brief = [_brief(export) for export in exports]
    signals = msgspec.convert(row["signals"], list[SubScore])
    return Clip(**{name: row[name] for name in names}, signals=signals, exports=brief)


def _brief(export: Row) -> ClipExport:
    told = {name: export[name] for name in ClipExport.__struct_fields__ if name != "framing"}
    return ClipExport(**told, framing=msgspec.convert(export["framing"], list[Framing]))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/clips",
        name="listClips",
        tag="clips",
        permission="read",
        summary="List the clips of a project, best first",
        handler=list_clips,
        response=ClipList,
        problems=("project-erased",),
    ),
    Operation(
        method="GET",
        path="/v1/clips/{clip_id}",
        name="getClip",
        tag="clips",
        permission="read",
        summary="Read a clip",
        handler=get_clip,
        response=Clip,
    ),
)
