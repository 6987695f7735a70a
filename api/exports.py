"""Exports: how one stands, and signed URLs of its files. The bytes go from object storage to the caller directly."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from api.problems import not_found
from api.project_views import Failure
from api.registry import Call, Operation, Reply
from schemas.documents import Aspect, Certificate, ExportFiles
from schemas.export_options import ExportOptions
from schemas.media import ObjectRef
from streams.adapters.ports import Objects
from streams.adapters.postgres import Row

EXPIRES_S = 900


class FileLink(msgspec.Struct, frozen=True, kw_only=True):
    """A file to download: the URL answers Range and dies at ``expires_at``."""

    url: str
    size_bytes: int
    sha256: str
    filename: str


class ExportLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a finished export; subtitles are absent where nothing is said."""

    video: FileLink
    thumbnail: FileLink
    srt: FileLink | None
    vtt: FileLink | None
    ass: FileLink | None
    ttml: FileLink | None
    txt: FileLink | None
    expires_at: dt.datetime


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One encoded file of a clip."""

    export_id: UUID
    project_id: UUID
    clip_id: UUID
    ordinal: int
    edit_version: int
    """Of the clip's edit that it plays."""
    number: int
    """Counts the exports of the clip: it names their files."""
    aspect: Aspect
    captions: bool
    template: str
    mask_profanity: bool
    transcript_version: int | None = None
    """Whose words it shows; 0 where there were none, null in exports older than this."""
    options: ExportOptions = ExportOptions()
    """What was asked for beside."""
    start_ms: int
    end_ms: int
    automatic: bool
    state: Literal["waiting", "rendering", "done", "failed"]
    created_at: dt.datetime
    finished_at: dt.datetime | None
    certificate: Certificate | None = None
    files: ExportLinks | None = None
    failure: Failure | None = None


def export_view(row: Row, objects: Objects, now: dt.datetime) -> Export:
    """An export's row as it is answered, with fresh links where it is done."""
    derived = ("certificate", "files", "failure", "options")
    failure = None
    if row["failure_reason"]:
        failure = Failure(reason=row["failure_reason"], detail=row["failure_detail"] or "")
    return Export(
        **{name: row[name] for name in Export.__struct_fields__ if name not in derived},
        certificate=msgspec.convert(row["certificate"], Certificate) if row["certificate"] else None,
        files=_links(row, objects, now) if row["files"] else None,
        failure=failure,
        options=msgspec.convert(row["options"], ExportOptions),
    )


def _links(row: Row, objects: Objects, now: dt.datetime) -> ExportLinks:
    files = msgspec.convert(row["files"], ExportFiles)
    stem = f"clip-{row['ordinal'] + 1:02d}-{row['aspect'].replace(':', 'x')}"
    stem += f"-v{row['number']}" if row["number"] > 1 else ""

    def link(ref: ObjectRef, suffix: str) -> FileLink:
        url = objects.presign_get(ref.key, filename=stem + suffix, expires_s=EXPIRES_S)
        return FileLink(url=url, size_bytes=ref.size, sha256=ref.sha256, filename=stem + suffix)

    return ExportLinks(
        video=link(files.video, ".mp4"),
        thumbnail=link(files.thumbnail, ".jpg"),
        srt=link(files.srt, ".srt") if files.srt else None,
        vtt=link(files.vtt, ".vtt") if files.vtt else None,
        ass=link(files.ass, ".ass") if files.ass else None,
        ttml=link(files.ttml, ".ttml") if files.ttml else None,
        txt=link(files.txt, ".txt") if files.txt else None,
        expires_at=now + dt.timedelta(seconds=EXPIRES_S),
    )


async def get_export(call: Call[None, None]) -> Reply:
    """How an export stands; when done, signed URLs of its files."""
    async with call.rows() as rows:
        row = await rows.fetchrow(
            """select e.* from exports e join projects p using (org_id, project_id)
               where e.org_id = $1 and e.export_id = $2 and p.state <> 'erased'""",
            call.org_id,
            call.ids["export_id"],
        )
    if row is None:
        raise not_found("export")
    return Reply(body=export_view(row, call.context.objects, call.now))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/exports/{export_id}",
        name="getExport",
        tag="clips",
        permission="read",
        summary="Read an export, with signed download URLs when done",
        handler=get_export,
        response=Export,
    ),
)
