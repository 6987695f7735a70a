"""Notifications on real Postgres: a planner, a push sender, and the push stand-in over TLS on a loopback port."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn

from core.infra.http.client import OutsideHttp
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Pool, create_pool, org_transaction
from core.services.notifications.planner import Planner
from core.services.notifications.pushing import PushSender
from core.settings import Settings
from core.storage.notifications import outbox
from local.standins.push.app import PushService
from local.standins.push.certificates import write_certificate
from tests.contract.rigs.api_world import World
from tests.contract.rigs.people import SignedPerson
from tests.contract.rigs.servers import free_ports
from tests.support.browser import Browser
from tests.support.progress import HANG_S


class Clock:
    """A clock that tests set on."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


class Relay:
    """What the relay's process does for notifications, step by step."""

    def __init__(self, settings: Settings, pool: Pool, outside: Any, clock: Clock) -> None:
        ring = open_key_ring(settings)
        self.pool, self.clock = pool, clock
        self.planner = Planner(settings, pool, ring)
        self.sender = PushSender(settings, pool, ring, outside, clock)

    async def plan(self) -> int:
        count = 0
        while await self.planner.plan_next(self.clock()):
            count += 1
        return count

    async def push(self) -> list[str]:
        """Make one try of each push that is due."""
        return [await self.sender.send(push) for push in await self.sender.take(100)]

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.pool.acquire() as connection:
            return list(await connection.fetch(statement, *arguments))


@asynccontextmanager
async def open_service(folder: Path) -> AsyncIterator[tuple[PushService, ssl.SSLContext]]:
    """The stand-in over TLS, and a context that trusts it."""
    (port,) = free_ports(1)
    certificate, key = write_certificate(folder, "127.0.0.1", dt.datetime.now(dt.UTC))
    released = asyncio.Event()

    async def hang() -> None:
        await released.wait()

    service = PushService(f"https://127.0.0.1:{port}", lambda: dt.datetime.now(dt.UTC), hang)
    config = uvicorn.Config(
        service.app(), host="127.0.0.1", port=port, log_level="error", ssl_certfile=certificate, ssl_keyfile=str(key)
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(HANG_S):
        while not server.started:
            await asyncio.sleep(0.02)
    try:
        yield service, ssl.create_default_context(cafile=str(certificate))
    finally:
        released.set()
        server.should_exit = True
        await serving


@asynccontextmanager
async def open_relay(
    settings: Settings, *, service: PushService | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Relay]:
    """The relay's part; it may call the stand-in, and nothing else that is not public."""
    allow = (service.origin.removeprefix("https://"),) if service is not None else ()
    pool = await create_pool(settings.postgres_relay, size=4, name="notifier-test")
    outside = OutsideHttp(allow=allow, tls=tls)
    try:
        yield Relay(settings, pool, outside, Clock())
    finally:
        await outside.close()
        await pool.close()


async def register(person: SignedPerson, service: PushService) -> tuple[Browser, str]:
    """A browser of a person that the API knows; returns it with its channel."""
    browser = Browser()
    key = (await person.client.get("/v1/notifications/push-key")).json()["public_key"]
    endpoint = service.subscribe(key)
    answer = await person.client.post("/v1/account/push-subscriptions", json=browser.subscription(endpoint))
    assert answer.status_code == 201, answer.text
    return browser, endpoint.rpartition("/")[2]


def shown(browser: Browser, service: PushService, channel: str) -> list[dict[str, Any]]:
    """What a browser shows of its messages."""
    return [msgspec.json.decode(browser.decrypt(one.body)) for one in service.kept if one.channel == channel]


async def tell(world: World, org_id: UUID, kind: str = "payment.failed", **changes: Any) -> UUID:
    """Something happened to an organisation."""
    notification_id = uuid4()
    async with org_transaction(world.api, org_id) as connection:
        await outbox.insert_notification(
            connection, notification_id, kind=kind, at=dt.datetime.now(dt.UTC), org_id=org_id, **changes
        )
    return notification_id
