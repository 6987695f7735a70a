"""Uploads in requests and answers, and how a file is split and named. Pure."""

from __future__ import annotations

import datetime as dt
import math
import mimetypes
import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.problems.problem_details import invalid
from core.infra.postgres.connection import Row
from core.ports.stores import UploadPart
from schemas.options.brand_kit import Purpose

MIB = 2**20
SINGLE_MAX_BYTES = 64 * MIB
PART_BYTES = 16 * MIB
PART_MIN_BYTES = 5 * MIB
MAX_PARTS = 10_000
MAX_SIGNED_PARTS = 200
EXPIRES_S = 3600
_MEDIA_TYPE = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}$", re.IGNORECASE)
_EXTENSION = re.compile(r"^\.[a-z0-9]{1,8}$")


class SignUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that is to be uploaded."""

    purpose: Purpose = "source"
    """Purpose of the file: a video to make clips of, or a file of brand kits (docs/brand-kits.md)."""

    filename: Annotated[str, Meta(min_length=1, max_length=255, description="Its name; the extension is kept.")]
    size_bytes: Annotated[int, Meta(ge=1, description="Its exact size; the upload takes exactly this many bytes.")]
    content_type: Annotated[str, Meta(max_length=163)] | None = None
    parts: (
        Annotated[
            int,
            Meta(ge=1, le=MAX_PARTS, description="Number of parts; by default files above 64 MiB are split."),
        ]
        | None
    ) = None


class SignParts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of the parts to sign."""

    numbers: Annotated[list[Annotated[int, Meta(ge=1, le=MAX_PARTS)]], Meta(min_length=1, max_length=MAX_SIGNED_PARTS)]
    """Numbers of the parts, each counted from 1."""


class PartTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part that was sent, and the ETag its PUT was answered with."""

    number: Annotated[int, Meta(ge=1, le=MAX_PARTS)]
    etag: Annotated[str, Meta(min_length=1, max_length=200)]


class CompleteUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parts that make the file; empty: all that arrived."""

    parts: Annotated[list[PartTag], Meta(max_length=MAX_PARTS)] = []
    """Parts with their ETags; empty for all parts that arrived."""


class SignedPart(msgspec.Struct, frozen=True, kw_only=True):
    """Where to PUT one part."""

    number: int
    url: str
    """Signed URL of the PUT."""
    size_bytes: int | None = None
    """Bytes that the URL takes exactly; null in uploads from before this was kept."""


class SignedUpload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to send the file: one PUT to ``url`` with ``headers``, or one PUT per part."""

    upload_id: UUID
    method: Literal["put", "multipart"]
    """`put`: send the file in one PUT to `url`; `multipart`: one PUT for each of `parts`."""
    object_key: str
    expires_at: dt.datetime
    url: str | None = None
    """Signed URL of the PUT; null for `multipart`."""
    headers: dict[str, str] = {}
    """Headers to send with the PUT, as they are."""
    part_size_bytes: int | None = None
    """Size of each part but the last."""
    part_count: int | None = None
    """Number of parts."""
    parts: list[SignedPart] = []
    """URLs of the first parts; `POST …/parts` gives the others."""


class SignedParts(msgspec.Struct, frozen=True, kw_only=True):
    """URLs of the wanted parts."""

    upload_id: UUID
    parts: list[SignedPart]
    """The parts with their URLs."""
    expires_at: dt.datetime


class ArrivedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that object storage holds."""

    number: int
    etag: str
    size_bytes: int


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload; ``arrived`` lists the parts that need not be sent again."""

    upload_id: UUID
    state: Literal["open", "complete", "aborted"]
    filename: str
    content_type: str
    size_bytes: int
    object_key: str
    created_at: dt.datetime
    purpose: Purpose = "source"
    """Purpose of the file: a video to make clips of, or a file of brand kits."""
    arrived: list[ArrivedPart] = []
    """Parts that object storage holds."""


def plan_parts(size_bytes: int, requested_parts: int | None) -> int | None:
    """Bytes of each part but the last, or None where one PUT is enough."""
    if requested_parts is None and size_bytes <= SINGLE_MAX_BYTES:
        return None
    least = PART_BYTES if requested_parts is None else max(PART_MIN_BYTES, math.ceil(size_bytes / requested_parts))
    return max(least, math.ceil(math.ceil(size_bytes / MAX_PARTS) / MIB) * MIB)


def max_parts(size_bytes: int) -> int:
    """Largest number of parts of a file of this size."""
    return min(MAX_PARTS, math.ceil(size_bytes / PART_MIN_BYTES))


def part_length(size_bytes: int, part_bytes: int, number: int) -> int:
    """Bytes of one part: all but the last are alike."""
    return min(part_bytes, size_bytes - (number - 1) * part_bytes)


def object_key(org_id: UUID, upload_id: UUID, filename: str) -> str:
    """``<org>/uploads/<upload>/source<ext>``: the caller's name adds only a plain extension."""
    extension = PurePosixPath(filename.replace("\\", "/")).suffix.lower()
    return f"{org_id}/uploads/{upload_id}/source{extension if _EXTENSION.fullmatch(extension) else ''}"


def content_type_of(request: SignUpload) -> str:
    """The stated media type, or one by the name; raises a 422 for text that is no media type."""
    stated = request.content_type or mimetypes.guess_type(request.filename)[0] or "application/octet-stream"
    if not _MEDIA_TYPE.fullmatch(stated):
        raise invalid("/content_type", "It must look like `video/mp4`.")
    return stated


def view(row: Row, arrived: list[UploadPart]) -> Upload:
    """An upload in the form of an answer, from its row and the parts that arrived."""
    return Upload(
        upload_id=row["upload_id"],
        state=row["state"],
        filename=row["filename"],
        content_type=row["content_type"],
        size_bytes=row["size_bytes"],
        object_key=row["object_key"],
        created_at=row["created_at"],
        purpose=row["purpose"],
        arrived=[ArrivedPart(number=part.number, etag=part.etag, size_bytes=part.size) for part in arrived],
    )
