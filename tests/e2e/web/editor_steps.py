"""What tests of the clip editor share: its clip, what the API says of the edit, and the steps of a person."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx2
from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 15_000
Json = dict[str, Any]


class Wanted(NamedTuple):
    """A clip of a module's own: ranges of two modules differ, because one range has one clip."""

    title: str
    start_ms: int
    end_ms: int


def find_or_make_clip(client: httpx2.Client, project: Json, wanted: Wanted) -> str:
    """The clip's id; on a stack that is used again, the one from before."""
    path = f"/v1/projects/{project['project_id']}/clips"
    there = [one["clip_id"] for one in client.get(path).json()["items"] if one["title"] == wanted.title]
    if there:
        return str(there[0])
    body = {"start_ms": wanted.start_ms, "end_ms": wanted.end_ms, "title": wanted.title}
    answer = client.post(path, json=body)
    assert answer.status_code == 202, answer.text
    made: str = answer.json()["clip_id"]
    return made


def read_edit(client: httpx2.Client, clip_id: str) -> Json:
    answer: Json = client.get(f"/v1/clips/{clip_id}/edit").json()
    return answer


def newest_operations(client: httpx2.Client, clip_id: str) -> list[Json]:
    """What the newest version did."""
    newest: Json = client.get(f"/v1/clips/{clip_id}/edit/versions", params={"limit": 1}).json()["items"][0]
    operations: list[Json] = newest["operations"]
    return operations


def change(client: httpx2.Client, clip_id: str, version: int, *operations: Json) -> int:
    body = {"operations": list(operations)}
    answer = client.patch(f"/v1/clips/{clip_id}/edit", json=body, headers={"If-Match": f'"edit-{version}"'})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


def reset_edit(client: httpx2.Client, clip_id: str) -> int:
    """The clip as it was made, whatever the test before did; returns the version."""
    newest = int(read_edit(client, clip_id)["version"])
    return change(client, clip_id, newest, {"op": "restore", "version": 1}) if newest > 1 else newest


def open_editor(page: Page, address: str, version: int) -> Page:
    page.goto(address)
    expect(saved(page, version)).to_be_visible(timeout=PATIENCE_MS)
    return page


def saved(page: Page, version: int) -> Locator:
    return page.get_by_text(f"Saved · version {version}", exact=True)


def expect_saved(page: Page, version: int) -> None:
    expect(saved(page, version)).to_be_visible(timeout=PATIENCE_MS)


def select_words(page: Page, first: int, count: int) -> None:
    """By keyboard alone: words by their place in the text, cut ones among them."""
    page.locator(".word").nth(first).focus()
    for _ in range(count - 1):
        page.keyboard.press("Shift+ArrowRight")
    if count == 1:
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")


def cut_words(page: Page, first: int, count: int) -> None:
    select_words(page, first, count)
    page.keyboard.press("Delete")


def seek_to(page: Page, output_ms: float) -> None:
    """To the nearest place of the slider, which steps by 40 ms."""
    page.get_by_label("Position in the clip").fill(str(40 * round(output_ms / 40)))
