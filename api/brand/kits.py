"""Brand kits: create, read, change, list, archive.

A change is a new version; an export keeps the version that it named.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.brand.queries import check_kit, check_template, find_any_kit, find_kit
from api.http.conditional import check_held
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, check_with, no_version
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Connection, Row
from core.storage import brand_kits
from schemas.options.brand_kit import BrandKit, Colours, EndCard, LowerThird, MusicBed, Placed
from schemas.options.caption_template import Font
from schemas.options.caption_template_overrides import TemplateOverrides

MAX_KITS, MAX_VERSIONS = 100, 1_000
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class ChangeBrandKit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change: null removes a part, a part that is left out stays."""

    name: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    colours: Colours | UnsetType = UNSET
    """Named colours."""
    logo: Placed | UnsetType | None = UNSET
    watermark: Placed | UnsetType | None = UNSET
    fonts: dict[Font, UUID] | UnsetType = UNSET
    """Own fonts, by role."""
    template: Annotated[str, Meta(max_length=40)] | UnsetType | None = UNSET
    overrides: TemplateOverrides | UnsetType = UNSET
    lower_third: LowerThird | UnsetType | None = UNSET
    intro: UUID | UnsetType | None = UNSET
    outro: UUID | UnsetType | None = UNSET
    end_card: EndCard | UnsetType | None = UNSET
    music: MusicBed | UnsetType | None = UNSET


class BrandKitVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a kit."""

    kit_id: UUID
    version: int
    created_at: dt.datetime
    """Time at which this version was made."""
    actor: Actor | None
    """Who made it."""
    kit: BrandKit
    """The kit itself."""


class BrandKits(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of each kit, by name."""

    items: list[BrandKitVersion]


class BrandKitVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first; ``next_before`` asks for older ones."""

    items: list[BrandKitVersion]
    next_before: int | None = None
    archived_at: dt.datetime | None = None
    """When the kit was set aside; null while it is in use."""


class ReadKit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Version of a kit; the newest where it is left out."""

    version: Version | None = None
    """Version of the kit; absent: the newest."""


class ListKitVersions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of versions before a version, newest first."""

    before: Version | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


async def create_kit(call: Call[BrandKit, None]) -> Reply:
    """Create a kit; this is its version 1."""
    kit_id = call.context.new_id()
    async with call.rows() as rows:
        if await brand_kits.lock_and_count_kits(rows, call.org_id) >= MAX_KITS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_KITS} brand kits.")
        await check_kit(rows, call.org_id, call.body)
        await brand_kits.insert_kit(rows, call.org_id, kit_id, call.body, call.caller.actor)
        reply = await _answer(rows, call.org_id, kit_id, 1)
    return msgspec.structs.replace(reply, headers={**reply.headers, "Location": f"/v1/brand-kits/{kit_id}"})


async def change_kit(call: Call[ChangeBrandKit, None]) -> Reply:
    """Make the next version of the one that was read; a change without effect answers that version."""
    kit_id = call.ids["kit_id"]
    async with call.rows() as rows:
        row = await find_kit(rows, call.org_id, kit_id, lock=True)
        changed_since = ApiProblem("brand-kit-changed", f"The kit is at version {row['version']} now.")
        check_held(call.request, _etag(row["version"]), resource="kit", changed=changed_since)
        if row["version"] >= MAX_VERSIONS:
            raise ApiProblem("limit-reached", f"A kit has at most {MAX_VERSIONS} versions.")
        before = await brand_kits.read_kit(rows, call.org_id, kit_id, row["version"])
        assert before is not None
        after = with_changes(before, call.body)
        if after == before:
            return await _answer(rows, call.org_id, kit_id, row["version"])
        await check_kit(rows, call.org_id, after, before)
        version = row["version"] + 1
        await brand_kits.add_kit_version(
            rows, call.org_id, kit_id, version=version, kit=after, actor=call.caller.actor, at=call.now
        )
        return await _answer(rows, call.org_id, kit_id, version)


def with_changes(kit: BrandKit, changes: ChangeBrandKit) -> BrandKit:
    """The kit with the named parts changed."""
    return msgspec.structs.replace(
        kit, **{name: value for name, value in msgspec.structs.asdict(changes).items() if value is not UNSET}
    )


def _etag(version: int) -> str:
    return f'"kit-{version}"'


async def _answer(rows: Connection, org_id: UUID, kit_id: UUID, version: int) -> Reply:
    row = await brand_kits.read_version_row(rows, org_id, kit_id, version)
    if row is None:
        raise no_version(version, "this brand kit")
    headers = {"ETag": _etag(version), "Cache-Control": "private, no-cache"}
    return Reply(body=_view(row), headers=headers)


def _view(row: Row) -> BrandKitVersion:
    fields = {name: row[name] for name in ("kit_id", "version", "created_at")}
    actor = parse_actor(row["actor"]) if row["actor"] else None
    return BrandKitVersion(kit=msgspec.convert(row["kit"], BrandKit), actor=actor, **fields)


async def get_kit(call: Call[None, ReadKit]) -> Reply:
    """One version of a kit, also of an archived one."""
    kit_id = call.ids["kit_id"]
    async with call.rows() as rows:
        if call.query.version is not None:
            return await _answer(rows, call.org_id, kit_id, call.query.version)
        row = await find_kit(rows, call.org_id, kit_id)
        return await _answer(rows, call.org_id, kit_id, row["version"])


async def list_kits(call: Call[None, None]) -> Reply:
    """All kits at their newest version."""
    async with call.rows() as rows:
        kit_rows = await brand_kits.list_newest_version_rows(rows, call.org_id)
    return Reply(body=BrandKits(items=[_view(row) for row in kit_rows]))


async def list_kit_versions(call: Call[None, ListKitVersions]) -> Reply:
    """All versions of a kit, also of an archived one: exports still name them."""
    async with call.rows() as rows:
        kit = await find_any_kit(rows, call.org_id, call.ids["kit_id"])
        before = call.query.before or 2**31 - 1
        version_rows = await brand_kits.list_kit_version_rows(
            rows, call.org_id, call.ids["kit_id"], before=before, limit=call.query.limit
        )
    items = [_view(row) for row in version_rows]
    return Reply(body=BrandKitVersions(items=items, next_before=_older(items), archived_at=kit["archived_at"]))


def _older(items: list[BrandKitVersion]) -> int | None:
    return items[-1].version if items and items[-1].version > 1 else None


async def archive_kit(call: Call[None, None]) -> Reply:
    """Archive a kit: nothing new is made with it, and its exports can be made again."""
    async with call.rows() as rows:
        await find_kit(rows, call.org_id, call.ids["kit_id"], lock=True)
        await brand_kits.archive_kit(rows, call.org_id, call.ids["kit_id"], call.now)
    return Reply(status=204)


_PARTS = ("asset-not-checked", "bad-image", "bad-font", "bad-video", "bad-music", "limit-reached")
OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/brand-kits",
        name="createBrandKit",
        tag="brand kits",
        permission="brand:write",
        status=201,
        located=True,
        summary="Make a brand kit",
        handler=create_kit,
        request=BrandKit,
        check=check_with(check_template),
        response=BrandKitVersion,
        problems=_PARTS,
    ),
    Operation(
        method="GET",
        path="/v1/brand-kits",
        name="listBrandKits",
        tag="brand kits",
        permission="brand:read",
        summary="List the brand kits",
        handler=list_kits,
        response=BrandKits,
    ),
    Operation(
        method="GET",
        path="/v1/brand-kits/{kit_id}",
        name="getBrandKit",
        tag="brand kits",
        permission="brand:read",
        summary="Read a brand kit, or an older version of it",
        handler=get_kit,
        query=ReadKit,
        response=BrandKitVersion,
    ),
    Operation(
        method="PATCH",
        path="/v1/brand-kits/{kit_id}",
        name="changeBrandKit",
        tag="brand kits",
        permission="brand:write",
        summary="Change parts of a brand kit: a new version",
        handler=change_kit,
        request=ChangeBrandKit,
        response=BrandKitVersion,
        problems=("precondition-required", "brand-kit-changed", *_PARTS),
        description="`If-Match` with the ETag of the version that was read is required. No version is ever changed.",
    ),
    Operation(
        method="DELETE",
        path="/v1/brand-kits/{kit_id}",
        name="archiveBrandKit",
        tag="brand kits",
        permission="brand:write",
        status=204,
        summary="Set a brand kit aside",
        handler=archive_kit,
    ),
    Operation(
        method="GET",
        path="/v1/brand-kits/{kit_id}/versions",
        name="listBrandKitVersions",
        tag="brand kits",
        permission="brand:read",
        summary="List the versions of a brand kit, also of one that was set aside",
        handler=list_kit_versions,
        query=ListKitVersions,
        response=BrandKitVersions,
    ),
)
