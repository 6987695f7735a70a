"""Exports and signed URLs of their files. The bytes go from object storage to the caller directly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.metadata_etags import etag_of
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import not_found, require
from api.projects.models import Failure
from core.domain.exports.storyboard_vtt import storyboard_vtt
from core.domain.project_states import ExportState
from core.domain.subtitles.ass_ttml import SUBTITLE_TYPES
from core.infra.postgres.connection import Connection, Row
from core.ports.stores import Objects
from core.storage.exports import find_export_row
from schemas.common import Aspect, ObjectRef
from schemas.documents.export import Certificate, ExportFiles, Storyboard, ThumbnailScores
from schemas.metadata import Metadata, decode_metadata
from schemas.options.export_options import ExportOptions, file_for

EXPIRES_S = 900
STEM, TRACK = "stem-", "track "
"""Before the name of a stem, and of a further language and kind, among an export's files."""
VTT = SUBTITLE_TYPES["vtt"]
CANDIDATE = "thumbnail-"
"""Before the number of a further candidate."""


class FileLink(msgspec.Struct, frozen=True, kw_only=True):
    """A file to download: the URL answers Range and expires at ``expires_at``."""

    url: str
    """Signed URL; it supports range requests."""
    size_bytes: int
    sha256: str
    filename: str
    content_type: str


class ThumbnailLink(FileLink, frozen=True, kw_only=True):
    """A candidate thumbnail with its measured scores."""

    scores: ThumbnailScores
    """Measured scores of the picture."""


class ExportLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a finished export; subtitles are absent where nothing is said."""

    video: FileLink
    """The clip itself, also where it is a GIF or sound alone."""
    thumbnail: FileLink
    """Picture to represent the clip."""
    srt: FileLink | None
    """Subtitles as SubRip."""
    vtt: FileLink | None
    """Subtitles as WebVTT."""
    ass: FileLink | None
    """Subtitles as ASS, styled."""
    ttml: FileLink | None
    """Subtitles as TTML."""
    txt: FileLink | None
    """The words as plain text."""
    tracks: dict[str, dict[str, FileLink]] = {}
    """Subtitles in further languages, where the project has them: by code, then by kind."""
    stems: dict[str, FileLink] = {}
    """By name, where they were asked for: `voice`, `mix`."""
    thumbnails: list[ThumbnailLink] = []
    """Candidates, best first: the first is `thumbnail`."""
    storyboard: FileLink | None = None
    """The sprite; `GET /v1/exports/{export_id}/storyboard.vtt` says what stands where in it."""
    expires_at: dt.datetime


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One encoded file of a clip."""

    export_id: UUID
    project_id: UUID
    clip_id: UUID
    ordinal: int
    edit_version: int
    """Version of the clip's edit that it plays."""
    number: int
    """Counts the exports of the clip: it names their files."""
    title: str
    """Title of its own; empty: the clip's."""
    metadata: Metadata
    revision: int
    """Counts the changes of title and metadata, from 1: names the ETag."""
    aspect: Aspect
    captions: bool
    """Whether captions are burned in."""
    template: str
    mask_profanity: bool
    transcript_version: int | None = None
    """Version of the transcript that it shows; 0 where there were none, null in exports older than this."""
    options: ExportOptions = ExportOptions()
    """Options of the request."""
    start_ms: int
    """Start on the project's time line, in ms."""
    end_ms: int
    automatic: bool
    test: bool
    """Made with a test key, or of a project that was: a draft with a mark over the picture, and not billed."""
    watermark: bool
    """Asked for under a plan whose files bear a mark over the picture; one that is asked for under another has none."""
    state: ExportState
    created_at: dt.datetime
    finished_at: dt.datetime | None
    certificate: Certificate | None = None
    """Measured checks of the file; null until it is done."""
    files: ExportLinks | None = None
    """Signed URLs of the files; null until it is done."""
    failure: Failure | None = None


def export_view(row: Row, objects: Objects, now: dt.datetime) -> Export:
    """An export in the form of an answer, with fresh links where it is finished."""
    derived = ("certificate", "files", "failure", "options", "metadata")
    failure = None
    if row["failure_reason"]:
        failure = Failure(reason=row["failure_reason"], detail=row["failure_detail"] or "")
    return Export(
        **{name: row[name] for name in Export.__struct_fields__ if name not in derived},
        certificate=msgspec.convert(row["certificate"], Certificate) if row["certificate"] else None,
        files=_links(row, objects, now) if row["files"] else None,
        failure=failure,
        options=msgspec.convert(row["options"], ExportOptions),
        metadata=decode_metadata(row["metadata"]),
    )


def export_reply(row: Row, objects: Objects, now: dt.datetime) -> Reply:
    """Answer with an export."""
    body: Export = export_view(row, objects, now)
    return Reply(body=body, headers={"ETag": etag_of("export", row["revision"])})


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a finished export in object storage."""

    ref: ObjectRef
    suffix: str
    """End of its name, behind the export's own."""
    media_type: str


def file_stem(row: Row) -> str:
    """File name of an export without suffix: ``clip-01-9x16``, later ones ``clip-01-9x16-v2``."""
    stem = f"clip-{row['ordinal'] + 1:02d}-{row['aspect'].replace(':', 'x')}"
    return f"{stem}-v{row['number']}" if row["number"] > 1 else stem


def list_stored_files(row: Row) -> dict[str, StoredFile]:
    """Files of a finished export by kind, from its row."""
    files = msgspec.convert(row["files"], ExportFiles)
    file = file_for(msgspec.convert(row["options"], ExportOptions))
    stored = {
        "video": StoredFile(ref=files.video, suffix=file.suffix, media_type=file.media_type),
        "thumbnail": StoredFile(ref=files.thumbnail, suffix=".jpg", media_type="image/jpeg"),
    }
    stored |= {
        f"{STEM}{name}": StoredFile(ref=ref, suffix=f"-{name}.flac", media_type="audio/flac")
        for name, ref in files.stems.items()
    }
    stored |= {
        f"{TRACK}{language} {kind}": StoredFile(ref=ref, suffix=f".{language}.{kind}", media_type=SUBTITLE_TYPES[kind])
        for language, kinds in files.tracks.items()
        for kind, ref in kinds.items()
    }
    stored |= {
        f"{CANDIDATE}{number}": StoredFile(
            ref=thumbnail.image, suffix=f"-thumbnail-{number}.jpg", media_type="image/jpeg"
        )
        for number, thumbnail in enumerate(files.thumbnails[1:], 2)
    }
    if files.storyboard:
        image = files.storyboard.image
        stored["storyboard"] = StoredFile(ref=image, suffix="-storyboard.jpg", media_type="image/jpeg")
    texts = {kind: getattr(files, kind) for kind in SUBTITLE_TYPES}
    return stored | {
        kind: StoredFile(ref=ref, suffix=f".{kind}", media_type=SUBTITLE_TYPES[kind])
        for kind, ref in texts.items()
        if ref is not None
    }


def _links(row: Row, objects: Objects, now: dt.datetime) -> ExportLinks:
    stem = file_stem(row)

    def link(file: StoredFile) -> FileLink:
        name = stem + file.suffix
        return FileLink(
            url=objects.presign_get(file.ref.key, filename=name, expires_s=EXPIRES_S),
            size_bytes=file.ref.size,
            sha256=file.ref.sha256,
            filename=name,
            content_type=file.media_type,
        )

    links: dict[str, FileLink | None] = dict.fromkeys(SUBTITLE_TYPES)
    files = list_stored_files(row)
    links |= {kind: link(file) for kind, file in files.items() if not kind.startswith((STEM, TRACK, CANDIDATE))}
    tracks: dict[str, dict[str, FileLink]] = {}
    for name, file in files.items():
        if name.startswith(TRACK):
            language, kind = name.removeprefix(TRACK).split()
            tracks.setdefault(language, {})[kind] = link(file)
    stems = {kind.removeprefix(STEM): link(file) for kind, file in files.items() if kind.startswith(STEM)}
    thumbnails = _thumbnails(row, {kind: link(file) for kind, file in files.items()})
    expires_at = now + dt.timedelta(seconds=EXPIRES_S)
    return ExportLinks(**links, tracks=tracks, stems=stems, thumbnails=thumbnails, expires_at=expires_at)  # type: ignore[arg-type]


def _thumbnails(row: Row, links: Mapping[str, FileLink]) -> list[ThumbnailLink]:
    """The candidates with their measured scores, best first."""
    candidates = msgspec.convert(row["files"], ExportFiles).thumbnails
    return [
        ThumbnailLink(
            **msgspec.structs.asdict(links[f"{CANDIDATE}{number}" if number > 1 else "thumbnail"]),
            scores=msgspec.convert(candidate, ThumbnailScores, from_attributes=True),
        )
        for number, candidate in enumerate(candidates, 1)
    ]


async def get_export(call: Call[None, None]) -> Reply:
    """Read an export; a finished one has signed URLs of its files."""
    return export_reply(await _read(call), call.context.objects, call.now)


class ReadStoryboard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image that the cues name."""

    image: (
        Annotated[
            str,
            Meta(min_length=1, max_length=200, pattern=r"^[\w.\-]+(?![\s\S])", description="letters, digits, - . _"),
        ]
        | None
    ) = None
    """A file's name, for a page or folder of your own; None: the sprite's signed URL."""


def read_storyboard(row: Row) -> Storyboard | None:
    """The sprite of an export; None where the export is unfinished or has none."""
    return msgspec.convert(row["files"], ExportFiles).storyboard if row["files"] else None


async def get_storyboard(call: Call[None, ReadStoryboard]) -> Reply:
    """WebVTT whose cues name the part of the sprite that shows their time."""
    row = await _read(call)
    board = read_storyboard(row)
    if board is None:
        raise not_found("storyboard of this export")
    name = f"{file_stem(row)}-storyboard"
    url = call.context.objects.presign_get(board.image.key, filename=f"{name}.jpg", expires_s=EXPIRES_S)
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": f'attachment; filename="{name}.vtt"'}
    body = storyboard_vtt(board, call.query.image or url).encode()
    return Reply(body=body, headers=headers, media_type=VTT)


async def _read(call: Call[Any, Any]) -> Row:
    async with call.rows() as rows:
        return await find_export(rows, call.org_id, call.ids["export_id"])


async def find_export(rows: Connection, org_id: UUID, export_id: UUID) -> Row:
    """An export of the caller's organisation; raises a 404, also where its project was erased."""
    return require(await find_export_row(rows, org_id, export_id), "export")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/exports/{export_id}",
        name="getExport",
        tag="clips",
        permission="projects:read",
        summary="Read an export, with signed download URLs when done",
        handler=get_export,
        response=Export,
    ),
    Operation(
        method="GET",
        path="/v1/exports/{export_id}/storyboard.vtt",
        name="getStoryboard",
        tag="clips",
        permission="projects:read",
        summary="Read what stands where in an export's storyboard sprite, as WebVTT",
        handler=get_storyboard,
        query=ReadStoryboard,
        media_types=("text/vtt",),
    ),
)
