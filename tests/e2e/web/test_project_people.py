"""Who speaks in a project, and what its words lead to: chosen words, joined speakers, doubts, conflicts, contents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.web.checks import find_serious, wait_until
from tests.e2e.web.conftest import Site

UNDO = "Take back the last correction"


SAVED_S = 60.0
"""The page shows a change before it is saved."""


class Voices:
    """The speakers of the shared project, as the API has them."""

    def __init__(self, client: httpx2.Client, project_id: str) -> None:
        self._client = client
        self._path = f"/v1/projects/{project_id}"
        self.first = str(self.speakers()[0]["id"])

    def speakers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.get(f"{self._path}/speakers").json()["speakers"]
        return found

    def names(self) -> set[str | None]:
        return {one["name"] for one in self.speakers()}

    def transcript(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get(f"{self._path}/transcript").json()
        return found

    def owners(self, count: int) -> list[str]:
        """Who says the first words."""
        return [word["speaker"] for word in self.transcript()["words"][:count]]

    def edit(self, *edits: dict[str, Any]) -> None:
        body = {"version": self.transcript()["version"], "edits": list(edits)}
        answer = self._client.patch(f"{self._path}/speakers", json=body)
        assert answer.status_code == 200, answer.text

    def split(self, first_word: int, end_word: int, name: str) -> None:
        run = {"first_word": first_word, "end_word": end_word}
        self.edit({"op": "split", "words": [run], "to": None, "name": name})

    def restore(self) -> None:
        """One speaker without a name, as the lecture has."""
        others = [one["id"] for one in self.speakers() if one["id"] != self.first]
        merges = [{"op": "merge", "speaker": other, "into": self.first} for other in others]
        if merges or self.names() != {None}:
            self.edit(*merges, {"op": "rename", "speaker": self.first, "name": ""})


@pytest.fixture
def voices(client: httpx2.Client, project: dict[str, Any]) -> Iterator[Voices]:
    found = Voices(client, project["project_id"])
    yield found
    found.restore()


@pytest.fixture
def opened(page: Page, site: Site, project: dict[str, Any]) -> Callable[[str], Page]:
    def go(tab: str) -> Page:
        page.goto(site.app(f"projects/{project['project_id']}?tab={tab}"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(project["title"])
        return page

    return go


def word(page: Page, number: int) -> Locator:
    return page.locator(f'[data-word="{number}"]')


def choose(page: Page, first: int, last: int) -> Locator:
    """Draw with the mouse over words; returns the bar that tells what is chosen."""
    word(page, first).wait_for()
    start, end = word(page, first).bounding_box(), word(page, last).bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 2, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()
    return page.get_by_role("group", name="Chosen words")


def take_back(page: Page) -> None:
    page.locator(".toast").last.get_by_role("button", name=UNDO).click()
    expect(page.get_by_text("Correction taken back")).to_be_visible()


def test_chosen_words_are_given_to_another_speaker_and_back(opened: Callable[[str], Page], voices: Voices) -> None:
    page = opened("transcript")
    bar = choose(page, 1, 3)
    expect(bar).to_contain_text("3 words chosen")
    assert find_serious(page) == []
    bar.get_by_role("button", name="Said by…").click()
    expect(page.get_by_role("menuitemradio", name="Said by Speaker 1")).to_have_attribute("aria-checked", "true")
    page.get_by_role("menuitem", name="Said by somebody new").click()
    expect(page.get_by_text("The words belong to another speaker now")).to_be_visible()
    expect(bar).to_have_count(0)
    first, new = voices.first, voices.speakers()[1]["id"]
    assert voices.owners(5) == [first, new, new, new, first]
    names = page.locator(".words-speaker")
    expect(names.nth(1)).to_have_text(f"Speaker {new[1:]}")
    take_back(page)
    expect(names.nth(1)).to_have_text("Speaker 1")
    assert voices.owners(5) == [first] * 5
    assert len(voices.speakers()) == 1


def test_words_are_chosen_and_given_by_keyboard(opened: Callable[[str], Page], voices: Voices) -> None:
    voices.split(40, 44, "Ada")
    page = opened("transcript")
    page.locator(".words-scroll [data-word][tabindex]").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    bar = page.get_by_role("group", name="Chosen words")
    expect(bar).to_contain_text("3 words chosen")
    expect(page.locator(".word.chosen")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio").first).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    expect(word(page, 2)).to_be_focused()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.get_by_role("menuitemradio", name="Said by Ada").press("Enter")
    expect(page.locator(".words-speaker").nth(1)).to_have_text("Ada")
    ada = next(one["id"] for one in voices.speakers() if one["name"] == "Ada")
    wanted, deadline = [voices.first, ada, ada, voices.first], time.monotonic() + SAVED_S
    while voices.owners(4) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert voices.owners(4) == wanted


def test_joined_speakers_part_again_with_their_names(opened: Callable[[str], Page], voices: Voices) -> None:
    """Who had no name takes the other's: taken back, each has their own again."""
    voices.split(1, 4, "Ada")
    page = opened("speakers")
    card = page.locator(".speaker-card", has=page.get_by_label("Name of Ada"))
    card.get_by_label("Is the same as").select_option("Speaker 1")
    page.get_by_role("dialog", name="Join Ada and Speaker 1?").get_by_role("button", name="Join").click()
    expect(page.get_by_text("Speakers joined")).to_be_visible()
    expect(page.locator(".speaker-card")).to_have_count(1)
    assert voices.names() == {"Ada"}
    take_back(page)
    expect(page.locator(".speaker-card")).to_have_count(2)
    assert voices.names() == {None, "Ada"}
    assert find_serious(page) == []
    owners = voices.owners(5)
    assert owners[0] == owners[4] == voices.first
    assert voices.first not in owners[1:4]


def test_a_doubtful_word_says_why(page: Page, opened: Callable[[str], Page], project: dict[str, Any]) -> None:
    """The lecture is clearly spoken: the doubts are put into its transcript here."""
    first_words: list[int] = []

    def doubt(route: Route) -> None:
        told = route.fetch().json()
        told["words"][1]["probability"] = 0.3
        doubtful = next(one for one in told["segments"] if one["first_word"] > 1)
        doubtful |= {"trust": "doubtful", "doubts": ["heard_twice", "no_speech"]}
        first_words.append(doubtful["first_word"])
        route.fulfill(json=told)

    page.route(f"**/v1/projects/{project['project_id']}/transcript", doubt)
    opened("transcript")
    tip = page.locator(".words-tip")
    word(page, 1).hover()
    expect(tip).to_contain_text("The machine is only 30% sure of this word.")
    expect(tip).to_contain_text("Double click or Enter to correct it.")
    word(page, first_words[0]).hover()
    expect(tip).to_contain_text("Two passes heard different words.")
    expect(tip).to_contain_text("There may be no speech here.")
    assert find_serious(page) == []


FRAME_MS = 100
"""A place that was sought is the begin of a frame."""


def place_ms(page: Page) -> int:
    return int(page.get_by_label("Place in the video").input_value())


def test_key_points_chapters_and_relations_lead_to_their_seconds(
    page: Page, opened: Callable[[str], Page], client: httpx2.Client, project: dict[str, Any]
) -> None:
    """A short lecture has few chapters and relations: some are added here, of its own words."""
    told = client.get(f"/v1/projects/{project['project_id']}/intelligence").json()
    quote = told["key_points"][0]["quote"]
    late = quote | {"start_ms": 150_000, "text": "I am still alive"}
    told["chapters"] = [
        {"title": title, "start_ms": at, "end_ms": at + 60_000, "quote": quote, "phrases": []}
        for title, at in (("The pendulum", 0), ("The trust", 90_000))
    ]
    related = {"subject": "Ada", "object": "MIT", "kind": "works_for", "quote": late}
    told["relations"] = [related, related | {"subject": "Bob", "kind": "said_with"}]
    page.route(f"**/v1/projects/{project['project_id']}/intelligence", lambda route: route.fulfill(json=told))
    opened("knowledge")
    page.get_by_role("button", name="The trust").click()
    assert abs(place_ms(page) - 90_000) < FRAME_MS
    part = page.locator(".knowledge-part", has=page.get_by_role("heading", name="Key points"))
    part.get_by_role("button").first.press("Enter")
    assert abs(place_ms(page) - quote["start_ms"]) < FRAME_MS
    graph = page.get_by_role("img", name="Graph of the relations")
    expect(graph.locator("circle")).to_have_count(3)
    relation = page.locator(".relation-list").get_by_role("button").first
    relation.focus()
    expect(graph.locator("text.verb")).to_have_text("works for")
    relation.click()
    assert abs(place_ms(page) - 150_000) < FRAME_MS
    assert find_serious(page) == []


NOW = "Number(document.querySelector('[data-now]')?.dataset.word ?? -1)"
IN_VIEW = """() => {
  const now = document.querySelector("[data-now]")?.getBoundingClientRect();
  const box = document.querySelector(".words-scroll").getBoundingClientRect();
  return now !== undefined && now.top >= box.top && now.bottom <= box.bottom;
}"""


def test_words_follow_while_it_plays_until_one_scrolls(opened: Callable[[str], Page]) -> None:
    page = opened("transcript")
    wait_until(page, "document.querySelector('video')?.readyState > 1", timeout=120_000)
    page.get_by_label("Place in the video").fill("100000")
    wait_until(page, IN_VIEW)
    page.locator(".player").get_by_role("button", name="Play", exact=True).click()
    began = page.evaluate(NOW)
    wait_until(page, f"began => {NOW} > began + 3", argument=began)
    wait_until(page, IN_VIEW)
    again = page.get_by_role("button", name="Follow again")
    expect(again).to_have_count(0)
    word(page, page.evaluate(NOW)).hover()
    page.mouse.wheel(0, -3_000)
    expect(again).to_be_visible()
    wait_until(page, f"!({IN_VIEW})()")
    again.click()
    wait_until(page, IN_VIEW)
    expect(again).to_have_count(0)
    page.locator(".player").get_by_role("button", name="Pause", exact=True).click()
