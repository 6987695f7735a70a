"""Ended projects by the plans of their organisations, on a real Postgres, as the roles of the relay's process."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import Pool, create_pool, org_transaction, set_org
from core.infra.postgres.outbox import Cause
from core.infra.postgres.roles import ERASURE
from core.services import project_lifecycle
from core.settings import Settings
from streams.background.project_expiry import expire_projects
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.api_world import Tenant, World, new_project, open_world

pytestmark = pytest.mark.contract
DAY = dt.timedelta(days=1)
PLANS = [
    {"name": "unlimited", "title": "Unlimited"},
    {"name": "short", "title": "Short", "retention_days": 30},
    {"name": "long", "title": "Long", "retention_days": 60},
]


class Rig(msgspec.Struct, frozen=True, kw_only=True):
    """Two organisations, and the pools of the relay's process."""

    world: World
    settings: Settings
    relay: Pool
    erasure: Pool
    began_at: dt.datetime

    async def ended(self, tenant: Tenant) -> UUID:
        """A project that ended just now."""
        project_id = await new_project(tenant)
        cause = Cause(input_id=uuid4(), source="test", now=self.began_at)
        async with org_transaction(self.world.worker, tenant.org_id) as rows:
            await project_lifecycle.fail_project(rows, tenant.org_id, project_id, "media.unsupported", "no", cause)
        return project_id

    async def set_plan(self, tenant: Tenant, plan: str | None) -> None:
        path = f"/v1/admin/organisations/{tenant.org_id}/plan"
        assert (await self.world.ann.client.patch(path, json={"plan": plan})).status_code == 200

    async def look(self, day: float) -> dict[str, int]:
        """Look once at this time; what that changed in these two organisations: other tests left theirs."""
        now, before = self.began_at + DAY * day, await self._standing()
        await expire_projects(self.settings, self.relay, self.erasure, ProcessMetrics(OF_RELAY), now)
        changes = Counter(change for project, change in (await self._standing()).items() if before[project] != change)
        return dict(changes)

    async def _standing(self) -> dict[UUID, str]:
        standing = {}
        for tenant in (self.world.ann, self.world.bob):
            async with self.world.owner.transaction():
                await set_org(self.world.owner, tenant.org_id)
                rows = await self.world.owner.fetch(
                    """select project_id, case when state = 'erased' then 'erased'
                         when announced_expiry is not null then 'announced' else 'kept' end as standing
                       from projects where org_id = $1""",
                    tenant.org_id,
                )
            standing |= {row["project_id"]: row["standing"] for row in rows}
        return standing

    async def expires_at(self, tenant: Tenant, project_id: UUID) -> dt.datetime | None:
        project = (await tenant.client.get(f"/v1/projects/{project_id}")).json()
        return dt.datetime.fromisoformat(project["expires_at"]) if project["expires_at"] else None

    async def events_of(self, tenant: Tenant, kind: str) -> list[dict[str, Any]]:
        async with self.world.owner.transaction():
            await set_org(self.world.owner, tenant.org_id)
            rows = await self.world.owner.fetch(
                "select body from project_events where org_id = $1 and type = $2 order by version",
                tenant.org_id,
                f"clipstream.{kind}",
            )
        return [json.loads(row["body"]) if isinstance(row["body"], str) else row["body"] for row in rows]


@pytest.fixture
async def rig(postgres: Settings, tmp_path: Path) -> AsyncIterator[Rig]:
    file = tmp_path / "plans.json"
    file.write_bytes(msgspec.json.encode(PLANS))
    settings = msgspec.structs.replace(postgres, plans_file=file)
    relay = await create_pool(settings.postgres_relay, size=1)
    erasure = await create_pool(f"{settings.postgres_owner}?role={ERASURE}", size=1)
    async with open_world(settings) as world:
        yield Rig(world=world, settings=settings, relay=relay, erasure=erasure, began_at=dt.datetime.now(dt.UTC))
    await relay.close()
    await erasure.close()


async def test_a_project_is_announced_and_then_erased(rig: Rig) -> None:
    ann, bob = rig.world.ann, rig.world.bob
    await rig.set_plan(bob, "short")
    project_id, running, kept = await rig.ended(bob), await new_project(bob), await rig.ended(ann)
    end = rig.began_at + DAY * 30
    assert await rig.expires_at(bob, project_id) == end
    assert await rig.expires_at(bob, running) is None
    assert await rig.expires_at(ann, kept) is None
    assert await rig.look(22) == {}
    assert await rig.look(23.5) == {"announced": 1}
    assert await rig.look(24) == {}, "once"
    (notice,) = await rig.events_of(bob, "ProjectExpiring")
    assert dt.datetime.fromisoformat(notice["expires_at"]) == end + DAY / 2
    assert await rig.look(30.4) == {}
    assert await rig.look(30.5) == {"erased": 1}
    assert (await bob.client.get(f"/v1/projects/{project_id}")).status_code == 410
    assert len(await rig.events_of(bob, "ProjectErased")) == 1
    assert (await ann.client.get(f"/v1/projects/{kept}")).status_code == 200
    assert (await bob.client.get(f"/v1/projects/{running}")).status_code == 200
    assert await rig.look(400) == {}


async def test_a_longer_plan_prolongs_and_a_shorter_one_gives_notice_first(rig: Rig) -> None:
    bob = rig.world.bob
    await rig.set_plan(bob, "short")
    project_id = await rig.ended(bob)
    assert await rig.look(25) == {"announced": 1}
    await rig.set_plan(bob, "long")
    assert await rig.expires_at(bob, project_id) == rig.began_at + DAY * 60
    assert await rig.look(31) == {"kept": 1}
    await rig.set_plan(bob, None)
    assert await rig.look(200) == {}
    assert await rig.expires_at(bob, project_id) is None
    await rig.set_plan(bob, "short")
    assert await rig.look(200) == {"announced": 1}
    assert await rig.look(206.9) == {}
    assert await rig.look(207) == {"erased": 1}
    assert len(await rig.events_of(bob, "ProjectExpiring")) == 2


async def test_the_installation_bounds_every_plan(rig: Rig) -> None:
    ann = rig.world.ann
    project_id = await rig.ended(ann)
    bounded = msgspec.structs.replace(rig.settings.retention, projects_most_days=40.0)
    rig = msgspec.structs.replace(rig, settings=msgspec.structs.replace(rig.settings, retention=bounded))
    assert await rig.look(32) == {}
    assert await rig.look(33) == {"announced": 1}
    assert await rig.look(40) == {"erased": 1}
    assert (await ann.client.get(f"/v1/projects/{project_id}")).status_code == 410


async def test_more_projects_than_a_batch_expire(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.background.project_expiry.BATCH_ROWS", 2)
    bob = rig.world.bob
    await rig.set_plan(bob, "short")
    for _ in range(5):
        await rig.ended(bob)
    assert await rig.look(23) == {"announced": 5}
    assert await rig.look(30) == {"erased": 5}
