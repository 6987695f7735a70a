"""People in the browser: invitation, sign-in in every way, second factors, sessions, roles, keys, the mails' links."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from local.sign_in_link import make_sign_in_link
from local.stack import StackInfo, layout_of
from tests.e2e.web.checks import find_serious
from tests.e2e.web.conftest import PASSWORD, Person, Site, sign_in

_MAILED = re.compile(r"\bclm_[A-Za-z0-9_-]{43}")
_KEY = re.compile(r"clp_live_[0-9A-Za-z]{36}")
START_S = 60.0
ENDS_S = 10.0
"""A session that was ended elsewhere counts for five seconds at most."""
MakePerson = Callable[[str], Person]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A browser that nobody is signed in with; the test fails for an error that the page threw."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    yield page
    context.close()
    assert not faults, faults


def invite(client: httpx2.Client, site: Site, role: str = "viewer") -> tuple[str, str]:
    """An address and the code that was mailed to it."""
    email = f"p{uuid4().hex[:10]}@example.org"
    answer = client.post("/v1/invitations", json={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return email, site.mailed_code(email)


def confirm(page: Page, verb: str, password: str = PASSWORD) -> None:
    """Type the password into the dialog that asks for it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Confirm with your password").fill(password)
    dialog.get_by_role("button", name=verb, exact=True).click()


def test_an_invitation_makes_an_account(visitor: Page, site: Site, client: httpx2.Client) -> None:
    email, code = invite(client, site)
    visitor.goto(site.app(f"invitation#code={code}"))
    expect(visitor.get_by_role("heading", name="You are invited")).to_be_visible()
    assert code not in visitor.url
    assert find_serious(visitor) == []
    visitor.get_by_label("E-mail").fill(email)
    visitor.get_by_label("Your name").fill("Grace")
    visitor.get_by_label("Password", exact=True).fill("short")
    visitor.get_by_role("button", name="Make the account and join").click()
    expect(visitor.get_by_role("heading", name="You are invited")).to_be_visible()  # the browser refuses it
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.get_by_role("button", name="Make the account and join").click()
    visitor.wait_for_url(site.app())
    expect(visitor.get_by_role("button", name="Account menu of Grace")).to_be_visible()
    # the code counted once
    visitor.goto(site.app(f"invitation#code={code}"))
    expect(visitor.get_by_text(f"You are signed in as {email}.")).to_be_visible()
    visitor.get_by_role("button", name="Join the organisation").click()
    expect(visitor.get_by_text("This invitation counts no more")).to_be_visible()


def test_who_has_an_account_joins_with_it(visitor: Page, site: Site, make_person: MakePerson) -> None:
    person, other = make_person("viewer"), make_person("viewer")
    used = site.mailed_code(person.email)
    key = httpx2.Client(base_url=site.base, headers={"Authorization": f"Bearer {site.key}"}, timeout=60)
    members = key.get("/v1/members").json()["items"]
    found = next(one for one in members if one["email"] == person.email)
    assert key.delete(f"/v1/members/{found['user_id']}").status_code == 204
    key.post("/v1/invitations", json={"email": person.email, "role": "editor"})
    sign_in(visitor, site, other)
    code = site.mailed_code(person.email, after=used)
    visitor.goto(site.app(f"invitation#code={code}"))
    visitor.get_by_role("button", name="Join with another account").click()
    visitor.get_by_role("button", name="I have an account").click()
    visitor.get_by_label("E-mail").fill(person.email)
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.get_by_role("button", name="Sign in", exact=True).click()
    visitor.get_by_role("button", name="Join the organisation").click()
    visitor.wait_for_url(site.app())
    expect(visitor.get_by_role("link", name="New project")).to_be_visible()


def test_a_second_factor_is_set_up_and_used(visitor: Page, site: Site, make_person: MakePerson) -> None:
    person = make_person("viewer")
    sign_in(visitor, site, person)
    visitor.goto(site.app("account/security"))
    visitor.get_by_role("button", name="Set up", exact=True).click()
    confirm(visitor, "Set up")
    dialog = visitor.get_by_role("dialog", name="Scan this with your authenticator app")
    expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    assert find_serious(visitor) == []
    secret = dialog.get_by_label("Secret", exact=True).input_value()
    first = pyotp.TOTP(secret).now()
    dialog.get_by_label("Six-digit code").fill(first)
    dialog.get_by_role("button", name="Finish").click()
    kept = visitor.get_by_role("dialog", name="Keep these recovery codes")
    expect(kept.get_by_role("listitem")).to_have_count(10)
    codes = kept.get_by_role("listitem").all_inner_texts()
    kept.get_by_role("button", name="I have kept them").click()
    expect(visitor.get_by_text("10 codes are left.")).to_be_visible()
    assert codes[0] not in visitor.content()

    visitor.context.clear_cookies()
    visitor.goto(site.app("sign-in"))
    visitor.get_by_label("E-mail").fill(person.email)
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.keyboard.press("Enter")
    code = visitor.get_by_label("Code of your app")
    expect(code).to_be_focused()
    visitor.keyboard.type("000000")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("alert")).to_be_visible()
    visitor.get_by_role("button", name="Use a recovery code").click()
    visitor.get_by_label("Recovery code").fill(codes[0])
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(site.app())

    # an ended session asks for both, above the page that is open
    visitor.goto(site.app("account/security"))
    expect(visitor.get_by_text("9 codes are left.")).to_be_visible()
    visitor.context.clear_cookies()
    visitor.get_by_role("link", name="Sessions").click()
    again = visitor.get_by_role("dialog", name="Please sign in again")
    again.get_by_label("Password", exact=True).fill(PASSWORD)
    again.get_by_role("button", name="Sign in", exact=True).click()
    again.get_by_role("button", name="Use a recovery code").click()
    again.get_by_label("Recovery code").fill(codes[1])
    again.get_by_role("button", name="Continue").click()
    expect(again).to_be_hidden()
    expect(visitor.get_by_text("This one")).to_be_visible()


def test_a_forgotten_password_is_set_by_mail(visitor: Page, site: Site, make_person: MakePerson) -> None:
    person = make_person("viewer")
    visitor.goto(site.app("sign-in"))
    visitor.get_by_role("link", name="Forgot your password?").click()
    visitor.get_by_label("E-mail").fill(person.email)
    visitor.get_by_role("button", name="Send the link").click()
    expect(visitor.get_by_role("heading", name="Look at your mail")).to_be_visible()
    code = site.mailed_code(person.email, _MAILED)
    visitor.goto(site.app(f"reset-password#code={code}"))
    visitor.wait_for_url(site.app("reset-password"))
    visitor.get_by_label("New password").fill("another horse battery")
    visitor.get_by_role("button", name="Set the password").click()
    expect(visitor.get_by_role("heading", name="Your password is changed")).to_be_visible()
    visitor.get_by_role("link", name="Sign in").click()
    person.password = "another horse battery"
    sign_in(visitor, site, person)
    visitor.goto(site.app(f"reset-password#code={code}"))
    visitor.get_by_label("New password").fill("a third horse battery")
    visitor.get_by_role("button", name="Set the password").click()
    expect(visitor.get_by_text("This link counts no more")).to_be_visible()


def test_a_link_with_a_one_time_code_signs_in_once(visitor: Page, site: Site) -> None:
    fragment = make_sign_in_link(layout_of(site.mails.parents[1]), os.environ).url.partition("#")[2]
    visitor.goto(site.app(f"sign-in#{fragment}"))
    visitor.wait_for_url(site.app())
    expect(visitor.get_by_role("link", name="New project")).to_be_visible()
    visitor.context.clear_cookies()
    visitor.goto("about:blank")
    visitor.goto(site.app(f"sign-in#{fragment}"))
    expect(visitor.get_by_text("This link counts no more")).to_be_visible()
    expect(visitor.get_by_label("E-mail")).to_be_visible()


def test_the_answer_of_a_provider_is_shown(visitor: Page, site: Site) -> None:
    listed = {"items": [{"provider": "acme", "label": "Acme"}]}
    visitor.route("**/v1/auth/providers", lambda route: route.fulfill(json=listed))
    visitor.goto(site.app("#error=account-exists&provider=acme"))
    visitor.wait_for_url(site.app("sign-in"))
    expect(visitor.get_by_text("Your address has an account here.")).to_be_visible()
    link = visitor.get_by_role("link", name="Continue with Acme")
    assert link.get_attribute("href") == "/v1/auth/providers/acme/start"
    visitor.goto(site.app("#state=second_factor&challenge=clh_x&factors=totp,recovery_code"))
    expect(visitor.get_by_label("Code of your app")).to_be_focused()
    assert "clh_x" not in visitor.url


def test_a_session_that_is_ended_elsewhere_ends(browser: Browser, site: Site, make_person: MakePerson) -> None:
    person = make_person("viewer")
    here, there = browser.new_context(locale="en-GB"), browser.new_context(locale="en-GB")
    mine, lost = here.new_page(), there.new_page()
    for page in (mine, lost):
        sign_in(page, site, person)
    mine.goto(site.app("account/sessions"))
    expect(mine.get_by_text("This one")).to_be_visible()
    mine.get_by_role("button", name="End the session of").first.click()
    expect(mine.get_by_text("The session has ended")).to_be_visible()
    deadline = time.monotonic() + ENDS_S
    while "/sign-in" not in lost.url and time.monotonic() < deadline:
        lost.goto(site.app("account/sessions"))
        expect(lost.get_by_role("heading", level=1)).to_be_visible()
    lost.wait_for_url("**/sign-in**")
    mine.reload()
    expect(mine.get_by_text("This one")).to_be_visible()
    here.close()
    there.close()


def test_a_viewer_is_offered_no_change(visitor: Page, site: Site, make_person: MakePerson) -> None:
    sign_in(visitor, site, make_person("viewer"))
    expect(visitor.get_by_role("link", name="New project")).to_be_hidden()
    visitor.goto(site.app("members"))
    visitor.wait_for_url(site.app("organisation/members"))
    expect(visitor.get_by_text("You may read this, and not change it")).to_be_visible()
    expect(visitor.get_by_role("table").first).to_be_visible()
    tabs = visitor.get_by_role("navigation", name="Organisation", exact=True).get_by_role("link")
    assert tabs.all_inner_texts() == ["Members", "Settings", "Data and erasure"]
    for tab in ("members", "settings", "data"):
        visitor.goto(site.app(f"organisation/{tab}"))
        expect(visitor.get_by_text("You may read this, and not change it")).to_be_visible()
        expect(visitor.locator("main .card").first).to_be_visible()
        for name in ("Invite", "Remove", "Save", "Add an origin", "Make an archive", "Erase the organisation"):
            expect(visitor.get_by_role("button", name=name, exact=True)).to_have_count(0)
    visitor.goto(site.app("keys"))
    expect(visitor.get_by_text("Your role shows nothing of this organisation here.")).to_be_visible()


def test_a_key_is_shown_once_replaced_and_revoked(page: Page, site: Site) -> None:
    name = f"Importer {uuid4().hex[:6]}"
    page.goto(site.app("organisation/keys"))
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Networks that may use it").fill("192.0.2.0/24, nonsense")
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_role("alert").first).to_be_visible()
    assert find_serious(page) == []
    dialog.get_by_label("Networks that may use it").fill("")
    dialog.get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog", name=f"The key {name} is made")
    key = shown.get_by_label("The key", exact=True).input_value()
    assert _KEY.fullmatch(key)
    shown.get_by_role("button", name="I have kept it").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row.get_by_text(f"…{key[-4:]}")).to_be_visible()
    assert key not in page.content()
    with httpx2.Client(base_url=site.base, headers={"Authorization": f"Bearer {key}"}) as caller:
        assert caller.get("/v1/projects", params={"limit": 1}).status_code == 200
        assert caller.get("/v1/keys").status_code == 403
    page.get_by_role("button", name=f"Replace {name}").click()
    page.get_by_role("dialog").get_by_label("The old key goes on").select_option("0")
    page.get_by_role("dialog").get_by_role("button", name="Replace", exact=True).click()
    replaced = page.get_by_role("dialog", name=f"The new key for {name}")
    assert replaced.get_by_label("The key", exact=True).input_value() != key
    replaced.get_by_role("button", name="I have kept it").click()
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text(f"{name} is revoked")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)


def test_an_app_is_allowed_in_a_signed_in_browser_and_taken_back(page: Page, site: Site, client: httpx2.Client) -> None:
    back = "http://127.0.0.1/callback"
    name = f"Calendar {uuid4().hex[:6]}"
    body = {"name": name, "kind": "public", "scopes": ["projects:read"], "redirect_uris": [back]}
    made = client.post("/v1/oauth/clients", json=body)
    assert made.status_code == 201, made.text
    query = {
        "response_type": "code", "client_id": made.json()["client_id"], "redirect_uri": back, "scope": "projects:read",
        "state": "s", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    page.goto(site.app("account/apps"))
    page.goto(str(httpx2.URL(f"{site.pages}/oauth/authorize", params=query)))
    expect(page.get_by_text(name).first).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)
    page.route(f"{back}**", lambda route: route.fulfill(body="back", content_type="text/plain"))
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{back}?**")
    page.goto(site.app("account/apps"))
    page.get_by_role("button", name=f"Take back the access of {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back", exact=True).click()
    expect(page.get_by_text("The access is taken back")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)


_SUBSCRIBED = """
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  PushManager.prototype.subscribe = async function () {
    const curve = {name: "ECDH", namedCurve: "P-256"};
    const { publicKey } = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
    const p256dh = text(await crypto.subtle.exportKey("raw", publicKey));
    const auth = text(crypto.getRandomValues(new Uint8Array(16)));
    const endpoint = "https://push.example.org/" + crypto.randomUUID();
    return window.made = {
      toJSON: () => ({endpoint, keys: {p256dh, auth}}),
      unsubscribe: async () => { window.made = null; return true; },
    };
  };
  PushManager.prototype.getSubscription = async () => window.made ?? null;
"""
"""Stands in for the push service of the browser's maker, which no test reaches; all else is the page's own."""


def test_this_browser_gets_notifications_and_no_more(page: Page, site: Site) -> None:
    page.context.grant_permissions(["notifications"])
    page.add_init_script(_SUBSCRIBED)
    page.goto(site.app("account/notifications"))
    mail = page.get_by_label("Mail: An export has failed")
    mail.select_option("off")
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_text("This browser gets notifications now")).to_be_visible()
    expect(page.get_by_role("cell", name="Headless Chrome").first).to_be_visible()
    scopes = page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.map(one => one.scope))")
    assert scopes == [site.app()]
    page.get_by_role("button", name="Turn off in this browser").click()
    expect(page.get_by_role("button", name="Turn on in this browser")).to_be_visible()
    expect(page.get_by_role("cell", name="Headless Chrome")).to_have_count(0)
    expect(mail).to_have_value("off")
    mail.select_option("each")


@pytest.fixture(scope="module")
def named_site(request: pytest.FixtureRequest, site: Site) -> Iterator[Site]:
    """The same stack by the name `localhost`, through an API process of its own: addresses have no passkeys."""
    environment = _stack_environment(request)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    named = f"http://localhost:{port}"
    own = {"CLIPSTREAM_API": f"http://127.0.0.1:{port}", "CLIPSTREAM_PUBLIC": named, "CLIPSTREAM_WEB": f"{named}/app"}
    process = subprocess.Popen(
        [sys.executable, "-m", "api"], env=os.environ | environment | own, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/healthz", process)
        found = Site(named, site.key, site.mails)
        found.pages = named
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _stack_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    given = os.environ.get("CLIPSTREAM_WEB_STACK")
    if given:
        told: dict[str, str] = json.loads(Path(given).read_text())["env"]
        return told
    stack: StackInfo = request.getfixturevalue("stack")
    return stack.env


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the API has ended"
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError("the API does not answer")


def add_authenticator(page: Page) -> None:
    """An authenticator of the device, that has verified its person."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_signs_in_alone_and_as_the_second_factor(
    visitor: Page, named_site: Site, make_person: MakePerson
) -> None:
    person = make_person("viewer")
    add_authenticator(visitor)
    sign_in(visitor, named_site, person)
    visitor.goto(named_site.app("account/security"))
    visitor.get_by_role("button", name="Add a passkey").click()
    visitor.get_by_role("dialog").get_by_label("Name", exact=True).fill("Laptop")
    confirm(visitor, "Add a passkey")
    visitor.get_by_role("button", name="I have kept them").click()
    expect(visitor.get_by_role("heading", name="Laptop")).to_be_visible()

    visitor.context.clear_cookies()
    visitor.goto(named_site.app("sign-in?back=%2Fapp%2Faccount%2Fsessions"))
    visitor.get_by_role("button", name="Sign in with a passkey").click()
    visitor.wait_for_url("**/account/sessions")
    expect(visitor.get_by_text("By passkey").first).to_be_visible()

    visitor.context.clear_cookies()
    visitor.goto(named_site.app("sign-in"))
    visitor.get_by_label("E-mail").fill(person.email)
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.keyboard.press("Enter")
    passkey = visitor.get_by_role("button", name="Use a passkey")
    expect(passkey).to_be_focused()
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(named_site.app())
    visitor.goto(named_site.app("account/security"))
    visitor.get_by_role("button", name="Remove Laptop").click()
    visitor.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(visitor.get_by_role("heading", name="Laptop")).to_have_count(0)
