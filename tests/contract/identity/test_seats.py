"""Seats of a plan: invitations and acceptances beyond them, also at once and after a smaller plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import PASSWORD, invite, join, mailed_code, new_email, visitor

pytestmark = pytest.mark.contract
PLANS = [
    {"name": "unlimited", "title": "Unlimited"},
    {"name": "small", "title": "Small", "seats": 3},
    {"name": "large", "title": "Large", "seats": 30},
]


@pytest.fixture
async def world(postgres: Settings, tmp_path: Path) -> AsyncIterator[World]:
    file = tmp_path / "plans.json"
    file.write_bytes(msgspec.json.encode(PLANS))
    async with open_world(msgspec.structs.replace(postgres, plans_file=file)) as opened:
        yield opened


async def set_plan(world: World, plan: str) -> dict[str, object]:
    answer = await world.ann.client.patch(f"/v1/admin/organisations/{world.bob.org_id}/plan", json={"plan": plan})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def assert_no_seat(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (402, "quota-exceeded"), answer.text
    assert answer.headers["clipstream-limit"] == "seats"
    assert "3 seats" in answer.json()["detail"]


async def accept(world: World, email: str, code: str) -> httpx2.Response:
    body = {"email": email, "password": PASSWORD, "name": "Eve", "invitation": code}
    return await visitor(world).post("/v1/auth/register", json=body)


async def test_members_and_open_invitations_take_the_seats(world: World, postgres: Settings) -> None:
    await set_plan(world, "small")
    owner = await join(world, postgres, world.bob, "owner")
    first, second = new_email(), new_email()
    assert (await invite(owner.client, first, "viewer")).status_code == 201
    invited = await invite(owner.client, second, "viewer")
    assert invited.status_code == 201
    assert_no_seat(await invite(owner.client, new_email(), "viewer"))
    assert (await invite(owner.client, first, "editor")).status_code == 201, "the open one of the address ends"
    assert (await owner.client.get("/v1/limits")).json()["seats"] == {"members": 1, "invitations": 2}
    assert (await owner.client.delete(f"/v1/invitations/{invited.json()['invitation_id']}")).status_code == 204
    assert (await invite(owner.client, new_email(), "viewer")).status_code == 201
    code = await mailed_code(world, postgres, first, "invitation")
    assert (await accept(world, first, code)).status_code == 201


async def test_invitations_at_once_take_no_more_than_the_seats(world: World, postgres: Settings) -> None:
    await set_plan(world, "small")
    owner = await join(world, postgres, world.bob, "owner")
    answers = await asyncio.gather(*(invite(owner.client, new_email(), "viewer") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [402] * 6


async def test_a_smaller_plan_keeps_who_is_there_and_admits_up_to_its_seats(world: World, postgres: Settings) -> None:
    await set_plan(world, "large")
    owner = await join(world, postgres, world.bob, "owner")
    emails = [new_email() for _ in range(6)]
    for email in emails:
        assert (await invite(owner.client, email, "viewer")).status_code == 201
    standing = await set_plan(world, "small")
    assert standing["seats"] == {"members": 1, "invitations": 6}
    (excess,) = standing["exceeded"]  # type: ignore[misc]
    assert excess["limit"] == "seats"
    assert_no_seat(await invite(owner.client, emails[0], "viewer"))
    codes = [await mailed_code(world, postgres, email, "invitation") for email in emails]
    answers = await asyncio.gather(*(accept(world, *one) for one in zip(emails, codes, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [402] * 4
    for answer in answers:
        if answer.status_code != 201:
            assert_no_seat(answer)
    assert len((await owner.client.get("/v1/members")).json()["items"]) == 3
    await set_plan(world, "large")
    refused = next(number for number, answer in enumerate(answers) if answer.status_code == 402)
    again = await accept(world, emails[refused], codes[refused])
    assert again.status_code == 201, "the invitation still counts"


async def test_who_has_an_account_needs_a_seat_too(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    await set_plan(world, "large")
    owner = await join(world, postgres, world.bob, "owner")
    for _ in range(2):
        await join(world, postgres, owner, "viewer")
    assert (await invite(owner.client, person.email, "viewer")).status_code == 201
    await set_plan(world, "small")
    code = await mailed_code(world, postgres, person.email, "invitation")
    assert_no_seat(await person.client.post("/v1/invitations/accept", json={"code": code}))
    await set_plan(world, "large")
    assert (await person.client.post("/v1/invitations/accept", json={"code": code})).status_code == 200
