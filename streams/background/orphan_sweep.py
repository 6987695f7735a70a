"""Removes objects that no row names: of workers that lost their fence, of uploads never used; erases once more."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from uuid import UUID

import sentry_sdk
import structlog

from core.errors import Unavailable
from core.infra.postgres.connection import Pool, Row, org_transaction, transaction
from core.infra.s3.object_store import S3Objects
from core.services.erasure import erase
from core.services.orphan_cleanup import ERASED_ROUNDS, GRACE
from streams.runtime.metrics import LEFTOVERS, Metrics

CLAIMED = dt.timedelta(minutes=5)
_TAKE = """
update object_sweeps set due_at = now() + $1 where (org_id, kind, subject_id) in (
  select org_id, kind, subject_id from object_sweeps where due_at <= now()
  order by due_at limit 20 for update skip locked)
returning org_id, kind, subject_id, round, due_at
"""
_AGAIN = """
update object_sweeps set due_at = now() + $5, round = round + 1
where org_id = $1 and kind = $2 and subject_id = $3 and due_at = $4
"""
_DONE = "delete from object_sweeps where org_id = $1 and kind = $2 and subject_id = $3 and due_at = $4"
"""Both leave a plan alone that was made anew meanwhile: its ``due_at`` is another one."""
_STATE = "select state from projects where org_id = $1 and project_id = $2"
_BUSY = """
select exists (select 1 from attempts where org_id = $1 and project_id = $2 and state in ('running', 'free'))
  or exists (select 1 from exports where org_id = $1 and project_id = $2 and state in ('waiting', 'rendering'))
"""
_MENTIONED = """
select concat_ws(' ', source::text, source_index::text) from projects where org_id = $1 and project_id = $2
union all select concat_ws(' ', heard_ref::text, seen_ref::text) from spans where org_id = $1 and project_id = $2
union all select object::text from transcripts where org_id = $1 and project_id = $2
union all select object::text from moments where org_id = $1 and project_id = $2
union all select object::text from intelligence where org_id = $1 and project_id = $2
union all select concat_ws(' ', tracks::text, facts::text) from clips where org_id = $1 and project_id = $2
union all select concat_ws(' ', plan::text, edit::text, files::text) from exports where org_id = $1 and project_id = $2
union all select concat_ws(' ', plan::text, picture::text) from previews where org_id = $1 and project_id = $2
union all select encode(payload, 'escape') from dead_letters where org_id = $1 and project_id = $2
union all select object_key from projects where org_id = $1 and project_id <> $2
  and starts_with(object_key, concat($1::text, '/', $2::text, '/'))
"""
_UNUSED = """
update uploads u set state = 'aborted' where org_id = $1 and upload_id = $2 and not exists (
  select 1 from projects p where p.org_id = u.org_id and p.object_key = u.object_key)
  and not exists (
  select 1 from assets a where a.org_id = u.org_id and a.upload_id = u.upload_id and a.state = 'received')
returning object_key, multipart_id
"""
_UNNAMED = """
update assets a set name = '', checked = null
where org_id = $1 and asset_id = $2 and archived_at is not null and not exists (
  select 1 from brand_kit_versions v where v.org_id = a.org_id and v.kit::text like '%' || a.asset_id || '%')
returning 1
"""


async def run_leftovers(
    relay: Pool, worker: Pool, objects: S3Objects, stop: asyncio.Event, pause_s: float, metrics: Metrics
) -> None:
    """Make every look that is due, each ``pause_s``, until ``stop``."""
    log = structlog.get_logger()
    while not stop.is_set():
        try:
            metrics.count(LEFTOVERS, await sweep_leftovers(relay, worker, objects))
        except Unavailable as error:
            log.warning("leftovers wait", part=error.part)
        try:
            await asyncio.wait_for(stop.wait(), pause_s)
        except TimeoutError:
            continue


async def sweep_leftovers(relay: Pool, worker: Pool, objects: S3Objects) -> int:
    """Make the looks that are due; says how many objects went. Raises Unavailable; the look is then made again."""
    async with transaction(relay) as connection:
        taken = await connection.fetch(_TAKE, CLAIMED)
    removed = 0
    for row in taken:
        try:
            removed += await _look(relay, worker, objects, row)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug with one must not keep the others' from going
            sentry_sdk.capture_exception(error)
            structlog.get_logger().error("leftovers stay", id=str(row["subject_id"]), error=repr(error))
    return removed


async def _look(relay: Pool, worker: Pool, objects: S3Objects, row: Row) -> int:
    owner = (row["org_id"], row["subject_id"])
    if row["kind"] == "upload":
        count, again = await _sweep_upload(worker, objects, *owner), None
    elif row["kind"] == "asset":
        count, again = await _sweep_asset(worker, objects, *owner), None
    else:
        count, again = await _sweep_project(worker, objects, *owner, row["round"])
    await _settle(relay, row, again)
    if count:
        structlog.get_logger().info("leftovers removed", subject=row["kind"], objects=count, id=str(owner[1]))
    return count


async def _settle(relay: Pool, row: Row, again: dt.timedelta | None) -> None:
    look = (row["org_id"], row["kind"], row["subject_id"], row["due_at"])
    async with transaction(relay) as connection:
        if again is None:
            await connection.execute(_DONE, *look)
        else:
            await connection.execute(_AGAIN, *look, again)


async def _sweep_project(
    pool: Pool, objects: S3Objects, org_id: UUID, project_id: UUID, round_: int
) -> tuple[int, dt.timedelta | None]:
    """How many objects went, and when to look again."""
    prefix = f"{org_id}/{project_id}/"
    async with org_transaction(pool, org_id) as connection:
        state = await connection.fetchval(_STATE, org_id, project_id)
        if state == "erased":
            mentions, busy = [], False
        else:
            mentions = [row[0] or "" for row in await connection.fetch(_MENTIONED, org_id, project_id)]
            busy = state in ("queued", "running") or await connection.fetchval(_BUSY, org_id, project_id)
    if state == "erased":
        count = await erase(pool, objects, org_id, project_id)
        return count, ERASED_ROUNDS[round_ + 1] if round_ + 1 < len(ERASED_ROUNDS) else None
    if busy:
        return 0, GRACE
    return await _remove_unmentioned(objects, prefix, mentions), None


async def _remove_unmentioned(objects: S3Objects, prefix: str, mentions: list[str]) -> int:
    there = await objects.list_prefix(prefix, limit=None)
    sizes = {item.key: item.size for item in there}
    named = re.compile(re.escape(prefix) + r"[A-Za-z0-9_.\-/]+")
    kept: set[str] = set()
    found = {key for text in mentions for key in named.findall(text)}
    while found:
        kept |= found
        documents = [key for key in found if key.endswith(".json") and key in sizes]
        texts = [(await objects.read_range(key, 0, sizes[key])).decode() for key in documents]
        found = {key for text in texts for key in named.findall(text)} - kept
    oldest = dt.datetime.now(dt.UTC) - GRACE
    return await objects.delete_keys(
        [item.key for item in there if item.key not in kept and item.modified_at and item.modified_at < oldest]
    )


async def _sweep_upload(pool: Pool, objects: S3Objects, org_id: UUID, upload_id: UUID) -> int:
    """Remove an upload that no project names. The row is locked first, as making a project of it locks it."""
    async with org_transaction(pool, org_id) as connection:
        await connection.execute(
            "select 1 from uploads where org_id = $1 and upload_id = $2 for update", org_id, upload_id
        )
        row = await connection.fetchrow(_UNUSED, org_id, upload_id)
    if row is None:
        return 0
    if row["multipart_id"]:
        await objects.abort_multipart(row["object_key"], row["multipart_id"])
    return await objects.delete_prefix(row["object_key"])


async def _sweep_asset(pool: Pool, objects: S3Objects, org_id: UUID, asset_id: UUID) -> int:
    """Remove a file of brand kits that was set aside, where no version of a kit names it; its id stays."""
    async with org_transaction(pool, org_id) as connection:
        unnamed = await connection.fetchval(_UNNAMED, org_id, asset_id)
    return await objects.delete_prefix(f"{org_id}/assets/{asset_id}/") if unnamed else 0
