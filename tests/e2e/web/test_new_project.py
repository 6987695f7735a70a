"""New: files, a link or a script become projects; uploads outlive reloads and lost networks."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import BrowserContext, Error, Page, Request, Route, expect

from tests.e2e.web.checks import find_serious, wait_until
from tests.e2e.web.conftest import Site
from tests.support.media.shared_media import media

MIB = 2**20
DROP = """([name, text]) => {
  const data = new DataTransfer();
  for (const [one, content] of text) data.items.add(new File([Uint8Array.from(content, (c) => c.charCodeAt(0))], one));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    window.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
  }
}"""


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A file of two parts; it is sent and never worked on."""
    path = tmp_path / f"long-{uuid4().hex[:8]}.mp4"
    path.write_bytes(os.urandom(12 * MIB))
    return path


def choose(page: Page, *paths: Path) -> None:
    page.locator(".sources input[type=file][multiple]").set_input_files(list(paths))


def puts(page: Page) -> list[str]:
    """Numbers of the parts that are sent from now on."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PUT" and "partNumber=" in request.url:
            sent.append(request.url.partition("partNumber=")[2].partition("&")[0])

    page.on("request", note)
    return sent


def titled(client: httpx2.Client, title: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/projects", params={"q": title}).json()["items"]
    return items


def erase(client: httpx2.Client, title: str) -> None:
    for one in titled(client, title):
        client.delete(f"/v1/projects/{one['project_id']}")


def cancel(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Cancel the upload of {name}").click()
    confirm = page.get_by_role("dialog").get_by_role("button", name="Cancel the upload")
    if confirm.count():
        confirm.click()
    expect(page.get_by_role("list", name="Uploads")).to_have_count(0)


def test_several_are_dropped_and_what_is_no_video_is_refused_in_words(page: Page, site: Site) -> None:
    page.goto(site.app())
    page.get_by_role("heading", name="Projects").wait_for()
    sound = "fLaC" + "\x00\x01\xff" * 3000
    page.evaluate(DROP, ["", [["one.flac", sound], ["table.xlsx", "PK\x03\x04"], ["notes.txt", "a text"]]])
    page.wait_for_url(site.app("new?from=files"))
    page.evaluate(DROP, ["", [["two.mp3", sound + "!"], ["fake.mp4", "only a text"], ["one.flac", ""]]])
    rows = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(page.get_by_text("fake.mp4 is neither a video nor a sound file.")).to_be_visible()
    expect(page.get_by_text("one.flac is empty.")).to_be_visible()
    expect(page.get_by_text("table.xlsx is neither a video nor a sound file.")).to_be_visible()
    expect(page.get_by_text("notes.txt is a text.")).to_be_visible()
    expect(rows.get_by_text("Uploaded")).to_have_count(2)
    expect(page.get_by_role("button", name="Make clips of 2 files")).to_be_enabled()
    for name in ("one.flac", "two.mp3"):
        page.get_by_role("button", name=f"Cancel the upload of {name}").click()
    expect(rows).to_have_count(0)


def test_an_upload_goes_on_where_it_was_after_a_reload(page: Page, site: Site, parts: Path) -> None:
    held: list[Route] = []
    page.route("**partNumber=2**", lambda route: held.append(route))  # noqa: PLW0108 - a built-in method cannot be one
    page.goto(site.app("new"))
    choose(page, parts)
    wait_until(page, "document.querySelector('.upload [role=progressbar]')?.ariaValueNow >= 50")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    for route in held:
        with contextlib.suppress(Error):  # the page that asked is gone
            route.abort()
    row = page.get_by_role("listitem").filter(has_text=parts.name)
    expect(row.get_by_text("50% is there. Choose the same file again")).to_be_visible()
    page.unroute("**partNumber=2**")
    other = parts.with_name("other.mp4")
    other.write_bytes(b"\x00\x01" * MIB)
    sent = puts(page)
    row.locator("input[type=file]").set_input_files(other)
    expect(page.get_by_text("other.mp4 is another file than the one that was begun")).to_be_visible()
    row.locator("input[type=file]").set_input_files(parts)
    expect(row.get_by_text("Uploaded")).to_be_visible()
    assert sent == ["2"]
    cancel(page, parts.name)


def test_a_lost_network_is_waited_for(page: Page, context: BrowserContext, site: Site, parts: Path) -> None:
    page.goto(site.app())
    page.get_by_role("link", name="New project").click()
    page.route("**partNumber=2**", lambda route: route.abort())
    choose(page, parts)
    row = page.get_by_role("listitem").filter(has_text=parts.name)
    row.get_by_role("button", name=f"Pause the upload of {parts.name}").click()
    expect(row.get_by_text("Paused at")).to_be_visible()
    page.unroute("**partNumber=2**")
    context.set_offline(True)
    row.get_by_role("button", name=f"Go on with the upload of {parts.name}").click()
    expect(row.get_by_text("No network. It goes on by itself")).to_be_visible()
    page.get_by_role("link", name="Projects", exact=True).click()
    expect(page.get_by_role("link", name="1 upload, ")).to_be_visible()
    context.set_offline(False)
    expect(page.get_by_role("link", name="1 upload waits for you")).to_be_visible()
    page.get_by_role("link", name="1 upload waits for you").click()
    expect(row.get_by_text("Uploaded")).to_be_visible()
    cancel(page, parts.name)


def test_a_double_click_and_a_lost_answer_make_one_project(page: Page, site: Site, client: httpx2.Client) -> None:
    title = f"Speech {uuid4().hex[:8]}"
    keys: list[str] = []

    def lose_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(lambda url: url.endswith("/v1/projects"), lose_first)
    page.goto(site.app("new"))
    choose(page, media("speech/jfk.flac"))
    expect(page.get_by_role("listitem").filter(has_text="jfk.flac").get_by_text("Length 0:11")).to_be_visible()
    page.get_by_role("textbox", name="Title").fill(title)
    expect(page.get_by_text("For 0:11 of video:")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="jfk.flac").get_by_text("Uploaded")).to_be_visible()
    page.get_by_role("button", name="Make clips", exact=True).dblclick()
    page.wait_for_url("**/app/projects/*")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(titled(client, title)) == 1
    erase(client, title)


def test_broken_rules_stand_at_their_fields(page: Page, site: Site) -> None:
    page.goto(site.app("new"))
    page.get_by_label("How many clips").fill("99")
    field = page.locator(".field").filter(has=page.get_by_label("How many clips"))
    expect(field.get_by_role("alert")).to_contain_text("from 1 to 50")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Leave these ranges out").fill("soon")
    expect(page.get_by_text("“soon” is no range.")).to_be_visible()
    page.get_by_label("How many clips").fill("3")
    expect(field.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("How many clips")).to_have_value("3")


def test_a_link_used_before_and_an_expired_session(
    page: Page, context: BrowserContext, site: Site, client: httpx2.Client
) -> None:
    url = f"https://example.invalid/{uuid4().hex}.mp4"
    client.post("/v1/projects", json={"source_url": url, "title": f"Before {url[-12:]}"})
    page.goto(site.app("new?from=link"))
    page.get_by_label("Link to a video").fill(url)
    expect(page.get_by_text("The same link was made a project of already")).to_be_visible()
    page.get_by_role("button", name="Make clips").wait_for()
    context.clear_cookies(name="clipstream")
    page.get_by_role("textbox", name="Title").fill(f"Again {url[-12:]}")
    page.get_by_role("button", name="Make clips").click()
    page.wait_for_url("**/app/projects/*")
    assert page.get_by_role("dialog").count() == 0
    assert len(titled(client, url[-12:])) == 2
    erase(client, url[-12:])


def test_a_script_becomes_a_project(page: Page, site: Site, client: httpx2.Client) -> None:
    title = f"Script {uuid4().hex[:8]}"
    page.goto(site.app("new?from=script"))
    page.get_by_role("textbox", name="The text").fill("One sentence on a card. Another one follows it.")
    language = page.locator(".field").filter(has=page.get_by_label("Language of the text"))
    expect(language.get_by_role("alert")).to_contain_text("the language of a script decides")
    page.get_by_label("Language of the text").select_option("en")
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_role("button", name="Make clips").click()
    page.wait_for_url("**/app/projects/*")
    assert len(titled(client, title)) == 1
    erase(client, title)


def test_the_form_is_used_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.app("new"))
    page.get_by_role("radio", name="Bold outline").wait_for(state="attached")
    assert find_serious(page) == []
    page.get_by_role("radio", name="Files").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Link to a video")).to_be_visible()
    page.get_by_role("button", name="1:1").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="1:1")).to_have_attribute("aria-pressed", "true")


def test_options_are_kept_as_a_preset(page: Page, site: Site, client: httpx2.Client) -> None:
    name = f"Preset {uuid4().hex[:8]}"
    page.goto(site.app("new"))
    page.get_by_label("Topics to prefer").fill("physics, light")
    page.get_by_role("button", name="Actions for presets").click()
    page.get_by_role("menuitem", name="Save as a preset").click()
    page.get_by_label("Name of the preset").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Preset")).to_contain_text(name)
    page.get_by_role("combobox", name="Preset").select_option("As usual")
    expect(page.get_by_label("Topics to prefer")).to_have_value("")
    page.get_by_role("combobox", name="Preset").select_option(name)
    expect(page.get_by_label("Topics to prefer")).to_have_value("physics, light")
    page.get_by_role("button", name="Actions for presets").click()
    page.get_by_role("menuitemradio", name="Begin new projects with it").click()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.get_by_label("Topics to prefer")).to_have_value("physics, light")
    page.get_by_role("button", name="Actions for presets").click()
    page.get_by_role("menuitem", name="Delete the preset").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("combobox", name="Preset")).not_to_contain_text(name)
    assert name not in [one["name"] for one in client.get("/v1/project-presets").json()["items"]]
