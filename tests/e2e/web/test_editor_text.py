"""The editor's text: hesitations, pauses, words that come back, captions of one's own, and the order of segments."""

from __future__ import annotations

import json
import re

import httpx2
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.web.conftest import Site
from tests.e2e.web.editor_steps import (
    Json,
    Wanted,
    change,
    cut_words,
    expect_saved,
    newest_operations,
    open_editor,
    read_edit,
    seek_to,
    select_words,
)

CLIP = Wanted("For the editor's text", 22_000, 40_000)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def ranges_of(edit: Json) -> list[tuple[int, int]]:
    return [(one["start_ms"], one["end_ms"]) for one in edit["segments"]]


def test_pauses_are_shortened_and_come_back(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    whole = read_edit(client, clip_id)["length_ms"]
    shorten_pauses(editor, longer="300", to="150")
    expect_saved(editor, version + 1)
    assert read_edit(client, clip_id)["length_ms"] < whole
    shorten_pauses(editor, longer="9000", to="150")
    expect(editor.get_by_text("Nothing was found to drop or to shorten.")).to_be_visible()
    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 2)
    assert read_edit(client, clip_id)["length_ms"] == whole


def test_hesitations_are_dropped(page: Page, site: Site, client: httpx2.Client, clip_id: str, version: int) -> None:
    """The page is told of one hesitation, whatever the lecture has of them, and the API takes out that word."""
    words: list[int] = []

    def hesitate(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        words[:] = [next(at for at, one in enumerate(body["words"]) if one["start_ms"] > CLIP.start_ms + 2_000)]
        for at, one in enumerate(body["words"]):
            one["filler"] = at == words[0]
        route.fulfill(response=answer, json=body)

    def drop(route: Route) -> None:
        assert route.request.post_data_json["operations"] == [{"op": "drop_fillers"}]
        cut = {"op": "delete_words", "first_word": words[0], "end_word": words[0] + 1}
        route.continue_(post_data=json.dumps({"operations": [cut]}))

    page.route("**/transcript", hesitate)
    open_editor(page, site.app(f"clips/{clip_id}"), version)
    page.route("**/edit", drop, times=1)
    expect(page.locator(".word.filler")).to_have_count(1)
    button(page, "Drop “um” and “uh”").click()
    expect_saved(page, version + 1)
    expect(page.locator(".word.filler.is-cut")).to_have_count(1)
    expect(button(page, "Drop “um” and “uh”")).to_be_disabled()


def shorten_pauses(page: Page, longer: str, to: str) -> None:
    button(page, "Shorten pauses…").click()
    dialog = page.get_by_role("dialog", name="Shorten pauses")
    dialog.get_by_label("Shorten pauses longer than (ms)").fill(longer)
    dialog.get_by_label("to (ms)", exact=True).fill(to)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_hidden()


def test_cut_words_come_back_one_by_one(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    before = read_edit(client, clip_id)
    cut = editor.locator(".word.is-cut")
    cut_words(editor, 3, 4)
    expect_saved(editor, version + 1)
    expect(cut).to_have_count(4)

    select_words(editor, 3, 1)
    editor.keyboard.press("Enter")
    expect_saved(editor, version + 2)
    expect(cut).to_have_count(3)
    expect(editor.locator(".word").nth(3)).not_to_have_class(re.compile("is-cut"))

    select_words(editor, 5, 1)
    button(editor, "Bring back").click()
    expect_saved(editor, version + 3)
    expect(cut).to_have_count(2)
    expect(editor.locator(".word").nth(5)).not_to_have_class(re.compile("is-cut"))

    select_words(editor, 3, 4)
    editor.keyboard.press("Enter")
    expect_saved(editor, version + 4)
    expect(cut).to_have_count(0)
    assert ranges_of(read_edit(client, clip_id)) == ranges_of(before)
    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 5)
    expect(cut).to_have_count(2)


def test_a_word_gets_a_caption_of_its_own(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    word = editor.locator(".word").nth(2)
    spoken = word.inner_text()
    select_words(editor, 2, 1)
    button(editor, "Caption…").click()
    dialog = editor.get_by_role("dialog", name="What the caption says here")
    field = dialog.get_by_label("Caption", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_value(spoken)
    field.fill("Say this")
    editor.keyboard.press("Enter")
    expect_saved(editor, version + 1)
    expect(word).to_have_accessible_name(f"{spoken}, own caption: Say this")
    assert [one["text"] for one in read_edit(client, clip_id)["captions"]] == ["Say this"]

    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 2)
    expect(word).to_have_accessible_name(spoken)
    editor.keyboard.press("Control+Shift+z")
    expect_saved(editor, version + 3)

    select_words(editor, 2, 1)
    button(editor, "Caption…").click()
    expect(field).to_have_value("Say this")
    dialog.get_by_role("button", name="As spoken").click()
    expect_saved(editor, version + 4)
    expect(word).to_have_accessible_name(spoken)
    assert read_edit(client, clip_id)["captions"] == []


def test_a_clip_is_split_and_joined(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    whole = ranges_of(read_edit(client, clip_id))
    button(editor, "Split here").click()
    expect(editor.get_by_text("This change is not possible")).to_be_visible()
    seek_to(editor, 6_000)
    button(editor, "Split here").click()
    expect_saved(editor, version + 1)
    parts = ranges_of(read_edit(client, clip_id))
    assert len(parts) == 2
    assert parts[0][1] == parts[1][0]

    button(editor, "More for segment 1").click()
    editor.get_by_role("menuitem", name="Join with the next").click()
    expect_saved(editor, version + 2)
    assert ranges_of(read_edit(client, clip_id)) == whole
    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 3)
    assert ranges_of(read_edit(client, clip_id)) == parts
    editor.keyboard.press("Control+z")
    expect_saved(editor, version + 4)
    assert ranges_of(read_edit(client, clip_id)) == whole


def test_segments_are_put_into_another_order(editor: Page, client: httpx2.Client, clip_id: str, version: int) -> None:
    three = change(
        client,
        clip_id,
        version,
        {"op": "split", "segment_id": "s1", "at_ms": CLIP.start_ms + 5_000},
        {"op": "split", "segment_id": "s2", "at_ms": CLIP.start_ms + 11_000},
    )
    expect_saved(editor, three)
    first, second, third = ranges_of(read_edit(client, clip_id))

    editor.get_by_role("region", name="Words of segment 1").get_by_role("button", name="Play later").click()
    expect_saved(editor, three + 1)
    assert ranges_of(read_edit(client, clip_id)) == [second, first, third]
    button(editor, "More for segment 1").click()
    expect(editor.get_by_role("menuitem", name="Cannot be joined with the next")).to_be_disabled()
    editor.keyboard.press("Escape")

    heads = editor.locator(".segment-head")
    heads.nth(2).locator(".grip").drag_to(heads.nth(0))
    expect_saved(editor, three + 2)
    assert ranges_of(read_edit(client, clip_id)) == [third, second, first]
    assert [one["op"] for one in newest_operations(client, clip_id)] == ["move"]

    editor.keyboard.press("Control+z")
    expect_saved(editor, three + 3)
    assert ranges_of(read_edit(client, clip_id)) == [second, first, third]
    button(editor, "More for segment 2").click()
    editor.get_by_role("menuitem", name="Remove").click()
    expect_saved(editor, three + 4)
    assert ranges_of(read_edit(client, clip_id)) == [second, third]
