"""The pages of the authorisation endpoint, and what attackers do to them."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie
from itertools import product
from urllib.parse import parse_qs
from uuid import UUID

import httpx2
import msgspec
import pyotp
import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.authenticator import Authenticator
from tests.contract.rigs.oauth import (
    BASE,
    CALLBACK,
    OWN,
    Pkce,
    allow,
    browser_of,
    fields_of,
    redeem,
    register_client,
    request_of,
    returned,
)
from tests.contract.rigs.people import PASSWORD, SignedPerson, join, mailed_code, visitor
from tests.core.domain.oauth.test_redirect_uris import OPEN_REDIRECTS

pytestmark = pytest.mark.contract
PAGE = "/oauth/authorize"
FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://api.evil.example"},
    {"Origin": "https://api"},
    {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
    {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
    {"Referer": f"{BASE}/oauth/authorize"},
)


def cookies_of(answer: httpx2.Response) -> dict[str, str]:
    return {
        name: morsel.value
        for line in answer.headers.get_list("set-cookie")
        for name, morsel in SimpleCookie(line).items()
    }


def is_walled(page: httpx2.Response) -> None:
    """Nobody frames the page, nothing runs on it, and nothing of it is kept."""
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy["style-src"] == "'self'"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "onclick" not in page.text


async def test_the_page_names_app_publisher_scopes_and_place(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann, name='<b>"Clips"</b> & Co', homepage="https://calendar.example.org")
    page = await (await browser_of(world, person)).get(PAGE, params=request_of(client, Pkce()))
    is_walled(page)
    assert page.headers["content-security-policy"].count("form-action 'self' https://app.example.org;") == 1
    for text in (
        "&lt;b&gt;&quot;Clips&quot;&lt;/b&gt; &amp; Co asks for access",
        "<strong>Ann</strong>",
        "calendar.example.org",
        "See uploads, projects, transcripts, clips and exports, and search them",
        "Upload videos, and make, change, export and erase projects and clips",
        "<strong>https://app.example.org</strong>",
        person.email,
        "In <strong>Bob</strong>",
    ):
        assert text in page.text, text


async def test_who_refuses_is_sent_back(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann)
    told = await allow(await browser_of(world, person), request_of(client, Pkce()), decision="refuse")
    assert told == {
        "error": "access_denied",
        "error_description": "The person refused.",
        "state": "a state & more",
        "iss": BASE,
    }


async def test_state_and_issuer_come_back(world: World, person: SignedPerson) -> None:
    """The issuer in the answer is what defeats mix-up (RFC 9207); a state is handed through, or missing as it was."""
    client, browser = await register_client(world.ann), await browser_of(world, person)
    for state in (None, "x" * 1000, "a&error=b#c\u00e9"):
        told = await allow(browser, request_of(client, Pkce(), state=state))
        assert told["iss"] == BASE
        assert told.get("state") == state
        assert told["code"].startswith("clo_")


async def test_only_registered_addresses_are_redirected_to(world: World) -> None:
    client = await register_client(world.ann)
    changes: tuple[dict[str, str], ...] = ({}, {"scope": "nonsense"}, {"response_type": "token"})
    for uri, more in product(OPEN_REDIRECTS, changes):
        answer = await visitor(world).get(PAGE, params=request_of(client, Pkce(), redirect_uri=uri, **more))
        assert answer.status_code == 400, uri
        assert "location" not in answer.headers
        assert "evil.example" not in answer.text
        is_walled(answer)


async def test_an_unknown_app_gets_a_page(world: World) -> None:
    for query in (
        "",
        "client_id=nonsense&redirect_uri=https://evil.example",
        "client_id=0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21&redirect_uri=https://evil.example",
        "client_id=a&client_id=b",
        "%ff",
        "a=%00",
    ):
        answer = await visitor(world).get(f"{PAGE}?{query}")
        assert answer.status_code == 400, query
        assert "This did not work" in answer.text
        is_walled(answer)
        german = await visitor(world).get(f"{PAGE}?{query}", headers={"Accept-Language": "de"})
        assert "Das ging nicht" in german.text
        assert "Accept-Language" in german.headers["vary"]


async def test_two_redirect_uris_and_a_deleted_app_lead_nowhere(world: World) -> None:
    client = await register_client(world.ann)
    pairs = [*request_of(client, Pkce()).items(), ("redirect_uri", "https://evil.example/")]
    assert (await visitor(world).get(PAGE, params=pairs)).status_code == 400
    assert (await world.ann.client.delete(f"/v1/oauth/clients/{client.client_id}")).status_code == 204
    assert (await visitor(world).get(PAGE, params=request_of(client, Pkce()))).status_code == 400


WRONG: tuple[tuple[dict[str, str | None], str], ...] = (
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"scope": "projects:read brand:read"}, "invalid_scope"),
    ({"scope": "admin"}, "invalid_scope"),
    ({"scope": "keys:write"}, "invalid_scope"),
    ({"resource": "https://other.example.org"}, "invalid_target"),
    ({"request_uri": "https://evil.example"}, "invalid_request"),
)


async def test_errors_return_to_the_app(world: World) -> None:
    client = await register_client(world.ann)
    for changes, error in WRONG:
        told = returned(await visitor(world).get(PAGE, params=request_of(client, Pkce(), **changes)))
        assert (told["error"], told["state"], told["iss"]) == (error, "a state & more", BASE)


async def test_a_consent_of_another_page_does_nothing(world: World, person: SignedPerson) -> None:
    client = await register_client(world.ann)
    browser = await browser_of(world, person)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    forms = ((PAGE, fields_of(page) | {"decision": "allow"}), ("/oauth/sign-in", sign_in_form(page, person)))
    for (path, form), headers in product(forms, FOREIGN):
        answer = await browser.post(path, data=form, headers=headers)
        assert answer.status_code == 403
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers


def sign_in_form(page: httpx2.Response, person: SignedPerson) -> dict[str, str]:
    return fields_of(page) | {"email": person.email, "password": PASSWORD}


@pytest.mark.parametrize("token", ["none", "made up", "of another request", "of another session", "old"])
async def test_a_consent_needs_the_token_of_its_page(
    world: World, postgres: Settings, person: SignedPerson, token: str
) -> None:
    client, browser = await register_client(world.ann), await browser_of(world, person)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    form = fields_of(page) | {"decision": "allow"}
    match token:
        case "none":
            form |= {"token": ""}
        case "made up":
            form |= {"token": f"{int(time.time())}.{'A' * 43}"}
        case "of another request":
            other = await browser.get(PAGE, params=request_of(client, Pkce(), scope="projects:read"))
            form |= {"request": fields_of(other)["request"]}
        case "of another session":
            attacker = await join(world, postgres, world.ann, "owner")
            theirs = await (await browser_of(world, attacker)).get(PAGE, params=request_of(client, Pkce()))
            form |= {"token": fields_of(theirs)["token"], "request": fields_of(theirs)["request"]}
        case "old":
            issued_at, _, signature = form["token"].partition(".")
            form |= {"token": f"{int(issued_at) - 7200}.{signature}"}
    answer = await browser.post(PAGE, data=form, headers=OWN)
    assert answer.status_code == 403
    assert "location" not in answer.headers
    async with org_transaction(world.api, world.bob.org_id) as rows:
        assert await rows.fetchval("select count(*) from oauth_grants") == 0


async def test_who_is_not_signed_in_signs_in_first(world: World, person: SignedPerson) -> None:
    client, pkce, browser = await register_client(world.ann), Pkce(), visitor(world)
    parameters = request_of(client, pkce)
    page = await browser.get(PAGE, params=parameters)
    is_walled(page)
    assert "Clip Calendar asks for access to Clipstream. Sign in" in page.text
    wrong = await browser.post("/oauth/sign-in", data=sign_in_form(page, person) | {"password": "no"}, headers=OWN)
    assert wrong.status_code == 401
    assert "do not belong together" in wrong.text
    assert person.email in wrong.text
    is_walled(wrong)
    planted = "planted-by-an-attacker"
    browser.cookies.set("clipstream", planted)
    right = await browser.post("/oauth/sign-in", data=sign_in_form(wrong, person), headers=OWN)
    assert right.status_code == 303
    assert right.headers["location"].startswith(f"{PAGE}?response_type=code&client_id={client.client_id}&")
    made = cookies_of(right)
    assert made["clipstream"] != planted
    assert made["clipstream-refresh"]
    browser.cookies.clear()
    for name, value in made.items():
        browser.cookies.set(name, value)
    consent = await browser.get(right.headers["location"])
    answer = await browser.post(PAGE, data=fields_of(consent) | {"decision": "allow"}, headers=OWN)
    assert (await redeem(world, client, returned(answer)["code"], pkce)).status_code == 200


async def test_a_session_of_before_is_not_taken_over(world: World, postgres: Settings, person: SignedPerson) -> None:
    """Session fixation: who signs in over an attacker's session gets a session of their own."""
    attacker = await join(world, postgres, world.ann, "owner")
    client, browser = await register_client(world.ann), await browser_of(world, attacker)
    page = await browser.get(PAGE, params=request_of(client, Pkce(), prompt="login"))
    before = browser.cookies.get("clipstream")
    signed = await browser.post("/oauth/sign-in", data=sign_in_form(page, person), headers=OWN)
    assert cookies_of(signed)["clipstream"] != before
    assert "prompt" not in signed.headers["location"]
    browser.cookies.clear()
    browser.cookies.set("clipstream", str(before))
    assert (await browser.get("/v1/account")).json()["email"] == attacker.email


async def test_a_second_factor_comes_before_the_session(world: World, person: SignedPerson) -> None:
    enrolled = await person.client.post("/v1/account/totp", json={"password": PASSWORD})
    secret = enrolled.json()["secret"]
    now = time.time()
    confirmed = await person.client.post("/v1/account/totp/confirm", json={"code": pyotp.TOTP(secret).at(now - 30)})
    codes = confirmed.json()["recovery_codes"]
    client, browser = await register_client(world.ann), visitor(world)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    step = await browser.post("/oauth/sign-in", data=sign_in_form(page, person), headers=OWN)
    assert step.status_code == 200
    assert "One more step" in step.text
    assert "set-cookie" not in step.headers
    is_walled(step)
    wrong = await browser.post("/oauth/sign-in/code", data=fields_of(step) | {"code": "000000"}, headers=OWN)
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    foreign = await browser.post("/oauth/sign-in/code", data=fields_of(step) | {"code": pyotp.TOTP(secret).at(now)})
    assert foreign.status_code == 403
    right = fields_of(wrong) | {"code": pyotp.TOTP(secret).at(now)}
    signed = await browser.post("/oauth/sign-in/code", data=right, headers=OWN)
    assert (signed.status_code, "set-cookie" in signed.headers) == (303, True)
    again = await browser.post("/oauth/sign-in/code", data=right, headers=OWN)
    assert "That took too long" in again.text
    other = visitor(world)
    step = await other.post("/oauth/sign-in", data=sign_in_form(page, person), headers=OWN)
    by_recovery = await other.post("/oauth/sign-in/code", data=fields_of(step) | {"code": codes[0]}, headers=OWN)
    assert by_recovery.status_code == 303


async def test_an_account_with_a_passkey_alone_signs_in_in_the_web_app(world: World, person: SignedPerson) -> None:
    key = Authenticator(origin=BASE, rp_id="api")
    options = (await person.client.post("/v1/account/passkeys/options", json={"password": PASSWORD})).json()
    body = {"ticket": options["ticket"], "credential": key.create(options["options"]), "name": "Laptop"}
    assert (await person.client.post("/v1/account/passkeys", json=body)).status_code == 201
    client, browser = await register_client(world.ann), visitor(world)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    by_password = await browser.post("/oauth/sign-in", data=sign_in_form(page, person), headers=OWN)
    at_once = await browser.post("/oauth/sign-in", data=fields_of(page) | {"with": "passkey"}, headers=OWN)
    assert 'name="with" value="passkey" formnovalidate' in page.text
    for sent in (by_password, at_once):
        assert sent.status_code == 303
        place, _, query = sent.headers["location"].partition("?")
        assert place == "/app/sign-in"
        (back,) = parse_qs(query, strict_parsing=True)["back"]
        asked = await browser.get(back)
        assert (asked.status_code, fields_of(asked)) == (200, fields_of(page))


async def test_a_passkey_is_required_although_another_account_is_signed_in(world: World, person: SignedPerson) -> None:
    browser, client = await browser_of(world, person), await register_client(world.ann)
    page = await browser.get(PAGE, params=request_of(client, Pkce()) | {"prompt": "login"})
    sent = await browser.post("/oauth/sign-in", data=fields_of(page) | {"with": "passkey"}, headers=OWN)
    assert set(cookies_of(sent).values()) == {""}, "their session would answer on the web app's page"
    asked = await browser.get(PAGE, params=request_of(client, Pkce()))
    assert "<h1>Sign in</h1>" in asked.text
    for foreign in FOREIGN:
        refused = await browser.post("/oauth/sign-in", data=fields_of(page) | {"with": "passkey"}, headers=foreign)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)


async def test_a_sign_in_leads_back_to_the_request_only(world: World, person: SignedPerson) -> None:
    for request in ("https://evil.example", "//evil.example", "client_id=x&redirect_uri=https://evil.example", ""):
        form = {"request": request, "email": person.email, "password": PASSWORD}
        answer = await visitor(world).post("/oauth/sign-in", data=form, headers=OWN)
        assert (answer.status_code, "location" in answer.headers, "set-cookie" in answer.headers) == (400, False, False)


async def test_a_person_of_several_organisations_chooses(
    world: World, postgres: Settings, person: SignedPerson
) -> None:
    invited = await world.ann.client.post("/v1/invitations", json={"email": person.email, "role": "owner"})
    assert invited.status_code == 201
    code = await mailed_code(world, postgres, person.email, "invitation")
    assert (await person.client.post("/v1/invitations/accept", json={"code": code})).status_code < 300
    client, browser = await register_client(world.bob), await browser_of(world, person)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    assert page.text.count('type="radio"') == 2
    assert page.text.count(" checked") == 1
    for org_id in (world.ann.org_id, world.bob.org_id):
        pkce = Pkce()
        told = await allow(browser, request_of(client, pkce), org_id=org_id)
        made = (await redeem(world, client, told["code"], pkce)).json()
        me = (await visitor(world, made["access_token"]).get("/v1/me")).json()
        assert me["org_id"] == str(org_id)
    form = fields_of(page) | {"decision": "allow", "org_id": str(UUID(int=5))}
    told = returned(await browser.post(PAGE, data=form, headers=OWN))
    assert told["error"] == "access_denied", "a person gives nothing in an organisation that is not theirs"


async def test_who_may_do_nothing_of_it_cannot_allow_it(world: World, postgres: Settings, person: SignedPerson) -> None:
    biller = await join(world, postgres, person, "billing")
    client, browser = await register_client(world.ann), await browser_of(world, biller)
    page = await browser.get(PAGE, params=request_of(client, Pkce()))
    assert "and may do nothing of this" in page.text
    assert 'value="allow" disabled' in page.text
    form = fields_of(page) | {"decision": "allow"}
    assert returned(await browser.post(PAGE, data=form, headers=OWN))["error"] == "access_denied"


async def test_over_https_the_page_works_by_its_own_cookies(postgres: Settings) -> None:
    async with open_world(msgspec.structs.replace(postgres, public="https://clips.example.org")) as world:
        person = await join(world, postgres, world.bob, "owner")
        client, browser = await register_client(world.ann), visitor(world)
        page = await browser.get(PAGE, params=request_of(client, Pkce()))
        own = {"Origin": "https://clips.example.org"}
        signed = await browser.post("/oauth/sign-in", data=sign_in_form(page, person), headers=own)
        assert set(cookies_of(signed)) == {"__Host-clipstream", "__Secure-clipstream-refresh"}
        plain = {"Origin": "http://clips.example.org"}
        assert (await browser.post("/oauth/sign-in", data=sign_in_form(page, person), headers=plain)).status_code == 403
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert CALLBACK.startswith("https://")
