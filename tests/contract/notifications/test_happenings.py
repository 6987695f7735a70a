"""What happens is written with the deed: ends of projects, limits, payments, endpoints; drafts are left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from core.domain.billing.stripe_rules import StripeRules
from core.domain.billing.subscription_state import Subscription
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.services.billing.subscriptions import apply_subscriptions
from core.services.webhooks.notices import disable
from core.settings import Settings
from core.storage.billing.billing_accounts import add_account, count_question
from core.storage.billing.usage import add_usage
from core.storage.notifications.outbox import insert_notification
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.push_rig import Relay, open_relay

pytestmark = pytest.mark.contract
NOW = dt.datetime.now(dt.UTC)
PLANS = '[{"name": "unlimited", "title": "Unlimited"}, {"name": "small", "title": "Small", "source_minutes": 10}]'


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.fixture
async def relay(postgres: Settings) -> AsyncIterator[Relay]:
    async with open_relay(postgres) as opened:
        await opened.plan()
        yield opened


def cause() -> Cause:
    return Cause(input_id=uuid4(), source="test", now=NOW)


async def kinds(relay: Relay, org_id: UUID) -> list[str]:
    rows = await relay.rows("select kind from notifications where org_id = $1 order by at, kind", org_id)
    return [row["kind"] for row in rows]


@pytest.mark.parametrize(("clips", "kind"), [(3, "clips.ready"), (0, "project.finished")])
async def test_an_end_is_written_once(world: World, relay: Relay, clips: int, kind: str) -> None:
    project_id = await new_project(world.ann)
    for _ in range(2):
        async with org_transaction(world.worker, world.ann.org_id) as connection:
            await project_lifecycle.lock_project(connection, world.ann.org_id, project_id)
            await project_lifecycle.complete_project(connection, world.ann.org_id, project_id, clips, cause())
    assert [one for one in await kinds(relay, world.ann.org_id) if one != "quota.check"] == [kind]


async def test_a_failure_is_written_and_a_rollback_is_not(world: World, relay: Relay) -> None:
    project_id = await new_project(world.ann)
    arguments = (world.ann.org_id, project_id, "media.corrupt", "It is broken.", cause())

    async def roll_back() -> None:
        async with org_transaction(world.worker, world.ann.org_id) as connection:
            await project_lifecycle.fail_project(connection, *arguments)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await roll_back()
    assert await kinds(relay, world.ann.org_id) == []
    async with org_transaction(world.worker, world.ann.org_id) as connection:
        await project_lifecycle.fail_project(connection, *arguments)
    assert await kinds(relay, world.ann.org_id) == ["project.failed"]


async def test_the_draft_of_a_test_key_makes_none(world: World, relay: Relay) -> None:
    project_id = await new_project(world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as connection:
        await connection.execute("update projects set test = true where project_id = $1", project_id)
        await project_lifecycle.fail_project(connection, world.ann.org_id, project_id, "x", "y", cause())
    assert await kinds(relay, world.ann.org_id) == []


async def test_limits_are_written_at_80_and_100_percent(world: World, postgres: Settings, tmp_path: Path) -> None:
    """Once each, however often use is added behind it."""
    (tmp_path / "plans.json").write_text(PLANS)
    settings = msgspec.structs.replace(postgres, plans_file=tmp_path / "plans.json", default_plan="small")
    async with open_relay(settings) as relay:
        await relay.plan()
        seen = []
        for minutes in (7, 1, 1, 1, 5):
            async with org_transaction(world.worker, world.ann.org_id) as connection:
                project_id = uuid4()
                await add_usage(
                    connection,
                    world.ann.org_id,
                    project_id,
                    "source_ms",
                    minutes * 60_000,
                    project_id=project_id,
                    at=dt.datetime.now(dt.UTC),
                )
            await relay.plan()
            seen.append([one for one in await kinds(relay, world.ann.org_id) if one != "quota.check"])
    near, reached = ["quota.near"], ["quota.near", "quota.reached"]
    assert seen == [[], near, near, reached, reached]


async def test_a_failed_payment_is_written_and_audited(world: World, relay: Relay) -> None:
    """Written once while it is not paid; the plan that it gave and lost is in the audit log, as the system's."""
    org_id = world.ann.org_id
    rules = StripeRules(prices=("pro:price_pro",))
    subscription = Subscription(
        id="sub_1", customer_id=f"cus_{org_id}", state="active", price_ids=("price_pro",), started_at=NOW
    )
    async with org_transaction(world.api, org_id) as connection:
        await add_account(connection, org_id, f"cus_{org_id}")
    for state in ("active", "past_due", "past_due", "active", "past_due"):
        async with org_transaction(world.api, org_id) as connection:
            question = await count_question(connection, org_id)
            changed = msgspec.structs.replace(subscription, state=state)
            await apply_subscriptions(connection, org_id, [changed], question, rules, NOW)
    assert await kinds(relay, org_id) == ["payment.failed", "payment.failed"]
    items = (await world.ann.client.get("/v1/audit", params={"operation": "plan.changed"})).json()["items"]
    assert [item["actor"]["kind"] for item in items] == ["system"]


async def test_a_disabled_endpoint_is_written(world: World, relay: Relay) -> None:
    body = {"url": "https://hook.example/", "events": ["*"]}
    endpoint_id = UUID((await world.ann.client.post("/v1/webhooks/endpoints", json=body)).json()["endpoint_id"])
    for _ in range(2):
        async with org_transaction(world.worker, world.ann.org_id) as connection:
            await disable(connection, world.ann.org_id, endpoint_id, "gone", cause())
    assert await kinds(relay, world.ann.org_id) == ["webhook.disabled"]


async def test_no_role_but_the_relay_reads_them(world: World) -> None:
    for pool in (world.worker, world.api):
        async with org_transaction(pool, world.ann.org_id) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select details from notifications")


async def test_no_organisation_writes_for_another(world: World) -> None:
    async with org_transaction(world.worker, world.bob.org_id) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await insert_notification(connection, uuid4(), kind="project.failed", at=NOW, org_id=world.ann.org_id)
