"""What a share link shows to who has no account: as JSON, its captions, and oEmbed.

A token that is not ours, and one that has ended, are both a 404; the answer to a genuine one says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request

from api.exports.handlers import TRACK, VTT, StoredFile, file_stem, list_stored_files
from api.http.context import ApiContext
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, not_found
from api.sharing.models import EMBED, PAGE, PublicShare, SharedCaptions, SharedClip, SharedDownload, embed_html
from core.domain.clock_format import format_date
from core.infra.postgres.connection import Connection, Row, transaction
from core.services.identity.opaque_tokens import hash_token
from core.storage.sharing.opened_shares import OpenedShare, find_share_by_token, list_shown_exports, note_view
from schemas.documents.export import Certificate

URLS_LIFE_S = 3600
"""Life of the signed URLs, so that a page which was left open still plays; they end with the link at the latest."""
MAX_TOKEN_CHARACTERS = 100
UNKNOWN_LANGUAGE = "und"
PUBLIC_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
EMBED_PX = (640, 360)
"""Width and height of a player in another page, where it says nothing else."""


class ReadCaptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The language of captions."""

    language: Annotated[str, Meta(max_length=40, examples=["de"])] | None = None
    """One of those that the link lists; none: the first of them."""


class ReadOembed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What oEmbed asks for."""

    url: Annotated[str, Meta(min_length=1, max_length=500, examples=["https://clips.example/s/clw_3n0P"])]
    """Address of a share page, or of its player."""
    maxwidth: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """Most pixels in width."""
    maxheight: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """Most pixels in height."""
    format: Literal["json"] = "json"
    """Form of the answer; there is only this one."""


class Oembed(msgspec.Struct, frozen=True, kw_only=True):
    """How another page embeds a link's player (oEmbed 1.0)."""

    version: Literal["1.0"] = "1.0"
    """Version of oEmbed."""
    type: Literal["video"] = "video"
    """Kind of what is embedded."""
    title: str
    """Title of the page."""
    provider_name: Literal["Clipstream"] = "Clipstream"
    """Name of the product."""
    provider_url: Annotated[str, Meta(examples=["https://clips.example"])]
    """Address of the installation."""
    html: Annotated[str, Meta(examples=['<iframe src="https://clips.example/embed/clw_3n0P"></iframe>'])]
    """The player."""
    width: int
    """Width of the player, in pixels."""
    height: int
    """Height of the player, in pixels."""
    thumbnail_url: Annotated[str, Meta(examples=["https://storage.example/thumbnail.jpg?X-Amz-Signature=…"])]
    """Signed URL of the first clip's picture."""
    thumbnail_width: int
    """Width of the picture, in pixels."""
    thumbnail_height: int
    """Height of the picture, in pixels."""


async def open_share(rows: Connection, context: ApiContext, token: str, address: str) -> tuple[OpenedShare, list[Row]]:
    """The link of a token with the exports that it shows.

    Raises ``not-found``, ``share-ended``, ``rate-limited``.
    """
    if not token:
        raise _unknown()
    share = None
    if len(token) <= MAX_TOKEN_CHARACTERS and token.isascii():
        share = await find_share_by_token(rows, hash_token(token))
    if share is None:
        context.refusals.require(address)
        raise _unknown()
    if share.revoked_at is not None:
        raise ApiProblem("share-ended", "The link was taken back by who made it.")
    if share.expired:
        raise ApiProblem("share-ended", f"The link expired on {format_date(share.expires_at)}.")
    exports = await list_shown_exports(rows, share) if share.erased_at is None else []
    if not exports:
        raise ApiProblem("share-ended", "What the link showed is no longer there.")
    return share, exports


def _unknown() -> ApiProblem:
    return ApiProblem("not-found", "There is no such link.")


async def read_public_share(
    context: ApiContext, request: Request, token: str, address: str, now: dt.datetime, *, viewed: bool
) -> PublicShare:
    """What a link shows.

    ``viewed``: it counts as a view, unless a browser only fetched ahead.
    """
    context.share_reads.require(address)
    async with transaction(context.pool) as rows:
        share, exports = await open_share(rows, context, token, address)
        if viewed and request.method == "GET" and "prefetch" not in request.headers.get("sec-purpose", ""):
            await note_view(rows, share)
    return _view(context, share, exports, token, now)


def _view(context: ApiContext, share: OpenedShare, exports: Sequence[Row], token: str, now: dt.datetime) -> PublicShare:
    base = context.settings.public_address
    left_s = max(1, int((share.expires_at - now).total_seconds()))
    life_s = min(URLS_LIFE_S, left_s)
    clips = [_clip_view(context, share, row, token, life_s) for row in exports]
    many = f"{len(clips)} clips" if len(clips) > 1 else clips[0].title or "A clip"
    return PublicShare(
        title=share.title or many,
        organisation=share.organisation if share.show_organisation and share.organisation else None,
        expires_at=share.expires_at,
        allow_download=share.allow_download,
        links_expire_at=now + dt.timedelta(seconds=life_s),
        page_url=f"{base}{PAGE}/{token}",
        embed_url=f"{base}{EMBED}/{token}",
        clips=clips,
    )


def _clip_view(context: ApiContext, share: OpenedShare, row: Row, token: str, life_s: int) -> SharedClip:
    files, stem = list_stored_files(row), file_stem(row)
    certificate = msgspec.convert(row["certificate"], Certificate)

    def sign(file: StoredFile) -> str:
        return context.objects.presign_get(file.ref.key, filename=stem + file.suffix, expires_s=life_s)

    video = files["video"]
    kind = video.media_type.partition("/")[0]
    video_url = sign(video)
    download = SharedDownload(url=video_url, filename=stem + video.suffix, size_bytes=video.ref.size)
    captions_url = f"{context.settings.public_address}/v1/public/shares/{token}/exports/{row['export_id']}/captions.vtt"
    return SharedClip(
        export_id=row["export_id"],
        title=row["shown_title"],
        kind=kind if kind in ("image", "audio") else "video",  # type: ignore[arg-type]
        content_type=video.media_type,
        duration_ms=certificate.duration_ms,
        width_px=certificate.width_px,
        height_px=certificate.height_px,
        video_url=video_url,
        poster_url=sign(files["thumbnail"]),
        burned_in_captions=row["captions"],
        captions=[
            SharedCaptions(
                language=language,
                url=f"{captions_url}?language={language}" if position else captions_url,
                shown=not position and not row["captions"],
            )
            for position, language in enumerate(_vtt_files(row, files))
        ],
        download=download if share.allow_download else None,
        draft=row["test"],
    )


def _vtt_files(row: Row, files: dict[str, StoredFile]) -> dict[str, StoredFile]:
    """WebVTT of an export by language, what is spoken first."""
    tracks = {
        name.removeprefix(TRACK).split()[0]: file
        for name, file in files.items()
        if name.startswith(TRACK) and name.endswith(" vtt")
    }
    spoken = {row["language"] or UNKNOWN_LANGUAGE: files["vtt"]} if "vtt" in files else {}
    return spoken | {language: file for language, file in tracks.items() if language not in spoken}


def _token(call: Call[Any, Any]) -> str:
    return str(call.request.path_params["token"])


async def get_public_share(call: Call[None, None]) -> Reply:
    """Read what a link shows, without an account. Its signed URLs end within the hour: read it again then."""
    body = await read_public_share(call.context, call.request, _token(call), call.address, call.now, viewed=True)
    return Reply(body=body)


async def get_shared_captions(call: Call[None, ReadCaptions]) -> Reply:
    """Read the captions of a clip that a link shows."""
    context, export_id = call.context, call.ids["export_id"]
    context.share_reads.require(call.address)
    async with transaction(context.pool) as rows:
        _, exports = await open_share(rows, context, _token(call), call.address)
    row = next((row for row in exports if row["export_id"] == export_id), None)
    if row is None:
        raise not_found("clip behind this link")
    files = _vtt_files(row, list_stored_files(row))
    language = call.query.language or next(iter(files), "")
    if language not in files:
        raise not_found("captions of this clip")
    return Reply(body=await context.documents.get(files[language].ref), media_type=VTT)


async def get_oembed(call: Call[None, ReadOembed]) -> Reply:
    """Read how another page embeds a link's player, by oEmbed."""
    base = call.context.settings.public_address
    token = next(
        (
            call.query.url.removeprefix(f"{base}{path}/")
            for path in (PAGE, EMBED)
            if call.query.url.startswith(f"{base}{path}/")
        ),
        "",
    )
    share = await read_public_share(call.context, call.request, token, call.address, call.now, viewed=False)
    width, height = call.query.maxwidth or EMBED_PX[0], call.query.maxheight or EMBED_PX[1]
    width, height = min(width, EMBED_PX[0]), min(height, EMBED_PX[1])
    first = share.clips[0]
    body = Oembed(
        title=share.title,
        provider_url=base,
        html=embed_html(share.embed_url, share.title, width=width, height=height),
        width=width,
        height=height,
        thumbnail_url=first.poster_url,
        thumbnail_width=first.width_px,
        thumbnail_height=first.height_px,
    )
    return Reply(body=body)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/public/shares/{token}",
        name="getPublicShare",
        tag="shares",
        permission="public",
        summary="Read what a share link shows, without an account",
        handler=get_public_share,
        response=PublicShare,
        problems=("not-found", "share-ended", "rate-limited", "unavailable"),
        fixed_headers=PUBLIC_HEADERS,
    ),
    Operation(
        method="GET",
        path="/v1/public/shares/{token}/exports/{export_id}/captions.vtt",
        name="getSharedCaptions",
        tag="shares",
        permission="public",
        summary="Read captions of a clip that a share link shows",
        handler=get_shared_captions,
        query=ReadCaptions,
        media_types=("text/vtt",),
        problems=("not-found", "share-ended", "rate-limited", "unavailable"),
        fixed_headers=PUBLIC_HEADERS,
    ),
    Operation(
        method="GET",
        path="/v1/public/oembed",
        name="getOembed",
        tag="shares",
        permission="public",
        summary="Read how another page embeds a share link's player (oEmbed)",
        handler=get_oembed,
        query=ReadOembed,
        response=Oembed,
        problems=("not-found", "share-ended", "rate-limited", "unavailable"),
        fixed_headers=PUBLIC_HEADERS,
    ),
)
