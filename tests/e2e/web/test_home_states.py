"""Home in the states of a new, a busy and a full organisation: first steps, what needs attention, the plan's meters."""

from __future__ import annotations

from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from tests.e2e.web import desk_answers
from tests.e2e.web.card_answers import Cards, at_work, card_of, id_of
from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import LECTURE, Site
from tests.e2e.web.desk_answers import answered


def test_the_first_visit_teaches_and_the_sample_lecture_arrives(page: Page, site: Site, client: httpx2.Client) -> None:
    Cards(page, [])
    page.goto(site.app())
    expect(page.get_by_role("heading", name="Drop a video, and get its best moments as clips")).to_be_visible()
    expect(page.get_by_role("search")).to_have_count(0)
    assert find_serious(page) == []
    with page.expect_response("**/v1/uploads/sign") as signed:
        page.get_by_role("button", name="Try with a sample lecture").click()
    page.wait_for_url(site.app("new?from=files"))
    row = page.get_by_role("listitem").filter(has_text=LECTURE.name)
    expect(row.get_by_text("Length 3:23")).to_be_visible()
    expect(row.get_by_text("Uploaded")).to_be_visible()
    expect(page.get_by_text("For 3:23 of video:")).to_be_visible()
    upload = client.get(f"/v1/uploads/{signed.value.json()['upload_id']}").json()
    assert (upload["state"], upload["size_bytes"]) == ("complete", LECTURE.stat().st_size)
    page.get_by_role("button", name=f"Cancel the upload of {LECTURE.name}").click()
    expect(row).to_have_count(0)


def test_a_card_at_work_shows_step_time_left_and_cost(page: Page, site: Site) -> None:
    """Prices are not set on every stack, and the time left is another each moment: both are given here."""
    left = {"expected": 125_000, "low": 60_000, "high": 300_000}
    cost = {"currency": "EUR", "money": 0.31}
    Cards(page, [at_work(1, 42, cost=cost, time_left=left), card_of(2, warnings=2)])
    page.goto(site.app())
    card = page.locator(".project-card", has_text="Project 1")
    expect(card).to_contain_text("At work · 42%")
    expect(card).to_contain_text("Listening to what is said")
    expect(card).to_contain_text("about 2 min 5 sec left · €0.31 so far")
    expect(card.get_by_title("1 min to 5 min left")).to_be_visible()
    expect(card.get_by_role("progressbar", name="Progress of Project 1")).to_have_attribute("aria-valuenow", "42")
    done = page.locator(".project-card", has_text="Project 2")
    expect(done).to_contain_text("8 clips · English · €0.42 · 2 warnings")
    assert find_serious(page) == []


def attention(kind: str, sentence: str, **of: str) -> dict[str, Any]:
    nothing = {"project_id": None, "export_id": None, "clip_id": None, "endpoint_id": None}
    return {"kind": kind, "since": "2026-01-05T10:00:00Z", "sentence": sentence, **nothing, **of}


def test_attention_leads_there_and_meters_show_what_is_left(page: Page, site: Site) -> None:
    """A plan that is nearly used up and things that went wrong are given here."""
    Cards(page, [card_of(1)])
    answered(page, "**/v1/limits", desk_answers.LIMITS)
    items = [
        attention("quota.reached", "1,000 of 1,000 files were made."),
        attention("endpoint.disabled", "The endpoint of example.org gave no answer.", endpoint_id=id_of(7)),
        attention("export.failed", "A file could not be made.", export_id=id_of(8), clip_id=id_of(9)),
    ]
    answered(page, "**/v1/attention", {"items": items})
    page.goto(site.app())
    part = page.get_by_role("region", name="Needs attention")
    rows = part.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Plan used up: 1,000 of 1,000 files were made.")
    part.get_by_role("button", name="Show 1 more").click()
    expect(rows).to_have_count(3)
    leads = [str(link.get_attribute("href")) for link in part.get_by_role("link").all()]
    assert leads == ["/app/usage", f"/app/webhooks/{id_of(7)}", f"/app/exports/{id_of(8)}"]
    minutes = page.get_by_role("progressbar", name="Video this month: 9 hr 20 min of 10 hr")
    expect(minutes).to_have_attribute("aria-valuenow", "93")
    expect(page.get_by_role("progressbar", name="Storage: 20 GB of 200 GB")).to_have_attribute("aria-valuenow", "10")
    expect(page.get_by_role("progressbar", name="At work now: 1 of 5")).to_be_visible()
    expect(page.get_by_role("link", name="Plan Pro · New month February 5")).to_have_attribute("href", "/app/usage")
    assert find_serious(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(page) == []
