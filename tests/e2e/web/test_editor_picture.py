"""The editor's picture and keys: crops by hand, the server's exact frame, the shuttle, the timeline and its handles."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.web.checks import wait_until
from tests.e2e.web.editor_steps import (
    PATIENCE_MS,
    Json,
    Wanted,
    expect_saved,
    newest_operations,
    read_edit,
    saved,
    seek_to,
)

CLIP = Wanted("For the editor's picture", 41_000, 55_000)
PLAYS = "[...document.querySelectorAll('video')].some((one) => !one.paused)"

pytestmark = pytest.mark.usefixtures("source")


def crop_keys(client: httpx2.Client, clip_id: str, aspect: str = "9:16") -> list[Json]:
    keys: list[Json] = read_edit(client, clip_id)["crops"].get(aspect, [])
    return keys


def crop_box(page: Page) -> Locator:
    page.get_by_role("tab", name="Crop").click()
    box = page.get_by_role("application")
    expect(box).to_be_visible(timeout=PATIENCE_MS)
    return box


def drag(page: Page, what: Locator, by_x: int, by_y: int = 0) -> None:
    box = what.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(x + by_x * step / 5, y + by_y * step / 5)
    page.mouse.up()


def test_a_crop_is_dragged_and_moved_by_keys(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    box = crop_box(editor)
    drag(editor, box, -60)
    expect_saved(editor, version + 1)
    (dragged,) = crop_keys(client, clip_id)
    assert dragged["at_ms"] == CLIP.start_ms
    assert newest_operations(client, clip_id)[0]["op"] == "crop"

    for _ in range(3):
        editor.keyboard.press("ArrowRight")
    expect_saved(editor, version + 2)
    (moved,) = crop_keys(client, clip_id)
    assert moved["crop"]["x"] > dragged["crop"]["x"]
    editor.keyboard.press("-")
    editor.keyboard.press("Control+z")  # at once: it takes back the size alone
    expect_saved(editor, version + 4)
    assert crop_keys(client, clip_id) == [moved]
    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 5)
    assert crop_keys(client, clip_id) == [dragged]


def test_key_frames_are_set_eased_and_removed(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    crop_box(editor)
    editor.get_by_role("button", name="Key frame here").click()
    expect_saved(editor, version + 1)
    seek_to(editor, 4_000)
    drag(editor, crop_box(editor), 50)
    expect_saved(editor, version + 2)
    first, second = crop_keys(client, clip_id)
    assert second["at_ms"] - first["at_ms"] == 4_000
    assert second["crop"]["x"] > first["crop"]["x"]

    editor.get_by_label("How it gets to the key frame at 0:04.0").select_option("smooth")
    expect_saved(editor, version + 3)
    assert [one["ease"] for one in crop_keys(client, clip_id)] == ["cut", "smooth"]
    seek_to(editor, 2_000)
    between = int((crop_box(editor).get_attribute("aria-label") or "").split(": ")[1].split(" ")[0])
    assert first["crop"]["x"] < between < second["crop"]["x"]

    editor.get_by_role("button", name="Go to 0:04.0").click()
    expect(editor.get_by_role("timer")).to_contain_text("0:04.0")
    editor.get_by_role("button", name="Remove the key frame at 0:00.0").click()
    expect_saved(editor, version + 4)
    assert [one["at_ms"] for one in crop_keys(client, clip_id)] == [second["at_ms"]]
    editor.get_by_role("button", name="Back to automatic").click()
    expect_saved(editor, version + 5)
    assert crop_keys(client, clip_id) == []


def place_of(page: Page) -> Any:
    return page.evaluate("document.querySelector('.position').valueAsNumber")


def test_keys_shuttle_and_step(editor: Page) -> None:
    wait_until(editor, "document.querySelector('video')?.readyState >= 2", timeout=PATIENCE_MS)
    editor.keyboard.press("l")
    wait_until(editor, PLAYS)
    editor.keyboard.press("l")
    expect(editor.get_by_text("2×", exact=True)).to_be_visible()
    wait_until(editor, "document.querySelector('.position').valueAsNumber > 1500", timeout=PATIENCE_MS)
    editor.keyboard.press("k")
    wait_until(editor, f"!{PLAYS}")
    rested = place_of(editor)
    editor.keyboard.press("j")
    expect(editor.get_by_text("-1×", exact=True)).to_be_visible()
    wait_until(editor, "(before) => document.querySelector('.position').valueAsNumber < before - 300", argument=rested)
    editor.keyboard.press("k")

    editor.keyboard.press("Home")
    editor.keyboard.press("Shift+ArrowRight")
    editor.keyboard.press("Shift+ArrowRight")
    assert place_of(editor) == 2_000
    editor.keyboard.press("ArrowLeft")
    editor.keyboard.press("Space")
    wait_until(editor, PLAYS)
    editor.keyboard.press("Space")
    wait_until(editor, f"!{PLAYS}")
    editor.keyboard.press("End")
    expect(editor.get_by_role("timer")).to_contain_text("0:14.0 / 0:14.0")


def test_the_timeline_zooms_and_the_help_lists_the_keys(editor: Page) -> None:
    track = editor.locator(".timeline-track")
    whole = (track.bounding_box() or {"width": 0})["width"]
    editor.keyboard.press("+")
    editor.keyboard.press("+")
    wait_until(editor, "(wide) => document.querySelector('.timeline-track').clientWidth > 3.9 * wide", argument=whole)
    editor.keyboard.press("-")
    editor.keyboard.press("0")
    expect(editor.get_by_role("button", name="Zoom out")).to_be_disabled()

    editor.keyboard.press("?")
    dialog = editor.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Begin or end the clip at the playhead")).to_be_visible()
    editor.keyboard.press("+")
    editor.keyboard.press("s")
    editor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(editor.get_by_role("button", name="Zoom out")).to_be_disabled()
    assert editor.locator(".timeline-piece").count() == 1


def test_in_and_out_are_set_while_it_plays(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    wait_until(editor, "document.querySelector('video')?.readyState >= 2", timeout=PATIENCE_MS)
    seek_to(editor, 4_000)
    editor.keyboard.press("Space")
    wait_until(editor, PLAYS)
    editor.keyboard.press("i")
    expect_saved(editor, version + 1)
    begun = read_edit(client, clip_id)["segments"][0]
    assert CLIP.start_ms + 3_000 < begun["start_ms"] < CLIP.end_ms
    editor.keyboard.press("k")
    seek_to(editor, 3_000)
    editor.keyboard.press("Space")
    wait_until(editor, PLAYS)
    editor.keyboard.press("o")
    expect_saved(editor, version + 2)
    ended = read_edit(client, clip_id)["segments"][0]
    assert begun["start_ms"] + 2_000 < ended["end_ms"] < CLIP.end_ms
    wait_until(editor, f"!{PLAYS}", timeout=PATIENCE_MS)


def test_a_handle_rests_between_words(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    end = editor.get_by_role("slider", name="End of segment 1")
    end.focus()
    for _ in range(3):
        editor.keyboard.press("Shift+ArrowLeft")
    editor.keyboard.press("Control+z")  # at once: the three steps are one change, and it is taken back
    expect_saved(editor, version + 2)
    assert read_edit(client, clip_id)["length_ms"] == CLIP.end_ms - CLIP.start_ms
    drag(editor, editor.get_by_role("slider", name="Start of segment 1"), 130)
    expect_saved(editor, version + 3)
    start_ms = read_edit(client, clip_id)["segments"][0]["start_ms"]
    assert start_ms > CLIP.start_ms
    assert cut_words(client, clip_id, start_ms) == []
    expect(saved(editor, version + 3)).to_be_visible()


def cut_words(client: httpx2.Client, clip_id: str, at_ms: int) -> list[str]:
    """Words that a cut at a moment of the source goes through."""
    project_id = client.get(f"/v1/clips/{clip_id}").json()["project_id"]
    words = client.get(f"/v1/projects/{project_id}/transcript").json()["words"]
    return [one["text"] for one in words if one["start_ms"] < at_ms < one["end_ms"]]
