"""A real Chromium in front of the real stack, and a person who is signed in.

``CLIPSTREAM_WEB_STACK``: file of what `clipstream up --json` printed; tests then use that stack instead of their own.
``CLIPSTREAM_WEB_BASE``: address of `npm run dev`, to test pages while they are written.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Request, sync_playwright

from local.sign_in_link import make_sign_in_link
from local.stack import StackInfo, layout_of
from tests.e2e.rig import Api
from tests.e2e.web import editor_steps
from tests.support.mails import mail_text

PASSWORD = "correct horse battery"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LECTURE = Path("demo/physicsworks_lecture.webm")
_CODE = re.compile(r"\bcli_[A-Za-z0-9_-]{43}")
MAIL_S = 60.0
SESSION_S = 420.0
"""Half of the life of an access token: a test that begins with one ends with it."""
SOURCE_S = 180.0


class Site:
    """The stack as a browser sees it."""

    def __init__(self, base: str, key: str, mails: Path, store: str = "") -> None:
        self.base = base
        self.pages = os.environ.get("CLIPSTREAM_WEB_BASE", base)
        self.store = store
        self.key = key
        self.mails = mails

    def app(self, path: str = "") -> str:
        return f"{self.pages}/app/{path}"

    def is_own(self, url: str) -> bool:
        """Whether an address is the app's, the API's or the object store's; what never leaves the browser is too."""
        parts = urlsplit(url)
        return parts.scheme in ("data", "blob", "about") or any(
            parts[:2] == urlsplit(own)[:2] for own in (self.pages, self.base, self.store)
        )

    def mailed_code(self, email: str, pattern: re.Pattern[str] = _CODE, *, after: str = "") -> str:
        """The code of the newest mail to an address, another one than ``after``; fails where none comes."""
        deadline = time.monotonic() + MAIL_S
        while time.monotonic() < deadline:
            for mail in sorted(self.mails.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True):
                text = mail_text(mail)
                found = pattern.search(text)
                if email in text and found is not None and found[0] != after:
                    return found[0]
            time.sleep(0.3)
        raise AssertionError(f"no mail to {email}")


class Person:
    """Somebody with an account of the stack's first organisation."""

    def __init__(self, email: str, role: str) -> None:
        self.email = email
        self.role = role
        self.password = PASSWORD


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    given = os.environ.get("CLIPSTREAM_WEB_STACK")
    if given:
        told = json.loads(Path(given).read_text())
        mails = Path(told["state_dir"]) / "data" / "mail"
        return Site(told["api"], told["api_key"], mails, told["env"]["CLIPSTREAM_S3"])
    stack: StackInfo = request.getfixturevalue("stack")
    mails = Path(stack.state_dir) / "data" / "mail"
    return Site(stack.api, stack.api_key, mails, stack.env["CLIPSTREAM_S3"])


@pytest.fixture(scope="session")
def client(site: Site) -> Iterator[httpx2.Client]:
    """The API, as the first organisation's key."""
    with httpx2.Client(base_url=site.base, headers={"Authorization": f"Bearer {site.key}"}, timeout=60) as client:
        yield client


def owner_headers(site: Site) -> dict[str, str]:
    """What a request of the stack's first owner carries; only owners make owners."""
    code = make_sign_in_link(layout_of(site.mails.parents[1]), os.environ).url.partition("#code=")[2]
    answer = httpx2.post(f"{site.base}/v1/auth/one-time-code", json={"code": code}, timeout=60)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(scope="session")
def make_person(site: Site, client: httpx2.Client) -> Callable[[str], Person]:
    """Invites and registers somebody with a role."""

    def make(role: str) -> Person:
        email = f"p{uuid4().hex[:10]}@example.org"
        invitation = {"email": email, "role": role}
        answer = client.post("/v1/invitations", json=invitation)
        if answer.status_code == 403 and role == "owner":  # there is one already, by a link with a one-time code
            answer = client.post("/v1/invitations", json=invitation, headers=owner_headers(site))
        assert answer.status_code == 201, answer.text
        body = {"email": email, "password": PASSWORD, "name": "Ada", "invitation": site.mailed_code(email)}
        registered = httpx2.post(f"{site.base}/v1/auth/register", json=body, timeout=60)
        assert registered.status_code == 201, registered.text
        return Person(email, role)

    return make


@pytest.fixture(scope="session")
def owner(make_person: Callable[[str], Person]) -> Person:
    """The organisation's first owner; a stack of somebody else has one already (``CLIPSTREAM_WEB_OWNER``)."""
    email = os.environ.get("CLIPSTREAM_WEB_OWNER")
    return Person(email, "owner") if email else make_person("owner")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this folder: its loop runs in the main thread, where other tests run theirs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Session:
    """Cookies of a person. Two contexts must not refresh one session: they are made again before its token ends."""

    def __init__(self, browser: Browser, site: Site, person: Person) -> None:
        self._browser, self._site, self._person = browser, site, person
        self._state: dict[str, Any] = {}
        self._until_s = 0.0

    def state(self) -> dict[str, Any]:
        """Storage of a browser's context."""
        if time.monotonic() > self._until_s:
            context = self._browser.new_context(locale="en-GB")
            sign_in(context.new_page(), self._site, self._person)
            self._state = dict(context.storage_state())
            self._until_s = time.monotonic() + SESSION_S
            context.close()
        return self._state


@pytest.fixture(scope="package")
def session(browser: Browser, site: Site, owner: Person) -> Session:
    """The owner's session."""
    return Session(browser, site, owner)


@pytest.fixture
def signed_in(session: Session) -> dict[str, Any]:
    """Cookies of the owner's session; each test gets a context of its own with them."""
    return session.state()


def sign_in(page: Page, site: Site, person: Person) -> None:
    page.goto(site.app("sign-in"))
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(site.app())


def watch_requests(context: BrowserContext, site: Site) -> list[str]:
    """Addresses elsewhere that pages of a context ask for, as they do so. Where a person goes by a link is no such."""
    left: list[str] = []

    def note(request: Request) -> None:
        if not site.is_own(request.url) and not request.is_navigation_request():
            left.append(request.url)

    context.on("request", note)
    return left


@pytest.fixture
def context(browser: Browser, site: Site, signed_in: dict[str, Any]) -> Iterator[BrowserContext]:
    """Where the owner is signed in. The test fails for a request that leaves the origins of the app and the store."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, storage_state=signed_in)
    left = watch_requests(context, site)
    yield context
    for page in context.pages:
        page.unroute_all(behavior="ignoreErrors")  # a handler that still runs would outlive the page
        with contextlib.suppress(Error):  # requests that were on their way through the handlers get their answers
            page.evaluate("1")
    context.close()
    assert not left, left


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of the owner. The test fails for an error that the page threw and for what its content policy refused."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    yield page
    assert not faults, faults


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest, client: httpx2.Client) -> dict[str, Any]:
    """A finished project with clips: the shipped lecture's."""
    done = client.get("/v1/projects", params={"state": "completed", "limit": 50}).json()["items"]
    found = [one for one in done if "physicsworks" in one["title"]]
    if found:
        answer: dict[str, Any] = client.get(f"/v1/projects/{found[0]['project_id']}").json()
        return answer
    api: Api = request.getfixturevalue("api")
    with ThreadPoolExecutor(1) as pool:  # the browser's loop runs in this thread, and what waits needs one of its own
        return pool.submit(lambda: api.wait(api.start(LECTURE))).result()


@pytest.fixture(scope="module")
def clip_id(request: pytest.FixtureRequest, client: httpx2.Client, project: dict[str, Any]) -> str:
    """A clip of the module's own: its `CLIP`."""
    return editor_steps.find_or_make_clip(client, project, request.module.CLIP)


@pytest.fixture(scope="session")
def source(client: httpx2.Client, project: dict[str, Any]) -> None:
    """The copy of the source that the player plays; made when it is first asked for."""
    deadline = time.monotonic() + SOURCE_S
    while client.get(f"/v1/projects/{project['project_id']}/source").json()["state"] != "ready":
        assert time.monotonic() < deadline, "the source's copy was not made in time"
        time.sleep(1)


@pytest.fixture
def version(client: httpx2.Client, clip_id: str) -> int:
    """The clip as it was made, whatever the test before did."""
    return editor_steps.reset_edit(client, clip_id)


@pytest.fixture
def editor(page: Page, site: Site, clip_id: str, version: int) -> Page:
    return editor_steps.open_editor(page, site.app(f"clips/{clip_id}"), version)
