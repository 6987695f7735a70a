"""Rows of share links, as their organisation sees them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

ShareState = Literal["live", "expired", "revoked", "empty"]
_LIST = """
with listed as (
  select s.share_id, s.title, s.test, s.allow_download, s.show_organisation, s.created_by, s.created_at, s.expires_at,
    s.revoked_at, s.views, s.last_viewed_at,
    case when s.revoked_at is not null then 'revoked' when s.expires_at <= now() then 'expired'
         when exists (
           select 1 from share_exports x join exports e using (org_id, export_id)
             join projects p using (org_id, project_id)
           where x.org_id = s.org_id and x.share_id = s.share_id and e.state = 'done' and p.state <> 'erased')
         then 'live' else 'empty' end as state
  from shares s where s.org_id = $1 and ($2::uuid is null or s.share_id = $2)
    and ($4::uuid is null or exists (
      select 1 from share_exports x join exports e using (org_id, export_id)
      where x.org_id = s.org_id and x.share_id = s.share_id and e.project_id = $4))
    and ($5::timestamptz is null or (s.created_at, s.share_id) < ($5, $6::uuid)))
select * from listed where ($3::text is null or state = $3) order by created_at desc, share_id desc limit $7
"""
_EXPORTS = """
select x.share_id, x.export_id, e.clip_id, e.project_id, coalesce(nullif(e.title, ''), c.title) as title
from share_exports x join exports e using (org_id, export_id) join clips c using (org_id, clip_id)
  join projects p on p.org_id = e.org_id and p.project_id = e.project_id
where x.org_id = $1 and x.share_id = any($2) and p.state <> 'erased' order by x.share_id, x.position
"""
_NEWEST = """
select distinct on (e.clip_id) e.clip_id, e.export_id
from exports e where e.org_id = $1 and e.clip_id = any($2) and e.state = 'done' and (e.test or not $3)
order by e.clip_id, e.finished_at desc, e.export_id
"""
_CLIPS = """
select c.clip_id from clips c join projects p using (org_id, project_id)
where c.org_id = $1 and c.clip_id = any($2) and p.state <> 'erased'
"""
_FOUND_EXPORTS = """
select e.export_id, e.state, e.test from exports e join projects p using (org_id, project_id)
where e.org_id = $1 and e.export_id = any($2) and p.state <> 'erased'
"""
_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 7385))"


class NewShare(Value, frozen=True, kw_only=True):
    """A link to make, without its token."""

    share_id: UUID
    hash: bytes
    title: str
    test: bool
    allow_download: bool
    show_organisation: bool
    created_by: Actor
    expires_at: dt.datetime


async def lock_and_count_shares(connection: Connection, org_id: UUID) -> int:
    """Number of an organisation's links that are neither revoked nor expired.

    It holds until the transaction ends.
    """
    await connection.execute(_LOCK, str(org_id))
    count: int = await connection.fetchval(
        "select count(*) from shares where org_id = $1 and revoked_at is null and expires_at > now()", org_id
    )
    return count


async def list_clips_to_share(connection: Connection, org_id: UUID, clip_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the clips that are there."""
    return {row["clip_id"] for row in await connection.fetch(_CLIPS, org_id, list(clip_ids))}


async def find_newest_exports(
    connection: Connection, org_id: UUID, clip_ids: Sequence[UUID], *, test_only: bool
) -> dict[UUID, UUID]:
    """The newest finished export of each clip that has one; ``test_only``: among its drafts."""
    rows = await connection.fetch(_NEWEST, org_id, list(clip_ids), test_only)
    return {row["clip_id"]: row["export_id"] for row in rows}


async def list_exports_to_share(connection: Connection, org_id: UUID, export_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """State and kind of those of the exports that are there."""
    rows = await connection.fetch(_FOUND_EXPORTS, org_id, list(export_ids))
    return {row["export_id"]: row for row in rows}


async def insert_share(connection: Connection, org_id: UUID, share: NewShare, export_ids: Sequence[UUID]) -> None:
    """Add a link with what it shows, in this order."""
    await connection.execute(
        """insert into shares (org_id, share_id, hash, title, test, allow_download, show_organisation, created_by,
                               expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        org_id,
        share.share_id,
        share.hash,
        share.title,
        share.test,
        share.allow_download,
        share.show_organisation,
        str(share.created_by),
        share.expires_at,
    )
    await connection.executemany(
        "insert into share_exports (org_id, share_id, export_id, position) values ($1, $2, $3, $4)",
        [(org_id, share.share_id, export_id, position) for position, export_id in enumerate(export_ids)],
    )


async def list_share_rows(
    connection: Connection,
    org_id: UUID,
    *,
    state: ShareState | None,
    project_id: UUID | None,
    after: tuple[dt.datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """An organisation's links, newest first. ``after``: the last one of the page before."""
    after_at, after_id = after or (None, None)
    rows: list[Row] = await connection.fetch(_LIST, org_id, None, state, project_id, after_at, after_id, limit)
    return rows


async def find_share_row(connection: Connection, org_id: UUID, share_id: UUID) -> Row | None:
    """A link of the organisation."""
    return await connection.fetchrow(_LIST, org_id, share_id, None, None, None, None, 1)


async def lock_share_row(connection: Connection, org_id: UUID, share_id: UUID) -> Row | None:
    """A link of the organisation that no other transaction changes until this one ends."""
    await connection.execute(
        "select 1 from shares where org_id = $1 and share_id = $2 for no key update", org_id, share_id
    )
    return await find_share_row(connection, org_id, share_id)


async def list_shared_exports(connection: Connection, org_id: UUID, share_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """What links show that is not erased, by link, in the order of the page."""
    shared: dict[UUID, list[Row]] = {share_id: [] for share_id in share_ids}
    for row in await connection.fetch(_EXPORTS, org_id, list(share_ids)):
        shared[row["share_id"]].append(row)
    return shared


async def change_share(
    connection: Connection,
    org_id: UUID,
    share_id: UUID,
    *,
    title: str,
    expires_at: dt.datetime,
    allow_download: bool,
    show_organisation: bool,
    token_hash: bytes | None,
) -> None:
    """Set the parts of a link; ``token_hash``: of another token, None: it keeps its own."""
    await connection.execute(
        """update shares set title = $3, expires_at = $4, allow_download = $5, show_organisation = $6,
             hash = coalesce($7, hash) where org_id = $1 and share_id = $2""",
        org_id,
        share_id,
        title,
        expires_at,
        allow_download,
        show_organisation,
        token_hash,
    )


async def revoke_share(connection: Connection, org_id: UUID, share_id: UUID) -> bool:
    """End a link; False where there is no such link. Doing it twice changes nothing."""
    tag = await connection.execute(
        "update shares set revoked_at = coalesce(revoked_at, now()) where org_id = $1 and share_id = $2",
        org_id,
        share_id,
    )
    return str(tag) == "UPDATE 1"
