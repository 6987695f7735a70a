"""Web push against a service that speaks the protocol over TLS and misbehaves; the test decrypts as a browser does."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidTag

from core.services.notifications.pushing import KEPT, LEASE_S, MAX_FAILURES_COUNT, retry_after
from core.settings import Settings
from local.standins.push.app import PushService, Trouble
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.people import SignedPerson, join
from tests.contract.rigs.push_rig import Relay, open_relay, open_service, register, shown, tell
from tests.support.browser import Browser

pytestmark = pytest.mark.contract


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[tuple[PushService, object]]:
    async with open_service(tmp_path) as opened:
        yield opened


@pytest.fixture
async def push(service: tuple[PushService, object]) -> PushService:
    return service[0]


@pytest.fixture
async def world(postgres: Settings, push: PushService) -> AsyncIterator[World]:
    async def check_url(_: str) -> None:
        """The stand-in's address is let in; what is refused, the tests of URLs say."""

    settings = _with_service(postgres, push)
    async with open_world(settings, check_url=check_url) as opened:
        yield opened


@pytest.fixture
async def relay(postgres: Settings, service: tuple[PushService, object]) -> AsyncIterator[Relay]:
    async with open_relay(postgres, service=service[0], tls=service[1]) as opened:  # type: ignore[arg-type]
        await opened.plan()
        await opened.rows("update notification_deliveries set state = 'failed' where state = 'due'")
        yield opened


def _with_service(settings: Settings, push: PushService) -> Settings:
    return msgspec.structs.replace(settings, fetch_allow=(push.origin.removeprefix("https://"),))


async def owner_of(world: World, settings: Settings) -> SignedPerson:
    return await join(world, settings, world.ann, "owner")


async def test_a_browser_shows_what_happened(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    owner = await owner_of(world, postgres)
    browser, channel = await register(owner, push)
    await relay.plan()
    project_id = await new_project(world.ann)
    told_id = await tell(world, world.ann.org_id, "clips.ready", project_id=project_id, details={"clips": 2})
    await relay.plan()
    assert await relay.push() == ["sent"]
    assert await relay.push() == []
    assert shown(browser, push, channel) == [
        {
            "notification_id": str(told_id),
            "title": "2 clips of “A talk” are ready",
            "body": "The project has ended, and 2 clips are ready to watch, edit and export.",
            "url": "",
        }
    ]
    (kept,) = push.kept
    assert kept.ttl == pytest.approx(KEPT.total_seconds(), abs=60)
    assert b"A talk" not in kept.body
    with pytest.raises(InvalidTag):
        Browser().decrypt(kept.body)


async def test_only_who_chose_push_gets_it(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    owner, other = await owner_of(world, postgres), await join(world, postgres, world.bob, "owner")
    body = {"items": [{"kind": "payment.failed", "push": "off"}]}
    await owner.client.patch("/v1/account/notifications", json=body)
    await register(owner, push)
    await register(other, push)
    await relay.plan()
    await tell(world, world.ann.org_id, "payment.failed")
    await relay.plan()
    assert await relay.push() == []
    await tell(world, world.ann.org_id, "quota.reached")
    await relay.plan()
    assert await relay.push() == ["sent"]


@pytest.mark.parametrize("trouble", ["missing", "gone"])
async def test_a_browser_that_is_gone_is_forgotten(
    world: World, postgres: Settings, relay: Relay, push: PushService, trouble: Trouble
) -> None:
    owner = await owner_of(world, postgres)
    _, channel = await register(owner, push)
    push.trouble[channel] = [trouble]
    await relay.plan()
    await tell(world, world.ann.org_id)
    await tell(world, world.ann.org_id)
    await relay.plan()
    (first, second) = await relay.sender.take(2)
    assert await relay.sender.send(first) == "gone"
    assert await relay.sender.send(second) in ("sent", "gone")
    assert (await owner.client.get("/v1/account/push-subscriptions")).json()["items"] == []
    assert await relay.push() == []


async def test_retry_after_is_honoured(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    """The host rests as long as it asked for; other pushes to it wait without a try."""
    owner = await owner_of(world, postgres)
    browser, channel = await register(owner, push)
    push.trouble[channel] = ["busy"]
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    assert await relay.push() == ["retried"]
    (row,) = await relay.rows(
        "select extract(epoch from due_at - now()) as wait_s from notification_deliveries where state = 'due'"
    )
    assert 7 <= row["wait_s"] <= 16
    await tell(world, world.ann.org_id)
    await relay.plan()
    assert await relay.push() == [], "the host rests"
    relay.clock.ahead = dt.timedelta(seconds=8)
    await relay.rows("update notification_deliveries set due_at = now() where state = 'due'")
    assert await relay.push() == ["sent", "sent"]
    assert len(shown(browser, push, channel)) == 2


async def test_an_error_is_tried_again_later(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    owner = await owner_of(world, postgres)
    browser, channel = await register(owner, push)
    push.trouble[channel] = ["error", "error"]
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    waits = []
    for _ in range(2):
        assert await relay.push() == ["retried"]
        (row,) = await relay.rows(
            "select extract(epoch from due_at - now()) as wait_s from notification_deliveries where state = 'due'"
        )
        waits.append(float(row["wait_s"]))
        await relay.rows("update notification_deliveries set due_at = now() where state = 'due'")
    assert 10 < waits[0] < 16
    assert 50 < waits[1] < 61
    assert await relay.push() == ["sent"]
    assert len(shown(browser, push, channel)) == 1


async def test_a_push_is_given_up_after_a_day(
    world: World, postgres: Settings, relay: Relay, push: PushService
) -> None:
    owner = await owner_of(world, postgres)
    _, channel = await register(owner, push)
    push.trouble[channel] = ["error"]
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    await relay.rows("update notification_deliveries set created_at = now() - interval '24 hours' where state = 'due'")
    assert await relay.push() == ["failed"]


async def test_a_service_that_fails_rests(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    owner = await owner_of(world, postgres)
    _, channel = await register(owner, push)
    push.trouble[channel] = ["error"] * MAX_FAILURES_COUNT
    await relay.plan()
    for _ in range(MAX_FAILURES_COUNT + 1):
        await tell(world, world.ann.org_id)
    await relay.plan()
    for push_due in await relay.sender.take(MAX_FAILURES_COUNT):
        assert await relay.sender.send(push_due) == "retried"
    assert await relay.push() == []
    assert push.requests == MAX_FAILURES_COUNT


async def test_a_slow_service_is_not_waited_for(
    world: World, postgres: Settings, relay: Relay, push: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.services.notifications.pushing.TIMEOUT_S", 0.3)
    owner = await owner_of(world, postgres)
    _, slow = await register(owner, push)
    _, quick = await register(owner, push)
    push.trouble[slow] = ["hang"]
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    outcomes = await asyncio.gather(*(relay.sender.send(one) for one in await relay.sender.take(2)))
    assert sorted(outcomes) == ["retried", "sent"]
    assert [kept.channel for kept in push.kept] == [quick]


async def test_the_browser_of_an_ended_session_gets_nothing(
    world: World, postgres: Settings, relay: Relay, push: PushService
) -> None:
    owner = await owner_of(world, postgres)
    await register(owner, push)
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    assert (await owner.client.post("/v1/auth/logout")).status_code == 204
    assert await relay.push() == ["dropped"]
    assert push.requests == 0
    await tell(world, world.ann.org_id)
    await relay.plan()
    assert await relay.push() == []


async def test_another_sender_is_refused(world: World, postgres: Settings, relay: Relay, push: PushService) -> None:
    """The service knows the installation by its key: a browser that subscribed to another takes nothing from us."""
    owner = await owner_of(world, postgres)
    endpoint = push.subscribe(Browser().p256dh)
    answer = await owner.client.post("/v1/account/push-subscriptions", json=Browser().subscription(endpoint))
    assert answer.status_code == 201
    await relay.plan()
    await tell(world, world.ann.org_id)
    await relay.plan()
    assert await relay.push() == ["failed"]


async def test_a_killed_relay_repeats_what_was_in_flight(
    world: World, postgres: Settings, relay: Relay, push: PushService, tmp_path: Path
) -> None:
    """SIGKILL while one push hangs and others were sent: after its lease that one comes again, and no other."""
    owner = await owner_of(world, postgres)
    browser, first = await register(owner, push)
    _, second = await register(owner, push)
    push.trouble[second] = ["hang"]
    await relay.plan()
    told_id = await tell(world, world.ann.org_id)
    await relay.plan()
    program = (
        "import asyncio, os, msgspec\n"
        "from core.settings import load_settings\n"
        "from core.infra.postgres.connection import create_pool\n"
        "from streams.background.notifier import run_pushes\n"
        "from streams.runtime.metrics import OF_RELAY, ProcessMetrics\n"
        "async def main():\n"
        "    settings = load_settings(os.environ, 'relay')\n"
        "    pool = await create_pool(settings.postgres_relay, size=2)\n"
        "    await run_pushes(settings, pool, asyncio.Event(), ProcessMetrics(OF_RELAY))\n"
        "asyncio.run(main())\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    env |= {
        "CLIPSTREAM_KAFKA": "127.0.0.1:9",
        "CLIPSTREAM_S3": "http://127.0.0.1:9",
        "CLIPSTREAM_S3_ACCESS_KEY": "x",
        "CLIPSTREAM_S3_SECRET_KEY": "x",
        "CLIPSTREAM_TRITON": "127.0.0.1:9",
        "CLIPSTREAM_POSTGRES_RELAY": postgres.postgres_relay,
        "CLIPSTREAM_POSTGRES_WORKER": postgres.postgres_worker,
        "CLIPSTREAM_SECRET": base64.b64encode(postgres.secret).decode(),
        "CLIPSTREAM_FETCH_ALLOW": push.origin.removeprefix("https://"),
        "SSL_CERT_FILE": str(tmp_path / "push.crt"),
    }
    process = subprocess.Popen([sys.executable, "-c", program], env=env)
    try:
        async with asyncio.timeout(60):
            while push.requests < 2 or len(push.kept) < 1:
                assert process.poll() is None
                await asyncio.sleep(0.05)
            while (await relay.rows("select count(*) from notification_deliveries where state = 'due'"))[0][0] > 1:
                await asyncio.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert await relay.push() == [], "its lease holds"
    moved = dt.timedelta(seconds=LEASE_S)
    await relay.rows("update notification_deliveries set due_at = due_at - $1::interval where state = 'due'", moved)
    assert await relay.push() == ["sent"]
    assert await relay.push() == []
    assert push.requests == 3
    assert [one["notification_id"] for one in shown(browser, push, first)] == [str(told_id)]
    assert len([kept for kept in push.kept if kept.channel == second]) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("12", 12),
        ("-3", None),
        ("9" * 30, None),
        ("99999999", 86400),
        ("Fri, 01 May 2026 00:01:00 GMT", 60),
        ("Thu, 30 Apr 2026 00:00:00 GMT", 0),
        ("yesterday", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    wait = retry_after({"retry-after": text}, dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    assert (wait.total_seconds() if wait is not None else None) == seconds
