"""An organisation in the hands of its owner: made in the page, its programs, its archive.

Each test works in an organisation of its own person: nobody else's members, logs and archives are touched.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.web.checks import find_serious
from tests.e2e.web.conftest import Person, Site, sign_in, watch_requests

ARCHIVE_MS = 90_000


class Own:
    """An organisation with the browser of who owns it."""

    def __init__(self, name: str, context: BrowserContext) -> None:
        self.name = name
        self.context = context


@pytest.fixture(scope="module")
def own(browser: Browser, site: Site, make_person: Callable[[str], Person]) -> Iterator[Own]:
    """Made in the page by somebody who only reads in the first organisation."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    left = watch_requests(context, site)
    page = context.new_page()
    sign_in(page, site, make_person("viewer"))
    name = f"Studio {uuid4().hex[:6]}"
    switcher(page).click()
    page.get_by_role("menuitem", name="New organisation…").click()
    dialog = page.get_by_role("dialog", name="New organisation")
    dialog.get_by_label("Name of the organisation").fill(name)
    dialog.get_by_role("button", name="Make the organisation").click()
    expect(page.get_by_text(f"{name} is made, and you are in it")).to_be_visible()
    page.close()
    yield Own(name, context)
    context.close()
    assert not left, left


@pytest.fixture
def desk(own: Own) -> Iterator[Page]:
    """A page of the owner."""
    page = own.context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
    assert not faults, faults


def switcher(page: Page) -> Locator:
    return page.get_by_role("button", name="Organisation: ")


def row_of(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def test_a_service_account_is_made_changed_and_disabled(desk: Page, own: Own, site: Site) -> None:
    name = f"Importer {uuid4().hex[:6]}"
    desk.goto(site.app("organisation/service-accounts"))
    desk.get_by_role("button", name="New service account").click()
    dialog = desk.get_by_role("dialog", name="New service account")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Role").select_option("viewer")
    assert find_serious(desk) == []
    dialog.get_by_role("button", name="Create").click()
    row = row_of(desk, name)
    expect(row).to_contain_text("Viewer")
    expect(row).to_contain_text("by Ada")
    desk.get_by_role("button", name=f"Change {name}").click()
    dialog = desk.get_by_role("dialog", name=f"Change {name}")
    dialog.get_by_label("Role").select_option("admin")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Administrator")
    desk.get_by_role("button", name=f"Disable {name}").click()
    desk.get_by_role("dialog").get_by_role("button", name="Disable", exact=True).click()
    expect(row.get_by_text("Disabled", exact=True)).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)


def test_an_archive_is_asked_for_and_fetched(desk: Page, own: Own, site: Site, tmp_path: Path) -> None:
    desk.goto(site.app("organisation/data"))
    expect(desk.get_by_text("No archive yet.")).to_be_visible()
    desk.get_by_role("button", name="Make an archive").click()
    expect(desk.get_by_text("The archive is being made")).to_be_visible()
    row = desk.locator("tbody tr").first
    expect(row).to_contain_text("Ready", timeout=ARCHIVE_MS)
    expect(row).to_contain_text("Data")
    assert find_serious(desk) == []
    with desk.expect_download() as download:
        row.get_by_role("button", name="Download").click()
    path = tmp_path / "archive.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        told = b"".join(archive.read(name) for name in archive.namelist())
    assert own.name.encode() in told
