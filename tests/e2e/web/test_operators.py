"""What operators see when something is wrong, and what everybody sees when a screen cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.web import desk_answers
from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import Person, Site, sign_in, watch_requests
from tests.e2e.web.desk_answers import answered

STUCK: dict[str, Any] = {
    "org_id": str(uuid4()),
    "project_id": str(uuid4()),
    "state": "running",
    "still_since": "2026-01-05T10:00:00Z",
    "stages": ["listen", "look"],
    "waits_for": "listen",
}


@pytest.fixture
def operator(browser: Browser, site: Site, make_person: Callable[[str], Person]) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    left = watch_requests(context, site)
    page = context.new_page()
    sign_in(page, site, make_person("operator"))
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert not left, left


def test_a_stuck_project_and_an_unknown_lag_are_shown(operator: Page, site: Site) -> None:
    """A stack that works has neither: both are given here."""
    unknown = {"lag": None, "lag_unknown": "The broker gave no answer within 5 s.", "stuck": 1}
    answered(operator, "**/v1/admin/overview", desk_answers.OVERVIEW | unknown)
    lost = STUCK | {"project_id": str(uuid4()), "stages": [], "waits_for": None}
    answered(operator, "**/v1/admin/stuck?*", {"items": [STUCK, lost]})
    answered(operator, "**/v1/admin/stuck", {"items": [STUCK, lost]})
    operator.goto(site.app("operators"))
    expect(operator.get_by_text("The broker gave no answer within 5 s.")).to_be_visible()
    tile = operator.locator(".glance > div")
    expect(tile.filter(has_text="Messages behind")).to_contain_text("–")
    expect(tile.filter(has_text="Stuck projects")).to_contain_text("1")
    rows = operator.get_by_role("row")
    expect(rows.filter(has_text="postgres")).to_contain_text("17.2")
    expect(rows.filter(has_text="kafka")).to_contain_text("not told")
    assert find_serious(operator) == []
    operator.get_by_role("group", name="Parts of this page").get_by_text("Stuck projects").click()
    row = rows.filter(has_text=STUCK["project_id"])
    expect(row).to_contain_text("listen, look")
    expect(rows.filter(has_text=lost["project_id"])).to_contain_text("An event was lost; it is emitted again.")
    with operator.expect_request("**/v1/admin/stuck?minutes=60"):
        operator.get_by_label("Without movement for at least").select_option("60")
    expect(row).to_be_visible()
    assert find_serious(operator) == []
    operator.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(operator) == []


def refuse_once(page: Page, path: str, request_id: str) -> None:
    """The next answer of a path is a failure of the server; those after it come from the stack."""
    body = {"type": "/problems/internal", "title": "Something broke on our side", "status": 500, "detail": ""}

    def answer(route: Route) -> None:
        extra = {"code": "internal", "request_id": request_id}
        route.fulfill(status=500, json=body | extra, content_type="application/problem+json")

    page.route(path, answer, times=1)


@pytest.mark.parametrize(
    ("screen", "path", "shown"),
    [
        ("usage", "**/v1/limits", "Your plan: Unlimited"),
        ("webhooks", "**/v1/webhooks/endpoints*", "Webhooks"),
        ("organisation/members", "**/v1/members", "Open invitations"),
        ("brand-kits", "**/v1/brand-kits*", "Brand kits"),
    ],
)
def test_a_screen_that_fails_names_the_request_and_tries_again(
    page: Page, site: Site, screen: str, path: str, shown: str
) -> None:
    request_id = uuid4().hex[:24]
    refuse_once(page, path, request_id)
    page.goto(site.app(screen))
    notice = page.get_by_role("alert").filter(has_text="Something broke on our side")
    expect(notice).to_contain_text(request_id)
    assert find_serious(page) == []
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_have_count(0)
    expect(page.get_by_role("heading", name=shown).first).to_be_visible()
