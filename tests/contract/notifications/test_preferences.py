"""Who is told what: preferences of a person in an organisation, roles, the daily mail, floods, unsubscribing."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from core.infra.key_ring import open_key_ring
from core.services.identity.mail_texts import MailMessage
from core.services.notifications.planner import MAX_MAILS_A_DAY, next_digest
from core.services.notifications.stop_links import StopLink, make_token, read_token
from core.settings import Settings
from schemas.notifications import KINDS, TABLE
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.people import SignedPerson, join, mails_to, sign_in, visitor
from tests.contract.rigs.push_rig import Relay, open_relay, tell

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.fixture
async def relay(postgres: Settings) -> AsyncIterator[Relay]:
    async with open_relay(postgres) as opened:
        await opened.plan()
        yield opened


async def told(world: World, postgres: Settings, person: SignedPerson) -> list[tuple[str, MailMessage]]:
    """The mails of notifications that a person got."""
    listed = await mails_to(world, postgres, person.email)
    return [(template, message) for template, message in listed if template in KINDS or template == "daily"]


async def choose(person: SignedPerson, kind: str, **choice: str) -> int:
    body = {"items": [{"kind": kind} | choice]}
    return (await person.client.patch("/v1/account/notifications", json=body)).status_code


async def preferences(person: SignedPerson) -> dict[str, tuple[str, str]]:
    items = (await person.client.get("/v1/account/notifications")).json()["items"]
    return {item["kind"]: (item["mail"], item["push"]) for item in items}


async def test_a_person_is_offered_what_their_role_gets(world: World, postgres: Settings) -> None:
    kinds = (await world.ann.client.get("/v1/notifications/kinds")).json()["items"]
    assert [kind["kind"] for kind in kinds] == [row.name for row in TABLE]
    owner = await join(world, postgres, world.ann, "owner")
    viewer = await join(world, postgres, world.ann, "viewer")
    assert await preferences(owner) == {row.name: (row.mail, row.push) for row in TABLE}
    assert set(await preferences(viewer)) == {"sign-in.new-device"}
    assert await choose(viewer, "payment.failed", mail="off") == 422


async def test_what_is_chosen_holds_and_the_rest_stays(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    assert await choose(owner, "clips.ready", mail="daily") == 200
    assert await choose(owner, "clips.ready", push="off") == 200
    assert await choose(owner, "sign-in.new-device", push="off") == 200
    chosen = await preferences(owner)
    assert chosen.pop("clips.ready") == ("daily", "off")
    assert chosen.pop("sign-in.new-device") == ("each", "off")
    assert chosen == {row.name: (row.mail, row.push) for row in TABLE if row.name in chosen}


@pytest.mark.parametrize("choice", [{"mail": "off"}, {"mail": "daily"}])
async def test_mails_of_security_cannot_be_turned_off(world: World, postgres: Settings, choice: dict[str, str]) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    body = {"items": [{"kind": "clips.ready", "mail": "off"}, {"kind": "sign-in.new-device"} | choice]}
    answer = await owner.client.patch("/v1/account/notifications", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/items/1"
    assert (await preferences(owner))["clips.ready"] == ("each", "on"), "all of it, or nothing"


async def test_keys_have_no_preferences(world: World) -> None:
    assert (await world.ann.client.get("/v1/account/notifications")).status_code == 403


async def test_each_member_is_notified_as_they_chose(world: World, postgres: Settings, relay: Relay) -> None:
    """Once for each, in the daily mail, not at all; not who lacks the permission, and no other organisation."""
    each = await join(world, postgres, world.ann, "owner")
    daily = await join(world, postgres, world.ann, "admin")
    off = await join(world, postgres, world.ann, "editor")
    viewer = await join(world, postgres, world.ann, "viewer")
    other = await join(world, postgres, world.bob, "owner")
    await choose(daily, "export.failed", mail="daily")
    await choose(off, "export.failed", mail="off")
    await relay.plan()
    project_id = await new_project(world.ann)
    await tell(world, world.ann.org_id, "export.failed", project_id=project_id)
    assert await relay.plan() == 1
    assert [template for template, _ in await told(world, postgres, each)] == ["export.failed"]
    for person in (daily, off, viewer, other):
        assert [one for one, _ in await told(world, postgres, person) if one == "export.failed"] == []
    await relay.rows("update notification_deliveries set due_at = now() where due_at > now()")
    while await relay.planner.send_next_digest():
        pass
    (mail,) = [message for template, message in await told(world, postgres, daily) if template == "daily"]
    assert "An export of “A talk” has failed" in mail.text
    assert "in Ann" in mail.subject
    assert [template for template, _ in await told(world, postgres, off)] == []


async def test_a_choice_is_of_one_organisation(world: World, postgres: Settings, relay: Relay) -> None:
    person = await join(world, postgres, world.ann, "owner")
    code_mail = await world.bob.client.post("/v1/invitations", json={"email": person.email, "role": "admin"})
    assert code_mail.status_code == 201
    texts = [message.text for template, message in await mails_to(world, postgres, person.email)]
    found = re.search(r"\bcl[mi]_[A-Za-z0-9_-]{43}", texts[-1])
    assert found is not None
    assert (await person.client.post("/v1/invitations/accept", json={"code": found[0]})).status_code < 300
    assert await choose(person, "webhook.disabled", mail="off") == 200
    await relay.plan()
    before = len(await told(world, postgres, person))
    await tell(world, world.ann.org_id, "webhook.disabled")
    await tell(world, world.bob.org_id, "webhook.disabled")
    assert await relay.plan() == 2
    new = (await told(world, postgres, person))[before:]
    assert [template for template, _ in new] == ["webhook.disabled"]
    assert "a member of Bob" in new[0][1].text


async def test_a_flood_waits_for_the_daily_mail(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    project_id = await new_project(world.ann)
    for _ in range(MAX_MAILS_A_DAY + 5):
        await tell(world, world.ann.org_id, "project.failed", project_id=project_id)
    await relay.plan()
    assert len(await told(world, postgres, owner)) == MAX_MAILS_A_DAY
    (count,) = await relay.rows("select count(*) from notification_deliveries where user_id = $1", owner.user_id)
    assert count[0] >= 5


async def test_an_erased_project_makes_no_mail(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    project_id = await new_project(world.ann)
    await tell(world, world.ann.org_id, "project.failed", project_id=project_id)
    await world.ann.client.delete(f"/v1/projects/{project_id}")
    await relay.plan()
    assert await told(world, postgres, owner) == []


async def test_a_planner_that_died_repeats_nothing(world: World, postgres: Settings, relay: Relay) -> None:
    """Two planners at once, and each notification planned in one transaction: one mail each."""
    owner = await join(world, postgres, world.ann, "owner")
    await relay.plan()
    for _ in range(6):
        await tell(world, world.ann.org_id, "quota.reached")
    async with open_relay(postgres) as other:
        counts = await asyncio.gather(relay.plan(), other.plan())
    assert sum(counts) == 6
    assert len(await told(world, postgres, owner)) == 6


async def test_one_click_stops_mails_of_one_kind(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    await relay.plan()
    await tell(world, world.ann.org_id, "payment.failed")
    await relay.plan()
    ((_, mail),) = await told(world, postgres, owner)
    path = mail.stop_url.removeprefix(postgres.public_address)
    stranger = visitor(world)
    page = await stranger.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<form" in page.text
    assert (await preferences(owner))["payment.failed"] == ("each", "on"), "looking changes nothing"
    for _ in range(2):
        answer = await stranger.post(
            path,
            content="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 200, answer.text
    assert (await preferences(owner))["payment.failed"] == ("off", "on")
    await tell(world, world.ann.org_id, "payment.failed")
    await relay.plan()
    assert len(await told(world, postgres, owner)) == 1


async def test_a_link_is_signed_and_good_for_nothing_else(world: World, postgres: Settings) -> None:
    ring = open_key_ring(postgres)
    owner = await join(world, postgres, world.ann, "owner")
    link = StopLink(user_id=owner.user_id, org_id=world.ann.org_id, kind="payment.failed")
    token = make_token(ring, link)
    assert read_token(ring, token) == link
    security = make_token(ring, StopLink(user_id=owner.user_id, org_id=None, kind="sign-in.new-device"))
    stranger = visitor(world)
    changed = [
        token[:-1] + "B",
        token[:-1] + "Q",
        "A" + token[1:],
        token[:30],
        token + "AAAA",
        "x",
        "ä",
        "%00",
        security,
    ]
    for bad in changed:
        answer = await stranger.post("/v1/notifications/unsubscribe", params={"token": bad})
        assert answer.status_code == 404, (bad, answer.text)
    gone = make_token(ring, StopLink(user_id=uuid4(), org_id=world.ann.org_id, kind="payment.failed"))
    assert (await stranger.post("/v1/notifications/unsubscribe", params={"token": gone})).status_code == 200
    assert (await preferences(owner))["payment.failed"] == ("each", "on")


async def test_the_daily_mail_is_stopped_by_its_link(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    await choose(owner, "clips.ready", mail="daily")
    link = StopLink(user_id=owner.user_id, org_id=world.ann.org_id, kind="daily")
    token = {"token": make_token(open_key_ring(postgres), link)}
    page = await visitor(world).get("/v1/notifications/unsubscribe", params=token, headers={"Accept-Language": "de"})
    assert "Diese E-Mails abstellen?" in page.text
    assert "Accept-Language" in page.headers["vary"]
    answer = await visitor(world).post("/v1/notifications/unsubscribe", params=token)
    assert answer.status_code == 200
    chosen = await preferences(owner)
    assert chosen["clips.ready"][0] == "off"
    assert chosen["project.finished"][0] == "off"
    assert chosen["project.failed"][0] == "each"


async def test_a_new_device_makes_a_mail(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")  # from an address of its own
    await relay.plan()
    assert await told(world, postgres, owner) == []
    await sign_in(world, owner.email)  # the same program in the same network
    await relay.plan()
    assert await told(world, postgres, owner) == []
    body = {"email": owner.email, "password": "correct horse battery"}
    answer = await visitor(world, **{"User-Agent": "curl/8.5"}).post("/v1/auth/login", json=body)
    assert answer.status_code == 200
    await relay.plan()
    ((template, mail),) = await told(world, postgres, owner)
    assert template == "sign-in.new-device"
    assert "curl/8.5" in mail.text
    assert mail.stop_url == ""


async def test_joining_notifies_the_others(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    await choose(owner, "invitation.accepted", mail="each")
    await relay.plan()
    eve = await join(world, postgres, owner, "editor")
    await relay.plan()
    ((template, mail),) = await told(world, postgres, owner)
    assert (template, mail.subject) == ("invitation.accepted", "Eve has joined Ann")
    assert await told(world, postgres, eve) == []


async def test_a_key_that_expires_makes_one_mail(world: World, postgres: Settings, relay: Relay) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    late = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    made = []
    for name, expires_at in (("Nightly", soon), ("Yearly", late), ("Revoked", soon)):
        body = {"name": name, "scopes": ["read"], "expires_at": expires_at.isoformat()}
        made.append((await world.ann.client.post("/v1/keys", json=body)).json()["key_id"])
    await world.ann.client.delete(f"/v1/keys/{made[2]}")
    for _ in range(2):
        await relay.planner.tell_of_expiring_keys(relay.clock())
        await relay.plan()
    ((template, mail),) = await told(world, postgres, owner)
    assert template == "key.expiring"
    assert "Nightly" in mail.text


def test_the_daily_mail_comes_in_the_morning() -> None:
    morning = dt.datetime(2026, 5, 1, 7, tzinfo=dt.UTC)
    assert next_digest(morning - dt.timedelta(seconds=1)) == morning
    assert next_digest(morning) == morning + dt.timedelta(days=1)
