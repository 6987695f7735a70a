"""Files of clips in a real browser: several at once, their making, downloads, certificates, replays, retries."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.web.checks import find_cut_off, find_serious, wait_until
from tests.e2e.web.conftest import Site

PATIENCE_MS = 15_000
USUAL = dt.timedelta(hours=1)
Change = Callable[[Any], Any]


def answer_changed(page: Page, address: str, change: Change) -> None:
    """Answers of the API to reads of an address, changed before the page gets them."""

    def answer(route: Route) -> None:
        if route.request.method != "GET":
            return route.fallback()
        given = route.fetch()
        return route.fulfill(response=given, body=json.dumps(change(given.json())))

    page.route(address, answer)


@pytest.fixture
def clips(client: httpx2.Client, project: dict[str, Any]) -> list[dict[str, Any]]:
    """The finished project's clips that have a file."""
    items = client.get(f"/v1/projects/{project['project_id']}/clips").json()["items"]
    return [clip for clip in items if any(file["state"] == "done" for file in clip["exports"])]


@pytest.fixture
def done(client: httpx2.Client, clips: list[dict[str, Any]]) -> dict[str, Any]:
    """A finished file of the project."""
    short = next(file for clip in clips for file in clip["exports"] if file["state"] == "done")
    whole: dict[str, Any] = client.get(f"/v1/exports/{short['export_id']}").json()
    return whole


@pytest.fixture
def open_clips(page: Page, site: Site, project: dict[str, Any]) -> Callable[[], Page]:
    def go() -> Page:
        page.goto(site.app(f"projects/{project['project_id']}?tab=clips"))
        expect(page.locator(".clip-card").first).to_be_visible(timeout=PATIENCE_MS)
        return page

    return go


@pytest.fixture
def open_export(page: Page, site: Site, done: dict[str, Any]) -> Callable[[], Page]:
    def go() -> Page:
        page.goto(site.app(f"exports/{done['export_id']}"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(done["aspect"], timeout=PATIENCE_MS)
        return page

    return go


@pytest.fixture
def cancelled(client: httpx2.Client, project: dict[str, Any], clips: list[dict[str, Any]]) -> Iterator[None]:
    """Afterwards the files that the test asked for are cancelled, and its links are ended."""
    address = f"/v1/projects/{project['project_id']}/clips"
    before = {file["export_id"] for clip in clips for file in clip["exports"] if file["state"] != "cancelled"}
    shares = {one["share_id"] for one in client.get("/v1/shares").json()["items"]}
    yield
    for clip in client.get(address).json()["items"]:
        for file in clip["exports"]:
            if file["export_id"] not in before and file["state"] in ("waiting", "rendering"):
                client.post(f"/v1/exports/{file['export_id']}/cancel")
    for one in client.get("/v1/shares").json()["items"]:
        if one["share_id"] not in shares:
            client.delete(f"/v1/shares/{one['share_id']}")


def test_where_nothing_is_ranked_no_score_is_shown(page: Page, open_clips: Callable[[], Page]) -> None:
    answer_changed(page, "**/v1/projects/*/moments?*", lambda told: told | {"order": "time"})
    open_clips()
    expect(page.get_by_text("nothing here is ranked with confidence")).to_be_visible()
    expect(page.get_by_text("Best first")).to_have_count(0)
    starts = page.locator(".clip-body .time-jump").all_inner_texts()
    seconds = [sum(int(part) * 60**at for at, part in enumerate(reversed(one.split(":")))) for one in starts]
    assert seconds == sorted(seconds)
    expect(page.locator(".score")).to_have_count(0)
    page.get_by_role("tab", name="Moments").click()
    expect(page.get_by_text("nothing here is ranked with confidence")).to_be_visible()
    page.get_by_role("button", name="Why this clip").first.click()
    expect(page.locator(".evidence strong").first).to_be_visible()
    expect(page.locator(".score, .evidence-bar")).to_have_count(0)
    assert "of 100" not in page.locator("#tab-panel").inner_text()
    assert find_serious(page) == []


def test_where_the_scores_rank_they_are_shown(page: Page, open_clips: Callable[[], Page]) -> None:
    answer_changed(page, "**/v1/projects/*/moments?*", lambda told: told | {"order": "score"})
    open_clips()
    expect(page.locator(".clip-picture .score").first).to_be_visible()
    expect(page.get_by_role("radio", name="Best first")).to_be_checked()


def test_several_clips_are_chosen_by_keyboard_and_exported_at_once(
    open_clips: Callable[[], Page],
    client: httpx2.Client,
    project: dict[str, Any],
    clips: list[dict[str, Any]],
    cancelled: None,
) -> None:
    path = f"/v1/projects/{project['project_id']}/clips"
    before = {file["export_id"] for clip in client.get(path).json()["items"] for file in clip["exports"]}
    page = open_clips()
    boxes = page.locator(".clip-choice input")
    count = boxes.count()
    assert count >= 2, "the lecture has several clips"
    boxes.first.focus()
    page.keyboard.press("Space")
    bar = page.get_by_role("group", name="With the chosen clips")
    expect(bar).to_contain_text("1 clip chosen")
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text(f"{count} clips chosen")
    expect(page.get_by_label(f"Choose all {count}")).to_be_checked()
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    boxes.first.click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(bar).to_contain_text("2 clips chosen")
    assert find_serious(page) == []
    bar.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export 2 clips")
    dialog.get_by_text("1:1", exact=True).click()
    dialog.get_by_text("9:16", exact=True).click()
    dialog.get_by_label("Quality").select_option("draft")
    assert find_serious(page) == []
    dialog.get_by_role("button", name="Make 2 files").click()
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator(".clip-card").first.get_by_text("1:1")).to_be_visible(timeout=PATIENCE_MS)
    new = [
        file for clip in client.get(path).json()["items"] for file in clip["exports"] if file["export_id"] not in before
    ]
    assert [file["aspect"] for file in new] == ["1:1", "1:1"]


def test_a_selection_is_downloaded_and_shared(
    open_clips: Callable[[], Page], client: httpx2.Client, clips: list[dict[str, Any]], tmp_path: Path, cancelled: None
) -> None:
    page = open_clips()
    boxes = page.locator(".clip-choice input")
    boxes.first.check()
    boxes.nth(1).check()
    bar = page.get_by_role("group", name="With the chosen clips")
    with page.expect_download() as waiting:
        bar.get_by_role("link", name="as ZIP").click()
    waiting.value.save_as(tmp_path / "clips.zip")
    with zipfile.ZipFile(tmp_path / "clips.zip") as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        assert {file["clip_id"] for file in manifest["files"]} <= {clip["clip_id"] for clip in clips}
        assert len({file["clip_id"] for file in manifest["files"]}) == 2
    bar.get_by_role("button", name="Share").click()
    page.get_by_role("dialog", name="Share").get_by_role("button", name="Make a link").click()
    made = page.get_by_role("dialog", name="Your link")
    address = made.get_by_label("Link", exact=True).input_value()
    shared = httpx2.get(address)
    assert shared.status_code == 200
    assert shared.text.count("<article>") == 2


def test_refusals_of_the_plan_are_shown_by_clip_and_tried_again(page: Page, open_clips: Callable[[], Page]) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        problem = {"type": "/problems/quota-exceeded", "title": "The plan is used up", "status": 402}
        body = problem | {"code": "quota-exceeded", "detail": "10 of 10 files were made.", "request_id": "r1"}
        route.fulfill(status=402, content_type="application/problem+json", body=json.dumps(body))

    page.route("**/v1/clips/*/exports", refuse)
    open_clips()
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make").click()
    expect(dialog.get_by_text("1 clip was refused.")).to_be_visible()
    expect(dialog.get_by_text("10 of 10 files were made.")).to_be_visible()
    assert len(asked) == 1, "a plan that is used up is not asked again for each clip"


def test_a_file_at_work_shows_its_stage_and_its_time(
    page: Page, site: Site, client: httpx2.Client, done: dict[str, Any]
) -> None:
    """The newest file is being rendered since ten minutes; one before it took an hour."""
    now = dt.datetime.now(dt.UTC)
    earlier = str(uuid4())
    times = {"created_at": now - 2 * USUAL, "finished_at": now - USUAL}
    at_work = {"state": "rendering", "files": None, "certificate": None, "finished_at": None, "automatic": False}
    begun = (now - USUAL / 6).isoformat()
    answer_changed(page, f"**/v1/exports/{done['export_id']}*", lambda told: told | at_work | {"created_at": begun})
    page.route(
        f"**/v1/exports/{earlier}?*",
        lambda route: route.fulfill(json={name: at.isoformat() for name, at in times.items()}),
    )

    def with_earlier(clip: dict[str, Any]) -> dict[str, Any]:
        brief = next(file for file in clip["exports"] if file["export_id"] == done["export_id"])
        finished = brief | {"export_id": earlier, "automatic": False, "number": 99}
        return clip | {"exports": [brief | {"state": "rendering", "automatic": False, "verdict": None}, finished]}

    answer_changed(page, f"**/v1/clips/{done['clip_id']}", with_earlier)
    page.goto(site.app(f"exports/{done['export_id']}"))
    bar = page.get_by_role("progressbar", name="Being rendered, then measured")
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("of about 1 hr")).to_be_visible()
    assert 15 <= float(bar.get_attribute("aria-valuenow") or "0") <= 95
    assert "about" in (bar.get_attribute("aria-valuetext") or "")
    assert find_serious(page) == []


def test_the_video_its_subtitles_and_all_in_one_are_downloaded(
    open_export: Callable[[], Page], done: dict[str, Any], tmp_path: Path
) -> None:
    page = open_export()

    def saved(link: Locator) -> bytes:
        with page.expect_download() as waiting:
            link.click()
        place = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(place)
        return place.read_bytes()

    video = saved(page.get_by_role("link", name="Download", exact=True).first)
    assert video[4:8] == b"ftyp"
    assert len(video) == done["files"]["video"]["size_bytes"]
    subtitles = saved(page.get_by_role("row", name="Subtitles (SRT)").get_by_role("link", name="Download"))
    assert b" --> " in subtitles
    bundle = tmp_path / "all.zip"
    bundle.write_bytes(saved(page.get_by_role("link", name="All in one ZIP")))
    with zipfile.ZipFile(bundle) as members:
        assert members.testzip() is None
        assert done["files"]["video"]["filename"] in members.namelist()


def test_a_certificate_that_failed_leads_to_its_frames(page: Page, open_export: Callable[[], Page]) -> None:
    def fail(told: dict[str, Any]) -> dict[str, Any]:
        failed = {"verdict": "fail", "value": 0.4, "limit": 0.05, "unit": "share", "side": "at_most", "at_ms": [1500]}
        checks = [one | failed if one["name"] == "nobody_in_frame" else one for one in told["certificate"]["checks"]]
        return told | {"certificate": told["certificate"] | {"checks": checks, "verdict": "fail"}}

    answer_changed(page, "**/v1/exports/*", fail)
    open_export()
    expect(page.get_by_text("1 check failed")).to_be_visible()
    check = page.locator(".check.fail")
    expect(check).to_contain_text("Whoever speaks is in the picture")
    expect(check).to_contain_text("Measured: 40%")
    wait_until(page, "document.querySelector('video.finished').readyState >= 1")
    check.get_by_role("button", name="Go to 0:01.5").click()
    wait_until(page, "Math.abs(document.querySelector('video.finished').currentTime - 1.5) < 0.05")
    assert find_serious(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(page) == []


def test_a_failed_file_is_made_again(page: Page, open_export: Callable[[], Page], done: dict[str, Any]) -> None:
    failure = {"reason": "retries.exhausted", "detail": "The renderer stopped at every try."}
    state = {"state": "failed", "failure": failure, "files": None, "certificate": None}
    asked: list[Any] = []

    def retry(route: Route) -> None:
        asked.append(route.request.post_data_json)
        state.update({"state": "waiting", "failure": None})
        route.fulfill(status=202, json={})

    answer_changed(page, "**/v1/exports/*", lambda told: told | state)
    page.route("**/v1/projects/*/retry", retry)
    open_export()
    expect(page.get_by_text("The renderer stopped at every try.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("progressbar", name="Waiting for a free renderer")).to_be_visible()
    assert asked == [{"export_id": done["export_id"]}]


def test_a_replay_shows_whether_the_bytes_are_the_same(
    page: Page, open_export: Callable[[], Page], done: dict[str, Any]
) -> None:
    replay: dict[str, Any] = {
        "replay_id": str(uuid4()),
        "export_id": done["export_id"],
        "state": "waiting",
        "requested_at": "2026-03-01T12:00:00Z",
        "finished_at": None,
        "outcome": None,
        "detail": None,
        "files": [],
        "compared": 0,
        "differences": [],
    }
    result = {"state": "done", "finished_at": "2026-03-01T12:01:00Z", "outcome": "different", "compared": 7}
    changed = {"files": ["video"], "differences": [{"what": "library/ffmpeg", "then": "7.0", "now": "7.1"}]}
    asked = ended = False

    def answer(route: Route) -> None:
        nonlocal asked
        if route.request.method == "POST":
            asked = True
            return route.fulfill(status=202, json=replay)
        if not asked:
            return route.fallback()  # the real one: there was no replay yet, or its result
        return route.fulfill(json=replay | result | changed if ended else replay)

    page.route("**/v1/exports/*/replay", answer)
    open_export()
    page.get_by_role("button", name="Make it again and compare").click()
    expect(page.get_by_text("It is being made again. You may leave this page.")).to_be_visible()
    ended = True
    expect(page.get_by_text("Something is different now")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Files that differ: video")).to_be_visible()
    expect(page.get_by_role("row", name="library/ffmpeg")).to_contain_text("7.1")


def test_a_refusal_is_german_with_the_details_of_the_api(page: Page, site: Site) -> None:
    page.add_init_script("localStorage.setItem('clipstream.language', 'de')")
    page.goto(site.app(f"exports/{uuid4()}"))
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Das gibt es nicht", timeout=PATIENCE_MS)
    expect(notice).to_contain_text("Prüfen Sie die Adresse")
    expect(notice.locator('[lang="en"]')).to_contain_text("export")
