"""Erase a project: its objects, its upload, and its rows but for the tombstone.

Several projects may be made of one object. It stays, with the name of its upload, until the last of them is erased.
When a project is erased is decided by core.services.project_lifecycle.
"""

from __future__ import annotations

import datetime as dt
import re
from uuid import UUID

from core.domain.event_confirmation import UNCONFIRMED
from core.errors import InputRejected
from core.infra.postgres.connection import Connection, Pool, org_transaction
from core.infra.s3.object_store import S3Objects
from core.storage.billing.usage import free_storage
from core.storage.labels import read_is_erased

_OPEN_CLAIMS = """
update attempts set state = 'cancelled', finished_at = now(), lease_until = null
where org_id = $1 and project_id = $2 and state in ('running', 'free')
"""
_LOCK_UPLOAD = """
select 1 from uploads u join projects p using (org_id, object_key) where p.org_id = $1 and p.project_id = $2
for update of u
"""
"""A project that is just being made of the upload is committed first, or finds the upload closed."""
_OWN_SOURCE = """
select object_key from projects p where org_id = $1 and project_id = $2 and not exists (
  select 1 from projects o where o.org_id = p.org_id and o.object_key = p.object_key and o.project_id <> p.project_id
    and o.state <> 'erased')
"""
"""The source object, unless another project that is not erased was made of it too."""
_CLOSE_UPLOAD = "update uploads set filename = '', state = 'aborted' where org_id = $1 and object_key = $2"
_FORGET_APPENDED = """
delete from appended_uploads a using uploads u
where a.org_id = $1 and u.org_id = a.org_id and u.upload_id = a.upload_id and u.object_key = $2
"""
_OTHERS_SOURCES = """
select object_key from projects where org_id = $1 and project_id <> $2 and state <> 'erased'
  and starts_with(object_key, $3)
"""
"""Objects of this project that other projects are made of: a producer named a clip as a source."""
_IS_ERASED = "select 1 from projects where org_id = $1 and project_id = $2 and state = 'erased'"
_UPLOAD_KEY = re.compile(r"[0-9a-f-]{36}/uploads/[^/]+/[^/]+")
"""Matches one object of an upload, not a folder of them."""
_PROJECTS_KEY = re.compile(r"[0-9a-f-]{36}/([0-9a-f-]{36})/.+")
_LOCK = "select 1 from projects where org_id = $1 and project_id = $2 for update"
_FORGET = (
    "delete from attempts where org_id = $1 and project_id = $2 and state <> 'running'",
    "delete from admissions where org_id = $1 and project_id = $2",
    "delete from notifications where org_id = $1 and project_id = $2",
    "delete from mails where org_id = $1 and $2 = any(project_ids)",
    "delete from webhook_messages where org_id = $1 and project_id = $2",
    "delete from deliveries where org_id = $1 and project_id = $2",
    # links that show nothing else: their titles are of this project
    """delete from shares s where org_id = $1 and not exists (
         select 1 from share_exports x join exports e using (org_id, export_id)
         where x.org_id = s.org_id and x.share_id = s.share_id and e.project_id <> $2)""",
    "delete from exports where org_id = $1 and project_id = $2",
    "delete from source_media where org_id = $1 and project_id = $2",
    "delete from previews where org_id = $1 and project_id = $2",
    "delete from clips where org_id = $1 and project_id = $2",
    "delete from costs where org_id = $1 and project_id = $2",
    "delete from subjects where org_id = $1 and project_id = $2",
    "delete from intelligence where org_id = $1 and project_id = $2",
    "delete from moments where org_id = $1 and project_id = $2",
    "delete from transcripts where org_id = $1 and project_id = $2",
    "delete from spans where org_id = $1 and project_id = $2",
    """update projects set title = '', metadata = '{}', tags = '{}', object_key = null, source_url = null,
         page_key = null, options = '{}', source = null, source_index = null, warnings = '{}',
         nothing_found_reason = null, failure_detail = null, estimate = null
       where org_id = $1 and project_id = $2 and state = 'erased'""",
    """update project_events set body = body - array['detail', 'warnings', 'nothing_found_reason']
       where org_id = $1 and project_id = $2""",
    "delete from outbox where org_id = $1 and project_id = $2 and published_at is not null",
    "update dead_letters set payload = '', detail = '', headers = '{}' where org_id = $1 and project_id = $2",
)


async def erase(pool: Pool, objects: S3Objects, org_id: UUID, project_id: UUID) -> int:
    """Remove what is left of an erased project and return the number of removed objects.

    It runs several times for each project, so that objects which arrive late are removed too.

    Raises:
        InputRejected: The rows do not call this project erased, whatever an event says.
    """
    owner, prefix = (org_id, project_id), f"{org_id}/{project_id}/"
    async with org_transaction(pool, org_id) as connection:
        if not await read_is_erased(connection, *owner):
            raise InputRejected(UNCONFIRMED, f"no row calls project {project_id} erased")
        source = await _own_source(connection, *owner)
        retained_keys = {row["object_key"] for row in await connection.fetch(_OTHERS_SOURCES, *owner, prefix)}
    # Between two transactions: removing many objects takes long, and no row stays locked meanwhile.
    count = await _empty(objects, prefix, retained_keys)
    if source is not None:
        count += await objects.delete_prefix(source)
    async with org_transaction(pool, org_id) as connection:
        await connection.execute(_LOCK, *owner)  # first, as a commit does: else each waits for the other
        await connection.execute(_OPEN_CLAIMS, *owner)
        for statement in _FORGET:
            await connection.execute(statement, *owner)
        await free_storage(connection, *owner, dt.datetime.now(dt.UTC))
    return count


async def _own_source(connection: Connection, org_id: UUID, project_id: UUID) -> str | None:
    """Close the project's upload and return the key of its object; None if nothing may be removed.

    An object that a producer put elsewhere is the producer's and stays, unless it belonged to a project that is erased.
    """
    await connection.execute(_LOCK_UPLOAD, org_id, project_id)
    key: str | None = await connection.fetchval(_OWN_SOURCE, org_id, project_id)
    if key is None:
        return None
    await connection.execute(_CLOSE_UPLOAD, org_id, key)
    await connection.execute(_FORGET_APPENDED, org_id, key)
    if _UPLOAD_KEY.fullmatch(key):
        return key
    of_project = _PROJECTS_KEY.fullmatch(key)
    left = of_project and await connection.fetchval(_IS_ERASED, org_id, UUID(of_project[1]))
    return key if left else None


async def _empty(objects: S3Objects, prefix: str, retained: set[str]) -> int:
    """Remove all objects under a prefix except ``retained``, and return how many."""
    if not retained:
        return await objects.delete_prefix(prefix)
    items = await objects.list_prefix(prefix, limit=None)
    return await objects.delete_keys([item.key for item in items if item.key not in retained])
