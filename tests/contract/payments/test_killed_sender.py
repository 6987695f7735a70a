"""A process that is killed -9 between sending and commit: the use is billed once."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvicorn

from core.infra.postgres.connection import create_pool
from core.infra.stripe.client import StripePayments
from core.ports.payments import MeteredUse
from core.services.billing.metered_use import UseSender
from core.services.billing.subscriptions import catalogue_of
from core.settings import Settings
from local.standins.stripe.app import make_app
from tests.contract.payments.rig import HOUR, RULES, Rig, VirtualClock, open_rig
from tests.contract.rigs.servers import free_ports

pytestmark = pytest.mark.contract


class DyingPayments(StripePayments):
    """Sends, and is killed before it can say so."""

    async def send_use(self, use: MeteredUse) -> None:
        await super().send_use(use)
        os.kill(os.getpid(), signal.SIGKILL)


async def send_and_die(dsn: str, url: str, at: str) -> None:
    """The relay's sending, in a process of its own."""
    pool = await create_pool(dsn, size=2, name="killed-sender")
    clock = VirtualClock(dt.datetime.fromisoformat(at))
    payments = DyingPayments(msgspec.structs.replace(RULES, url=url))
    await UseSender(pool, payments, catalogue_of(RULES), clock, lambda _: None).send_all()


@asynccontextmanager
async def served(rig: Rig) -> AsyncIterator[str]:
    """The stand-in on a port."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(make_app(rig.http), port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("away", [HOUR, 30 * HOUR])
async def test_a_killed_process_bills_nothing_twice(postgres: Settings, away: dt.timedelta) -> None:
    async with open_rig(postgres, 1) as rig, served(rig) as url:
        org_id = await rig.add_customer()
        await rig.use(org_id, "exports", 3, rig.clock())
        rig.clock.move(HOUR)
        await rig.count()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, postgres.postgres_relay, url, rig.clock().isoformat()
        )
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
        assert [use.value for use in rig.books.use] == [3]
        assert [row["state"] for row in await rig.rows(org_id)] == ["due"]
        rig.clock.move(away)
        await rig.round()
        assert [row["state"] for row in await rig.rows(org_id)] == ["sent"]
        await rig.check_sums()


if __name__ == "__main__":
    asyncio.run(send_and_die(*sys.argv[1:]))
