"""The page behind a share link: it plays for who has no account, and says when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.web.checks import find_cut_off, find_serious, wait_until
from tests.e2e.web.conftest import Site, watch_requests


@pytest.fixture
def stranger(browser: Browser, site: Site) -> Iterator[Page]:
    """Somebody without an account."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    left = watch_requests(context, site)
    yield context.new_page()
    context.close()
    assert not left, left


def test_a_link_plays_signed_out_and_says_when_it_has_ended(
    page: Page, stranger: Page, site: Site, client: httpx2.Client, project: dict[str, Any]
) -> None:
    clips = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    done = next(one for clip in clips for one in clip["exports"] if one["state"] == "done")
    page.goto(site.app(f"exports/{done['export_id']}"))
    page.get_by_role("button", name="Share").click()
    page.get_by_role("dialog", name="Share").get_by_label("Title").fill("For a stranger")
    page.get_by_role("dialog", name="Share").get_by_role("button", name="Make a link").click()
    made = page.get_by_role("dialog", name="Your link")
    link = made.get_by_label("Link", exact=True).input_value()

    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="For a stranger")).to_be_visible()
    wait_until(stranger, "document.querySelector('video').readyState > 1")
    stranger.evaluate("(video => { video.muted = true; return video.play(); })(document.querySelector('video'))")
    wait_until(stranger, "document.querySelector('video').currentTime > 0.3")
    expect(stranger.get_by_role("link", name="Download").first).to_be_visible()
    assert find_serious(stranger) == []
    stranger.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(stranger) == []

    made.get_by_role("link", name="All shares").click()
    row = page.get_by_role("row", name="For a stranger").first
    row.get_by_role("button", name="End now").click()
    page.get_by_role("dialog", name="End this share?").get_by_role("button", name="End now").click()
    expect(row.get_by_text("Ended", exact=True)).to_be_visible()
    stranger.reload()
    expect(stranger.get_by_role("heading", level=1)).to_be_visible()
    expect(stranger.get_by_text("The link was taken back by who made it.")).to_be_visible()
    expect(stranger.locator("video")).to_have_count(0)
    assert find_serious(stranger) == []
