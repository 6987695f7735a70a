"""Members, roles, invitations, organisations: who may give and take what, and who sees whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from core.domain.identity.identity_rules import IdentityRules
from core.infra.postgres.connection import person_transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import (
    PASSWORD,
    SignedPerson,
    invite,
    join,
    mailed_code,
    mails_to,
    new_email,
    sign_in,
    visitor,
)

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def until_status(person: SignedPerson, path: str, status: int) -> None:
    async with asyncio.timeout(5):
        while (await person.client.get(path)).status_code != status:
            await asyncio.sleep(0.2)


async def role_of(world: World, person: SignedPerson) -> str | None:
    members = (await world.bob.client.get("/v1/members")).json()["items"]
    return next((one["role"] for one in members if one["email"] == person.email), None)


async def test_roles_change_and_members_go_within_five_seconds(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    person = await join(world, postgres, owner, "viewer")
    path = f"/v1/members/{person.user_id}"
    assert (await person.client.get("/v1/webhooks/endpoints")).status_code == 403
    changed = await owner.client.patch(path, json={"role": "admin"})
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")
    await until_status(person, "/v1/webhooks/endpoints", 200)
    assert (await owner.client.delete(path)).status_code == 204
    await until_status(person, "/v1/projects", 403)
    assert (await person.client.get("/v1/account/memberships")).json()["items"] == []
    assert (await owner.client.delete(path)).status_code == 404
    again = await sign_in(world, person.email)
    assert again.session["org_id"] is None
    assert (await again.client.get("/v1/projects")).status_code == 403


async def test_no_caller_gives_more_than_it_has(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    admin = await join(world, postgres, owner, "admin")
    editor = await join(world, postgres, owner, "editor")
    for role in ("owner", "billing", "operator"):
        refused = await invite(admin.client, new_email(), role)
        assert (refused.status_code, refused.json()["code"]) == (403, "role-refused"), role
        refused = await admin.client.patch(f"/v1/members/{editor.user_id}", json={"role": role})
        assert refused.json()["code"] == "role-refused", role
    for role in ("admin", "editor", "viewer"):
        assert (await invite(admin.client, new_email(), role)).status_code == 201, role
    assert (await invite(editor.client, new_email(), "viewer")).status_code == 403
    for method, body in (("PATCH", {"role": "viewer"}), ("DELETE", None)):
        refused = await admin.client.request(method, f"/v1/members/{owner.user_id}", json=body)
        assert refused.json()["code"] == "role-refused", "only owners touch owners"
        key_refused = await world.bob.client.request(method, f"/v1/members/{owner.user_id}", json=body)
        assert key_refused.json()["code"] == "role-refused"
    for role in ("owner", "billing", "admin"):
        assert (await invite(owner.client, new_email(), role)).status_code == 201, role
    assert (await invite(owner.client, new_email(), "operator")).json()["code"] == "role-refused", "not this one"


async def test_operators_belong_to_who_runs_the_installation(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    operator = await join(world, postgres, owner, "operator")
    assert "installation:operate" in (await operator.client.get("/v1/me")).json()["permissions"]


async def test_the_last_owner_stays(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    for method, path, body in (
        ("PATCH", f"/v1/members/{owner.user_id}", {"role": "admin"}),
        ("DELETE", f"/v1/members/{owner.user_id}", None),
        ("DELETE", "/v1/account", None),
    ):
        refused = await owner.client.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "last-owner")
    second = await join(world, postgres, owner, "owner")
    answers = await asyncio.gather(
        owner.client.patch(f"/v1/members/{owner.user_id}", json={"role": "admin"}),
        second.client.patch(f"/v1/members/{second.user_id}", json={"role": "admin"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409], "not both at once"
    roles = [await role_of(world, owner), await role_of(world, second)]
    assert sorted(str(role) for role in roles) == ["admin", "owner"]


async def test_members_are_walled(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    stranger = await join(world, postgres, world.ann, "owner")
    made = (await invite(owner.client, new_email(), "viewer")).json()
    for method, path in (
        ("PATCH", f"/v1/members/{owner.user_id}"),
        ("DELETE", f"/v1/members/{owner.user_id}"),
        ("DELETE", f"/v1/invitations/{made['invitation_id']}"),
    ):
        body = {"role": "viewer"} if method == "PATCH" else None
        assert (await stranger.client.request(method, path, json=body)).status_code == 404
    for path in ("/v1/members", "/v1/invitations"):
        listed = (await stranger.client.get(path)).json()["items"]
        assert {owner.email, made["email"]} & {one["email"] for one in listed} == set()


@pytest.mark.parametrize(("path", "id_name"), [("/v1/members", "user_id"), ("/v1/invitations", "invitation_id")])
async def test_members_and_invitations_come_in_pages(world: World, postgres: Settings, path: str, id_name: str) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    for _ in range(2):
        await join(world, postgres, owner, "viewer")
    for number in range(3):
        assert (await invite(owner.client, f"open{number}@example.org", "viewer")).status_code == 201
    whole = (await owner.client.get(path)).json()
    assert (len(whole["items"]), whole.get("next_cursor")) == (3, None)
    ids, query = [], {"limit": "1"}
    while True:
        page = (await owner.client.get(path, params=query)).json()
        ids += [item[id_name] for item in page["items"]]
        if not page.get("next_cursor"):
            break
        query["cursor"] = page["next_cursor"]
    assert ids == [item[id_name] for item in whole["items"]]
    stranger = await join(world, postgres, world.ann, "owner")
    assert (await stranger.client.get(path, params=query)).json()["code"] == "cursor-invalid"


async def test_a_person_erases_their_account(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    person = await join(world, postgres, owner, "editor")
    old = await sign_in(world, person.email)
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    await world.owner.execute(
        "update sessions set created_at = now() - interval '31 minutes' where session_id = $1",
        old.session["session_id"],
    )
    refused = await old.client.delete("/v1/account")
    assert (refused.status_code, refused.json()["code"]) == (403, "sign-in-again")
    assert (await person.client.delete("/v1/account")).status_code == 204
    await until_status(person, "/v1/account", 401)
    await until_status(old, "/v1/account", 401)
    assert await role_of(world, person) is None
    login = await visitor(world).post("/v1/auth/login", json={"email": person.email, "password": PASSWORD})
    assert login.json()["code"] == "wrong-credentials"
    assert await mails_to(world, postgres, person.email) == [], "also those of before there was an account"
    async with person_transaction(world.api, person.user_id, world.bob.org_id) as rows:
        left = await rows.fetchval("select count(*) from invitations where email = $1", person.email)
    assert left == 0
    for table in ("sessions", "refresh_tokens", "single_use_tokens", "memberships"):
        assert await world.owner.fetchval(f"select count(*) from {table} where user_id = $1", person.user_id) == 0
    again = await join(world, postgres, owner, "viewer", email=person.email)
    assert again.user_id != person.user_id


async def test_organisations_are_made_where_the_installation_says_so(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    refused = await person.client.post("/v1/organisations", json={"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    async with open_world(with_rules(postgres, organisations="on")) as other:
        person = await join(other, postgres, other.bob, "viewer")
        made = await person.client.post("/v1/organisations", json={"name": "Mine"})
        assert made.status_code == 201
        body = {"refresh_token": person.session["refresh_token"], "org_id": made.json()["org_id"]}
        session = (await visitor(other).post("/v1/auth/refresh", json=body)).json()
        client = visitor(other, session["access_token"])
        read = (await client.get("/v1/organisation")).json()
        assert (read["name"], read["operator"], read["allowed_origins"]) == ("Mine", False, [])
        assert [one["role"] for one in (await client.get("/v1/members")).json()["items"]] == ["owner"]


def with_rules(settings: Settings, **rules: Any) -> Settings:
    return msgspec.structs.replace(settings, identity=IdentityRules(**rules))


async def test_anyone_registers_where_the_installation_says_so(postgres: Settings) -> None:
    async with open_world(with_rules(postgres, register="anyone")) as world:
        email, client = new_email(), visitor(world)
        body = {"email": email, "password": PASSWORD, "organisation": "Lectures"}
        first = await client.post("/v1/auth/register", json=body)
        again = await client.post("/v1/auth/register", json=body | {"password": "another good one"})
        assert (first.status_code, first.content) == (again.status_code, again.content) == (202, b"")
        login = {"email": email, "password": PASSWORD}
        refused = await client.post("/v1/auth/login", json=login)
        assert (refused.status_code, refused.json()["code"]) == (403, "email-not-verified")
        templates = [template for template, _ in await mails_to(world, postgres, email)]
        assert templates == ["verify-email", "account-exists", "verify-email"]
        code = await mailed_code(world, postgres, email, "verify-email")
        assert (await client.post("/v1/auth/verify-email", json={"code": code})).status_code == 204
        assert (await client.post("/v1/auth/verify-email", json={"code": code})).json()["code"] == "code-invalid"
        person = await sign_in(world, email)
        memberships = (await person.client.get("/v1/account/memberships")).json()["items"]
        assert [(one["org_name"], one["role"]) for one in memberships] == [("Lectures", "owner")]


async def test_fields_of_other_things_are_not_assigned(world: World, postgres: Settings) -> None:
    email = new_email()
    await invite(world.bob.client, email, "viewer")
    code = await mailed_code(world, postgres, email, "invitation")
    body = {"email": email, "password": PASSWORD, "invitation": code}
    for more in ({"role": "owner"}, {"org_id": str(uuid4())}, {"user_id": str(uuid4())}, {"email_verified_at": None}):
        assert (await visitor(world).post("/v1/auth/register", json=body | more)).status_code == 422, more
    for path, sent in (
        ("/v1/invitations", {"email": email, "role": "viewer", "org_id": str(world.ann.org_id)}),
        ("/v1/invitations", {"email": email, "role": "superuser"}),
        ("/v1/invitations", {"email": "a@b.c\r\nBcc: x@y.z", "role": "viewer"}),
    ):
        assert (await world.bob.client.post(path, json=sent)).status_code == 422, sent
    for more in ({"operator": True}, {"org_id": str(uuid4())}, {"allowed_origins": ["*"]}):
        assert (await world.bob.client.patch("/v1/organisation", json={"name": "B"} | more)).status_code == 422, more
