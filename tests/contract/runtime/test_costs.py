"""The cost of an attempt is stored once, with its end, and shown to its organisation only. Real Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.usage_meter import count, count_tokens, meter_call
from core.services import project_lifecycle
from core.settings import Settings
from schemas import events
from schemas.costs import PriceList
from streams.runtime.attempts import Attempts
from streams.runtime.stage import Work
from tests.contract.rigs.api_world import Tenant, World, open_world
from tests.contract.rigs.attempt_rig import LOSING, Rig, ScriptedStage, make_rig

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
PRICES = PriceList(currency="EUR", cpu_hour=0.036, stored_gb=1.0)
COSTS = "select kind, amount, money from costs where org_id = $1 and project_id = $2 order by kind"
TOLD = """select payload from outbox where org_id = $1 and project_id = $2
          and headers->>'ce_type' = 'clipstream.CostIncurred' order by seq"""


async def use(work: Work) -> None:
    with meter_call("faces") as told:
        await asyncio.sleep(0.01)
        told.weights, told.compute_ms, told.gpu_ms = "centerface", 400, 30
    count("stored_bytes", 1_000_000)
    count_tokens(1000, 100, 0.002, 0.001)
    work.cpu_ms = 1000


async def run(rig: Rig, script: Any) -> str:
    attempts = Attempts(
        pool=rig.worker, stage=ScriptedStage(script), worker="a", rules=rig.rules, prices=PRICES,
        clock=lambda: dt.datetime.now(dt.UTC),
    )  # fmt: skip
    return await attempts.run(rig.message, rig.envelope, rig.event)


async def cost_events(rig: Rig) -> list[events.CostIncurred]:
    return [msgspec.json.decode(row["payload"], type=events.CostIncurred) for row in await rig.rows(TOLD)]


async def test_a_try_is_charged_once_however_often_its_event_comes(rig: Rig) -> None:
    assert [await run(rig, use) for _ in range(2)] == ["committed", "done"]
    assert {row["kind"]: (row["amount"], row["money"]) for row in await rig.rows(COSTS)} == {
        "cpu_ms": (1000, pytest.approx(0.00001)),
        "gpu_ms": (30, None),
        "stored_bytes": (1_000_000, pytest.approx(0.001)),
        "tokens_in": (1000, pytest.approx(0.002)),
        "tokens_out": (100, pytest.approx(0.001)),
    }
    (event,) = await cost_events(rig)
    assert (event.stage, event.attempt, event.outcome, event.currency) == ("ingest", 1, "done", "EUR")
    (call,) = event.calls
    assert (call.model, call.weights, call.compute_ms, call.gpu_ms, call.failed) == ("faces", "centerface", 400, 30, 0)
    assert call.wall_ms >= 10
    assert event.wall_ms >= call.wall_ms


async def test_a_lost_try_is_charged_as_well(rig: Rig) -> None:
    async def fail(work: Work) -> None:
        await use(work)
        raise Unavailable("triton", "away")

    assert await run(rig, fail) == "retried"
    assert await run(rig, use) == "committed"
    amounts = {row["kind"]: row["amount"] for row in await rig.rows(COSTS)}
    assert amounts["cpu_ms"] == 400 + 1000, "of the lost try what the models told is known"
    assert amounts["stored_bytes"] == 2_000_000
    assert [(event.attempt, event.outcome) for event in await cost_events(rig)] == [(1, "later"), (2, "done")]


async def test_a_superseded_try_charges_nothing(rig: Rig) -> None:
    rig.rules, woken = LOSING, asyncio.Event()

    async def hang(work: Work) -> None:
        await use(work)
        await woken.wait()

    async def idle(work: Work) -> None:
        work.report(1)

    zombie = asyncio.create_task(run(rig, hang))
    await rig.until_expired()
    assert await run(rig, idle) == "committed"
    woken.set()
    assert await zombie == "superseded"
    assert await rig.rows(COSTS) == []
    assert await cost_events(rig) == []


async def charged(world: World, owner: Tenant) -> UUID:
    project_id = uuid4()
    upload = events.UploadReceived(org_id=owner.org_id, project_id=project_id, source_url="https://example.org/a")
    rows = [("render", "cpu_ms", 9000, 0.5), ("listen", "cpu_ms", 7000, 0.25), ("listen", "read_bytes", 5, None)]
    async with org_transaction(world.worker, owner.org_id) as connection:
        await project_lifecycle.create_project(connection, upload)
        await connection.executemany(
            """insert into costs (org_id, project_id, stage, kind, amount, money, currency)
               values ($1, $2, $3, $4, $5, $6, 'EUR')""",
            [(owner.org_id, project_id, *row) for row in rows],
        )
    return project_id


async def test_a_project_shows_what_each_stage_cost(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        project_id = await charged(world, world.ann)
        path = f"/v1/projects/{project_id}"
        cost = (await world.ann.client.get(path)).json()["cost"]
        assert cost["items"] == [
            {"stage": "listen", "kind": "cpu_ms", "amount": 7000, "money": 0.25},
            {"stage": "listen", "kind": "read_bytes", "amount": 5, "money": None},
            {"stage": "render", "kind": "cpu_ms", "amount": 9000, "money": 0.5},
        ]
        assert (cost["currency"], cost["money"], cost["unpriced"]) == ("EUR", 0.75, ["read_bytes"])
        assert (await world.bob.client.get(path)).status_code == 404
        async with org_transaction(world.worker, world.bob.org_id) as connection:
            assert await connection.fetch("select * from costs where project_id = $1", project_id) == []


async def test_costs_without_prices_have_no_money(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        project_id = uuid4()
        upload = events.UploadReceived(
            org_id=world.ann.org_id, project_id=project_id, source_url="https://example.org/a"
        )
        async with org_transaction(world.worker, world.ann.org_id) as connection:
            await project_lifecycle.create_project(connection, upload)
        cost = (await world.ann.client.get(f"/v1/projects/{project_id}")).json()["cost"]
        assert cost == {
            "currency": "", "money": None, "unpriced": [], "items": [], "estimate": None, "comparison": [],
        }  # fmt: skip
