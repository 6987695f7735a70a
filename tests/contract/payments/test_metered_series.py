"""Days of use on a virtual clock, with a payment service that misbehaves: each use is billed once."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from core.settings import Settings
from local.standins.stripe.misbehaviour import Rates
from tests.contract.payments.rig import HOUR, Rig, open_rig

pytestmark = pytest.mark.contract

TROUBLE = Rates(busy=0.1, error=0.1, error_after=0.1, hang=0.1, hang_after=0.15)
ALL_LOST = Rates(hang_after=1.0)
"""Everything is accepted, and no answer comes."""
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
async def rig(postgres: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    callspec = getattr(request.node, "callspec", None)
    async with open_rig(postgres, callspec.params["seed"] if callspec else 0) as opened:
        yield opened


async def settle(rig: Rig) -> None:
    """Let everything be sent, without trouble."""
    rig.misbehaviour.rates, rig.payments.share = Rates(), 0.0
    for _ in range(24 * 5):
        rig.clock.move(HOUR)
        await rig.round()
    assert (await rig.backlog()).due == 0


@pytest.mark.parametrize("seed", range(6))
async def test_each_use_is_billed_once(rig: Rig, seed: int) -> None:
    dice = random.Random(seed)
    org_ids = [await rig.add_customer() for _ in range(3)]
    rig.payments.share = 0.1
    start = rig.clock()
    while rig.clock() < start + dt.timedelta(days=4):
        for org_id in org_ids:
            for _ in range(dice.randint(0, 4)):
                late = dice.choice([0, 0, 0, 61, 300]) * MINUTE
                at = max(rig.clock() - late - dice.random() * HOUR, start)
                if dice.random() < 0.6:
                    await rig.use(org_id, "source_ms", dice.randrange(1, 10**7), at)
                else:
                    await rig.use(org_id, "exports", 1, at)
        rig.misbehaviour.rates = ALL_LOST if dice.random() < 0.1 else TROUBLE
        for _ in range(dice.randint(1, 3)):
            await rig.round()
            rig.clock.move(dice.choice([1, 7, 20]) * MINUTE)
        if dice.random() < 0.06:  # the relay is away for more than a day
            rig.clock.move(dice.randint(22, 40) * HOUR)
    await settle(rig)
    await rig.check_sums()
    assert (await rig.backlog()).held == 0
    assert rig.http.overlaps == 0
    compared = [
        row for org_id in org_ids for row in await rig.rows(org_id) if row["revision"] or "sum" in row["reason"]
    ]
    assert compared, "no row was old enough to be compared: the series shows nothing"


async def one_export(rig: Rig) -> UUID:
    """An organisation with an export in an hour that has closed."""
    org_id = await rig.add_customer()
    await rig.use(org_id, "exports", 1, rig.clock() + MINUTE)
    rig.clock.move(HOUR)
    return org_id


@pytest.mark.parametrize(("seed", "rates", "counted"), [(0, ALL_LOST, 1), (0, Rates(hang=1.0), 0)])
async def test_a_try_of_yesterday_is_compared_first(rig: Rig, seed: int, rates: Rates, counted: int) -> None:
    """The identifier would count again: what the sum of the hour lacks is sent, and nothing else."""
    org_id = await one_export(rig)
    rig.misbehaviour.rates = rates
    await rig.round()
    assert len(rig.books.use) == counted
    rig.clock.move(dt.timedelta(hours=30))
    rig.misbehaviour.rates = Rates()
    await rig.round()
    await rig.round()
    await rig.check_sums()
    (row,) = await rig.rows(org_id)
    assert (row["state"], row["revision"]) == ("sent", 1 - counted)


async def test_a_sum_is_not_read_while_it_may_lag(rig: Rig) -> None:
    """The last try under the identifier was taken just before the day was over: the sum does not know it yet."""
    org_id = await one_export(rig)
    rig.misbehaviour.rates = Rates(hang=1.0)
    await rig.round()
    rig.clock.move(dt.timedelta(hours=22, minutes=59))
    rig.misbehaviour.rates = ALL_LOST
    await rig.round()
    rig.misbehaviour.rates = Rates()
    for _ in range(20):
        rig.clock.move(10 * MINUTE)
        await rig.round()
    await rig.check_sums()
    assert [row["state"] for row in await rig.rows(org_id)] == ["sent"]


async def test_use_of_five_weeks_ago_is_held(rig: Rig) -> None:
    org_id = await one_export(rig)
    rig.misbehaviour.rates = Rates(error=1.0)
    await rig.round()
    rig.clock.move(dt.timedelta(days=36))
    rig.misbehaviour.rates = Rates()
    with capture_logs() as lines:
        await rig.round()
    assert ((await rig.backlog()).held, rig.books.use) == (1, [])
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["use is too old to be billed"]
    assert rig.customers[org_id] not in str(lines), "a log names an organisation by its own id alone"


async def test_use_that_was_taken_is_not_held(rig: Rig) -> None:
    """It became too old before its answer was known."""
    org_id = await one_export(rig)
    rig.misbehaviour.rates = ALL_LOST
    await rig.round()
    rig.clock.move(dt.timedelta(days=36))
    rig.misbehaviour.rates = Rates()
    await rig.round()
    assert [row["state"] for row in await rig.rows(org_id)] == ["sent"]
    await rig.check_sums()


async def test_a_busy_service_is_left_alone(rig: Rig) -> None:
    await one_export(rig)
    rig.misbehaviour.rates = Rates(busy=1.0)
    await rig.round()
    rig.misbehaviour.rates = Rates()
    await rig.round()
    assert rig.books.use == []
    rig.clock.move(dt.timedelta(seconds=21))
    await rig.round()
    assert len(rig.books.use) == 1


async def test_parts_of_a_minute_are_carried_on(rig: Rig) -> None:
    org_id = await rig.add_customer()
    for _ in range(7):
        await rig.use(org_id, "source_ms", 50_000, rig.clock() + MINUTE)
        rig.clock.move(HOUR)
        await rig.round()
    await rig.check_sums()
    assert [use.value for use in rig.books.use] == [1, 1, 1, 1, 1]


async def test_an_entry_that_came_late_makes_a_further_part(rig: Rig) -> None:
    org_id, at = await rig.add_customer(), rig.clock() + MINUTE
    for _ in range(3):
        await rig.use(org_id, "exports", 1, at)
        rig.clock.move(HOUR)
        await rig.round()
    await rig.check_sums()
    assert [row["part"] for row in await rig.rows(org_id)] == [1, 2, 3]


async def test_two_relays_send_one_at_a_time(rig: Rig) -> None:
    for _ in range(4):
        org_id = await rig.add_customer()
        for number in range(5):
            await rig.use(org_id, "exports", 1, rig.clock() + number * HOUR)
    rig.clock.move(HOUR * 6)
    await asyncio.gather(*(rig.round() for _ in range(3)))
    await rig.round()
    await rig.check_sums()
    assert (rig.http.overlaps, len(rig.books.use)) == (0, 20)


async def test_a_customer_of_before_is_not_billed_for_then(rig: Rig) -> None:
    org_id = await rig.add_customer()
    await rig.use(org_id, "exports", 1, rig.clock() - MINUTE)
    rig.clock.move(HOUR)
    await rig.round()
    assert rig.books.use == []
