"""The editor among people and programs: files, versions, a second person, drops, and a way without a pointer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.web.conftest import Person, Site, sign_in
from tests.e2e.web.editor_steps import (
    PATIENCE_MS,
    Json,
    Wanted,
    change,
    cut_words,
    expect_saved,
    open_editor,
    read_edit,
    reset_edit,
)

CLIP = Wanted("For the people of the editor", 56_000, 68_000)
DROP_FILE = """(target) => {
  const data = new DataTransfer();
  data.items.add(new File(["fLaC" + "\\u0000\\u0001".repeat(3000)], "dropped.flac"));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data });
    target.dispatchEvent(event);
    if (!event.defaultPrevented) return false;
  }
  return true;
}"""


@pytest.fixture
def second(
    browser: Browser, site: Site, make_person: Callable[[str], Person], clip_id: str, version: int
) -> Iterator[Page]:
    """The editor in front of somebody else."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, site, make_person("editor"))
    yield open_editor(page, site.app(f"clips/{clip_id}"), version)
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def test_an_edit_is_handed_over_in_each_format(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    crop = {"at_ms": CLIP.start_ms, "crop": {"x": 0, "y": 0, "width": 100, "height": 178}, "ease": "cut"}
    cropped = change(client, clip_id, version, {"op": "crop", "aspect": "9:16", "keys": [crop]})
    editor.get_by_role("button", name="More for this clip").click()
    editor.get_by_role("menuitem", name="Hand over to an editing program").click()
    dialog = editor.get_by_role("dialog", name="Hand over to an editing program")
    dialog.get_by_label("Name or path of the source in your program").fill("talk.mov")
    for kind, ending, mark in (
        ("otio", "otio", '"OTIO_SCHEMA"'),
        ("fcpxml", "fcpxml", "<fcpxml"),
        ("edl", "edl", "TITLE:"),
        ("fcp7", "xml", "<xmeml"),
    ):
        dialog.get_by_label("Format").select_option(kind)
        with editor.expect_download() as download:
            dialog.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename.endswith(f"-edit-{cropped}.{ending}")
        text = Path(download.value.path()).read_text()
        assert mark in text
        assert "talk.mov" in text
        expect(dialog.get_by_text("The format cannot hold all of it:")).to_be_visible()
    start = dialog.get_by_label("Time code of its first frame")
    start.fill("noon")
    dialog.get_by_role("button", name="Download").click()
    expect(start).to_have_accessible_description("It must be written so: 01:00:00:00.")


def test_history_goes_back_and_a_title_is_changed(
    editor: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    before = read_edit(client, clip_id)["length_ms"]
    cut_words(editor, 2, 2)
    expect_saved(editor, version + 1)
    cut_words(editor, 8, 1)
    expect_saved(editor, version + 2)
    editor.get_by_role("tab", name="History").click()
    rows = editor.locator(".versions li")
    expect(rows.first).to_contain_text("You: cut words")
    expect(rows.first.locator(".badge")).to_have_text("now")
    rows.nth(2).get_by_role("button", name="Go back to this").click()
    expect_saved(editor, version + 3)
    expect(rows.first).to_contain_text(f"went back to version {version}")
    assert read_edit(client, clip_id)["length_ms"] == before

    rename = editor.get_by_role("button", name=re.compile("Rename the clip"))
    field = editor.get_by_label("Title of the clip")
    rename.press("Enter")
    field.fill("Not this")
    field.press("Escape")
    expect(rename).to_be_focused()
    rename.press("Enter")
    field.fill("Another name")
    field.press("Enter")
    expect(editor.get_by_role("heading", name="Another name", level=1)).to_be_visible()
    expect(rename).to_be_focused()
    assert client.get(f"/v1/clips/{clip_id}").json()["title"] == "Another name"
    rename.click()
    field.fill(CLIP.title)
    editor.get_by_role("tab", name="Text").click()
    expect(editor.get_by_role("heading", name=CLIP.title, level=1)).to_be_visible()
    expect(editor).to_have_title(f"{CLIP.title} · Clipstream")


def test_two_people_see_each_other_and_lose_nothing(
    editor: Page, second: Page, client: httpx2.Client, clip_id: str, version: int
) -> None:
    cut_words(editor, 2, 2)
    expect(second.get_by_text(f"Ada changed the clip: cut words. You see version {version + 1}.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(second.locator(".word.is-cut")).to_have_count(2)

    held: list[Route] = []
    hold_next(editor, held)
    cut_words(editor, 6, 1)
    cut_words(second, 10, 1)
    expect_saved(second, version + 2)
    let_go(editor, held)
    expect(editor.get_by_text("Your change was put on top of it.")).to_be_visible(timeout=PATIENCE_MS)
    for page in (editor, second):
        expect_saved(page, version + 3)
        expect(page.locator(".word.is-cut")).to_have_count(4)

    held.clear()
    hold_next(editor, held)
    count = len(read_edit(client, clip_id)["segments"])
    remove_segment(second, count)
    later = editor.get_by_role("region", name=f"Words of segment {count}").get_by_role("button", name="Play earlier")
    later.click()
    expect_saved(second, version + 4)
    let_go(editor, held)
    expect(editor.get_by_text("Your last change no longer fits")).to_be_visible(timeout=PATIENCE_MS)
    expect_saved(editor, version + 4)
    assert len(read_edit(client, clip_id)["segments"]) == count - 1


def remove_segment(page: Page, number: int) -> None:
    page.get_by_role("button", name=f"More for segment {number}").click()
    page.get_by_role("menuitem", name="Remove").click()


def hold_next(page: Page, held: list[Route]) -> None:
    page.route(lambda url: url.endswith("/edit"), lambda route: held.append(route), times=1)  # noqa: PLW0108 - a built-in method cannot be one


def let_go(page: Page, held: list[Route]) -> None:
    """Let a request go that was held."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not held:
        assert time.monotonic() < deadline, "nothing was sent"
        page.wait_for_timeout(50)
    held[0].continue_()


def test_a_file_dropped_on_any_screen_goes_to_a_new_project(
    page: Page, site: Site, client: httpx2.Client, project: Json, clip_id: str, version: int
) -> None:
    page.goto(site.app(f"projects/{project['project_id']}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(project["title"])
    assert page.locator(".project").evaluate(DROP_FILE)
    page.wait_for_url(site.app("new?from=files"))
    cancel = page.get_by_role("button", name="Cancel the upload of dropped.flac")
    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    cancel.click()
    expect(cancel).to_have_count(0)

    halves = change(client, clip_id, version, {"op": "split", "segment_id": "s1", "at_ms": CLIP.start_ms + 6_000})
    open_editor(page, site.app(f"clips/{clip_id}"), halves)
    assert page.locator(".segment-head").nth(1).evaluate(DROP_FILE)
    page.wait_for_url(site.app("new?from=files"))
    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    cancel.click()
    expect(cancel).to_have_count(0)
    assert read_edit(client, clip_id)["version"] == halves


FOCUS = """(forward) => {
  const one = document.activeElement;
  const before = window.stop;
  window.stop = one;
  const shown = one.classList.contains("visually-hidden") ? one.closest("label") : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const way = forward ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
  return {
    what: shown.outerHTML.slice(0, 120),
    isRinged: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    isInView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    isInOrder: !before?.isConnected || before === document.body || (before.compareDocumentPosition(one) & way) > 0,
  };
}"""


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Press a key until something has the focus; each stop before it is ringed, in view and in order."""
    expect(wanted).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate("window.stop = document.activeElement")
    for _ in range(80):
        page.keyboard.press(key)
        stop = page.evaluate(FOCUS, key == "Tab")
        assert (stop["isRinged"], stop["isInView"], stop["isInOrder"]) == (True, True, True), stop
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


@pytest.fixture
def first_clip(client: httpx2.Client, project: Json) -> Iterator[Json]:
    """The clip that stands first in its project; what a test makes of it is taken back."""
    clip: Json = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"][0]
    clip["version"] = reset_edit(client, clip["clip_id"])
    yield clip
    for one in client.get(f"/v1/clips/{clip['clip_id']}").json()["exports"]:
        if one["state"] in ("waiting", "rendering"):
            client.post(f"/v1/exports/{one['export_id']}/cancel")
    reset_edit(client, clip["clip_id"])


def test_everything_is_reached_without_a_pointer(page: Page, site: Site, project: Json, first_clip: Json) -> None:
    page.goto(site.app())
    title = page.get_by_role("list", name="Projects").get_by_role("link", name=project["title"], exact=True).first
    expect(title).to_be_visible(timeout=PATIENCE_MS)
    tab_to(page, page.get_by_role("link", name="To the content"))
    page.keyboard.press("Enter")
    tab_to(page, title)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/projects/{project['project_id']}"))
    tab_to(page, page.get_by_role("tab", selected=True))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tab_to(page, page.locator(".clip-card").first.get_by_role("link", name="Edit", exact=True))
    page.keyboard.press("Enter")

    expect_saved(page, first_clip["version"])
    tab_to(page, page.locator(".word").first)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    expect_saved(page, first_clip["version"] + 1)
    expect(page.locator(".word:focus")).to_have_count(1)

    tab_to(page, page.get_by_role("button", name="Export", exact=True), key="Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Export this clip")
    tab_to(page, dialog.get_by_role("button", name="Make 1 file"))
    page.keyboard.press("Enter")
    expect(page.locator(".files li").first).to_contain_text(
        f"of version {first_clip['version'] + 1}", timeout=PATIENCE_MS
    )

    tab_to(page, page.get_by_role("button", name="Share", exact=True), key="Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("dialog", name="Share").get_by_role("button", name="Make a link"))
    page.keyboard.press("Enter")
    made = page.get_by_role("dialog", name="Your link")
    tab_to(page, made.get_by_label("Link", exact=True))
    assert "/s/clw_" in made.get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Share", exact=True)).to_be_focused()
