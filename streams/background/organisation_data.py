"""Archives and erasures of organisations, and traces of erased people, in the relay's process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import sentry_sdk
import structlog

from core.errors import Unavailable
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Pool
from core.infra.s3.object_store import S3Objects
from core.ports.payments import Payments
from core.services.organisation.archives import ArchiveParts, write_next_archive
from core.services.organisation.organisation_erasure import ErasureParts, erase_next_organisation
from core.services.organisation.person_traces import erase_traces
from core.settings import Settings

POLL_S = 2.0


async def run_organisation_erasure(
    settings: Settings, relay: Pool, worker: Pool, objects: S3Objects, payments: Payments | None, stop: asyncio.Event
) -> None:
    """Run the rounds of erasures of organisations until ``stop``."""
    ring = open_key_ring(settings)
    parts = ErasureParts(relay=relay, pool=worker, objects=objects, ring=ring, payments=payments)
    await _repeat("erasure of an organisation", lambda: erase_next_organisation(parts), stop)


async def run_trace_erasure(relay: Pool, stop: asyncio.Event) -> None:
    """Remove the traces of erased people from logs until ``stop``."""
    await _repeat("erasure of traces", lambda: erase_traces(relay), stop)


async def run_archives(settings: Settings, relay: Pool, worker: Pool, objects: S3Objects, stop: asyncio.Event) -> None:
    """Write archives of organisations, and remove the old ones, until ``stop``."""
    parts = ArchiveParts(relay=relay, pool=worker, objects=objects, rules=settings.data, work_dir=settings.work_dir)
    await _repeat("archive", lambda: write_next_archive(parts), stop)


async def _repeat(name: str, work: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
    """Do what is due, one after the other; a failure is repeated when its claim has ended."""
    log = structlog.get_logger()
    while not stop.is_set():
        busy = False
        try:
            busy = await work()
        except Unavailable as error:
            log.warning(f"{name} waits", part=error.part)
        except Exception as error:  # noqa: BLE001 - a bug with one organisation must not keep the others' from going
            sentry_sdk.capture_exception(error)
            log.error(f"{name} failed", error=repr(error))
        if not busy:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)
