"""Home: projects as cards that follow the work, filters that stand in the address, and what a card's menu does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import Site
from tests.support.media.shared_media import media


@pytest.fixture
def mark() -> str:
    """Part of the titles of a test's own projects."""
    return f"home{uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def erased(client: httpx2.Client, mark: str) -> Iterator[None]:
    """Nothing of a test stays in the stack."""
    yield
    for one in client.get("/v1/projects", params={"q": mark}).json()["items"]:
        client.delete(f"/v1/projects/{one['project_id']}")


def upload(client: httpx2.Client, data: bytes, filename: str) -> str:
    signed = client.post("/v1/uploads/sign", json={"filename": filename, "size_bytes": len(data)}).json()
    httpx2.put(signed["url"], content=data, headers=signed["headers"], timeout=60).raise_for_status()
    upload_id: str = signed["upload_id"]
    return upload_id


def make(client: httpx2.Client, title: str, tags: list[str] | None = None, data: bytes | None = None) -> dict[str, Any]:
    """A project; without data of a link that leads nowhere."""
    body: dict[str, Any] = {"title": title, "tags": tags or []}
    body |= {"upload_id": upload(client, data, "a.flac")} if data else {"source_url": "https://example.invalid/a.mp4"}
    answer = client.post("/v1/projects", json=body)
    assert answer.status_code == 202, answer.text
    project: dict[str, Any] = answer.json()
    return project


def card_with(page: Page, text: str) -> Locator:
    return page.get_by_role("list", name="Projects").get_by_role("listitem").filter(has_text=text)


def test_a_card_follows_the_work(page: Page, site: Site, client: httpx2.Client, mark: str) -> None:
    page.goto(site.app(f"?q={mark}"))
    expect(page.get_by_role("heading", name="No project fits")).to_be_visible()
    made = make(client, f"Speech {mark}", data=media("speech/jfk.flac").read_bytes())
    page.reload()
    card = card_with(page, mark)
    expect(card.get_by_role("progressbar", name=f"Progress of Speech {mark}")).to_be_visible()
    client.post(f"/v1/projects/{made['project_id']}/cancel")
    expect(card.get_by_text("Cancelled")).to_be_visible(timeout=30_000)


def test_a_finished_project_shows_its_clips(
    page: Page, site: Site, client: httpx2.Client, project: dict[str, Any]
) -> None:
    project = client.get(f"/v1/projects/{project['project_id']}").json()  # other tests make clips of it
    page.goto(site.app("?state=completed&q=physicsworks"))
    card = card_with(page, project["title"]).first
    expect(card.get_by_text("Done")).to_be_visible()
    expect(card.get_by_text(f"{project['clip_count']} clips · English")).to_be_visible()
    expect(card.get_by_text("3:23")).to_be_visible()


def test_a_failure_is_in_words_and_can_be_tried_again(page: Page, site: Site, client: httpx2.Client, mark: str) -> None:
    make(client, f"Nowhere {mark}")
    page.goto(site.app(f"?q={mark}"))
    card = card_with(page, mark)
    expect(card.get_by_text("Nothing was found at the link.")).to_be_visible(timeout=30_000)
    card.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The project is taken up again")).to_be_visible()
    expect(card.get_by_text("Nothing was found at the link.")).to_be_visible(timeout=30_000)


def test_filters_stand_in_the_address_and_back_undoes_them(
    page: Page, site: Site, client: httpx2.Client, mark: str
) -> None:
    make(client, f"One {mark}", tags=[f"tag{mark}"])
    make(client, f"Two {mark}")
    page.goto(site.app())
    page.get_by_role("searchbox", name="Find by title").fill(mark)
    page.wait_for_url(f"**?q={mark}")
    titles = page.get_by_role("heading", level=2).filter(has_text=mark)
    expect(titles).to_have_text([f"Two {mark}", f"One {mark}"])
    page.get_by_label("Every state").select_option("cancelled")
    expect(titles).to_have_count(0)
    page.go_back()
    page.get_by_role("button", name=f"tag{mark}").click()
    expect(titles).to_have_text([f"One {mark}"])
    page.go_back()
    expect(titles).to_have_text([f"Two {mark}", f"One {mark}"])
    page.get_by_role("button", name="Show all").click()
    page.wait_for_url(site.app())


def test_the_oldest_come_first(page: Page, site: Site, client: httpx2.Client, mark: str) -> None:
    for number in ("One", "Two"):
        make(client, f"{number} {mark}")
    page.goto(site.app(f"?q={mark}"))
    titles = page.get_by_role("heading", level=2).filter(has_text=mark)
    expect(titles).to_have_text([f"Two {mark}", f"One {mark}"])
    page.get_by_label("Order").select_option("oldest")
    expect(titles).to_have_text([f"One {mark}", f"Two {mark}"])
    page.wait_for_url("**order=oldest")


def test_a_menu_renames_tags_and_erases(page: Page, site: Site, client: httpx2.Client, mark: str) -> None:
    make(client, f"First {mark}")
    page.goto(site.app(f"?q={mark}"))
    card = card_with(page, mark)
    card.get_by_role("button", name="Actions for").press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Title").fill(f"Second {mark}")
    page.keyboard.press("Enter")
    expect(card.get_by_role("heading", name=f"Second {mark}")).to_be_visible()
    card.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Tags").click()
    page.get_by_label("Tags, separated by commas").fill("talk, spring")
    page.get_by_role("button", name="Save").click()
    expect(card.get_by_role("button", name="spring")).to_be_visible()
    card.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Erase").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
    dialog.get_by_role("textbox", name="erase").fill("erase")
    dialog.get_by_role("button", name="Erase").click()
    expect(card).to_have_count(0)
    assert client.get("/v1/projects", params={"q": mark}).json()["items"] == []


def test_nothing_is_cut_off_and_everything_has_a_name(page: Page, site: Site, client: httpx2.Client, mark: str) -> None:
    make(client, f"{mark} " + "A very long title that goes on " * 6, tags=[f"a-long-tag-of-many-letters-{mark}"[:40]])
    page.goto(site.app(f"?q={mark}"))
    page.get_by_role("heading", level=2).filter(has_text=mark).wait_for()
    assert find_serious(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(page) == []


def test_the_tour_leads_on_and_can_be_ended(page: Page, site: Site, project: dict[str, Any]) -> None:
    page.goto(site.app())
    tour = page.get_by_role("region", name="From a video to a shared clip")
    step = tour.locator("[aria-current=step]")
    expect(step).to_contain_text("See what was found")
    step.get_by_role("link").click()
    page.wait_for_url("**/projects/**")
    expect(page.locator("[data-word]").first).to_be_visible()
    page.goto(site.app())
    expect(step).to_contain_text("Change a clip by its words")
    assert find_serious(page) == []
    tour.get_by_role("button", name="End the tour").click()
    expect(tour).to_be_hidden()
    page.reload()
    expect(page.locator(".project-card").first).to_be_visible()
    expect(tour).to_be_hidden()
