"""Rows of a share link as its visitors see them: by the hash of its token, and nothing else."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.infra.postgres.connection import Connection, Row, set_org, set_place
from schemas.common import Value

_FIND = "select org_id from shares where hash = $1"
_OPEN = """
select s.org_id, s.share_id, s.title, s.allow_download, s.show_organisation, s.expires_at, s.revoked_at,
  s.expires_at <= now() as expired, o.name as organisation, o.erased_at
from shares s join orgs o using (org_id) where s.org_id = $1 and s.hash = $2
"""
_SHOWN = """
select e.*, coalesce(nullif(e.title, ''), c.title) as shown_title, p.language
from share_exports x join exports e using (org_id, export_id) join clips c using (org_id, clip_id)
  join projects p on p.org_id = e.org_id and p.project_id = e.project_id
where x.org_id = $1 and x.share_id = $2 and e.state = 'done' and e.files is not null and p.state <> 'erased'
  and ($3::uuid is null or e.export_id = $3)
order by x.position
"""


class OpenedShare(Value, frozen=True, kw_only=True):
    """A link that somebody opened."""

    org_id: UUID
    share_id: UUID
    title: str
    allow_download: bool
    show_organisation: bool
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    expired: bool
    organisation: str
    """Name of the organisation."""
    erased_at: dt.datetime | None
    """When the organisation was erased."""


async def find_share_by_token(connection: Connection, token_hash: bytes) -> OpenedShare | None:
    """The link of a token, also one that has ended.

    The rest of the transaction sees its organisation's rows.
    """
    await set_place(connection, "token_hash", token_hash.hex())
    org_id = await connection.fetchval(_FIND, token_hash)
    if org_id is None:
        return None
    await set_org(connection, org_id)
    row = await connection.fetchrow(_OPEN, org_id, token_hash)
    return OpenedShare(**dict(row)) if row is not None else None


async def list_shown_exports(connection: Connection, share: OpenedShare, export_id: UUID | None = None) -> list[Row]:
    """Whole rows of the finished exports that a link shows, with their titles; or one of them."""
    rows: list[Row] = await connection.fetch(_SHOWN, share.org_id, share.share_id, export_id)
    return rows


async def note_view(connection: Connection, share: OpenedShare) -> None:
    """Count that somebody opened a link: no more than how often, and when last."""
    await connection.execute(
        "update shares set views = views + 1, last_viewed_at = now() where org_id = $1 and share_id = $2",
        share.org_id,
        share.share_id,
    )
