"""Sign-in with providers: a real one, a real browser, and all that an account does with its identities."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import msgspec
import pyotp
import pytest

from core.domain.identity.identity_rules import IdentityRules
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.openid_providers import (
    API,
    CLIENT_ID,
    LyingProvider,
    callback,
    described,
    drive_browser,
    give_consent,
    lying_provider,
    real_provider,
    serving,
    with_providers,
)
from tests.contract.rigs.people import PASSWORD, SignedPerson, invite, join, mailed_code, mails_to, new_email, visitor
from tests.contract.rigs.servers import free_ports

pytestmark = pytest.mark.contract
OWN = {"Origin": API, "Clipstream-Client": "web"}
PAGE = "https://app.example.org/signed-in"
ANYONE = IdentityRules(register="anyone")


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The API with one provider."""

    world: World
    settings: Settings
    provider: LyingProvider


@asynccontextmanager
async def scene_of(
    settings: Settings, place: Path, changes: dict[str, Any] | None = None, **more: Any
) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(lying_provider())
        listed = described("acme", provider.issuer, **more)
        given = with_providers(settings, place / str(uuid4()), listed, return_pages=(PAGE,), **(changes or {}))
        world = await stack.enter_async_context(open_world(given))
        yield Scene(world=world, settings=given, provider=provider)


@pytest.fixture
async def scene(postgres: Settings, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(postgres, tmp_path) as opened:
        yield opened


def path_of(address: str) -> str:
    return address.removeprefix(API)


def told(answer: httpx2.Response) -> dict[str, str]:
    """What the page that a browser is led back to is told."""
    assert answer.status_code == 303, answer.text
    page, _, fragment = answer.headers["location"].partition("#")
    assert page == PAGE
    return {name: values[0] for name, values in parse_qs(fragment).items()}


async def begin(scene: Scene, browser: httpx2.AsyncClient, **body: Any) -> str:
    """The provider's page, in a browser that keeps its cookies."""
    answer = await browser.post("/v1/auth/providers/acme/start", json=body, headers=OWN)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def come_back(scene: Scene, browser: httpx2.AsyncClient, subject: str, **body: Any) -> httpx2.Response:
    page = await begin(scene, browser, **body)
    return await browser.get(path_of(scene.provider.authorize(page, subject)))


async def link(scene: Scene, person: SignedPerson, subject: str) -> str:
    """Link an identity to somebody who is signed in; returns its id."""
    asked = await person.client.post("/v1/account/identities", json={"provider": "acme"})
    assert asked.status_code == 200, asked.text
    back = await person.client.get(path_of(scene.provider.authorize(asked.json()["url"], subject)))
    assert back.status_code == 204, back.text
    listed = (await person.client.get("/v1/account/identities")).json()["items"]
    return str(listed[-1]["identity_id"])


async def test_none_are_there_by_default(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        client = visitor(world)
        assert (await client.get("/v1/auth/providers")).json() == {"items": []}
        for path in ("start", "callback?state=x"):
            answer = await client.get(f"/v1/auth/providers/google/{path}")
            assert answer.status_code == 404, answer.text
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_real_provider_signs_in_who_was_invited(postgres: Settings, tmp_path: Path) -> None:
    """The whole way by an HTTP client, then once more: the second time nobody is invited."""
    async with real_provider(tmp_path / "provider.log", callback("real")) as issuer:
        settings = with_providers(postgres, tmp_path / "settings", described("real", issuer))
        async with open_world(settings) as world:
            email = new_email()
            await invite(world.ann.client, email, "editor")
            code = await mailed_code(world, settings, email, "invitation")
            browser = visitor(world)
            body = {"invitation": code}
            begun = await browser.post("/v1/auth/providers/real/start", json=body, headers=OWN)
            assert begun.status_code == 200, begun.text
            back = path_of(await give_consent(begun.json()["url"], "ann"))
            assert f"iss={issuer.replace(':', '%3A').replace('/', '%2F')}" in back, "RFC 9207"
            answer = await browser.get(back)
            assert (answer.status_code, answer.json().get("state")) == (200, "signed_in"), answer.text
            assert answer.json()["org_id"] == str(world.ann.org_id)
            account = (await browser.get("/v1/account")).json()
            assert (account["email"], account["name"]) == (email, "Person ann")
            assert (await browser.get(back)).json()["code"] == "sign-in-refused", "a state counts once"
            other = visitor(world)
            begun = await other.get("/v1/auth/providers/real/start")
            assert begun.status_code == 303
            back = path_of(await give_consent(begun.headers["location"], "ann"))
            again = await other.get(back)
            assert again.json()["state"] == "signed_in", again.text
            assert again.json()["session_id"] != answer.json()["session_id"]
            assert (await other.get("/v1/account")).json()["user_id"] == account["user_id"]


async def test_a_real_browser_signs_in(postgres: Settings, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    api = f"http://127.0.0.1:{port}"
    async with real_provider(tmp_path / "provider.log", callback("real", api)) as issuer:
        listed = described("real", issuer, confirms_email=True)
        settings = with_providers(postgres, tmp_path / "settings", listed, public=api, identity=ANYONE)
        async with open_world(settings) as world, serving(world.app, port):
            login = f"w{uuid4().hex[:10]}"
            seen = await drive_browser(tmp_path, f"{api}/v1/auth/providers/real/start", login, f"{api}/v1/account")
    assert seen["shown"]["state"] == "signed_in"
    assert seen["account"]["email"] == f"{login}@example.org"
    assert seen["scripts"] == "", "no script reads a cookie"
    ours = {cookie["name"]: (cookie["httpOnly"], cookie["sameSite"]) for cookie in seen["cookies"]}
    names = ("clipstream", "clipstream-refresh", "clipstream-sign-in")
    assert {name: ours[name] for name in names} == dict.fromkeys(names, (True, "Lax"))


async def test_the_request_carries_what_the_answer_must_match(scene: Scene) -> None:
    browser = visitor(scene.world)
    answer = await browser.get("/v1/auth/providers/acme/start", params={"return_to": PAGE})
    assert answer.status_code == 303
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie
    page = urlsplit(answer.headers["location"])
    query = {name: values[0] for name, values in parse_qs(page.query).items()}
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) == 43
    assert len(query["nonce"]) == 43
    assert query["state"] != query["nonce"]
    assert query["redirect_uri"] == callback("acme")
    assert query["client_id"] == CLIENT_ID
    assert query["scope"] == "openid email profile"
    back = await browser.get(path_of(scene.provider.authorize(answer.headers["location"], "stranger")))
    assert told(back) == {"error": "forbidden", "provider": "acme"}
    sent = scene.provider.forms[-1]
    assert len(sent["code_verifier"]) == 43
    assert sent["authorization"].startswith("Basic ")
    assert "client_secret" not in sent


async def test_over_https_the_cookie_is_bound_to_the_host(postgres: Settings, tmp_path: Path) -> None:
    async with scene_of(postgres, tmp_path, {"public": "https://clips.example.org"}) as scene:
        answer = await visitor(scene.world).get("/v1/auth/providers/acme/start")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-clipstream-sign-in=")
        assert "Secure" in cookie
        assert "Path=/;" in cookie


async def test_people_link_list_and_unlink(scene: Scene) -> None:
    world, subject = scene.world, f"s{uuid4().hex[:8]}"
    person = await join(world, scene.settings, world.ann, "editor")
    identity_id = await link(scene, person, subject)
    (listed,) = (await person.client.get("/v1/account/identities")).json()["items"]
    assert (listed["provider"], listed["issuer"], listed["email"], listed["last_used_at"]) == (
        "acme",
        scene.provider.issuer,
        f"{subject}@example.org",
        None,
    )
    browser = visitor(world)
    signed = await come_back(scene, browser, subject)
    assert signed.json()["state"] == "signed_in", signed.text
    (sessions, (used,)) = [
        (await person.client.get(path)).json()["items"] for path in ("/v1/account/sessions", "/v1/account/identities")
    ]
    assert ["provider:acme"] in [one["methods"] for one in sessions]
    assert used["last_used_at"] is not None
    assert (await person.client.delete(f"/v1/account/identities/{uuid4()}")).status_code == 404
    assert (await person.client.delete(f"/v1/account/identities/{identity_id}")).status_code == 204
    assert (await person.client.get("/v1/account")).status_code == 200, "its own session stays"
    assert (await browser.post("/v1/auth/refresh", json={}, headers=OWN)).status_code == 401, (
        "that of the identity ends"
    )
    refused = await come_back(scene, visitor(world), subject)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    mails = [
        message.text
        for kind, message in await mails_to(world, scene.settings, person.email)
        if kind == "way-in-changed"
    ]
    assert ["was linked" in text for text in mails] == [True, False]
    entries = (await world.ann.client.get("/v1/audit", params={"operation": "linkIdentity"})).json()["items"]
    assert [entry["target_ids"] for entry in entries] == [[identity_id]]
    entries = (await world.ann.client.get("/v1/audit", params={"operation": "unlinkIdentity"})).json()["items"]
    assert identity_id in entries[0]["target_ids"]


async def test_an_identity_belongs_to_one_account(scene: Scene) -> None:
    subject = f"s{uuid4().hex[:8]}"
    first = await join(scene.world, scene.settings, scene.world.ann, "editor")
    second = await join(scene.world, scene.settings, scene.world.ann, "editor")
    await link(scene, first, subject)
    await link(scene, first, subject)
    assert len((await first.client.get("/v1/account/identities")).json()["items"]) == 1
    asked = await second.client.post("/v1/account/identities", json={"provider": "acme", "return_to": PAGE})
    back = await second.client.get(path_of(scene.provider.authorize(asked.json()["url"], subject)))
    assert told(back)["error"] == "identity-linked"
    assert (await second.client.get("/v1/account/identities")).json() == {"items": []}
    foreign = (await first.client.get("/v1/account/identities")).json()["items"][0]["identity_id"]
    assert (await second.client.delete(f"/v1/account/identities/{foreign}")).status_code == 404


async def test_the_last_way_in_stays(scene: Scene) -> None:
    world, email, subject = scene.world, new_email(), f"s{uuid4().hex[:8]}"
    await invite(world.ann.client, email, "viewer")
    code = await mailed_code(world, scene.settings, email, "invitation")
    browser = visitor(world)
    assert (await come_back(scene, browser, subject, invitation=code)).json()["state"] == "signed_in"
    (only,) = (await browser.get("/v1/account/identities")).json()["items"]
    path = f"/v1/account/identities/{only['identity_id']}"
    refused = await browser.delete(path, headers=OWN)
    assert (refused.status_code, refused.json()["code"]) == (409, "last-way-in")
    wrong = await visitor(world).post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-credentials"), "an account without a password"
    await visitor(world).post("/v1/auth/password-reset", json={"email": email})
    reset = await mailed_code(world, scene.settings, email, "reset-password")
    done = await visitor(world).post("/v1/auth/password-reset/confirm", json={"code": reset, "password": PASSWORD})
    assert done.status_code == 204, done.text
    assert (await come_back(scene, browser, subject)).json()["state"] == "signed_in"
    assert (await browser.delete(path, headers=OWN)).status_code == 204


async def test_an_invitation_counts_once_and_not_for_an_account(scene: Scene) -> None:
    world = scene.world
    person = await join(world, scene.settings, world.ann, "editor")
    await invite(world.bob.client, person.email, "viewer")
    code = await mailed_code(world, scene.settings, person.email, "invitation")
    refused = await come_back(scene, visitor(world), f"s{uuid4().hex[:8]}", invitation=code)
    assert (refused.status_code, refused.json()["code"]) == (409, "account-exists")
    refused = await come_back(scene, visitor(world), f"s{uuid4().hex[:8]}", invitation="cli_" + "A" * 43)
    assert (refused.status_code, refused.json()["code"]) == (400, "code-invalid")


async def test_a_second_factor_still_counts(scene: Scene) -> None:
    world, subject = scene.world, f"s{uuid4().hex[:8]}"
    person = await join(world, scene.settings, world.ann, "editor")
    await link(scene, person, subject)
    secret = (await person.client.post("/v1/account/totp", json={"password": PASSWORD})).json()["secret"]
    codes = await person.client.post("/v1/account/totp/confirm", json={"code": pyotp.TOTP(secret).now()})
    browser = visitor(world)
    answer = await come_back(scene, browser, subject, return_to=PAGE)
    asked = told(answer)
    assert (asked["state"], asked["factors"]) == ("second_factor", "totp,recovery_code")
    assert "clipstream=" not in str(answer.headers.get_list("set-cookie"))
    assert (await browser.get("/v1/account")).status_code == 401
    body = {"challenge": asked["challenge"], "recovery_code": codes.json()["recovery_codes"][0], "cookies": True}
    passed = await browser.post("/v1/auth/login/verify", json=body, headers=OWN)
    assert passed.status_code == 200, passed.text
    sessions = (await browser.get("/v1/account/sessions")).json()["items"]
    assert next(one["methods"] for one in sessions if one["current"]) == ["provider:acme", "recovery_code"]
    shown = await come_back(scene, visitor(world), subject)
    assert (shown.json()["state"], shown.json()["access_token"]) == ("second_factor", None)


CONFIRMS, LINKS = {"confirms_email": True}, {"confirms_email": True, "links_by_email": True}


@pytest.mark.parametrize(
    ("rules", "register", "outcomes"),
    [
        ({}, "invitation", [({}, "forbidden")]),
        ({}, "anyone", [({}, "forbidden")]),
        (CONFIRMS, "invitation", [({}, "account-exists")]),
        (CONFIRMS, "anyone", [({"email_verified": False}, "forbidden"), ({"email_verified": "true"}, "forbidden")]),
        (
            LINKS,
            "invitation",
            [({"email_verified": None}, "forbidden"), ({"email_verified": False}, "forbidden"), ({}, "signed_in")],
        ),
    ],
)
async def test_an_address_alone_takes_no_account_over(
    postgres: Settings,
    tmp_path: Path,
    rules: dict[str, Any],
    register: Literal["invitation", "anyone"],
    outcomes: list[tuple[dict[str, Any], str]],
) -> None:
    """An account has the address that the provider names."""
    changes = {"identity": IdentityRules(register=register)}
    async with scene_of(postgres, tmp_path, changes, **rules) as scene:
        person = await join(scene.world, scene.settings, scene.world.ann, "editor")
        for claims, outcome in outcomes:
            scene.provider.claims = {"email": person.email.upper()} | claims
            browser = visitor(scene.world)
            answer = (await come_back(scene, browser, f"s{uuid4().hex[:8]}")).json()
            assert answer.get("code", answer.get("state")) == outcome
            linked = (await person.client.get("/v1/account/identities")).json()["items"]
            assert len(linked) == (outcome == "signed_in")
            if linked:
                assert (await browser.get("/v1/account")).json()["user_id"] == str(person.user_id)


async def test_an_account_that_confirmed_nothing_is_not_linked(postgres: Settings, tmp_path: Path) -> None:
    """Somebody registers another one's address first, with a password of theirs."""
    rules = {"confirms_email": True, "links_by_email": True}
    async with scene_of(postgres, tmp_path, {"identity": ANYONE}, **rules) as scene:
        email = new_email()
        await visitor(scene.world).post("/v1/auth/register", json={"email": email, "password": PASSWORD})
        scene.provider.claims = {"email": email}
        answer = await come_back(scene, visitor(scene.world), f"s{uuid4().hex[:8]}")
        assert (answer.status_code, answer.json()["code"]) == (409, "account-exists")


async def test_an_account_with_a_second_factor_is_not_linked(postgres: Settings, tmp_path: Path) -> None:
    async with scene_of(postgres, tmp_path, confirms_email=True, links_by_email=True) as scene:
        person = await join(scene.world, scene.settings, scene.world.ann, "editor")
        secret = (await person.client.post("/v1/account/totp", json={"password": PASSWORD})).json()["secret"]
        await person.client.post("/v1/account/totp/confirm", json={"code": pyotp.TOTP(secret).now()})
        scene.provider.claims = {"email": person.email}
        answer = await come_back(scene, visitor(scene.world), f"s{uuid4().hex[:8]}")
        assert answer.json()["code"] == "account-exists"


async def test_anyone_registers_where_that_is_set(postgres: Settings, tmp_path: Path) -> None:
    async with scene_of(postgres, tmp_path, {"identity": ANYONE}, confirms_email=True) as scene:
        browser, subject = visitor(scene.world), f"s{uuid4().hex[:8]}"
        answer = await come_back(scene, browser, subject)
        assert answer.json()["state"] == "signed_in", answer.text
        (membership,) = (await browser.get("/v1/account/memberships")).json()["items"]
        assert (membership["role"], membership["org_name"]) == ("owner", subject)
        account = (await browser.get("/v1/account")).json()
        assert account["email"] == f"{subject}@example.org"
        assert account["email_verified_at"]
        scene.provider.claims = {"email": new_email()}
        await come_back(scene, browser, subject)
        assert (await browser.get("/v1/account")).json() == account, "another address is the same person"
        gone = await browser.delete("/v1/account", headers=OWN)
        assert gone.status_code in (204, 409), gone.text


async def test_oauth_without_openid_takes_the_same_way(postgres: Settings, tmp_path: Path) -> None:
    """As GitHub answers: no discovery, no ID token, an address for the user and one for mail addresses."""
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(lying_provider())
        provider.tokens = {"id_token": "", "token_type": "bearer", "scope": "read:user,user:email"}
        listed = described(
            "hub",
            provider.issuer,
            scopes=["read:user", "user:email"],
            authorization_endpoint=f"{provider.issuer}/auth",
            token_endpoint=f"{provider.issuer}/token",
            user_endpoint=f"{provider.issuer}/user",
            emails_endpoint=f"{provider.issuer}/emails",
            confirms_email=True,
        )
        settings = with_providers(postgres, tmp_path / "settings", listed, identity=ANYONE)
        world = await stack.enter_async_context(open_world(settings))
        browser, number = visitor(world), str(uuid4().int % 10**12)
        begun = await browser.get("/v1/auth/providers/hub/start")
        page = begun.headers["location"]
        assert "nonce" not in page
        assert "code_challenge=" in page
        back = await browser.get(path_of(provider.authorize(page, number)))
        assert back.json().get("state") == "signed_in", back.text
        account = (await browser.get("/v1/account")).json()
        assert (account["email"], account["name"]) == (f"octo{number}@example.org", "Octo Cat")
        assert provider.forms[-1]["client_secret"]
        assert "/.well-known/openid-configuration" not in provider.calls
        provider.tokens = {"error": "bad_verification_code", "access_token": "", "id_token": ""}
        begun = await browser.get("/v1/auth/providers/hub/start")
        refused = await browser.get(path_of(provider.authorize(begun.headers["location"], number)))
        assert refused.json()["code"] == "sign-in-refused"


async def test_linking_needs_a_person_and_a_fresh_sign_in(scene: Scene) -> None:
    key = scene.world.ann.client
    assert (await key.post("/v1/account/identities", json={"provider": "acme"})).status_code == 403
    person = await join(scene.world, scene.settings, scene.world.ann, "editor")
    unknown = await person.client.post("/v1/account/identities", json={"provider": "other"})
    assert unknown.status_code == 404
    await scene.world.owner.execute(
        "update sessions set created_at = now() - interval '31 minutes' where session_id = $1",
        person.session["session_id"],
    )
    refused = await person.client.post("/v1/account/identities", json={"provider": "acme"})
    assert (refused.status_code, refused.json()["code"]) == (403, "sign-in-again")
