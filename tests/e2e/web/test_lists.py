"""Long lists: a thousand projects are read as one scrolls, and stay live for few requests."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.web.card_answers import MOST_OF_A_PAGE, Cards, at_work, card_of
from tests.e2e.web.checks import find_serious, wait_until
from tests.e2e.web.conftest import Site

COUNT = 1_000
SCROLLED = """count => {
  scrollTo(0, document.documentElement.scrollHeight);
  return document.querySelectorAll(".project-card:not(.ghost)").length === count;
}"""


@pytest.fixture
def cards(page: Page) -> Cards:
    return Cards(page, [card_of(number) for number in range(COUNT)])


def shown(page: Page) -> Locator:
    return page.locator(".project-card:not(.ghost)")


def test_a_thousand_projects_come_as_one_scrolls_and_stay_live(page: Page, site: Site, cards: Cards) -> None:
    page.goto(site.app())
    expect(shown(page)).to_have_count(24)
    assert find_serious(page) == []
    wait_until(page, SCROLLED, argument=COUNT, timeout=60_000)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    assert cards.asked == [(0, 24), *((at, MOST_OF_A_PAGE) for at in range(24, COUNT, MOST_OF_A_PAGE))]

    cards.asked.clear()
    cards.cards[500] = at_work(500, 42, cost={"currency": "EUR", "money": 0.31})
    fresh = card_of(-1, title="Fresh")
    cards.cards = [fresh, *cards.cards[:-1]]
    cards.tell(cards.cards[501], version=1)
    cards.tell(fresh, version=2)
    expect(shown(page).first).to_contain_text("Fresh")
    expect(shown(page)).to_have_count(COUNT + 1)
    card = shown(page).nth(501)
    card.scroll_into_view_if_needed()
    expect(card.get_by_role("heading", name="Project 500", exact=True)).to_be_in_viewport()
    expect(card).to_contain_text("At work · 42%")
    expect(card).to_contain_text("€0.31 so far")
    assert sorted(at for at, _ in cards.asked) == [0, 424], "only pages on which something changed are read again"


def test_more_comes_by_the_keyboard_and_after_a_refusal(page: Page, site: Site, cards: Cards) -> None:
    page.goto(site.app())
    expect(shown(page)).to_have_count(24)
    cards.refused = 1
    page.keyboard.press("End")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Something went wrong")
    expect(notice).to_contain_text("req_0123456789")
    assert len(cards.asked) == 2, "a refused page is not asked for again by itself"
    notice.get_by_role("button", name="Try again").press("Enter")
    expect(shown(page)).to_have_count(124)
    expect(notice).to_have_count(0)
    button = page.get_by_role("button", name="Show more")
    expect(button).to_be_enabled()
    button.press("Enter")
    expect(shown(page)).to_have_count(224)
