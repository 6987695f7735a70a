"""What goes when a project is erased: its objects, its upload, its rows but for the tombstone. Decides no erasure."""

from __future__ import annotations

import re
from uuid import UUID

from streams.adapters.objects import S3Objects
from streams.adapters.postgres import Pool, org_transaction

_OPEN_CLAIMS = """
update attempts set state = 'cancelled', finished_at = now(), lease_until = null
where org_id = $1 and project_id = $2 and state in ('running', 'free')
"""
_OWN_UPLOAD = """
select object_key from projects p where org_id = $1 and project_id = $2 and not exists (
  select 1 from projects o where o.org_id = p.org_id and o.object_key = p.object_key and o.project_id <> p.project_id
    and o.state <> 'erased')
"""
"""The upload, unless another project was made from it as well."""
_UPLOAD_KEY = re.compile(r"[0-9a-f-]{36}/uploads/[^/]+/[^/]+")
"""One object, never a folder of them."""
_LOCK = "select 1 from projects where org_id = $1 and project_id = $2 for update"
_FORGET = (
    """update uploads u set filename = '' from projects p
       where p.org_id = $1 and p.project_id = $2 and u.org_id = p.org_id and u.object_key = p.object_key""",
    "delete from attempts where org_id = $1 and project_id = $2 and state <> 'running'",
    "delete from deliveries where org_id = $1 and project_id = $2",
    "delete from exports where org_id = $1 and project_id = $2",
    "delete from previews where org_id = $1 and project_id = $2",
    "delete from clips where org_id = $1 and project_id = $2",
    "delete from costs where org_id = $1 and project_id = $2",
    "delete from subjects where org_id = $1 and project_id = $2",
    "delete from intelligence where org_id = $1 and project_id = $2",
    "delete from moments where org_id = $1 and project_id = $2",
    "delete from transcripts where org_id = $1 and project_id = $2",
    "delete from spans where org_id = $1 and project_id = $2",
    """update projects set title = '', object_key = null, source_url = null, options = '{}', source = null,
         source_index = null, warnings = '{}', nothing_found_reason = null, failure_detail = null, estimate = null
       where org_id = $1 and project_id = $2 and state = 'erased'""",
    """update project_events set body = body - array['detail', 'warnings', 'nothing_found_reason']
       where org_id = $1 and project_id = $2""",
    "delete from outbox where org_id = $1 and project_id = $2 and published_at is not null",
    "update dead_letters set payload = '', detail = '', headers = '{}' where org_id = $1 and project_id = $2",
)


async def erase(pool: Pool, objects: S3Objects, org_id: UUID, project_id: UUID) -> int:
    """Remove what the project left; says how many objects. It is run several times: what comes late goes too."""
    owner = (org_id, project_id)
    async with org_transaction(pool, org_id) as connection:
        uploaded = await connection.fetchval(_OWN_UPLOAD, *owner)
    count = await objects.delete_prefix(f"{org_id}/{project_id}/")
    if uploaded and _UPLOAD_KEY.fullmatch(uploaded):
        count += await objects.delete_prefix(uploaded)
    async with org_transaction(pool, org_id) as connection:
        await connection.execute(_LOCK, *owner)  # first, as a commit does: else each waits for the other
        await connection.execute(_OPEN_CLAIMS, *owner)
        for statement in _FORGET:
            await connection.execute(statement, *owner)
    return count
