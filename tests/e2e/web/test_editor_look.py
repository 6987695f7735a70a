"""The look of a clip in the editor: part of its edit, seen by others live, undone as cuts are, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import Site
from tests.e2e.web.test_editor import change, read_edit, saved

TITLE = "For the look"
START_MS, END_MS = 22_000, 36_000
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def clip_id(client: httpx2.Client, project: dict[str, Any]) -> str:
    """A clip of these tests' own; on a stack that is used again, the one from before."""
    path = f"/v1/projects/{project['project_id']}/clips"
    there = [one["clip_id"] for one in client.get(path).json()["items"] if one["title"] == TITLE]
    if there:
        return str(there[0])
    answer = client.post(path, json={"start_ms": START_MS, "end_ms": END_MS, "title": TITLE})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["clip_id"])


@pytest.fixture
def version(client: httpx2.Client, clip_id: str) -> int:
    """The clip as it was made, without a look, whatever the test before did."""
    newest = int(read_edit(client, clip_id)["version"])
    return change(client, clip_id, newest, {"op": "restore", "version": 1}) if newest > 1 else newest


@pytest.fixture
def editor(page: Page, site: Site, clip_id: str, version: int) -> Page:
    return opened(page, site, clip_id, version)


@pytest.fixture
def elsewhere(browser: Browser, signed_in: dict[str, Any]) -> Iterator[Page]:
    """The same person on another machine: nothing that the first browser stored is there."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, storage_state=signed_in)
    yield context.new_page()
    context.close()


def opened(page: Page, site: Site, clip_id: str, version: int) -> Page:
    page.goto(site.app(f"clips/{clip_id}"))
    expect(saved(page, version)).to_be_visible(timeout=PATIENCE_MS)
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def template(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name)


def choose(page: Page, name: str) -> None:
    page.locator("label.template", has_text=name).click()


def test_a_template_is_seen_by_another_at_once_and_undone(
    editor: Page, elsewhere: Page, site: Site, client: httpx2.Client, clip_id: str, version: int
) -> None:
    opened(elsewhere, site, clip_id, version)
    tab(elsewhere, "Captions")
    tab(editor, "Captions")
    expect(template(elsewhere, "As the project says")).to_be_checked()
    choose(editor, "Big centre")
    expect(saved(editor, version + 1)).to_be_visible()
    assert read_edit(client, clip_id)["look"]["template"] == "big_centre"
    expect(template(elsewhere, "Big centre")).to_be_checked(timeout=PATIENCE_MS)
    choose(editor, "Minimal")
    expect(saved(editor, version + 2)).to_be_visible()
    editor.get_by_role("button", name="Undo").click()
    expect(saved(editor, version + 3)).to_be_visible()
    expect(template(editor, "Big centre")).to_be_checked()
    expect(template(elsewhere, "Big centre")).to_be_checked(timeout=PATIENCE_MS)


def test_another_machine_shows_the_look_that_was_chosen(
    editor: Page, elsewhere: Page, site: Site, client: httpx2.Client, clip_id: str, version: int
) -> None:
    editor.get_by_role("radio", name="1:1").check(force=True)
    expect(saved(editor, version + 1)).to_be_visible()
    tab(editor, "Sound")
    editor.get_by_role("checkbox", name="Repair single clicks").check()
    expect(saved(editor, version + 2)).to_be_visible()
    assert read_edit(client, clip_id)["look"] == {"aspect": "1:1", "options": {"sound": {"declick": True}}}
    opened(elsewhere, site, clip_id, version + 2)
    expect(elsewhere.get_by_role("radio", name="1:1")).to_be_checked()
    tab(elsewhere, "Sound")
    expect(elsewhere.get_by_role("checkbox", name="Repair single clicks")).to_be_checked()
    tab(editor, "History")
    expect(editor.get_by_text("You: changed the look").first).to_be_visible()


def test_the_loudness_is_saved_once_and_within_its_bounds(
    editor: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    tab(editor, "Sound")
    field = editor.get_by_label("Loudness (LUFS)")
    assert (field.get_attribute("min"), field.get_attribute("max")) == ("-24", "-11")
    field.fill("")
    field.press_sequentially("-9")
    expect(editor.get_by_text("-24 to -11 LUFS is possible.")).to_be_visible()
    field.press("Enter")
    field.fill("")
    field.press_sequentially("-16")
    expect(editor.get_by_text("LUFS is possible.")).to_be_hidden()
    field.press("Enter")
    expect(saved(editor, version + 1)).to_be_visible()
    assert read_edit(client, clip_id)["look"]["options"]["sound"]["target_lufs"] == -16


def test_a_drag_of_the_letters_size_is_one_step(
    editor: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    tab(editor, "Captions")
    editor.get_by_text("Size, place and colours", exact=True).click()
    slider = editor.get_by_label("Size of the letters")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    editor.mouse.move(box["x"] + box["width"] * 0.3, y)
    editor.mouse.down()
    for step in range(1, 9):
        editor.mouse.move(box["x"] + box["width"] * (0.3 + 0.05 * step), y)
    editor.mouse.up()
    expect(saved(editor, version + 1)).to_be_visible()
    tall = read_edit(client, clip_id)["look"]["options"]["captions"]["overrides"]["shapes"]["tall"]
    assert tall["font"] > 0.083, "it was dragged to larger letters"
    newest = client.get(f"/v1/clips/{clip_id}/edit/versions", params={"limit": 1}).json()["items"][0]
    assert (newest["version"], [one["op"] for one in newest["operations"]]) == (version + 1, ["look"])


@pytest.mark.parametrize("shape", ["9:16", "1:1", "16:9"])
def test_no_place_that_the_slider_reaches_is_refused(
    editor: Page, client: httpx2.Client, clip_id: str, version: int, shape: str
) -> None:
    at = version
    if shape != "9:16":
        editor.get_by_role("radio", name=shape).check(force=True)
        at += 1
        expect(saved(editor, at)).to_be_visible()
    tab(editor, "Captions")
    editor.get_by_text("Size, place and colours", exact=True).click()
    for label, bound in (
        ("Place in the picture", "max"),
        ("Place in the picture", "min"),
        ("Size of the letters", "max"),
    ):
        slider = editor.get_by_label(label)
        slider.fill(slider.get_attribute(bound) or "")
        at += 1
        expect(saved(editor, at)).to_be_visible()
    shapes = read_edit(client, clip_id)["look"]["options"]["captions"]["overrides"]["shapes"]
    assert list(shapes) == [{"9:16": "tall", "1:1": "square", "16:9": "wide"}[shape]]
    editor.get_by_role("button", name="As in the template").click()
    expect(saved(editor, at + 1)).to_be_visible()
    assert read_edit(client, clip_id)["look"]["options"]["captions"].get("overrides", {}) == {}


def test_a_segment_has_colours_of_its_own(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    tab(editor, "Captions")
    editor.get_by_label("Captions of segment 1").select_option("minimal")
    expect(saved(editor, version + 1)).to_be_visible()
    editor.get_by_text("Size, place and colours of segment 1").click()
    colour = editor.get_by_role("group").filter(has_text="of segment 1").get_by_label("Colour of the words")
    colour.fill("#ff8800")
    colour.dispatch_event("change")
    expect(saved(editor, version + 2)).to_be_visible()
    style = read_edit(client, clip_id)["segments"][0]["style"]
    assert (style["template"], style["overrides"]) == ("minimal", {"letters": {"fill": "#ff8800"}})
    editor.get_by_role("button", name="Undo").click()
    expect(saved(editor, version + 3)).to_be_visible()
    expect(colour).to_have_value("#ffffff")


def test_the_music_of_the_kit_is_named_with_its_level(page: Page, site: Site, clip_id: str, version: int) -> None:
    """A kit with checked music, as the API would answer it."""
    kit_id, asset_id = str(uuid4()), str(uuid4())
    music = {"asset_id": asset_id, "gain_db": -18.0, "duck_db": -6.0}
    kit = {
        "kit_id": kit_id,
        "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "kit": {"name": "House", "music": music},
    }
    track = {"asset_id": asset_id, "kind": "music", "name": "Theme.mp3", "state": "checked", "duration_ms": 62_000}

    def branded(route: Route) -> None:
        edit = route.fetch().json()
        route.fulfill(json=edit | {"look": {"options": {"brand": {"kit_id": kit_id}}}})

    page.route(f"**/v1/clips/{clip_id}/edit", branded)
    page.route("**/v1/brand-kits", lambda route: route.fulfill(json={"items": [kit]}))
    page.route(f"**/v1/assets/{asset_id}", lambda route: route.fulfill(json=track))
    tab(opened(page, site, clip_id, version), "Sound")
    expect(page.get_by_label("Brand kit")).to_have_value(kit_id)
    expect(page.get_by_role("link", name="Theme.mp3")).to_have_attribute("href", f"/app/brand-kits/{kit_id}")
    expect(page.get_by_text("18 dB below the speech, 6 dB more while somebody speaks.")).to_be_visible()


def test_the_look_panels_pass_axe_(editor: Page) -> None:
    tab(editor, "Captions")
    editor.get_by_text("Size, place and colours", exact=True).click()
    assert find_serious(editor) == []
    editor.set_viewport_size({"width": 390, "height": 844})
    assert find_cut_off(editor) == []
