"""Share links in a real browser: made from an export, changed, given another address, ended."""

from __future__ import annotations

from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import Site

PATIENCE_MS = 15_000


def test_a_link_is_made_changed_and_ended(
    page: Page, site: Site, client: httpx2.Client, project: dict[str, Any]
) -> None:
    clips = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    done = next(one for clip in clips for one in clip["exports"] if one["state"] == "done")
    page.goto(site.app(f"exports/{done['export_id']}"))
    page.get_by_role("button", name="Share").click(timeout=PATIENCE_MS)
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_label("Title").fill("For the press")
    dialog.get_by_label("The link works for").select_option("30")
    dialog.get_by_role("button", name="Make a link").click()
    made = page.get_by_role("dialog", name="Your link")
    first = made.get_by_label("Link", exact=True).input_value()
    assert "/s/clw_" in first
    assert "<iframe" in made.get_by_label("Code to embed it in a page").input_value()
    made.get_by_role("link", name="All shares").click()

    row = page.get_by_role("row", name="For the press").first
    expect(row.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert find_serious(page) == []
    row.get_by_role("button", name="Change").click()
    change = page.get_by_role("dialog", name="Change the share")
    change.get_by_label("Title").fill("For the newspaper")
    change.get_by_label("The file may be downloaded").uncheck()
    change.get_by_role("button", name="Save").click()

    row = page.get_by_role("row", name="For the newspaper").first
    expect(row.get_by_text("no download")).to_be_visible()
    row.get_by_role("button", name="New link").click()
    page.get_by_role("button", name="Make another link").click()
    again = page.get_by_role("dialog", name="Your link")
    expect(again.get_by_label("Link", exact=True)).not_to_have_value(first)
    again.get_by_role("button", name="Close").last.click()

    row.get_by_role("button", name="End now").click()
    page.get_by_role("dialog", name="End this share?").get_by_role("button", name="End now").click()
    expect(row.get_by_text("Ended", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(page) == []
