"""Orphan cleanup: remove objects that no row names, of lost workers and unused uploads."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from uuid import UUID

import sentry_sdk
import structlog

from core.domain.project_states import ACTIVE_PROJECT_STATES
from core.errors import Unavailable
from core.infra.postgres.connection import Pool, org_transaction, transaction
from core.infra.s3.object_store import S3Objects
from core.services.erasure import erase
from core.services.orphan_cleanup import (
    ERASED_ROUNDS,
    GRACE,
    DueSweep,
    blank_unnamed_asset,
    claim_due_sweeps,
    close_unused_upload,
    end_sweep,
    find_tails,
    is_busy,
    list_mentions,
    repeat_sweep,
)
from core.storage.projects import read_project_state
from streams.runtime.metrics import LEFTOVERS, ProcessMetrics


async def run_orphan_sweep(
    relay: Pool, worker: Pool, objects: S3Objects, stop: asyncio.Event, pause_s: float, metrics: ProcessMetrics
) -> None:
    """Run the sweeps that are due, every ``pause_s``, until ``stop``."""
    log = structlog.get_logger()
    while not stop.is_set():
        try:
            metrics.count(LEFTOVERS, await sweep_orphans(relay, worker, objects))
        except Unavailable as error:
            log.warning("leftovers wait", part=error.part)
        try:
            await asyncio.wait_for(stop.wait(), pause_s)
        except TimeoutError:
            continue


async def sweep_orphans(relay: Pool, worker: Pool, objects: S3Objects) -> int:
    """Run the sweeps that are due; returns how many objects were removed.

    Raises Unavailable; the sweep is then repeated.
    """
    async with transaction(relay) as connection:
        sweeps = await claim_due_sweeps(connection)
    removed = 0
    for sweep in sweeps:
        try:
            removed += await _look(relay, worker, objects, sweep)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug with one must not keep the others' from going
            sentry_sdk.capture_exception(error)
            structlog.get_logger().error("leftovers stay", id=str(sweep.subject_id), error=repr(error))
    return removed


async def _look(relay: Pool, worker: Pool, objects: S3Objects, sweep: DueSweep) -> int:
    owner = (sweep.org_id, sweep.subject_id)
    if sweep.kind == "upload":
        count, pause = await _sweep_upload(worker, objects, *owner), None
    elif sweep.kind == "asset":
        count, pause = await _sweep_asset(worker, objects, *owner), None
    else:
        count, pause = await _sweep_project(worker, objects, *owner, sweep.round)
    await _settle(relay, sweep, pause)
    if count:
        structlog.get_logger().info("leftovers removed", subject=sweep.kind, objects=count, id=str(owner[1]))
    return count


async def _settle(relay: Pool, sweep: DueSweep, pause: dt.timedelta | None) -> None:
    async with transaction(relay) as connection:
        if pause is None:
            await end_sweep(connection, sweep)
        else:
            await repeat_sweep(connection, sweep, pause)


async def _sweep_project(
    pool: Pool, objects: S3Objects, org_id: UUID, project_id: UUID, round_number: int
) -> tuple[int, dt.timedelta | None]:
    """Sweep a project; return how many objects were removed, and when to sweep again."""
    prefix = f"{org_id}/{project_id}/"
    async with org_transaction(pool, org_id) as connection:
        state = await read_project_state(connection, org_id, project_id)
        if state == "erased":
            mentions, busy = list[str](), False
        else:
            mentions = await list_mentions(connection, org_id, project_id)
            busy = state in ACTIVE_PROJECT_STATES or await is_busy(connection, org_id, project_id)
    if state == "erased":
        count = await erase(pool, objects, org_id, project_id)
        return count, ERASED_ROUNDS[round_number + 1] if round_number + 1 < len(ERASED_ROUNDS) else None
    if busy:
        return 0, GRACE
    return await _remove_unmentioned(objects, prefix, mentions), None


async def _remove_unmentioned(objects: S3Objects, prefix: str, mentions: list[str]) -> int:
    stored_objects = await objects.list_prefix(prefix, limit=None)
    sizes = {item.key: item.size for item in stored_objects}
    key_pattern = re.compile(re.escape(prefix) + r"[A-Za-z0-9_.\-/]+")
    mentioned_keys: set[str] = set()
    new_keys = {key for text in mentions for key in key_pattern.findall(text)}
    while new_keys:
        mentioned_keys |= new_keys
        documents = [key for key in new_keys if key.endswith(".json") and key in sizes]
        texts = [(await objects.read_range(key, 0, sizes[key])).decode() for key in documents]
        new_keys = {key for text in texts for key in key_pattern.findall(text)} - mentioned_keys
    oldest = dt.datetime.now(dt.UTC) - GRACE
    return await objects.delete_keys(
        [
            item.key
            for item in stored_objects
            if item.key not in mentioned_keys and item.modified_at and item.modified_at < oldest
        ]
    )


async def _sweep_upload(pool: Pool, objects: S3Objects, org_id: UUID, upload_id: UUID) -> int:
    """Remove an upload that no project names, or what is left of the tails of one that is used."""
    async with org_transaction(pool, org_id) as connection:
        unused = await close_unused_upload(connection, org_id, upload_id)
        tails = None if unused else await find_tails(connection, org_id, upload_id)
    if unused is None:
        return await objects.delete_prefix(tails) if tails else 0
    if unused.multipart_id:
        await objects.abort_multipart(unused.object_key, unused.multipart_id)
    return await objects.delete_prefix(unused.object_key)


async def _sweep_asset(pool: Pool, objects: S3Objects, org_id: UUID, asset_id: UUID) -> int:
    """Remove an archived asset that no version of a brand kit names; its id stays."""
    async with org_transaction(pool, org_id) as connection:
        unnamed = await blank_unnamed_asset(connection, org_id, asset_id)
    return await objects.delete_prefix(f"{org_id}/assets/{asset_id}/") if unnamed else 0
