"""Registering browsers: their keys, the walls around their URL, whose they are, what is kept of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from api.notifications.push_subscriptions import MAX_SUBSCRIPTIONS
from api.wiring import make_url_check
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool
from core.services.key_rotation import reseal
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import SignedPerson, join, sign_in
from tests.support.browser import Browser
from tests.support.fake_server import Names

pytestmark = pytest.mark.contract
PATH = "/v1/account/push-subscriptions"
PUBLIC = "https://updates.push.services.mozilla.com/wpush/v2/secret-part"
URLS = ["http://updates.push.services.mozilla.com/push", "https://127.0.0.1/push", "https://10.0.0.1:8443/push"]
"""Plain HTTP, and a few that lead inside; the others: tests/contract/access/test_inside_urls.py."""


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres, check_url=make_url_check((), Names())) as opened:
        yield opened


async def register(person: SignedPerson, endpoint: str = PUBLIC, **changes: Any) -> Any:
    body = Browser().subscription(endpoint) | changes
    return await person.client.post(PATH, json=body)


async def test_urls_that_lead_inside_are_refused(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    for url in URLS:
        answer = await register(person, url)
        assert answer.status_code == 422, url
        assert answer.json()["errors"][0]["pointer"] == "/endpoint"
    assert (await register(person)).status_code == 201


async def test_a_browser_is_registered_once_and_its_url_is_secret(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    first, again = await register(person), await register(person, label="Laptop")
    assert first.status_code == again.status_code == 201
    assert first.json()["subscription_id"] == again.json()["subscription_id"]
    listed = (await person.client.get(PATH)).json()["items"]
    assert [(item["host"], item["label"]) for item in listed] == [("updates.push.services.mozilla.com", "Laptop")]
    assert "secret-part" not in str(listed) + first.text
    async with world.owner.transaction():
        await world.owner.execute("set local role clipstream_relay")
        (row,) = await world.owner.fetch("select * from push_subscriptions where user_id = $1", person.user_id)
    assert "secret-part" not in str(dict(row))


@pytest.mark.parametrize("keys", [{"p256dh": "AAAA", "auth": "AAAA"}, {"p256dh": "B" + "A" * 86, "auth": "A" * 22}])
async def test_wrong_keys_are_refused(world: World, postgres: Settings, keys: dict[str, str]) -> None:
    person = await join(world, postgres, world.ann, "editor")
    answer = await register(person, keys=keys)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_person_has_so_many_browsers(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    for number in range(MAX_SUBSCRIPTIONS):
        assert (await register(person, f"{PUBLIC}/{number}")).status_code == 201
    assert (await register(person, f"{PUBLIC}/more")).json()["code"] == "limit-reached"
    assert (await register(person, f"{PUBLIC}/0")).status_code == 201


async def test_no_person_reaches_the_browsers_of_another(world: World, postgres: Settings) -> None:
    eve, bea = await join(world, postgres, world.ann, "editor"), await join(world, postgres, world.ann, "owner")
    subscription_id = (await register(eve)).json()["subscription_id"]
    assert (await bea.client.get(PATH)).json()["items"] == []
    assert (await bea.client.delete(f"{PATH}/{subscription_id}")).status_code == 404
    assert (await eve.client.delete(f"{PATH}/{uuid4()}")).status_code == 404
    assert (await eve.client.delete(f"{PATH}/{subscription_id}")).status_code == 204
    assert (await world.ann.client.post(PATH, json=Browser().subscription(PUBLIC))).status_code == 403


async def test_a_revoked_session_loses_its_browser(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    await register(person)
    other = await sign_in(world, person.email)
    assert len((await other.client.get(PATH)).json()["items"]) == 1
    assert (await other.client.delete("/v1/account/sessions")).status_code == 204
    assert (await other.client.get(PATH)).json()["items"] == []


async def test_the_key_stays_and_is_sealed_again(world: World, postgres: Settings) -> None:
    key = (await world.ann.client.get("/v1/notifications/push-key")).json()["public_key"]
    assert (await world.bob.client.get("/v1/notifications/push-key")).json()["public_key"] == key
    pool = await create_pool(postgres.postgres_keys, size=1)
    try:
        result = await reseal(pool, open_key_ring(postgres))
    finally:
        await pool.close()
    assert [name for name in result.closed if name.startswith(("installation_keys", "push_subscriptions"))] == []
