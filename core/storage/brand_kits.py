"""Rows of brand kits and of their versions. A version is never changed."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from core.storage.assets import read_checked_assets
from schemas.options.brand_kit import BrandKit, BrandSnapshot, named_assets
from schemas.options.export_options import BrandPin

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7305))"
"""Two requests that add a kit at the same time count one after the other."""


async def lock_and_count_kits(connection: Connection, org_id: UUID) -> int:
    """Number of kits in use of the organisation; it holds until the transaction ends."""
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        "select count(*) from brand_kits where org_id = $1 and archived_at is null", org_id
    )
    return count


async def find_kit_row(connection: Connection, org_id: UUID, kit_id: UUID) -> Row | None:
    """A kit's row, unless it was archived."""
    return await connection.fetchrow(
        "select * from brand_kits where org_id = $1 and kit_id = $2 and archived_at is null", org_id, kit_id
    )


async def read_kit_row(connection: Connection, org_id: UUID, kit_id: UUID) -> Row | None:
    """A kit's row, archived or not; or None."""
    return await connection.fetchrow("select * from brand_kits where org_id = $1 and kit_id = $2", org_id, kit_id)


async def lock_kit_row(connection: Connection, org_id: UUID, kit_id: UUID) -> Row | None:
    """A kit's row, locked until the transaction ends, unless it was archived."""
    return await connection.fetchrow(
        "select * from brand_kits where org_id = $1 and kit_id = $2 and archived_at is null for update", org_id, kit_id
    )


async def insert_kit(connection: Connection, org_id: UUID, kit_id: UUID, kit: BrandKit, actor: Actor) -> None:
    """Add a kit with its version 1."""
    await connection.execute("insert into brand_kits (org_id, kit_id, version) values ($1, $2, 1)", org_id, kit_id)
    await _insert_version(connection, org_id, kit_id, 1, kit, actor)


async def add_kit_version(
    connection: Connection,
    org_id: UUID,
    kit_id: UUID,
    *,
    version: int,
    kit: BrandKit,
    actor: Actor,
    at: dt.datetime,
) -> None:
    """Add the next version. The caller has locked the kit."""
    await connection.execute(
        "update brand_kits set version = $3, updated_at = $4 where org_id = $1 and kit_id = $2",
        org_id,
        kit_id,
        version,
        at,
    )
    await _insert_version(connection, org_id, kit_id, version, kit, actor)


async def _insert_version(
    connection: Connection, org_id: UUID, kit_id: UUID, version: int, kit: BrandKit, actor: Actor
) -> None:
    await connection.execute(
        "insert into brand_kit_versions (org_id, kit_id, version, kit, actor) values ($1, $2, $3, $4, $5)",
        org_id,
        kit_id,
        version,
        kit,
        str(actor),
    )


async def archive_kit(connection: Connection, org_id: UUID, kit_id: UUID, at: dt.datetime) -> None:
    """Set a kit aside."""
    await connection.execute(
        "update brand_kits set archived_at = $3 where org_id = $1 and kit_id = $2", org_id, kit_id, at
    )


async def read_kit(connection: Connection, org_id: UUID, kit_id: UUID, version: int) -> BrandKit | None:
    """Read one version of a kit; None if it does not exist."""
    value = await connection.fetchval(
        "select kit from brand_kit_versions where org_id = $1 and kit_id = $2 and version = $3", org_id, kit_id, version
    )
    return msgspec.convert(value, BrandKit) if value else None


async def read_version_row(connection: Connection, org_id: UUID, kit_id: UUID, version: int) -> Row | None:
    """One version of a kit with its author and time, or None."""
    return await connection.fetchrow(
        """select kit_id, version, created_at, actor, kit from brand_kit_versions
           where org_id = $1 and kit_id = $2 and version = $3""",
        org_id,
        kit_id,
        version,
    )


async def list_newest_version_rows(connection: Connection, org_id: UUID) -> list[Row]:
    """The newest version of each kit in use, by name."""
    rows: list[Row] = await connection.fetch(
        """select v.kit_id, v.version, v.created_at, v.actor, v.kit
           from brand_kits k join brand_kit_versions v using (org_id, kit_id, version)
           where k.org_id = $1 and k.archived_at is null order by v.kit->>'name', v.kit_id""",
        org_id,
    )
    return rows


async def list_kit_version_rows(
    connection: Connection, org_id: UUID, kit_id: UUID, *, before: int, limit: int
) -> list[Row]:
    """Versions of a kit below ``before``, newest first."""
    rows: list[Row] = await connection.fetch(
        """select kit_id, version, created_at, actor, kit from brand_kit_versions
           where org_id = $1 and kit_id = $2 and version < $3 order by version desc limit $4""",
        org_id,
        kit_id,
        before,
        limit,
    )
    return rows


async def read_snapshot(connection: Connection, org_id: UUID, pin: BrandPin | None) -> BrandSnapshot | None:
    """Read the named version of a kit (or the newest) with all its files; None if there is no such kit."""
    if pin is None:
        return None
    row = await connection.fetchrow(
        """select version, kit from brand_kit_versions
           where org_id = $1 and kit_id = $2 and ($3::int is null or version = $3) order by version desc limit 1""",
        org_id,
        pin.kit_id,
        pin.version,
    )
    if row is None:
        return None
    kit = msgspec.convert(row["kit"], BrandKit)
    assets = await read_checked_assets(connection, org_id, [asset_id for _, asset_id, _ in named_assets(kit)])
    return BrandSnapshot(kit_id=pin.kit_id, version=row["version"], kit=kit, assets=dict(assets))
