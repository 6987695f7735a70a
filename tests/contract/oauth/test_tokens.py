"""Tokens of OAuth: what they open, how they rotate, how they end, and who is refused."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.http import auth
from api.http.auth import CACHE_S
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World
from tests.contract.rigs.oauth import (
    BASE,
    Pkce,
    Registered,
    allow,
    browser_of,
    machine,
    redeem,
    refresh,
    register_client,
    request_of,
    tokens_for,
)
from tests.contract.rigs.people import SignedPerson, join, sign_in, visitor

pytestmark = pytest.mark.contract
REVOKED_WITHIN_S = 5.0
FAULT = "invalid_grant"


def claims_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in token.split(".")[:2]
    )
    return header, claims


async def is_refused(world: World, token: str) -> None:
    """Within 5 s a token opens nothing any more."""
    client = visitor(world, token)
    async with asyncio.timeout(REVOKED_WITHIN_S):
        while (await client.get("/v1/projects")).status_code != 401:
            await asyncio.sleep(0.1)


async def test_a_code_gives_tokens_that_call_for_the_person(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann)
    made = await tokens_for(world, person, client)
    assert made["token_type"] == "Bearer"
    assert made["expires_in"] <= 900
    assert made["scope"] == "projects:read projects:write"
    header, claims = claims_of(made["access_token"])
    assert header["typ"] == "at+jwt"
    assert (claims["client_id"], claims["sub"], claims["scope"]) == (
        client.client_id,
        str(person.user_id),
        "projects:read projects:write",
    )
    assert claims["iss"] == claims["aud"] == BASE
    assert claims["org"] == str(world.bob.org_id)
    app = visitor(world, made["access_token"])
    assert (await app.post("/v1/projects", json={"source_url": "https://video.example/a.mp4"})).status_code == 202
    assert len((await app.get("/v1/projects")).json()["items"]) == 1
    refused = await app.get("/v1/brand-kits")
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert (await app.get("/v1/account")).status_code == 403, "an app is not the person"
    assert (await app.get("/v1/keys")).status_code == 403
    async with org_transaction(world.api, world.bob.org_id) as rows:
        written = await rows.fetch("select actor, operation from audit_entries order by arrival desc limit 2")
    assert [(row["actor"].partition(":")[0], row["operation"]) for row in written] == [
        ("app", "createProject"),
        ("user", "allowApp"),
    ]


async def test_a_token_may_no_more_than_its_person_now(world: World, postgres: Settings, person: SignedPerson) -> None:
    editor = await join(world, postgres, person, "editor")
    client = await register_client(world.ann, scopes=("read", "write", "scoring:write"))
    made = await tokens_for(world, editor, client)
    assert made["scope"] == "read write", "an editor may not change how clips are scored"
    app = visitor(world, made["access_token"])
    assert (await app.post("/v1/webhooks/endpoints", json={"url": "https://example.org/hook"})).status_code == 403
    changed = await person.client.patch(f"/v1/members/{editor.user_id}", json={"role": "viewer"})
    assert changed.status_code == 200, changed.text

    async def may_write() -> bool:
        body = {"source_url": "https://video.example/b.mp4"}
        return (await app.post("/v1/projects", json=body)).status_code == 202

    async with asyncio.timeout(REVOKED_WITHIN_S):
        while await may_write():
            await asyncio.sleep(0.1)
    assert (await app.get("/v1/projects")).status_code == 200
    assert (await person.client.delete(f"/v1/members/{editor.user_id}")).status_code == 204
    await is_refused(world, made["access_token"])
    assert (await refresh(world, client, made["refresh_token"])).json()["error"] == FAULT


async def test_a_code_counts_once_and_its_second_use_ends_the_grant(world: World, person: SignedPerson) -> None:
    client, pkce = await register_client(world.ann), Pkce()
    told = await allow(await browser_of(world, person), request_of(client, pkce))
    first = await redeem(world, client, told["code"], pkce)
    assert first.status_code == 200
    second = await redeem(world, client, told["code"], pkce)
    assert (second.status_code, second.json()["error"]) == (400, FAULT)
    assert second.headers["cache-control"] == "no-store"
    await is_refused(world, first.json()["access_token"])
    assert (await refresh(world, client, first.json()["refresh_token"])).json()["error"] == FAULT
    async with org_transaction(world.api, world.bob.org_id) as rows:
        assert await rows.fetchval("select count(*) from audit_entries where operation = 'endStolenGrant'") == 1


async def test_of_many_at_once_one_gets_tokens_at_most(world: World, person: SignedPerson) -> None:
    client, pkce = await register_client(world.ann), Pkce()
    told = await allow(await browser_of(world, person), request_of(client, pkce))
    answers = await asyncio.gather(*(redeem(world, client, told["code"], pkce) for _ in range(8)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    await is_refused(world, good[0].json()["access_token"])


@pytest.mark.parametrize(
    "wrong", ["verifier", "no verifier", "challenge as verifier", "other client", "redirect_uri", "expired", "unknown"]
)
async def test_a_code_is_for_its_request_only(world: World, person: SignedPerson, wrong: str) -> None:
    client, pkce = await register_client(world.ann), Pkce()
    told = await allow(await browser_of(world, person), request_of(client, pkce))
    caller, code, changes, fault = client, told["code"], dict[str, str](), FAULT
    match wrong:
        case "verifier":
            changes = {"code_verifier": Pkce().verifier}
        case "no verifier":
            changes, fault = {"code_verifier": ""}, "invalid_request"
        case "challenge as verifier":
            changes = {"code_verifier": pkce.challenge}
        case "other client":
            caller = await register_client(world.bob)
        case "redirect_uri":
            changes = {"redirect_uri": "https://evil.example/callback"}
        case "expired":
            late = "update oauth_codes set expires_at = now() - interval '1 second' where org_id = $1"
            await world.owner.execute(late, world.bob.org_id)
        case "unknown":
            code = "clo_" + "a" * 43
    refused = await redeem(world, caller, code, pkce, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, fault)
    again = await redeem(world, client, told["code"], pkce)
    burnt = wrong not in ("unknown", "no verifier")
    assert again.status_code == (400 if burnt else 200), "who shows a code wrongly uses it up"


async def test_refresh_tokens_rotate_and_one_used_twice_ends_the_grant(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann)
    first = await tokens_for(world, person, client)
    second = (await refresh(world, client, first["refresh_token"])).json()
    third = (await refresh(world, client, second["refresh_token"], scope="projects:read")).json()
    assert third["scope"] == "projects:read"
    assert len({made["refresh_token"] for made in (first, second, third)}) == 3
    narrow = visitor(world, third["access_token"])
    assert (await narrow.get("/v1/projects")).status_code == 200
    body = {"source_url": "https://video.example/c.mp4"}
    assert (await narrow.post("/v1/projects", json=body)).status_code == 403
    reused = await refresh(world, client, first["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, FAULT)
    for made in (first, second, third):
        await is_refused(world, made["access_token"])
        assert (await refresh(world, client, made["refresh_token"])).json()["error"] == FAULT


async def test_a_refresh_token_is_its_clients(world: World, person: SignedPerson) -> None:
    client, other = await register_client(world.ann), await register_client(world.bob)
    made = await tokens_for(world, person, client)
    beyond = await refresh(world, client, made["refresh_token"], scope="brand:read")
    assert beyond.json()["error"] == "invalid_scope"
    assert (await refresh(world, other, made["refresh_token"])).json()["error"] == FAULT
    await is_refused(world, made["access_token"])


async def test_a_machine_calls_as_its_service_account(world: World) -> None:
    client = await machine(world.ann, "viewer", ("read", "projects:write"))
    for headers, form in ((client.basic, {}), ({}, client.form)):
        asked = form | {"grant_type": "client_credentials"}
        answer = await visitor(world).post("/v1/oauth/token", data=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        assert (made["scope"], "refresh_token" in made) == ("read", False)
    app = visitor(world, made["access_token"])
    assert (await app.get("/v1/projects")).status_code == 200
    body = {"source_url": "https://video.example/d.mp4"}
    assert (await app.post("/v1/projects", json=body)).status_code == 403
    me = (await app.get("/v1/me")).json()
    assert me["org_id"] == str(world.ann.org_id)
    beyond = {"grant_type": "client_credentials", "scope": "webhooks:write"}
    refused = await visitor(world).post("/v1/oauth/token", data=client.form | beyond)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    listed = (await world.ann.client.get("/v1/service-accounts")).json()["items"]
    await world.ann.client.delete(f"/v1/service-accounts/{listed[0]['service_account_id']}")
    await is_refused(world, made["access_token"])
    dead = await visitor(world).post("/v1/oauth/token", data=client.form | {"grant_type": "client_credentials"})
    assert dead.json()["error"] == "unauthorized_client"


async def test_clients_prove_who_they_are(world: World) -> None:
    confidential, public = await machine(world.ann), await register_client(world.ann)
    grant = {"grant_type": "client_credentials"}
    wrong: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, grant | confidential.form | {"client_secret": "cls_wrong"}),
        ({}, grant | {"client_id": confidential.client_id}),
        ({}, grant | public.form | {"client_secret": "any"}),
        ({}, grant | {"client_id": str(UUID(int=1))}),
        ({}, grant),
        ({"Authorization": f"Bearer {confidential.secret}"}, grant),
        ({"Authorization": "Basic !"}, grant),
    ]
    for headers, form in wrong:
        answer = await visitor(world).post("/v1/oauth/token", data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), form
        assert answer.headers["www-authenticate"].startswith("Basic ")
    twice = await visitor(world).post("/v1/oauth/token", data=grant | confidential.form, headers=confidential.basic)
    assert twice.json()["error"] == "invalid_request"
    for_itself = await visitor(world).post("/v1/oauth/token", data=grant | public.form)
    assert for_itself.json()["error"] == "unauthorized_client"
    as_json = await visitor(world).post("/v1/oauth/token", json=grant | confidential.form)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    password = {"grant_type": "password", "username": "a", "password": "b"}
    assert (await visitor(world).post("/v1/oauth/token", data=confidential.form | password)).json()[
        "error"
    ] == "unsupported_grant_type"


async def introspect(world: World, client: Registered, token: str) -> dict[str, Any]:
    answer = await visitor(world).post("/v1/oauth/introspect", data={"token": token}, headers=client.basic)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_introspection_says_what_counts_now(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann, kind="confidential")
    other = await machine(world.ann)
    made = await tokens_for(world, person, client)
    access = await introspect(world, client, made["access_token"])
    assert access | {"iat": 0, "exp": 0, "jti": ""} == {
        "active": True,
        "scope": "projects:read projects:write",
        "client_id": client.client_id,
        "token_type": "Bearer",
        "sub": str(person.user_id),
        "org_id": str(world.bob.org_id),
        "iss": BASE,
        "aud": BASE,
        "iat": 0,
        "exp": 0,
        "jti": "",
    }
    assert access["exp"] - access["iat"] == made["expires_in"]
    assert (await introspect(world, client, made["refresh_token"]))["active"]
    assert await introspect(world, other, made["access_token"]) == {"active": False}
    for token in (person.session["access_token"], world.ann.key, "nonsense", made["access_token"][:-9]):
        assert await introspect(world, client, token) == {"active": False}
    public = await register_client(world.ann)
    asked = await visitor(world).post("/v1/oauth/introspect", data=public.form | {"token": made["access_token"]})
    assert asked.status_code == 401


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_revoked_token_ends_all_that_was_granted(world: World, person: SignedPerson, kind: str) -> None:
    client, other = await register_client(world.ann, kind="confidential"), await machine(world.bob)
    made = await tokens_for(world, person, client)
    foreign = await visitor(world).post("/v1/oauth/revoke", data=other.form | {"token": made[kind]})
    assert (foreign.status_code, foreign.json()["error"]) == (400, FAULT)
    for _ in range(2):
        hinted = client.form | {"token": made[kind], "token_type_hint": "refresh_token"}
        ended = await visitor(world).post("/v1/oauth/revoke", data=hinted)
        assert (ended.status_code, ended.content) == (200, b"")
    assert await introspect(world, client, made["access_token"]) == {"active": False}
    assert await introspect(world, client, made["refresh_token"]) == {"active": False}
    await is_refused(world, made["access_token"])
    assert (await refresh(world, client, made["refresh_token"])).json()["error"] == FAULT


async def test_a_person_lists_and_withdraws(
    world: World, postgres: Settings, person: SignedPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "CACHE_S", CACHE_S)  # the product's own, for the time until the token opens nothing
    client = await register_client(world.ann, homepage="https://calendar.example.org")
    made = await tokens_for(world, person, client)
    await visitor(world, made["access_token"]).get("/v1/projects")
    (grant,) = (await person.client.get("/v1/account/grants")).json()["items"]
    assert (grant["client_id"], grant["client_name"], grant["homepage"], grant["org_name"]) == (
        client.client_id,
        "Clip Calendar",
        "https://calendar.example.org",
        "Bob",
    )
    assert grant["scopes"] == ["projects:read", "projects:write"]
    assert grant["last_used_at"] is not None
    other = await join(world, postgres, person, "admin")
    path = f"/v1/account/grants/{grant['grant_id']}"
    assert (await other.client.get("/v1/account/grants")).json() == {"items": []}
    assert (await other.client.delete(path)).status_code == 404
    assert (await world.bob.client.delete(path)).status_code == 403
    assert (await person.client.delete(path)).status_code == 204
    assert (await person.client.delete(path)).status_code == 404
    await is_refused(world, made["access_token"])
    assert (await refresh(world, client, made["refresh_token"])).json()["error"] == FAULT
    async with org_transaction(world.api, world.bob.org_id) as rows:
        entry = await rows.fetchrow("select actor, target_ids from audit_entries where operation = 'withdrawGrant'")
    assert entry["actor"] == f"user:{person.user_id}"
    assert entry["target_ids"] == [UUID(client.client_id), UUID(grant["grant_id"])]


@pytest.mark.parametrize("ended", ["client", "scopes", "account"])
async def test_a_grant_ends_with_what_it_stands_on(world: World, person: SignedPerson, ended: str) -> None:
    client = await register_client(world.ann)
    made = await tokens_for(world, person, client)
    app, path = visitor(world, made["access_token"]), f"/v1/oauth/clients/{client.client_id}"
    assert (await app.get("/v1/projects")).status_code == 200
    if ended == "client":
        assert (await world.ann.client.delete(path)).status_code == 204
        await is_refused(world, made["access_token"])
        return
    if ended == "scopes":
        assert (await world.ann.client.patch(path, json={"scopes": ["brand:read"]})).status_code == 200
        async with asyncio.timeout(REVOKED_WITHIN_S):
            while (await app.get("/v1/projects")).status_code != 403:
                await asyncio.sleep(0.1)
        return
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    await world.owner.execute("delete from users where user_id = $1", person.user_id)
    await is_refused(world, made["access_token"])


async def test_a_stream_ends_with_the_grant(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann)
    made = await tokens_for(world, person, client)
    app = visitor(world, made["access_token"])
    body = {"source_url": "https://video.example/e.mp4"}
    project_id = UUID((await app.post("/v1/projects", json=body)).json()["project_id"])
    following = asyncio.create_task(app.get(f"/v1/projects/{project_id}/events"))
    while len(world.listeners._waiting.get(project_id, ())) != 1:
        await asyncio.sleep(0.01)
    await visitor(world).post("/v1/oauth/revoke", data=client.form | {"token": made["access_token"]})
    world.listeners.wake(project_id)
    answer: httpx2.Response = await asyncio.wait_for(following, 10)
    assert answer.status_code == 200


async def test_a_session_of_a_person_is_no_clients_token(world: World, person: SignedPerson) -> None:
    """Tokens of sessions cannot be refreshed, revoked or redeemed at OAuth's endpoints."""
    client = await register_client(world.ann)
    session = (await sign_in(world, person.email)).session
    assert (await refresh(world, client, session["refresh_token"])).json()["error"] == FAULT
    ended = await visitor(world).post("/v1/oauth/revoke", data=client.form | {"token": session["access_token"]})
    assert ended.status_code == 200
    assert (await visitor(world, session["access_token"]).get("/v1/account")).status_code == 200
    made = await tokens_for(world, person, client)
    for token in (made["refresh_token"], made["access_token"]):
        answer = await visitor(world).post("/v1/auth/refresh", json={"refresh_token": token})
        assert answer.status_code in (401, 422)
