"""A round of the relay's loop, with the real clock: what it sends, and what its gauges say."""

from __future__ import annotations

import asyncio
import datetime as dt
import math

import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from local.standins.stripe.misbehaviour import Rates
from streams.background.use_metering import meter_use, run_use_metering
from streams.runtime.metrics import OF_RELAY, USE_DUE, ProcessMetrics
from tests.contract.payments.rig import HOUR, RULES, Rig, open_rig

pytestmark = pytest.mark.contract


def gauge(metrics: ProcessMetrics, name: str) -> float:
    sample = metrics.registry.get_sample_value(name)
    assert sample is not None
    return sample


async def one_hour_of_use(rig: Rig) -> None:
    """A customer of three hours ago, with an export of two hours ago."""
    now = dt.datetime.now(dt.UTC)
    rig.clock.at = now - 3 * HOUR
    org_id = await rig.add_customer()
    await rig.use(org_id, "exports", 1, now - 2 * HOUR)
    rig.clock.at = now


async def test_a_round_sends_and_counts(postgres: Settings) -> None:
    async with open_rig(postgres, 1, Rates(error=1.0)) as rig:
        metrics = ProcessMetrics(OF_RELAY)
        await one_hour_of_use(rig)
        await meter_use(rig.relay, rig.payments, RULES, metrics)
        assert gauge(metrics, "clipstream_metered_use_due_rows") == 1
        assert 7000 < gauge(metrics, "clipstream_metered_use_oldest_due_seconds") < 7400
        rig.misbehaviour.rates = Rates()
        for org_id in rig.customers:
            async with org_transaction(rig.relay, org_id) as rows:
                await rows.execute("update meter_events set next_try_at = now()")
        await meter_use(rig.relay, rig.payments, RULES, metrics)
        assert gauge(metrics, "clipstream_metered_use_due_rows") == 0
        assert 'clipstream_metered_use_sent_total{meter="exports"} 1.0' in metrics.page().decode()
        await rig.check_sums()


async def test_the_loop_outlives_postgres(postgres: Settings) -> None:
    """Its gauges are unknown then; it ends with its process."""
    async with open_rig(postgres, 1) as rig:
        metrics, stop = ProcessMetrics(OF_RELAY), asyncio.Event()
        metrics.put(USE_DUE, 0)
        await rig.relay.close()
        loop = asyncio.create_task(run_use_metering(rig.relay, rig.payments, RULES, stop, metrics))
        while not math.isnan(gauge(metrics, "clipstream_metered_use_due_rows")):
            await asyncio.sleep(0.01)
        assert not loop.done()
        stop.set()
        await loop
