"""A project in the browser: its words follow and are corrected, its moments tell why, ranges become clips."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.web.checks import find_cut_off, find_serious, wait_until
from tests.e2e.web.conftest import Site
from tests.support.long_transcript import FRAMES, JUMP, JUMPS_MS, answer_long


@pytest.fixture
def open_project(page: Page, site: Site, project: dict[str, Any]) -> Callable[[str], Page]:
    """Opens the shipped lecture's project at a tab, once its words are there."""

    def go(tab: str = "transcript") -> Page:
        page.goto(site.app(f"projects/{project['project_id']}?tab={tab}"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(project["title"])
        if tab == "transcript":
            expect(page.locator(".word").first).to_be_visible()
        return page

    return go


def read_segments(client: httpx2.Client, project: dict[str, Any]) -> list[dict[str, Any]]:
    segments: list[dict[str, Any]] = client.get(f"/v1/projects/{project['project_id']}/transcript").json()["segments"]
    return segments


def place_of(page: Page) -> str:
    return page.locator(".player-time span").inner_text()


def assert_accessible(page: Page) -> None:
    assert not find_serious(page)


def test_words_follow_the_sound_and_lead_to_it(open_project: Callable[[str], Page]) -> None:
    page = open_project("transcript")
    page.locator('[data-word="60"]').click()
    expect(page.locator('[data-word="60"][data-now]')).to_be_visible()
    assert place_of(page) != "0:00.0"
    page.keyboard.press("Control+f")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("conservation of")
    expect(page.locator(".words-count")).to_contain_text(re.compile(r"1 of \d+ hits"))
    page.keyboard.press("Enter")
    expect(page.locator(".word.hit-here").first).to_be_visible()
    page.keyboard.press("Escape")
    assert_accessible(page)


def test_moments_contents_and_clips_say_why_and_jump(open_project: Callable[[str], Page]) -> None:
    page = open_project("moments")
    page.get_by_role("button", name="Why this clip").first.click()
    expect(page.locator(".evidence summary").first).to_be_visible()
    page.locator(".evidence summary").first.click()
    page.locator(".evidence-items .time-jump").first.click()
    assert place_of(page) != "0:00.0"
    assert_accessible(page)
    page.get_by_role("tab", name="Contents").click()
    page.locator(".quote-jump").last.click()
    assert_accessible(page)
    page.get_by_role("tab", name="Clips").click()
    editor = page.locator(".clip-card").first.get_by_role("link", name="Edit")
    expect(editor).to_have_attribute("href", re.compile("/app/clips/"))
    expect(page.locator(".clip-picture img").first).to_be_visible()
    assert_accessible(page)
    for tab in ("Speakers", "Details"):
        page.get_by_role("tab", name=tab).click()
        assert_accessible(page)


def test_a_sentence_is_corrected_by_keyboard_alone_and_taken_back(
    open_project: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    page = open_project("transcript")
    before = read_segments(client, project)
    page.locator(".words-scroll [data-word][tabindex]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    field = page.get_by_label("Text of the sentence")
    expect(field).to_be_focused()
    expect(field).to_have_value(before[1]["text"])
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    page.keyboard.press("Enter")
    field.fill(before[1]["text"].replace("pendulum", "long pendulum"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Correction saved")).to_be_visible()
    expect(page.locator(".sentence").nth(1)).to_contain_text("long pendulum")
    assert "long pendulum" in read_segments(client, project)[1]["text"]
    page.locator(".words-tools").get_by_role("button", name="Take back the last correction").click()
    expect(page.get_by_text("Correction taken back")).to_be_visible()
    assert read_segments(client, project)[1]["text"] == before[1]["text"]


def test_two_people_correct_one_sentence(
    open_project: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    page = open_project("transcript")
    address = f"/v1/projects/{project['project_id']}/transcript"
    told = client.get(address).json()
    first = told["segments"][0]
    page.locator('[data-word="2"]').dblclick()
    page.get_by_label("Text of the sentence").fill(first["text"].replace("want", "wish"))
    edit = {"first_word": 0, "end_word": 1, "text": "Well"}
    assert client.patch(address, json={"version": told["version"], "edits": [edit]}).status_code == 200
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody else corrected this sentence")
    expect(dialog).to_contain_text("Well I want")
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.get_by_text("Correction saved")).to_be_visible()
    newest = client.get(address).json()
    assert newest["segments"][0]["text"] == first["text"].replace("want", "wish")
    back = {"first_word": first["first_word"], "end_word": first["end_word"], "text": first["text"]}
    assert client.patch(address, json={"version": newest["version"], "edits": [back]}).status_code == 200


def test_a_speaker_gets_a_name_and_loses_it_again(
    open_project: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    page = open_project("speakers")
    field = page.get_by_label("Name of Speaker 1")
    field.fill("Walter")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Name saved")).to_be_visible()
    expect(page.get_by_label("Name of Walter")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Take back the last correction").click()
    expect(field).to_be_visible()
    speakers = client.get(f"/v1/projects/{project['project_id']}/speakers").json()["speakers"]
    assert speakers[0]["name"] is None


def test_a_marked_range_becomes_a_clip(
    open_project: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    page = open_project("transcript")
    page.locator('[data-word="11"]').click()
    page.locator("h1").click()
    page.keyboard.press("i")
    start = page.get_by_role("slider", name="Start of the range")
    end = page.get_by_role("slider", name="End of the range")
    expect(start).to_be_attached()
    end.focus()
    for _ in range(40):
        page.keyboard.press("Shift+ArrowLeft")
    length = int(end.input_value()) - int(start.input_value())
    assert length == 3_000
    page.locator(".timeline").get_by_role("button", name="Make a clip").click()
    page.get_by_label("Title of the clip").fill("A pendulum")
    page.get_by_role("dialog").get_by_role("button", name="Make a clip").click()
    expect(page.get_by_text(re.compile("The clip is being made|This clip is there already"))).to_be_visible()
    clips = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    assert any(clip["made_by"] == "person" and clip["end_ms"] - clip["start_ms"] == length for clip in clips)


def test_another_persons_correction_comes_by_itself(
    open_project: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    page = open_project("transcript")
    page.set_viewport_size({"width": 360, "height": 740})
    assert not find_cut_off(page)
    address = f"/v1/projects/{project['project_id']}/transcript"
    told = client.get(address).json()
    first = told["segments"][0]
    other = {"first_word": 0, "end_word": first["end_word"], "text": "Once more."}
    back = {"first_word": 0, "end_word": 2, "text": first["text"]}
    assert client.patch(address, json={"version": told["version"], "edits": [other]}).status_code == 200
    try:
        expect(page.locator(".sentence").first).to_contain_text("Once more.", timeout=20_000)
    finally:
        assert client.patch(address, json={"version": told["version"] + 1, "edits": [back]}).status_code == 200
    expect(page.locator(".sentence").first).to_contain_text(first["text"], timeout=20_000)


def test_ten_thousand_words_scroll_and_jump(
    page: Page, site: Site, client: httpx2.Client, project: dict[str, Any]
) -> None:
    """Only the words in sight are drawn; how long it takes is measured by `benchmarks/web/web_transcript.py`."""
    answer_long(page, project["project_id"], lambda address: client.get(address).json())
    page.goto(site.app(f"projects/{project['project_id']}"))
    expect(page.locator(".word").first).to_be_visible()
    assert page.locator(".word").count() < 1_500
    jumps = [page.evaluate(JUMP, ms) for ms in JUMPS_MS]
    assert min(jumps) > 0, "each word that was jumped to is in sight"
    page.evaluate(FRAMES)
    assert 0 < page.locator(".word").count() < 1_500


def refuse(status: int, code: str) -> Callable[[Route], None]:
    body = {"type": f"/problems/{code}", "title": code, "status": status, "code": code, "detail": ""}
    return lambda route: route.fulfill(status=status, json=body, content_type="application/problem+json")


def test_a_project_at_work_shows_its_steps_and_fills_by_itself(page: Page, site: Site, project: dict[str, Any]) -> None:
    address = f"/v1/projects/{project['project_id']}"
    running = project | {"state": "running", "percent": 40, "finished_at": None, "clip_count": 0}
    at_work = {"state": "running", "percent": 40, "finished_at": None}
    running["stages"] = [one | at_work if one["stage"] == "listen" else one for one in project["stages"]]
    page.route(f"**{address}", lambda route: route.fulfill(json=running))
    page.route(f"**{address}/transcript", refuse(404, "not-ready"))
    page.goto(site.app(f"projects/{project['project_id']}"))
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("aria-valuenow", "40")
    expect(page.locator(".work-now")).to_contain_text("Listen: write down what is said")
    expect(page.get_by_role("tabpanel")).to_contain_text("still being made")
    page.unroute(f"**{address}/transcript")
    page.unroute(f"**{address}")
    expect(page.locator(".word").first).to_be_visible(timeout=15_000)


def test_erased_meanwhile_and_never_there_are_explained(page: Page, site: Site, project: dict[str, Any]) -> None:
    address = f"/v1/projects/{project['project_id']}"
    page.route(f"**{address}", refuse(410, "project-erased"))
    page.goto(site.app(f"projects/{project['project_id']}"))
    expect(page.get_by_role("heading", level=1)).to_have_text("This project was erased")
    page.goto(site.app("projects/0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"))
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such project here")


def test_the_place_stays_where_the_signed_url_ends_while_it_plays(open_project: Callable[[str], Page]) -> None:
    page = open_project("details")
    wait_until(page, "document.querySelector('video').readyState > 1", timeout=120_000)
    page.get_by_label("Place in the video").fill("120000")
    page.locator(".player").get_by_role("button", name="Play", exact=True).click()
    plays = "!document.querySelector('video').paused"
    wait_until(page, f"{plays} && document.querySelector('video').currentTime > 120.5")
    page.evaluate("document.querySelector('video').src = '/v1/nothing'")
    opened = "document.querySelector('video').readyState > 1"
    wait_until(page, f"{plays} && document.querySelector('video').src.includes('X-Amz-') && {opened}")
    assert place_of(page).startswith("2:0")
