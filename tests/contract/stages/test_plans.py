"""The plan of an organisation where the length of a recording becomes known: at ingest, on real stores."""

from __future__ import annotations

import uuid
from pathlib import Path

import asyncpg
import pytest

from core.infra.postgres.connection import org_transaction, set_org
from core.services.billing.quotas import PLAN_EXCEEDED
from core.storage.billing.usage import add_usage
from schemas import events
from streams.ingest.agent import IngestStage
from tests.contract.rigs.stage_rig import NOW, Rig, make_rig
from tests.support.media.hostile_files import film

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


async def use(rig: Rig, source_ms: int) -> None:
    """Let the organisation have the plan of 60 minutes, and use some of it."""
    async with org_transaction(rig.pool, rig.org_id) as rows:
        await add_usage(rows, rig.org_id, uuid.uuid4(), "source_ms", source_ms, project_id=uuid.uuid4(), at=NOW)
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    try:
        async with owner.transaction():
            await set_org(owner, rig.org_id)
            await owner.execute("update orgs set plan = 'free' where org_id = $1", rig.org_id)
    finally:
        await owner.close()


async def test_a_recording_beyond_the_plan_ends_its_project(rig: Rig, tmp_path: Path) -> None:
    await use(rig, 3_600_000 - 5_000)
    upload = await rig.upload(film(tmp_path / "film.mp4", seconds=6))
    await rig.send(IngestStage(rig.context), upload, uuid.uuid4())
    project = await rig.project()
    assert (project["state"], project["failure_reason"]) == ("failed", PLAN_EXCEEDED)
    assert "60 minutes" in project["failure_detail"]
    assert [type(sent.event) for sent in await rig.fresh() if isinstance(sent.event, events.SpanPlanned)] == []
    assert await rig.rows("select 1 from spans where org_id = $1 and project_id = $2") == []
    kinds = await rig.rows("select kind from usage_entries where org_id = $1 and project_id = $2")
    assert kinds == []


async def test_a_recording_that_fits_is_taken_in_and_stored(rig: Rig, tmp_path: Path) -> None:
    await use(rig, 3_600_000 - 7_000)
    path = film(tmp_path / "film.mp4", seconds=6)
    upload = await rig.upload(path)
    assert await rig.send(IngestStage(rig.context), upload, uuid.uuid4()) == "committed"
    assert (await rig.project())["state"] == "running"
    (stored,) = await rig.rows("select kind, quantity from usage_entries where org_id = $1 and project_id = $2")
    assert (stored["kind"], stored["quantity"]) == ("stored_bytes", path.stat().st_size)
