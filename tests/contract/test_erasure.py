"""Erasing beside a worker that ends at the same moment: neither waits for the other for ever. Real Postgres."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from schemas import events
from streams import claims, lifecycle
from streams.adapters.postgres import org_transaction
from streams.errors import Superseded
from streams.outbox import Cause
from streams.sweeper import erase
from tests.contract.attempt_rig import NOW, Rig, make_rig

__all__ = ["make_rig"]


class NoObjects:
    """A store with nothing in it."""

    async def delete_prefix(self, prefix: str) -> int:
        return 0


async def test_a_worker_that_ends_while_its_project_is_erased(rig: Rig) -> None:
    attempts, _ = rig.attempts(lambda _: asyncio.sleep(0))
    cause = Cause(input_id=rig.message.input_id(rig.envelope, rig.event), source="ingest", now=NOW)
    held = await attempts._claim(rig.message, rig.event, cause)
    assert isinstance(held, claims.Claim)
    owner = (rig.org_id, rig.project_id)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await lifecycle.erase_project(connection, *owner, Cause(input_id=uuid.uuid4(), source="api", now=NOW))
    objects: Any = NoObjects()
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await lifecycle.lock_project(connection, *owner)
        erasing = asyncio.create_task(
            erase(rig.worker, objects, events.ProjectErased(org_id=rig.org_id, project_id=rig.project_id, version=2))
        )
        await asyncio.sleep(0.5)
        await asyncio.wait_for(claims.finish(connection, held, "cancelled"), 5)
    await asyncio.wait_for(erasing, 5)
    with pytest.raises(Superseded):
        async with org_transaction(rig.worker, rig.org_id) as connection:
            await claims.finish(connection, held, "done")
