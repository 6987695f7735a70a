"""Seals the audit log: gives each entry its place in the chain of its organisation."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from core.errors import Unavailable
from core.infra.postgres.connection import Pool
from core.services.audit.audit_log import MAX_SEALED_ENTRIES, seal_entries

SEAL_EVERY_S = 1.0


async def run_audit_sealer(pool: Pool, stop: asyncio.Event) -> None:
    """Seal entries every ``SEAL_EVERY_S`` until ``stop``; without a pause while many wait."""
    while not stop.is_set():
        sealed = 0
        try:
            sealed = await seal_entries(pool)
        except Unavailable as error:
            structlog.get_logger().warning("audit sealer waits", part=error.part)
        if sealed < MAX_SEALED_ENTRIES:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SEAL_EVERY_S)
