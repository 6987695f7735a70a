"""The frame of the app: sign-in by keyboard, navigation, themes, languages, narrow windows, an ended session."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import Person, Site


def test_a_person_signs_in_and_out_by_keyboard_alone(browser: Browser, site: Site, owner: Person) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(site.app("projects/none"))
    page.wait_for_url("**/sign-in?back=**")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").focus()
    page.keyboard.type(owner.email)
    page.keyboard.press("Tab")
    page.keyboard.type(owner.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects/none")
    page.get_by_role("button", name="Account menu of Ada").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in**")
    page.goto(site.app())
    page.wait_for_url("**/sign-in**")
    page.context.close()


def test_the_content_is_reached_without_the_navigation(page: Page, site: Site) -> None:
    page.goto(site.app())
    expect(page.get_by_role("navigation", name="Main navigation")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_navigation_opens_on_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(site.app())
    expect(page.get_by_role("link", name="Search")).to_be_hidden()
    page.get_by_role("button", name="Open the navigation").click()
    expect(page.get_by_role("link", name="Search")).to_be_visible()
    assert find_cut_off(page) == []
    assert find_serious(page) == []


def test_theme_and_language_are_kept(page: Page, site: Site) -> None:
    page.goto(site.app())
    menu = page.get_by_role("button", name="Account menu of Ada")
    menu.click()
    page.get_by_role("menuitemradio", name="Dark").click()
    menu.click()
    page.get_by_role("menuitemradio", name="Deutsch").click()
    expect(page.get_by_role("link", name="Suche")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Suche")).to_be_visible()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["de", "dark"]


def test_the_page_is_mirrored_for_languages_that_are_written_so(page: Page, site: Site) -> None:
    page.add_init_script("localStorage.setItem('clipstream.direction', 'rtl')")
    page.goto(site.app())
    navigation = page.get_by_role("navigation", name="Main navigation")
    expect(navigation).to_be_visible()
    assert (navigation.bounding_box() or {"x": 0})["x"] > 640
    assert find_cut_off(page) == []


def test_an_ended_session_is_taken_up_where_it_was(
    browser: Browser, site: Site, make_person: Callable[[str], Person]
) -> None:
    viewer = make_person("viewer")
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(site.app("sign-in"))
    page.get_by_label("E-mail").fill(viewer.email)
    page.get_by_label("Password").fill(viewer.password)
    with page.expect_response("**/v1/projects?**"):
        page.get_by_role("button", name="Sign in", exact=True).click()
    context.clear_cookies()
    page.get_by_role("link", name="Organisation").click()
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_label("E-mail").fill(viewer.email)
    dialog.get_by_label("Password").fill(viewer.password)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Organisation", level=1)).to_be_visible()
    context.close()


def test_an_unknown_address_says_so(page: Page, site: Site) -> None:
    page.goto(site.app("nothing/here/at/all"))
    expect(page.get_by_role("heading", name="This page does not exist", level=1)).to_be_visible()
    page.get_by_role("link", name="To your projects").click()
    page.wait_for_url(site.app())
