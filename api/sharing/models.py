"""What requests and answers about share links hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.problems.problem_details import FieldError, invalid
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Row
from core.storage.sharing.shares import ShareState

MAX_SHARED = 50
DEFAULT_LIFE_S = 7 * 86_400
LIFE_S = (60, 366 * 86_400)
PAGE, EMBED = "/s", "/embed"
ShareTitle = Annotated[str, Meta(max_length=200)]
ExpiresIn = Annotated[int, Meta(ge=LIFE_S[0], le=LIFE_S[1])]
ExpiresAt = Annotated[dt.datetime, Meta(tz=True)]
SharedIds = Annotated[list[UUID], Meta(min_length=1, max_length=MAX_SHARED)]


class CreateShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a link shows, and for how long. Give either `clip_ids` or `export_ids`."""

    clip_ids: SharedIds | None = None
    """Clips, in the order of the page: of each its newest finished export, which then stays."""
    export_ids: SharedIds | None = None
    """Finished exports, in the order of the page."""
    title: ShareTitle = ""
    """Title of the page; empty: that of its only clip."""
    expires_in_s: ExpiresIn | None = None
    """Seconds until the link ends; without it, and without `expires_at`, 7 days."""
    expires_at: ExpiresAt | None = None
    """When the link ends: in a minute at the earliest, in 366 days at the latest."""
    allow_download: bool = True
    """Whether the page offers the files."""
    show_organisation: bool = False
    """Whether the page shows the organisation's name."""


class ChangeShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change; a part that is left out stays."""

    title: ShareTitle | UnsetType = UNSET
    """Title of the page; empty: that of its only clip."""
    expires_in_s: ExpiresIn | None = None
    """Seconds from now until the link ends."""
    expires_at: ExpiresAt | None = None
    """When the link ends: in a minute at the earliest, in 366 days at the latest."""
    allow_download: bool | UnsetType = UNSET
    """Whether the page offers the files."""
    show_organisation: bool | UnsetType = UNSET
    """Whether the page shows the organisation's name."""
    new_link: bool = False
    """Whether the link gets another address, which the answer shows; the old one ends at once."""


class ListShares(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of links."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    state: ShareState | None = None
    """Only links in this state."""
    project_id: UUID | None = None
    """Only links that show something of this project."""


class SharedExport(msgspec.Struct, frozen=True, kw_only=True):
    """An export that a link shows."""

    export_id: UUID
    clip_id: UUID
    project_id: UUID
    title: str
    """Title of the export, or of its clip."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link that shows finished exports to who has no account."""

    share_id: UUID
    title: str
    """Title of the page; empty: that of its only clip."""
    state: ShareState
    """`empty`: all that it showed was erased."""
    created_at: dt.datetime
    created_by: Actor
    """Who made it."""
    expires_at: dt.datetime
    """When the link ends by itself."""
    revoked_at: dt.datetime | None
    """When it was revoked; null: it was not."""
    allow_download: bool
    """Whether the page offers the files."""
    show_organisation: bool
    """Whether the page shows the organisation's name."""
    test: bool
    """Made with a test key: it shows drafts with a mark over the picture."""
    views: int
    """How often it was opened."""
    last_viewed_at: dt.datetime | None
    """When it was opened last; null: never."""
    exports: list[SharedExport]
    """What it shows, in the order of the page; what was erased is left out."""
    token: Annotated[str, Meta(examples=["clw_3n0Pz8V1T5nNfXc7eQmW2kLrYd9uAa4sGh6jBt0iEoM"])] | None = None
    """The secret in its address. Only the answer that makes it has it."""
    url: Annotated[str, Meta(examples=["https://clips.example/s/clw_3n0Pz8V1T5nNfXc7eQmW2kLrYd9uAa4sGh6jBt0iEoM"])] | (
        None
    ) = None
    """Address of its page. Only the answer that makes it has it."""
    embed_html: Annotated[str, Meta(examples=['<iframe src="https://clips.example/embed/clw_3n0P…"></iframe>'])] | (
        None
    ) = None
    """HTML that shows its player in another page. Only the answer that makes its address has it."""


class SharePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of links, newest first."""

    items: list[Share]
    next_cursor: str | None


class SharedCaptions(msgspec.Struct, frozen=True, kw_only=True):
    """Captions of a clip in one language."""

    language: str
    """BCP 47 tag; `und` where it is not known."""
    url: Annotated[str, Meta(examples=["https://clips.example/v1/public/shares/clw_3n0P…/exports/7d1f…/captions.vtt"])]
    """Address of the WebVTT, at the API's own origin: a player's track of another one would need CORS."""
    shown: bool
    """Whether a player should show them at first: none are burned into the picture."""


class SharedDownload(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a clip."""

    url: str
    """Signed URL; it supports range requests."""
    filename: str
    size_bytes: int


class SharedClip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip on the page of a link."""

    export_id: UUID
    title: str
    """Title of the export, or of its clip."""
    kind: Literal["video", "image", "audio"]
    """`image`: an animated GIF."""
    content_type: str
    duration_ms: int
    """Length of the clip, in ms."""
    width_px: int
    height_px: int
    video_url: Annotated[str, Meta(examples=["https://storage.example/clipstream/clip.mp4?X-Amz-Signature=…"])]
    """Signed URL of the clip; it supports range requests."""
    poster_url: Annotated[str, Meta(examples=["https://storage.example/clipstream/thumbnail.jpg?X-Amz-Signature=…"])]
    """Signed URL of its picture."""
    burned_in_captions: bool
    """Whether captions are part of the picture."""
    captions: list[SharedCaptions]
    """Captions by language; none where nothing is said."""
    download: SharedDownload | None
    """The file, where the link offers it."""
    draft: bool
    """Made with a test key: marked over the picture."""


class PublicShare(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows to who has no account."""

    title: str
    """Title of the page."""
    organisation: str | None
    """Name of the organisation, where the link shows it."""
    expires_at: dt.datetime
    """When the link ends."""
    allow_download: bool
    """Whether the page offers the files."""
    links_expire_at: dt.datetime
    """When the signed URLs below end: read the link again then."""
    page_url: Annotated[str, Meta(examples=["https://clips.example/s/clw_3n0P…"])]
    """Address of its page."""
    embed_url: Annotated[str, Meta(examples=["https://clips.example/embed/clw_3n0P…"])]
    """Address of its player, for pages that embed it."""
    clips: list[SharedClip]
    """What it shows."""


def create_errors(request: CreateShare) -> list[FieldError]:
    """Errors of a request for a link that types cannot state."""
    errors = _life_errors(request)
    if (request.clip_ids is None) == (request.export_ids is None):
        errors.append(FieldError(pointer="/export_ids", detail="Give either `clip_ids` or `export_ids`."))
    for name in ("clip_ids", "export_ids"):
        ids = getattr(request, name) or []
        errors += [
            FieldError(pointer=f"/{name}/{position}", detail="It stands there twice.")
            for position, item in enumerate(ids)
            if item in ids[:position]
        ]
    return errors


def change_errors(request: ChangeShare) -> list[FieldError]:
    """Errors of a change that types cannot state."""
    return _life_errors(request)


def _life_errors(request: CreateShare | ChangeShare) -> list[FieldError]:
    if request.expires_in_s is None or request.expires_at is None:
        return []
    return [FieldError(pointer="/expires_at", detail="Give either `expires_in_s` or `expires_at`.")]


def end_of(request: CreateShare | ChangeShare, now: dt.datetime) -> dt.datetime | None:
    """When a link is to end; None where the request does not say. Raises a 422 for a moment out of bounds."""
    if request.expires_in_s is not None:
        return now + dt.timedelta(seconds=request.expires_in_s)
    if request.expires_at is None:
        return None
    if not LIFE_S[0] <= (request.expires_at - now).total_seconds() <= LIFE_S[1]:
        raise invalid("/expires_at", "It must lie a minute to 366 days from now.")
    return request.expires_at


def share_view(row: Row, exports: Sequence[Row], *, public_address: str = "", token: str | None = None) -> Share:
    """A link in the form of an answer; with its address where its ``token`` was made just now."""
    address: dict[str, Any] = {}
    if token is not None:
        address = {"token": token, "url": f"{public_address}{PAGE}/{token}"}
        address["embed_html"] = embed_html(f"{public_address}{EMBED}/{token}", row["title"])
    derived = {"created_by", "exports", "token", "url", "embed_html"}
    return Share(
        **{name: row[name] for name in Share.__struct_fields__ if name not in derived},
        created_by=parse_actor(row["created_by"]),
        exports=[SharedExport(**{name: export[name] for name in SharedExport.__struct_fields__}) for export in exports],
        **address,
    )


def embed_html(url: str, title: str, *, width: int = 640, height: int = 360) -> str:
    """The snippet that shows a link's player in another page."""
    return (
        f'<iframe src="{escape(url)}" title="{escape(title or "Video")}" width="{width}" height="{height}" '
        'loading="lazy" referrerpolicy="no-referrer" allow="fullscreen; picture-in-picture" allowfullscreen '
        'style="border:0;max-width:100%"></iframe>'
    )
