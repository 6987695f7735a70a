"""Browsers: cookies, session fixation, CSRF, CORS, redirects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx2
import msgspec
import pytest

from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import PASSWORD, SignedPerson, join, mails_to, sign_in, visitor

pytestmark = pytest.mark.contract
OWN = {"Origin": "http://api", "Clipstream-Client": "web"}
APP = "https://pages.example.org"
"""Listed by no organisation of another test: a preflight asks for all of them."""


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(msgspec.structs.replace(postgres, public="http://api")) as opened:
        yield opened


@pytest.fixture
async def person(world: World, postgres: Settings) -> SignedPerson:
    return await join(world, postgres, world.bob, "owner")


async def log_in(world: World, email: str, **headers: str) -> tuple[httpx2.AsyncClient, httpx2.Response]:
    client = visitor(world)
    body = {"email": email, "password": PASSWORD, "cookies": True}
    return client, await client.post("/v1/auth/login", json=body, headers=OWN | headers)


def cookies_of(answer: httpx2.Response) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            made[name] = {"value": morsel.value} | {key: str(value) for key, value in morsel.items()}
    return made


async def test_cookies_are_out_of_reach_of_scripts(world: World, person: SignedPerson) -> None:
    client, answer = await log_in(world, person.email)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["access_token"], body["refresh_token"]) == (None, None)
    made = cookies_of(answer)
    assert {name: (one["httponly"], one["samesite"], one["path"], one["secure"]) for name, one in made.items()} == {
        "clipstream": ("True", "lax", "/", ""),
        "clipstream-refresh": ("True", "lax", "/v1/auth", ""),
    }
    assert (await client.get("/v1/account")).status_code == 200
    assert (await client.get("/v1/projects")).status_code == 200


async def test_cookies_over_https_are_bound_to_the_host(postgres: Settings) -> None:
    async with open_world(msgspec.structs.replace(postgres, public="https://clips.example.org")) as world:
        person = await join(world, postgres, world.bob, "owner")
        _, answer = await log_in(world, person.email, Origin="https://clips.example.org")
        made = cookies_of(answer)
        assert {name: (one["secure"], one["path"], one["domain"]) for name, one in made.items()} == {
            "__Host-clipstream": ("True", "/", ""),
            "__Secure-clipstream-refresh": ("True", "/v1/auth", ""),
        }


async def test_writes_by_cookie_prove_their_page(world: World, person: SignedPerson) -> None:
    client, _ = await log_in(world, person.email)
    change = {"name": "Eva"}
    for headers in (
        {},
        {"Origin": "http://api"},
        {"Clipstream-Client": "web"},
        OWN | {"Origin": "https://evil.example"},
        OWN | {"Origin": "null"},
        OWN | {"Origin": "http://api.evil.example"},
        OWN | {"Origin": "https://api"},
        {"Clipstream-Client": "web", "Sec-Fetch-Site": "cross-site"},
        {"Clipstream-Client": "web", "Sec-Fetch-Site": "same-site"},
        {"Clipstream-Client": "web", "Sec-Fetch-Site": "none"},
    ):
        for method, path, body in (
            ("PATCH", "/v1/account", change),
            ("POST", "/v1/auth/refresh", {}),
            ("POST", "/v1/auth/logout", None),
            ("DELETE", "/v1/account", None),
            ("POST", "/v1/invitations", {"email": "x@example.org", "role": "owner"}),
        ):
            refused = await client.request(method, path, json=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross-site"), (headers, path)
    for headers in (OWN, {"Clipstream-Client": "web", "Sec-Fetch-Site": "same-origin"}):
        assert (await client.patch("/v1/account", json=change, headers=headers)).status_code == 200
    form = await client.post("/v1/auth/refresh", data={"x": "y"}, headers=OWN)
    assert form.status_code == 415, "forms are not read"
    by_token = await person.client.patch("/v1/account", json=change, headers={"Origin": "https://evil.example"})
    assert by_token.status_code == 200, "who has the token is not led by a page"


async def test_foreign_pages_do_not_sign_their_visitors_in(world: World, person: SignedPerson) -> None:
    _, answer = await log_in(world, person.email, Origin="https://evil.example")
    assert answer.json()["code"] == "cross-site"
    assert "set-cookie" not in answer.headers


async def test_a_session_cannot_be_planted(world: World, person: SignedPerson) -> None:
    """Fixation: cookies of before a sign-in end there, and the session is a new one."""
    planted, answer = await log_in(world, person.email)
    before = cookies_of(answer)
    body = {"email": person.email, "password": PASSWORD, "cookies": True}
    again = await planted.post("/v1/auth/login", json=body, headers=OWN)
    after = cookies_of(again)
    assert answer.json()["session_id"] != again.json()["session_id"]
    assert all(before[name]["value"] != after[name]["value"] for name in before)
    made_up = visitor(world)
    made_up.cookies.set("clipstream", "planted.by.another", domain="api")
    assert (await made_up.get("/v1/account")).status_code == 401


async def test_a_key_in_a_cookie_is_no_session(world: World) -> None:
    client = visitor(world)
    client.cookies.set("clipstream", world.bob.key, domain="api")
    assert (await client.get("/v1/projects")).status_code == 401


async def test_cookies_go_on_and_end(world: World, person: SignedPerson) -> None:
    client, first = await log_in(world, person.email)
    second = await client.post("/v1/auth/refresh", json={}, headers=OWN)
    assert second.status_code == 200
    assert (second.json()["access_token"], second.json()["refresh_token"]) == (None, None)
    assert cookies_of(first)["clipstream-refresh"]["value"] != cookies_of(second)["clipstream-refresh"]["value"]
    out = await client.post("/v1/auth/logout", headers=OWN)
    assert out.status_code == 204
    assert {one["max-age"] for one in cookies_of(out).values()} == {"0"}
    assert (await client.get("/v1/account")).status_code == 401
    assert (await client.post("/v1/auth/refresh", json={}, headers=OWN)).status_code == 401


async def preflight(world: World, origin: str) -> httpx2.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    return await visitor(world).request("OPTIONS", "/v1/projects", headers=headers)


async def test_listed_pages_may_call_and_others_not(world: World, postgres: Settings, person: SignedPerson) -> None:
    listed = await person.client.patch("/v1/organisation", json={"allowed_origins": [APP]})
    assert (listed.status_code, listed.json()["allowed_origins"]) == (200, [APP])
    allowed = await preflight(world, APP)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, APP)
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert "Clipstream-Client" in allowed.headers["access-control-allow-headers"]
    for origin in (
        "https://evil.example",
        "null",
        "https://pages.example.org.evil.example",
        "http://pages.example.org",
    ):
        refused = await preflight(world, origin)
        assert "access-control-allow-origin" not in refused.headers, origin
    client, _ = await log_in(world, person.email)
    answer = await client.get("/v1/projects", headers={"Origin": APP})
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["vary"] == "Origin"
    written = await client.patch("/v1/account", json={"name": "E"}, headers=OWN | {"Origin": APP})
    assert (written.status_code, written.headers["access-control-allow-origin"]) == (200, APP)
    stranger = await join(world, postgres, world.ann, "viewer")
    theirs, _ = await log_in(world, stranger.email)
    foreign = await theirs.get("/v1/projects", headers={"Origin": APP})
    assert "access-control-allow-origin" not in foreign.headers, "it is another organisation's page"
    refused = await theirs.patch("/v1/account", json={"name": "E"}, headers=OWN | {"Origin": APP})
    assert refused.json()["code"] == "cross-site"
    await person.client.patch("/v1/organisation", json={"allowed_origins": []})
    async with asyncio.timeout(20):  # it lasts 4 s, and requests take their time on a busy machine
        while "access-control-allow-origin" in (await preflight(world, APP)).headers:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https://*.example.org", "http://app.example.org", "https://app.example.org/", "https://APP.example.org",
        "null", "javascript:alert(1)", "https://user@app.example.org", "https://app.example.org?x", "",
        "https://app.example.org\n",
    ],
)  # fmt: skip
async def test_inexact_origins_are_not_listed(world: World, origin: str) -> None:
    refused = await world.bob.client.patch("/v1/organisation", json={"allowed_origins": [origin]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/allowed_origins/0")


async def test_no_answer_redirects(world: World, person: SignedPerson) -> None:
    """Open redirects: there is no parameter that names a place, and no path that leads elsewhere."""
    for path in ("/v1/auth/login?next=https://evil.example", "//evil.example/v1/auth/login", "/v1/auth/login/"):
        body = {"email": person.email, "password": PASSWORD}
        answer = await visitor(world).post(path, json=body, headers={"Host": "evil.example"})
        assert answer.status_code < 300 or answer.status_code >= 400, path
        assert "evil.example" not in answer.text.replace(path, ""), path
        assert "evil.example" not in answer.headers.get("location", ""), path


async def test_mails_lead_to_our_pages_whatever_the_host_header(postgres: Settings) -> None:
    settings = msgspec.structs.replace(postgres, web="https://clips.example.org/app")
    async with open_world(settings) as world:
        person = await join(world, postgres, world.bob, "owner")
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        await visitor(world).post("/v1/auth/password-reset", json={"email": person.email}, headers=headers)
        template, message = (await mails_to(world, postgres, person.email))[-1]
        assert template == "reset-password"
        assert "https://clips.example.org/app/reset-password#code=clm_" in message.text
        assert "evil.example" not in message.text + message.html


async def test_the_session_names_its_browser(world: World, person: SignedPerson) -> None:
    signed = await sign_in(world, person.email)
    listed = (await signed.client.get("/v1/account/sessions")).json()["items"]
    current = next(one for one in listed if one["current"])
    assert current["user_agent"].startswith("python-httpx")
    assert current["address"].startswith("10.")
