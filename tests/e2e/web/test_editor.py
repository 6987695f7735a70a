"""The clip editor in a real browser: cuts, drags, plays, and what happens when others or the network get between."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.web.checks import find_cut_off, find_serious, wait_until
from tests.e2e.web.conftest import Person, Site
from tests.e2e.web.editor_steps import PATIENCE_MS, Wanted, change, cut_words, read_edit, saved

CLIP = Wanted("For the editor", 7_000, 21_000)


def test_words_are_cut_by_keyboard_and_come_back_after_a_reload(
    editor: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    before = read_edit(client, clip_id)["length_ms"]
    cut_words(editor, 3, 4)
    expect(saved(editor, version + 1)).to_be_visible()
    assert read_edit(client, clip_id)["length_ms"] < before - 400
    assert editor.locator(".word.is-cut").count() == 4
    editor.reload()
    expect(saved(editor, version + 1)).to_be_visible(timeout=PATIENCE_MS)
    editor.keyboard.press("Control+z")
    expect(saved(editor, version + 2)).to_be_visible()
    assert read_edit(client, clip_id)["length_ms"] == before
    editor.keyboard.press("Control+Shift+z")
    expect(saved(editor, version + 3)).to_be_visible()
    assert read_edit(client, clip_id)["length_ms"] < before - 400


def test_a_drag_is_one_version(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    handle = editor.get_by_role("slider", name="End of segment 1")
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    editor.mouse.move(x, y)
    editor.mouse.down()
    for step in range(1, 11):
        editor.mouse.move(x - 25 * step, y)
    expect(editor.get_by_text("was 0:14.0")).to_be_visible()
    editor.mouse.up()
    expect(saved(editor, version + 1)).to_be_visible()
    edit = read_edit(client, clip_id)
    newest = client.get(f"/v1/clips/{clip_id}/edit/versions", params={"limit": 1}).json()["items"][0]
    assert (newest["version"], [one["op"] for one in newest["operations"]]) == (version + 1, ["trim"])
    assert edit["segments"][0]["end_ms"] < CLIP.end_ms - 1000


@pytest.mark.usefixtures("source")
def test_the_preview_plays_over_a_cut_and_stops_at_the_changed_end(
    page: Page, site: Site, client: httpx2.Client, clip_id: str, version: int
) -> None:
    cut = change(
        client, clip_id, version,
        {"op": "trim", "segment_id": "s1", "end_ms": 12_000},
        {"op": "insert", "start_ms": 15_000, "end_ms": 17_000},
    )  # fmt: skip
    edit = read_edit(client, clip_id)
    page.goto(site.app(f"clips/{clip_id}"))
    expect(saved(page, cut)).to_be_visible(timeout=PATIENCE_MS)
    wait_until(page, "document.querySelector('video')?.readyState >= 2", timeout=PATIENCE_MS)
    first = edit["segments"][0]
    page.get_by_label("Position in the clip").fill(str(40 * round((first["output_end_ms"] - 600) / 40)))
    page.get_by_role("button", name="Play", exact=True).first.press(" ")
    wait_until(page, "document.querySelector('video.front').currentTime > 14.9", timeout=PATIENCE_MS)
    wait_until(page, "[...document.querySelectorAll('video')].every((one) => one.paused)", timeout=PATIENCE_MS)
    assert (
        page.evaluate("document.querySelector('video.front').currentTime") * 1000 < edit["segments"][1]["end_ms"] + 100
    )
    expect(page.get_by_role("timer")).to_contain_text(page.locator(".timeline-length strong").inner_text())


def test_another_persons_edit_arrives_and_meets_ones_own(
    editor: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    theirs = change(client, clip_id, version, {"op": "gain", "segment_id": "s1", "gain_db": -3})
    expect(editor.get_by_text("An API key changed the clip: changed a volume.")).to_be_visible(timeout=PATIENCE_MS)
    expect(saved(editor, theirs)).to_be_visible()

    def first_theirs(route: Route) -> None:
        change(client, clip_id, theirs, {"op": "gain", "segment_id": "s1", "gain_db": -6})
        route.continue_()

    editor.route(lambda url: url.endswith("/edit"), first_theirs, times=1)
    cut_words(editor, 2, 2)
    expect(editor.get_by_text("Your change was put on top of it.")).to_be_visible(timeout=PATIENCE_MS)
    expect(saved(editor, theirs + 2)).to_be_visible()
    edit = read_edit(client, clip_id)
    assert edit["segments"][0]["gain_db"] == -6
    assert len(edit["segments"]) == 2


def test_changes_wait_for_the_network(
    editor: Page, context: BrowserContext, client: httpx2.Client, clip_id: str, version: int
) -> None:
    context.set_offline(True)
    cut_words(editor, 3, 2)
    expect(editor.get_by_text("No connection: 1 change waits")).to_be_visible(timeout=PATIENCE_MS)
    assert editor.locator(".word.is-cut").count() == 2
    context.set_offline(False)
    expect(saved(editor, version + 1)).to_be_visible(timeout=PATIENCE_MS)
    assert len(read_edit(client, clip_id)["segments"]) == 2


def test_a_session_that_ends_while_editing_loses_nothing(
    editor: Page, context: BrowserContext, owner: Person, client: httpx2.Client, clip_id: str, version: int
) -> None:
    context.clear_cookies()
    cut_words(editor, 3, 2)
    dialog = editor.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_label("E-mail").fill(owner.email)
    dialog.get_by_label("Password").fill(owner.password)
    dialog.get_by_role("button", name="Sign in").click()
    expect(saved(editor, version + 1)).to_be_visible(timeout=PATIENCE_MS)
    assert len(read_edit(client, clip_id)["segments"]) == 2


def test_an_export_is_requested_and_cancelled(editor: Page, clip_id: str) -> None:
    editor.get_by_role("button", name="Export", exact=True).click()
    dialog = editor.get_by_role("dialog", name="Export this clip")
    for aspect in ("9:16", "1:1"):
        dialog.get_by_role("checkbox", name=aspect, exact=True).set_checked(True, force=True)
    title = f"Twice {uuid4()}"
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("Quality").select_option("draft")
    dialog.get_by_role("button", name="Make 2 files").click()
    rows = editor.locator(".files li", has_text=title)
    expect(rows).to_have_count(2, timeout=PATIENCE_MS)
    for at in range(2):
        rows.nth(at).get_by_role("button", name="Cancel").click()
    expect(rows.get_by_text("cancelled", exact=True)).to_have_count(2, timeout=PATIENCE_MS)


def test_a_certificate_is_read_and_leads_to_its_places(
    page: Page, site: Site, client: httpx2.Client, project: dict[str, Any]
) -> None:
    clips = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    done = next(one for clip in clips for one in clip["exports"] if one["state"] == "done")
    page.goto(site.app(f"exports/{done['export_id']}"))
    expect(page.get_by_role("heading", name="Quality certificate")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Captions come when the words are spoken")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^Go to (?!0:00)")).first.click()
    wait_until(page, "document.querySelector('video.finished').currentTime > 0", timeout=PATIENCE_MS)
    assert find_serious(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(page) == []
