"""People sign in, go on, sign out: registration by invitation, sessions, rotation of refresh tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from core.settings import Settings
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.people import (
    PASSWORD,
    invite,
    join,
    mailed_code,
    mails_to,
    new_email,
    sign_in,
    visitor,
)
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def test_the_first_owner_comes_by_the_bootstrap_key(world: World, postgres: Settings) -> None:
    owner = await join(world, postgres, world.ann, "owner")
    me = (await owner.client.get("/v1/me")).json()
    assert (me["org_id"], me["actor"]) == (str(world.ann.org_id), {"kind": "user", "id": str(owner.user_id)})
    assert {"members:write", "organisation:erase"} <= set(me["permissions"])
    assert "installation:operate" not in me["permissions"]
    project_id = await new_project(world.ann)
    assert (await owner.client.get(f"/v1/projects/{project_id}")).status_code == 200
    second = await invite(world.ann.client, new_email(), "owner")
    assert (second.status_code, second.json()["code"]) == (403, "role-refused"), "an owner is there by now"


async def test_an_invitation_counts_once_and_for_its_address(world: World, postgres: Settings) -> None:
    email = new_email()
    assert (await invite(world.ann.client, email, "viewer")).status_code == 201
    first = await mailed_code(world, postgres, email, "invitation")
    assert (await invite(world.ann.client, email, "viewer")).status_code == 201
    code = await mailed_code(world, postgres, email, "invitation")
    assert code != first, "the second ends the first"
    client = visitor(world)
    body = {"email": email, "password": PASSWORD, "invitation": code}
    for wrong in (
        body | {"invitation": first},
        body | {"email": new_email()},
        body | {"invitation": "cli_" + "A" * 43},
    ):
        refused = await client.post("/v1/auth/register", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "code-invalid")
    assert (await client.post("/v1/auth/register", json=body)).status_code == 201
    again = await client.post("/v1/auth/register", json=body)
    assert again.json()["code"] == "code-invalid"
    open_ones = (await world.ann.client.get("/v1/invitations")).json()["items"]
    assert email not in {one["email"] for one in open_ones}


async def test_a_revoked_invitation_lets_no_one_in(world: World, postgres: Settings) -> None:
    email = new_email()
    made = (await invite(world.ann.client, email, "viewer")).json()
    path = f"/v1/invitations/{made['invitation_id']}"
    assert (await world.bob.client.delete(path)).status_code == 404
    assert (await world.ann.client.delete(path)).status_code == 204
    assert (await world.ann.client.delete(path)).status_code == 404
    code = await mailed_code(world, postgres, email, "invitation")
    body = {"email": email, "password": PASSWORD, "invitation": code}
    assert (await visitor(world).post("/v1/auth/register", json=body)).json()["code"] == "code-invalid"


async def test_strangers_do_not_register_by_default(world: World) -> None:
    refused = await visitor(world).post("/v1/auth/register", json={"email": new_email(), "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("password", ["short", "password123456", "1234567890", "aaaaaaaaaaaa", "qwertyuiop"])
async def test_weak_passwords_are_refused(world: World, postgres: Settings, password: str) -> None:
    email = new_email()
    await invite(world.ann.client, email, "viewer")
    code = await mailed_code(world, postgres, email, "invitation")
    body = {"email": email, "password": password, "invitation": code}
    refused = await visitor(world).post("/v1/auth/register", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/password")


async def test_sign_in_and_sign_out(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    again = await sign_in(world, person.email.upper())
    assert again.session["session_id"] != person.session["session_id"]
    assert (await again.client.post("/v1/auth/logout")).status_code == 204
    await until_refused(again.client)
    refused = await visitor(world).post("/v1/auth/refresh", json={"refresh_token": again.session["refresh_token"]})
    assert refused.status_code == 401
    assert (await person.client.get("/v1/account")).status_code == 200, "the other session goes on"


async def until_refused(client: object) -> None:
    """Within five seconds, which the cache of sessions is for."""
    async with asyncio.timeout(5):
        while (await client.get("/v1/account")).status_code != 401:  # type: ignore[attr-defined]
            await asyncio.sleep(0.2)


async def test_wrong_passwords_and_unknown_addresses_look_alike(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    answers = []
    for email in (person.email, new_email()):
        answer = await visitor(world).post("/v1/auth/login", json={"email": email, "password": "not the password"})
        body = answer.json()
        del body["request_id"]
        answers.append((answer.status_code, body, set(answer.headers)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_refresh_tokens_rotate(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    client, token = visitor(world), person.session["refresh_token"]
    for _ in range(3):
        answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})
        assert answer.status_code == 200
        assert answer.json()["session_id"] == person.session["session_id"]
        token = answer.json()["refresh_token"]
    assert (await visitor(world, answer.json()["access_token"]).get("/v1/account")).status_code == 200


async def test_a_refresh_token_used_twice_ends_its_session(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    client, stolen = visitor(world), person.session["refresh_token"]
    first = (await client.post("/v1/auth/refresh", json={"refresh_token": stolen})).json()
    second = (await client.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": stolen})).status_code == 401
    for token in (first["refresh_token"], second["refresh_token"]):
        assert (await client.post("/v1/auth/refresh", json={"refresh_token": token})).status_code == 401
    await until_refused(person.client)
    assert "session-stolen" in [template for template, _ in await mails_to(world, postgres, person.email)]


async def test_two_tabs_may_refresh_at_once(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    token, client = person.session["refresh_token"], visitor(world)
    async with asyncio.timeout(HANG_S):
        answers = await asyncio.gather(
            *(client.post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(2))
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers[:1]:
        body = {"refresh_token": answer.json()["refresh_token"]}
        assert (await client.post("/v1/auth/refresh", json=body)).status_code == 200
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": token})).status_code == 401, (
        "a successor went on"
    )


async def test_an_old_reuse_ends_the_session_though_nothing_went_on(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    client, token = visitor(world), person.session["refresh_token"]
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": token})).status_code == 200
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    await world.owner.execute(
        "update refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
    )
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": token})).status_code == 401


async def test_sessions_are_listed_and_revoked(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    others = [await sign_in(world, person.email) for _ in range(2)]
    listed = (await person.client.get("/v1/account/sessions")).json()["items"]
    assert len(listed) == 3
    assert [one["session_id"] for one in listed if one["current"]] == [person.session["session_id"]]
    assert listed[0]["methods"] == ["password"]
    path = f"/v1/account/sessions/{others[0].session['session_id']}"
    stranger = await join(world, postgres, world.ann, "viewer")
    assert (await stranger.client.delete(path)).status_code == 404, "sessions are their person's alone"
    assert (await person.client.delete(path)).status_code == 204
    await until_refused(others[0].client)
    assert (await person.client.delete("/v1/account/sessions")).status_code == 204
    await until_refused(others[1].client)
    assert len((await person.client.get("/v1/account/sessions")).json()["items"]) == 1


async def test_idle_and_old_sessions_end(world: World, postgres: Settings) -> None:
    for column in ("idle_until", "expires_at"):
        person = await join(world, postgres, world.ann, "viewer")
        await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
        await world.owner.execute(f"update sessions set {column} = now() - interval '1 second'")
        body = {"refresh_token": person.session["refresh_token"]}
        assert (await visitor(world).post("/v1/auth/refresh", json=body)).status_code == 401
        await until_refused(person.client)


async def test_the_account_is_read_and_changed(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "viewer")
    changed = await person.client.patch("/v1/account", json={"name": "Eva", "locale": "de"})
    assert changed.status_code == 200
    read = (await person.client.get("/v1/account")).json()
    assert (read["name"], read["locale"], read["email"]) == ("Eva", "de", person.email)
    for field, value in (
        ("email", "other@example.org"),
        ("user_id", str(uuid4())),
        ("role", "owner"),
        ("email_verified_at", None),
        ("password_hash", "x"),
    ):
        refused = await person.client.patch("/v1/account", json={"name": "Mallory", field: value})
        assert refused.status_code == 422, f"mass assignment of {field}"
    assert (await person.client.get("/v1/account")).json()["name"] == "Eva"


async def test_a_key_is_no_person(world: World) -> None:
    for method, path in (("GET", "/v1/account"), ("POST", "/v1/auth/logout"), ("GET", "/v1/account/sessions")):
        refused = await world.ann.client.request(method, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert "signed in" in refused.json()["detail"]


async def test_organisations_are_switched(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    assert (await invite(world.bob.client, person.email, "viewer")).status_code == 201
    code = await mailed_code(world, postgres, person.email, "invitation")
    stranger = await join(world, postgres, world.ann, "viewer")
    assert (await stranger.client.post("/v1/invitations/accept", json={"code": code})).status_code == 400
    joined = await person.client.post("/v1/invitations/accept", json={"code": code})
    assert joined.json() == {"org_id": str(world.bob.org_id)}
    listed = (await person.client.get("/v1/account/memberships")).json()["items"]
    assert [(UUID(one["org_id"]), one["role"], one["current"]) for one in listed] == [
        (world.ann.org_id, "editor", True),
        (world.bob.org_id, "viewer", False),
    ]
    project_id = await new_project(world.bob)
    assert (await person.client.get(f"/v1/projects/{project_id}")).status_code == 404
    body = {"refresh_token": person.session["refresh_token"], "org_id": str(world.bob.org_id)}
    switched = (await visitor(world).post("/v1/auth/refresh", json=body)).json()
    client = visitor(world, switched["access_token"])
    assert (await client.get(f"/v1/projects/{project_id}")).status_code == 200
    assert (await client.post("/v1/projects", json={})).status_code == 403, "a viewer there"
    body = {"refresh_token": switched["refresh_token"], "org_id": str(uuid4())}
    foreign = await visitor(world).post("/v1/auth/refresh", json=body)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")
