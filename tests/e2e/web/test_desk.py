"""Webhooks, analytics, search, usage, brand kits and operators in a real Chromium: the main paths, and axe on each."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.rig import Receiver, serving
from tests.e2e.web import desk_answers
from tests.e2e.web.checks import find_serious, wait_until
from tests.e2e.web.conftest import Person, Site, sign_in
from tests.e2e.web.desk_answers import answered, chart_answers

ANALYTICS_S = 60.0
"""Within this a finished project is in the analytics."""


@pytest.fixture
def hooks(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    """The receiver of the end-to-end tests; at a stack of somebody else one of our own, at the port that it allows."""
    given = os.environ.get("CLIPSTREAM_WEB_STACK")
    if given:
        receiver = Receiver(json.loads(Path(given).read_text())["webhook_port"])
        with serving(receiver.server):
            yield receiver
        return
    shared: Receiver = request.getfixturevalue("receiver")
    secret = shared.secret
    yield shared
    shared.secret = secret


@pytest.fixture
def endpoint(client: httpx2.Client, hooks: Receiver) -> Iterator[dict[str, Any]]:
    url = f"{hooks.url}/{uuid4().hex[:8]}"
    made: dict[str, Any] = client.post("/v1/webhooks/endpoints", json={"url": url, "events": ["project.failed"]}).json()
    hooks.secret = made["secret"]
    yield made
    client.delete(f"/v1/webhooks/endpoints/{made['endpoint_id']}")


def test_an_endpoint_is_made_and_its_secret_is_shown_once(
    page: Page, site: Site, client: httpx2.Client, hooks: Receiver
) -> None:
    page.goto(site.app("webhooks"))
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    page.locator(".page-actions").get_by_role("button", name="New endpoint").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(f"{hooks.url}/made")
    dialog.get_by_label("export.failed").wait_for()
    assert find_serious(page) == []
    for whole in dialog.get_by_label("All of these, also kinds that come later").all()[:2]:
        whole.uncheck()
    dialog.get_by_label("export.failed").check()
    dialog.get_by_role("button", name="Create").click()
    secret = page.get_by_label("Secret", exact=True)
    assert secret.input_value().startswith("whsec_")
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("Shown once, when it was made.")).to_be_visible()
    expect(page.get_by_role("code").filter(has_text="export.failed")).to_be_visible()
    assert find_serious(page) == []
    client.delete(f"/v1/webhooks/endpoints/{page.url.rsplit('/', 1)[1]}")


def test_a_test_message_is_seen_with_its_answer_and_sent_again(
    page: Page, site: Site, hooks: Receiver, endpoint: dict[str, Any]
) -> None:
    page.goto(site.app(f"webhooks/{endpoint['endpoint_id']}"))
    page.get_by_role("button", name="Send a test").click()
    row = page.get_by_role("row").filter(has_text="webhook.test")
    expect(row).to_contain_text("Delivered", timeout=20_000)
    row.get_by_role("button", name="webhook.test").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="Payload")).to_contain_text(endpoint["endpoint_id"])
    expect(dialog.get_by_role("region", name="Headers of the request")).to_contain_text("webhook-id")
    assert find_serious(page) == []
    before = len(hooks.got)
    dialog.get_by_role("button", name="Send again").click()
    expect(row).to_contain_text("Delivered", timeout=20_000)
    deadline = time.monotonic() + 20
    while len(hooks.got) == before and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    assert hooks.got[-1][0] == hooks.got[before - 1][0]


def test_an_endpoint_is_paused_enabled_and_its_secret_replaced(
    page: Page, site: Site, endpoint: dict[str, Any]
) -> None:
    page.goto(site.app(f"webhooks/{endpoint['endpoint_id']}"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused since")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test")).to_be_disabled()
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("In use")).to_be_visible()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Replace the secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Replace the secret").click()
    secret = page.get_by_label("Secret", exact=True)
    assert secret.input_value() not in ("", endpoint["secret"])
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("The former secret signs as well until")).to_be_visible()


def test_charts_have_a_table_and_follow_theme_and_range(page: Page, site: Site) -> None:
    for name, body in chart_answers(30).items():
        answered(page, f"**/v1/analytics/{name}?*", body)
    page.goto(site.app("analytics"))
    expect(page.get_by_role("img", name="Projects")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(6)
    expect(page.get_by_text("Processor time")).to_be_visible()
    assert find_serious(page) == []
    card = page.locator(".card", has=page.get_by_role("heading", name="Clips by length"))
    card.get_by_role("button", name="As a table").click()
    expect(card.get_by_role("row").filter(has_text="45–60 s")).to_contain_text("31")
    pixels = "() => document.querySelector('.chart canvas').toDataURL()"
    light = page.evaluate(pixels)
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"light => ({pixels})() !== light", argument=light)
    assert find_serious(page) == []
    page.get_by_label("7 days").check(force=True)
    page.wait_for_url("**range=7d*")
    page.set_viewport_size({"width": 400, "height": 800})
    wait_until(page, "() => document.documentElement.scrollWidth <= 400")


def test_the_csv_of_a_chart_is_a_file(page: Page, site: Site, project: dict[str, Any]) -> None:
    card = page.locator(".card", has=page.get_by_role("heading", name="Minutes of video", exact=True))
    button = card.get_by_role("button", name="CSV")
    deadline = time.monotonic() + ANALYTICS_S
    while True:
        page.goto(site.app("analytics?range=90d"))
        button.wait_for()
        expect(card.locator(".spinner")).to_have_count(0)
        if button.is_enabled() or time.monotonic() > deadline:
            break
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.startswith("clipstream-projects-")
    head = Path(download.value.path()).read_text().splitlines()[0]
    assert head.split(",")[:2] == ["at", "started"]


def test_a_search_jumps_to_the_second_and_stands_in_the_address(
    page: Page, site: Site, project: dict[str, Any]
) -> None:
    page.goto(site.app("search"))
    field = page.get_by_label("Search for")
    field.fill("energy")
    transcripts = page.get_by_role("region", name="Transcripts")
    expect(transcripts.locator("mark").first).to_have_text("energy")
    page.wait_for_url("**/search?q=energy")
    assert find_serious(page) == []
    field.press("ArrowDown")
    first = transcripts.locator("a.hit").first
    expect(first).to_be_focused()
    assert f"/app/projects/{project['project_id']}?at=" in str(first.get_attribute("href"))
    page.keyboard.press("ArrowDown")
    expect(first).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
    page.get_by_label("English").check()
    page.wait_for_url("**language=en*")
    page.get_by_role("group", name="Kinds of hit").get_by_text("Names").click()
    expect(page.get_by_role("region", name="Names")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Names")).to_be_visible()
    page.get_by_role("region", name="Names").locator("a.hit").first.press("Enter")
    page.wait_for_url("**/projects/*?at=*")
    page.goto(site.app("search"))
    page.get_by_role("button", name="energy", exact=True).click()
    expect(page.get_by_role("region", name="Transcripts")).to_be_visible()


def test_a_hit_opens_the_project_at_its_second(page: Page, site: Site, project: dict[str, Any]) -> None:
    page.goto(site.app("search?q=energy"))
    hit = page.get_by_role("region", name="Transcripts").locator("a.hit").first
    ms = int(parse_qs(urlsplit(str(hit.get_attribute("href"))).query)["at"][0])
    hit.click()
    page.wait_for_url(f"**/projects/{project['project_id']}?at={ms}")
    place = page.locator(".player-place")
    wait_until(page, "document.querySelector('.player-place')?.value > 0")
    assert abs(int(place.input_value()) - ms) < 1000


def test_the_quick_search_opens_by_a_key_and_goes_anywhere(page: Page, site: Site, project: dict[str, Any]) -> None:
    page.goto(site.app("webhooks"))
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    page.keyboard.press("/")
    field = page.get_by_role("combobox")
    field.fill("usa")
    expect(page.get_by_role("option", name="Usage and billing")).to_have_attribute("aria-selected", "true")
    field.fill("energy")
    expect(page.get_by_role("option").filter(has=page.locator("mark")).first).to_be_visible()
    assert find_serious(page) == []
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(project["title"][:8])
    expect(page.get_by_role("option").first).to_contain_text(project["title"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/projects/{project['project_id']}")


def test_usage_has_a_chart_the_limits_and_says_that_nothing_is_paid(
    page: Page, site: Site, project: dict[str, Any]
) -> None:
    page.goto(site.app("usage"))
    expect(page.get_by_role("heading", name="Your plan: Unlimited")).to_be_visible()
    expect(page.get_by_text("This installation takes no payments")).to_be_visible()
    expect(page.get_by_role("img", name="Usage")).to_be_visible()
    page.get_by_text("By project", exact=True).click()
    expect(page.get_by_role("list", name="Usage").get_by_text(project["title"], exact=True).first).to_be_visible()
    page.get_by_role("button", name="As a table").click()
    expect(page.get_by_role("row").filter(has_text=project["title"]).first).to_be_visible()
    assert find_serious(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert project["project_id"] in Path(download.value.path()).read_text()


def test_a_plan_that_is_nearly_used_up_is_seen_and_another_is_bought(page: Page, site: Site) -> None:
    """The stack has no payment service: what it would answer with one is given here."""
    answered(page, "**/v1/limits", desk_answers.LIMITS)
    answered(page, "**/v1/billing", desk_answers.BILLING)
    asked: list[str] = []

    def checkout(route: Route) -> None:
        asked.append(route.request.post_data or "")
        route.fulfill(json={"url": site.app("account")})

    page.route("**/v1/billing/checkout", checkout)
    page.goto(site.app("usage"))
    expect(page.get_by_role("progressbar", name="Minutes of recordings this month: 560 of 600")).to_have_attribute(
        "aria-valuenow", "93"
    )
    expect(page.get_by_text("1,000 of 1,000 files were made.")).to_be_visible()
    assert find_serious(page) == []
    page.get_by_role("button", name="Choose Team").click()
    page.wait_for_url("**/app/account")
    assert asked == ['{"plan":"team"}']


def test_a_kit_is_made_drawn_and_saved_as_versions(page: Page, site: Site, client: httpx2.Client) -> None:
    name = f"House {uuid4().hex[:6]}"
    page.goto(site.app("brand-kits"))
    page.locator(".page-actions").get_by_role("button", name="New brand kit").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/brand-kits/*-*")
    kit_id = page.url.rsplit("/", 1)[1]
    part = page.locator(".card", has=page.get_by_role("heading", name="Logo", exact=True))
    part.locator("input[type=file]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": desk_answers.logo()}
    )
    expect(page.locator(".kit-previews image")).to_have_count(1, timeout=30_000)
    part.get_by_label("Corner").select_option("top_right")
    page.get_by_label("Main colour: choose a colour").fill("#e4572e")
    page.get_by_label("Show the speaker's name").check()
    expect(page.locator(".kit-previews rect[fill='#e4572e']")).to_have_count(1)
    page.get_by_label("Caption template", exact=True).select_option("karaoke_fill")
    page.get_by_label("Show an end card").check()
    assert find_serious(page) == []
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Version 2 is saved.")).to_be_visible()
    kit = client.get(f"/v1/brand-kits/{kit_id}").json()["kit"]
    assert kit["logo"]["corner"] == "top_right"
    assert (kit["colours"], kit["template"], kit["end_card"]["text"]) == ({"primary": "#e4572e"}, "karaoke_fill", name)

    # Somebody else saves meanwhile: nothing is lost, and who saves last is asked.
    client.patch(f"/v1/brand-kits/{kit_id}", json={"template": "minimal"}, headers={"If-Match": "*"})
    page.get_by_label("Name", exact=True).fill(f"{name} 2")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Somebody saved another version meanwhile.")).to_be_visible()
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("Version 4 is saved.")).to_be_visible()
    saved = client.get(f"/v1/brand-kits/{kit_id}").json()["kit"]
    assert (saved["name"], saved["template"]) == (f"{name} 2", "minimal")
    page.get_by_role("listitem").filter(has_text="Version 1").get_by_role("button", name="Bring back").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    page.get_by_role("button", name="Set aside").click()
    page.get_by_role("dialog").get_by_role("button", name="Set aside").click()
    page.wait_for_url("**/brand-kits")
    expect(page.get_by_text(f"{name} 2")).to_have_count(0)


def test_templates_are_drawn_and_files_listed(page: Page, site: Site) -> None:
    page.goto(site.app("brand-kits?view=templates"))
    expect(page.get_by_role("img", name="Karaoke fill")).to_be_visible()
    assert find_serious(page) == []
    page.get_by_text("Files", exact=True).click()
    page.wait_for_url("**view=files")
    expect(page.get_by_text("Each is checked before it can be used.")).to_be_visible()
    assert find_serious(page) == []


def test_operators_see_parts_lag_and_letters_and_send_one_again(
    browser: Browser, site: Site, make_person: Callable[[str], Person]
) -> None:
    """What is down, behind or dead is given here: a stack that works has none of it."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, site, make_person("operator"))
    letter = desk_answers.LETTER
    path = f"**/v1/admin/dead-letters/{letter['dead_id']}"
    replayed = {"dead_id": letter["dead_id"], "topic": letter["topic"], "replayed_at": "2026-01-05T11:00:00Z"}
    page.get_by_role("link", name="Operators").click()
    expect(page.get_by_role("row").filter(has_text="postgres")).to_contain_text("Yes")
    answered(page, "**/v1/admin/overview", desk_answers.OVERVIEW)
    answered(page, "**/v1/admin/dead-letters?*", {"items": [letter], "next_cursor": None})
    answered(page, path, {**letter, "headers": {"event": "Upload"}, "payload_base64": "eyJhIjoxfQ=="})
    answered(page, f"{path}/replay", replayed)
    page.reload()
    expect(page.get_by_text("1 part does not answer")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="stage-render")).to_contain_text("12")
    expect(page.get_by_role("row").filter(has_text="stage-listen")).to_have_count(0)
    assert find_serious(page) == []
    page.get_by_role("group", name="Parts of this page").get_by_text("Dead letters").click()
    page.get_by_role("button", name="unreadable").click()
    expect(page.get_by_role("region", name="Payload")).to_contain_text('"a": 1')
    assert find_serious(page) == []
    page.get_by_role("button", name="Send again").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_role("row").filter(has_text="unreadable")).to_contain_text("Sent again")
    page.goto(site.app("operators?view=stuck"))
    expect(page.get_by_text("No project is stuck")).to_be_visible()
    assert find_serious(page) == []
    context.close()


def test_who_does_not_operate_the_installation_sees_nothing_of_it(page: Page, site: Site) -> None:
    page.goto(site.app("operators"))
    expect(page.get_by_text("Only who operates the installation sees this page.")).to_be_visible()
    expect(page.get_by_role("link", name="Operators")).to_have_count(0)


def test_a_log_of_a_thousand_deliveries_is_paged(page: Page, site: Site, endpoint: dict[str, Any]) -> None:
    """A thousand deliveries are given here: to make them for real would take minutes."""

    def log(route: Route) -> None:
        begin = int(parse_qs(urlsplit(route.request.url).query).get("cursor", ["0"])[0])
        route.fulfill(json=desk_answers.delivery_page(endpoint["endpoint_id"], begin, total=1000))

    page.route("**/deliveries?*", log)
    page.goto(site.app(f"webhooks/{endpoint['endpoint_id']}"))
    rows = page.locator("tbody tr")
    for shown in (250, 500, 750):
        expect(rows).to_have_count(shown)
        page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(1000)
    rows.last.get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
