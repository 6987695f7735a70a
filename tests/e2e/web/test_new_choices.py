"""New: what is chosen changes the estimate, and a preset with its brand kit reaches the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.web.checks import find_serious
from tests.e2e.web.conftest import Site


@pytest.fixture
def mark() -> str:
    return f"choice {uuid4().hex[:8]}"


@pytest.fixture
def kit(client: httpx2.Client, mark: str) -> Iterator[dict[str, Any]]:
    answer = client.post("/v1/brand-kits", json={"name": f"Kit {mark}"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    yield made
    client.delete(f"/v1/brand-kits/{made['kit_id']}")


def time_of(card: Locator) -> str:
    return card.locator(".quantity").first.inner_text()


def test_the_estimate_follows_what_is_chosen(page: Page, site: Site) -> None:
    page.goto(site.app("new?from=script"))
    card = page.get_by_role("region", name="What it takes")
    page.get_by_role("textbox", name="The text").fill("One sentence on a card. Another one follows it. " * 20)
    page.get_by_label("Language of the text").select_option("en")
    expect(card.get_by_text("four times out of five")).to_be_visible()
    before = time_of(card)
    page.get_by_role("button", name="1:1").click()
    page.get_by_role("button", name="16:9").click()
    expect(card.locator(".quantity").first).not_to_have_text(before, use_inner_text=True)
    assert find_serious(page) == []


def test_the_error_bar_is_as_wide_as_the_estimate_is_unsure(page: Page, site: Site) -> None:
    """How unsure an estimate is depends on what the stack has seen: here each shape makes it surer."""

    def estimate(route: Route) -> None:
        shapes = len(route.request.post_data_json["options"].get("aspects", [1]))
        spread = 60_000 // shapes
        elapsed = {"expected": 100_000, "low": 100_000 - spread, "high": 100_000 + spread}
        money = {"expected": 0.4 * shapes, "low": 0.3 * shapes, "high": 0.5 * shapes}
        told = {"media_ms": 600_000, "clips": 8, "elapsed_ms": elapsed, "money": money, "currency": "EUR"}
        route.fulfill(json={"estimate": told})

    page.route("**/v1/projects/estimate", estimate)
    page.goto(site.app("new"))
    card = page.get_by_role("region", name="What it takes")
    expect(card).to_contain_text("about €0.40")
    expect(card).to_contain_text("40 sec to 2 min 40 sec, four times out of five")
    bar = card.locator(".error-range").first
    wide = bar.bounding_box()
    page.get_by_role("button", name="1:1").click()
    expect(card).to_contain_text("about €0.80")
    expect(card).to_contain_text("1 min 10 sec to 2 min 10 sec")
    narrow = bar.bounding_box()
    assert wide
    assert narrow
    assert narrow["width"] < wide["width"] * 0.8


def test_a_preset_with_a_brand_kit_reaches_the_project(
    page: Page, site: Site, client: httpx2.Client, mark: str, kit: dict[str, Any]
) -> None:
    page.goto(site.app("new?from=link"))
    page.get_by_label("Kit").select_option(f"Kit {mark}")
    page.get_by_role("button", name="Actions for presets").click()
    page.get_by_role("menuitem", name="Save as a preset").click()
    page.get_by_label("Name of the preset").fill(mark)
    page.keyboard.press("Enter")
    preset = page.get_by_role("combobox", name="Preset")
    expect(preset).to_contain_text(mark)
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.get_by_label("Kit")).to_have_value("")
    preset.select_option(mark)
    expect(page.get_by_label("Kit")).to_have_value(kit["kit_id"])
    page.get_by_label("Link to a video").fill(f"https://example.invalid/{uuid4().hex}.mp4")
    page.get_by_role("textbox", name="Title").fill(mark)
    page.get_by_role("button", name="Make clips").click()
    page.wait_for_url(re.compile(r"/app/projects/"))
    made = client.get("/v1/projects", params={"q": mark}).json()["items"][0]
    options = client.get(f"/v1/projects/{made['project_id']}").json()["options"]
    assert options["export"]["brand"]["kit_id"] == kit["kit_id"]
    client.delete(f"/v1/projects/{made['project_id']}")
    saved = client.get("/v1/project-presets").json()["items"]
    for one in saved:
        if one["name"] == mark:
            client.delete(f"/v1/project-presets/{one['preset_id']}")
