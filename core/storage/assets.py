"""Rows of assets: the files of brand kits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection, Row
from schemas.common import Value
from schemas.options.brand_kit import AssetKind, CheckedAsset

_TO_CHECK = """
select coalesce(u.sealed_key, a.object_key) from assets a
left join uploads u on u.org_id = a.org_id and u.upload_id = a.upload_id
where a.org_id = $1 and a.asset_id = $2 and a.kind = $3 and (a.state = 'received' or a.reason = any($4))
"""
"""The copy that no signed URL can write to; an upload that was joined of parts has none, and needs none."""
_WRITE_CHECKED = """
update assets set state = 'checked', checked = $3, finished_at = $4, reason = null, detail = null
where org_id = $1 and asset_id = $2 and (state = 'received' or reason = any($5)) returning upload_id, archived_at
"""
_WRITE_REFUSED = """
update assets set state = 'refused', reason = $3, detail = $4, finished_at = $5
where org_id = $1 and asset_id = $2 and (state = 'received' or reason = any($6)) returning upload_id
"""
_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7304))"
"""Two requests that add an asset at the same time count one after the other."""


class CheckedUpload(Value, frozen=True, kw_only=True):
    """The upload that a checked asset came from, and whether the asset was archived meanwhile."""

    upload_id: UUID
    archived: bool


async def lock_and_count_assets(connection: Connection, org_id: UUID) -> int:
    """Number of assets in use of the organisation; it holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        "select count(*) from assets where org_id = $1 and archived_at is null", org_id
    )
    return count


async def insert_asset(connection: Connection, upload: Row, asset_id: UUID, name: str) -> Row:
    """Add an asset that waits to be checked and return its row. The caller has locked the upload."""
    return await connection.fetchrow(
        """insert into assets (org_id, asset_id, upload_id, object_key, kind, name) values ($1, $2, $3, $4, $5, $6)
           returning *""",
        upload["org_id"],
        asset_id,
        upload["upload_id"],
        upload["object_key"],
        upload["purpose"],
        name,
    )


async def read_asset_row(connection: Connection, org_id: UUID, asset_id: UUID) -> Row | None:
    """An asset's row, archived or not; or None."""
    return await connection.fetchrow("select * from assets where org_id = $1 and asset_id = $2", org_id, asset_id)


async def find_asset_row(connection: Connection, org_id: UUID, asset_id: UUID) -> Row | None:
    """An asset's row, unless it was archived."""
    return await connection.fetchrow(
        "select * from assets where org_id = $1 and asset_id = $2 and archived_at is null", org_id, asset_id
    )


async def list_asset_rows(
    connection: Connection,
    org_id: UUID,
    *,
    kind: AssetKind | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Assets in use, newest first; ``after`` is creation time and id of the last one seen."""
    rows: list[Row] = await connection.fetch(
        """select * from assets where org_id = $1 and archived_at is null and ($2::text is null or kind = $2)
             and ($3::timestamptz is null or (created_at, asset_id) < ($3, $4::uuid))
           order by created_at desc, asset_id desc limit $5""",
        org_id,
        kind,
        *(after or (None, None)),
        limit,
    )
    return rows


async def archive_asset(connection: Connection, org_id: UUID, asset_id: UUID, at: dt.datetime) -> None:
    """Set an asset aside."""
    await connection.execute(
        "update assets set archived_at = $3 where org_id = $1 and asset_id = $2", org_id, asset_id, at
    )


async def find_key_to_check(
    connection: Connection, org_id: UUID, asset_id: UUID, kind: AssetKind, retry_reasons: Sequence[str]
) -> str | None:
    """The key of the sealed file of an asset to check; None for one that was checked before.

    An asset refused for one of ``retry_reasons`` is checked again: the file was not at fault.
    """
    key: str | None = await connection.fetchval(_TO_CHECK, org_id, asset_id, kind, list(retry_reasons))
    return key


async def write_checked(
    connection: Connection,
    org_id: UUID,
    asset_id: UUID,
    checked: CheckedAsset,
    at: dt.datetime,
    retry_reasons: Sequence[str],
) -> CheckedUpload | None:
    """Write that an asset may be used; None for one that was checked before."""
    row = await connection.fetchrow(_WRITE_CHECKED, org_id, asset_id, checked, at, list(retry_reasons))
    if row is None:
        return None
    return CheckedUpload(upload_id=row["upload_id"], archived=row["archived_at"] is not None)


async def write_refused(
    connection: Connection,
    org_id: UUID,
    asset_id: UUID,
    *,
    reason: str,
    detail: str,
    at: dt.datetime,
    retry_reasons: Sequence[str],
) -> UUID | None:
    """Write why an asset cannot be used and return its upload; None for one that was checked before."""
    upload_id: UUID | None = await connection.fetchval(
        _WRITE_REFUSED, org_id, asset_id, reason, detail, at, list(retry_reasons)
    )
    return upload_id


async def read_checked_assets(
    connection: Connection, org_id: UUID, asset_ids: Sequence[UUID]
) -> Mapping[UUID, CheckedAsset]:
    """The assets that were checked, also archived ones, by id."""
    rows = await connection.fetch(
        "select asset_id, checked from assets where org_id = $1 and asset_id = any($2::uuid[]) and checked is not null",
        org_id,
        list(asset_ids),
    )
    return {row["asset_id"]: msgspec.convert(row["checked"], CheckedAsset) for row in rows}


async def lock_asset(connection: Connection, org_id: UUID, asset_id: UUID) -> Row | None:
    """Lock an asset's row until the transaction ends; None if there is no such asset."""
    return await connection.fetchrow(
        "select state from assets where org_id = $1 and asset_id = $2 for update", org_id, asset_id
    )
