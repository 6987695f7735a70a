"""Every screen in every mode: light, dark, high contrast, forced colours, less motion, four widths, mirrored, German.

Each screen is opened once, in German (its words are the longest), and looked at in six ways that pair the modes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e.web import desk_answers
from tests.e2e.web.checks import (
    find_clipped,
    find_cut_off,
    find_english,
    find_serious,
    note_answers,
    wait_until,
)
from tests.e2e.web.conftest import Person, Site, sign_in

READY = """() => {
  const at = document.querySelector("main");
  return at && at.querySelector("h1, h2") && !at.querySelector(".loading, .ghost");
}"""
CHOSEN = """() => [...document.querySelectorAll(
  "nav a[aria-current=page], [aria-selected=true], [aria-pressed=true], .chosen")]
  .filter((one) => one.checkVisibility() && getComputedStyle(one).outlineStyle === "none")
  .filter((one) => getComputedStyle(one).backgroundColor === getComputedStyle(document.body).backgroundColor)
  .map((one) => `chosen, and not seen to be: ${one.textContent}`)"""
"""What is chosen, where colours are the system's: it must stand out by one of those."""
CHANGE = """([direction, contrast]) => {
  document.documentElement.dir = direction;
  document.documentElement.dataset.contrast = contrast;
}"""
MOVING = """() => document.getAnimations()
  .filter((one) => one.playState === "running" && one.effect?.getTiming().duration > 10)
  .map((one) => one.effect?.target?.className ?? "")"""


class Look(NamedTuple):
    """A way to look at a page."""

    width: int
    scheme: Literal["light", "dark"]
    contrast: Literal["system", "more", "forced"] = "system"
    mirrored: bool = False


LOOKS = (
    Look(1280, "light"),
    Look(360, "dark"),
    Look(360, "light", mirrored=True),
    Look(2560, "light", "more"),
    Look(3840, "dark", "more", mirrored=True),
    Look(1280, "dark", "forced"),
)


def rules_of(look: int, place: int) -> tuple[str, ...] | None:
    """Rules of accessibility to ask of a look at a place, by their numbers; none: all of them. None: not asked.

    Every place is asked all in light or in dark, and its contrast in the other; the colours of high contrast are
    asked of every third. Mirrored nothing is coloured otherwise, and forced colours are the system's.
    """
    if look < 2:
        return () if place % 2 == look else ("color-contrast",)
    return ("color-contrast",) if look in (3, 4) and place % 3 == look - 3 else None


class Place(NamedTuple):
    """An address of the app; ``{project}`` and the like are filled in. ``tab``: a part that has no address."""

    path: str
    tab: str = ""
    role: str = "owner"


PLACES = (
    *(Place(one) for one in ("", "?state=failed&q=nothing", "new", "new?from=link", "new?from=script", "shares")),
    *(
        Place(f"projects/{{project}}?tab={one}")
        for one in ("transcript", "moments", "clips", "knowledge", "speakers", "details")
    ),
    *(Place("clips/{clip}", one) for one in ("text", "captions", "crop", "sound", "history", "files")),
    *(Place(one) for one in ("exports/{export}", "search", "search?q=energy", "analytics", "usage")),
    *(Place(one) for one in ("webhooks", "webhooks?view=catalogue", "webhooks?view=verify", "webhooks/{endpoint}")),
    *(Place(one) for one in ("brand-kits", "brand-kits?view=templates", "brand-kits?view=files", "brand-kits/{kit}")),
    *(Place(f"operators{one}", role="operator") for one in ("", "?view=letters", "?view=stuck", "?view=organisations")),
    *(
        Place(f"organisation/{one}")
        for one in ("keys", "service-accounts", "apps", "audit", "requests", "settings", "data")
    ),
    *(Place(f"account/{one}") for one in ("security", "sessions", "apps", "notifications", "organisations")),
    *(Place(one, role="visitor") for one in ("sign-in", "register", "invitation", "verify-email", "reset-password")),
    *(Place(one) for one in ("organisation", "account", "nothing/here")),
)


@pytest.fixture(scope="module")
def ids(client: httpx2.Client, project: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What the addresses lead to."""
    clips = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    clip, export = next((clip, one) for clip in clips for one in clip["exports"] if one["state"] == "done")
    hook = {"url": f"https://hooks.example.org/{uuid4().hex}", "events": ["export.completed"]}
    endpoint = client.post("/v1/webhooks/endpoints", json=hook).json()
    kit = client.post("/v1/brand-kits", json={"name": f"Haus {uuid4().hex[:6]}"}).json()
    share = client.post("/v1/shares", json={"export_ids": [export["export_id"]]}).json()
    app = {
        "name": "Kalender",
        "kind": "public",
        "scopes": ["projects:read"],
        "redirect_uris": ["http://127.0.0.1/back"],
    }
    oauth = client.post("/v1/oauth/clients", json=app).json()
    yield {
        "project": project["project_id"],
        "clip": clip["clip_id"],
        "export": export["export_id"],
        "endpoint": endpoint["endpoint_id"],
        "kit": kit["kit_id"],
        "share": share["token"],
        "app": oauth["client_id"],
    }
    client.delete(f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}")
    client.delete(f"/v1/brand-kits/{kit['kit_id']}")
    client.delete(f"/v1/shares/{share['share_id']}")
    client.delete(f"/v1/oauth/clients/{oauth['client_id']}")


@pytest.fixture(scope="module")
def pages(
    browser: Browser, site: Site, owner: Person, make_person: Callable[[str], Person]
) -> Iterator[Callable[[str], Page]]:
    """A German page of a person with a role; one for all places, so that each loads only what is new in it."""
    contexts: dict[str, BrowserContext] = {}

    def short(route: Route) -> None:
        """A log as long as a screen: lines beyond are like those before."""
        route.continue_(url=re.sub(r"limit=\d+", "limit=20", route.request.url))

    def page_of(role: str) -> Page:
        if role not in contexts:
            contexts[role] = context = browser.new_context(locale="en-GB")
            page = context.new_page()
            if role != "visitor":
                sign_in(page, site, owner if role == "owner" else make_person(role))
            context.add_init_script("localStorage.setItem('clipstream.language', 'de')")
            note_answers(page)
            for name, body in desk_answers.chart_answers(7).items():
                desk_answers.answered(page, f"**/v1/analytics/{name}?*", body)
            page.route(re.compile(r"/v1/(audit|requests)\?"), short)
        return contexts[role].pages[0]

    yield page_of
    for context in contexts.values():
        context.pages[0].unroute_all(behavior="ignoreErrors")
        context.close()


def take_on(page: Page, look: Look) -> None:
    forced = "active" if look.contrast == "forced" else "none"
    page.emulate_media(color_scheme=look.scheme, forced_colors=forced, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": look.width, "height": 900})
    page.evaluate(CHANGE, ["rtl" if look.mirrored else "ltr", "more" if look.contrast == "more" else "system"])
    wait_until(page, "(scheme) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches", argument=look.scheme)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def faults_of(page: Page, place: int) -> list[object]:
    """Whatever is wrong in a page, with the look that shows it."""
    found: list[object] = []
    for number, look in enumerate(LOOKS):
        take_on(page, look)
        moving = page.evaluate(MOVING)
        rules = rules_of(number, place)
        broken = find_serious(page, *rules) if rules is not None else []
        unseen = page.evaluate(CHOSEN) if look.contrast == "forced" else []
        found += [(look, one) for one in (*find_cut_off(page), *find_clipped(page), *broken, *moving, *unseen)]
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.path} {place.tab}".strip() or "home")
def test_a_screen_is_readable_and_whole_in_every_mode(
    request: pytest.FixtureRequest, pages: Callable[[str], Page], site: Site, place: Place
) -> None:
    ids = request.getfixturevalue("ids") if "{" in place.path else {}
    page = pages(place.role)
    take_on(page, LOOKS[0])
    page.goto(site.app(place.path.format(**ids)))
    if place.tab:
        page.locator(f"#tab-{place.tab}").click()
    wait_until(page, READY)
    faults = faults_of(page, PLACES.index(place)) + find_english(page)
    assert faults == []


@pytest.mark.parametrize("path", ["s/{share}", "embed/{share}", "s/clw_none", "oauth/authorize"])
def test_a_page_without_script_is_readable_and_whole_in_every_mode(
    pages: Callable[[str], Page], site: Site, ids: dict[str, str], path: str
) -> None:
    page = pages("owner")
    take_on(page, LOOKS[0])
    asked = {
        "response_type": "code", "client_id": ids["app"], "redirect_uri": "http://127.0.0.1/back",
        "scope": "projects:read", "state": "s", "code_challenge_method": "S256",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    }  # fmt: skip
    query = asked if path.startswith("oauth") else {}
    page.goto(str(httpx2.URL(f"{site.pages}/{path.format(**ids)}", params=query)))
    page.locator("main").wait_for()
    assert faults_of(page, len(path)) == []


def test_every_screen_of_the_app_is_walked() -> None:
    """A new screen is a new place."""
    routes = re.findall(r'\{ path: "/([^"]*)"', Path("web/src/routes.ts").read_text())
    walked = [place.path.partition("?")[0] for place in PLACES]
    patterns = {route: re.compile(re.sub(r":\w+", r"[^/]+", route)) for route in routes}
    assert [route for route, pattern in patterns.items() if not any(pattern.fullmatch(one) for one in walked)] == []
