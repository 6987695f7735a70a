"""Files of brand kits: have an upload checked, read the result, archive it. Ingest opens the files."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, invalid, require
from api.uploads.queries import StoredUpload, measure_upload, take_upload
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services.orphan_cleanup import plan_asset_sweep
from core.storage import assets
from schemas.common import ObjectRef
from schemas.events import AssetReceived
from schemas.ids import result_id
from schemas.options.brand_kit import AssetKind, CheckedAsset

MAX_ASSETS = 1_000
LINK_S = 3_600
PROBLEMS: dict[AssetKind, str] = {
    "image": "bad-image", "font": "bad-font", "video": "bad-video", "music": "bad-music",
}  # fmt: skip
"""Problem code of a refused file, by its kind."""


class CreateAsset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upload whose purpose was a picture, a font, a clip or music."""

    upload_id: UUID
    name: Annotated[str, Meta(max_length=200)] = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file cannot be used: ``code`` names the problem, ``reason`` the case."""

    code: str
    """Code of the problem."""
    reason: str
    detail: str


class Asset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of brand kits; ``url`` downloads its checked form and expires after an hour."""

    asset_id: UUID
    kind: AssetKind
    name: str
    """Name to show to people."""
    state: Literal["received", "checked", "refused"]
    created_at: dt.datetime
    finished_at: dt.datetime | None = None
    refusal: Refusal | None = None
    """Why the file cannot be used; null where it can."""
    size_bytes: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    duration_ms: int | None = None
    has_sound: bool | None = None
    """Whether it has sound."""
    family: str = ""
    """Family of a font."""
    style: str = ""
    """Style of a font."""
    licence: str = ""
    """Licence, as the font itself states it."""
    characters: int | None = None
    """Number of characters of a font."""
    url: str | None = None
    """Signed URL of what is used of the file."""


class AssetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Assets, newest first."""

    items: list[Asset]
    next_cursor: str | None = None


class ListAssets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of assets."""

    kind: AssetKind | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=500)] | None = None


async def prepare_asset(call: Call[CreateAsset, None]) -> StoredUpload | None:
    """Seal and measure the upload; None where it is complete already."""
    return await measure_upload(call, call.body.upload_id, purpose="brand kit")


async def create_asset(call: Call[CreateAsset, None], stored: StoredUpload | None) -> Reply:
    """Have an upload checked; the same upload is the same asset."""
    asset_id = result_id(call.body.upload_id, "asset")
    async with call.rows() as rows:
        upload = await take_upload(rows, call.org_id, call.body.upload_id, stored, purpose="brand kit")
        row = await assets.read_asset_row(rows, call.org_id, asset_id)
        if row is None:
            row = await _write_asset(rows, call, asset_id, upload)
        if row["archived_at"] is not None:
            raise invalid("/upload_id", "What was made of this upload was set aside: upload the file again.")
    return Reply(body=view(row, call), headers={"Location": f"/v1/assets/{asset_id}"})


async def _write_asset(rows: Connection, call: Call[CreateAsset, None], asset_id: UUID, upload: Row) -> Row:
    """Insert the asset's row and event. The caller holds the upload's row, so one upload makes one asset."""
    await _check_room(rows, call.org_id)
    row = await assets.insert_asset(rows, upload, asset_id, call.body.name)
    await put(rows, AssetReceived(org_id=call.org_id, asset_id=asset_id, kind=row["kind"]), call.cause(asset_id))
    return row


async def _check_room(rows: Connection, org_id: UUID) -> None:
    if await assets.lock_and_count_assets(rows, org_id) >= MAX_ASSETS:
        raise ApiProblem("limit-reached", f"An organisation has at most {MAX_ASSETS} assets.")


async def find_asset(rows: Connection, org_id: UUID, asset_id: UUID) -> Row:
    """An asset of the caller's organisation that is not archived; raises a 404."""
    return require(await assets.find_asset_row(rows, org_id, asset_id), "asset")


def view(row: Row, call: Call[Any, Any]) -> Asset:
    """An asset in the form of an answer."""
    fields: dict[str, Any] = {
        name: row[name] for name in ("asset_id", "kind", "name", "state", "created_at", "finished_at")
    }
    if row["state"] == "refused":
        code = PROBLEMS[row["kind"]]
        fields["refusal"] = Refusal(code=code, reason=row["reason"] or "", detail=row["detail"] or "")
    if row["state"] == "checked":
        checked = msgspec.convert(row["checked"], CheckedAsset)
        facts = ("width_px", "height_px", "duration_ms", "family", "style", "licence", "characters")
        fields |= {name: getattr(checked, name) for name in facts}
        fields["size_bytes"] = checked.object.size
        fields["has_sound"] = checked.has_sound if checked.kind == "video" else None
        fields["url"] = _link(checked.object, call)
    return Asset(**fields)


def _link(ref: ObjectRef, call: Call[Any, Any]) -> str:
    name = ref.key.rpartition("/")[2]
    url: str = call.context.objects.presign_get(ref.key, filename=name, expires_s=LINK_S)
    return url


async def get_asset(call: Call[None, None]) -> Reply:
    """Read an asset and the result of its check."""
    async with call.rows() as rows:
        row = await find_asset(rows, call.org_id, call.ids["asset_id"])
    return Reply(body=view(row, call))


async def list_assets(call: Call[None, ListAssets]) -> Reply:
    """Assets, newest first."""
    query, ring = call.query, call.context.ring
    scope = f"assets/{call.org_id}/{query.kind}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        asset_rows = await assets.list_asset_rows(
            rows, call.org_id, kind=query.kind, after=place_of(after), limit=query.limit + 1
        )
    cursor = next_cursor(ring, scope, asset_rows, query.limit, "asset_id")
    return Reply(body=AssetPage(items=[view(row, call) for row in asset_rows[: query.limit]], next_cursor=cursor))


async def archive_asset(call: Call[None, None]) -> Reply:
    """Archive an asset: no kit can name it any more.

    Kits that name it and old exports keep it; an asset without users is removed.
    """
    async with call.rows() as rows:
        await find_asset(rows, call.org_id, call.ids["asset_id"])
        await assets.archive_asset(rows, call.org_id, call.ids["asset_id"], call.now)
        await plan_asset_sweep(rows, call.org_id, call.ids["asset_id"])
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/assets",
        name="createAsset",
        tag="brand kits",
        permission="brand:write",
        status=202,
        located=True,
        summary="Have an upload checked, to be used in brand kits",
        handler=TwoPhaseHandler(prepare=prepare_asset, commit=create_asset),
        request=CreateAsset,
        response=Asset,
        problems=("upload-not-complete", "upload-mismatch", "upload-closed", "limit-reached"),
    ),
    Operation(
        method="GET",
        path="/v1/assets",
        name="listAssets",
        tag="brand kits",
        permission="brand:read",
        summary="List the files of brand kits, newest first",
        handler=list_assets,
        query=ListAssets,
        response=AssetPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/assets/{asset_id}",
        name="getAsset",
        tag="brand kits",
        permission="brand:read",
        summary="Read how the check of a file went",
        handler=get_asset,
        response=Asset,
    ),
    Operation(
        method="DELETE",
        path="/v1/assets/{asset_id}",
        name="archiveAsset",
        tag="brand kits",
        permission="brand:write",
        status=204,
        summary="Set a file aside; what uses it keeps it, and where nothing does it is removed",
        handler=archive_asset,
    ),
)
