"""An organisation in the hands of its owner: made, switched to, joined by others, watched and archived.

Each test works in an organisation of its own person: nobody else's members, logs and archives are touched.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.web.checks import find_cut_off, find_serious
from tests.e2e.web.conftest import PASSWORD, Person, Site, sign_in, watch_requests

COMES_MS = 15_000
"""A role counts within five seconds, and an entry of the log is sealed within one."""
ARCHIVE_MS = 90_000


def open_context(browser: Browser) -> BrowserContext:
    return browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})


class Own:
    """An organisation with the browser of who owns it."""

    def __init__(self, name: str, context: BrowserContext) -> None:
        self.name = name
        self.context = context


@pytest.fixture(scope="module")
def own(browser: Browser, site: Site, make_person: Callable[[str], Person]) -> Iterator[Own]:
    """Made in the page by somebody who only reads in the first organisation."""
    context = open_context(browser)
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


def switch_to(page: Page, name: str) -> None:
    switcher(page).click()
    page.get_by_role("menuitemradio", name=name, exact=True).click()
    expect(switcher(page)).to_contain_text(name)


def row_of(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def test_the_switcher_leads_to_another_organisation_and_back(
    desk: Page, own: Own, site: Site, project: dict[str, Any]
) -> None:
    """What one organisation has is not seen in the other, neither from a list nor from a page that is open."""
    desk.goto(site.app())
    empty = desk.get_by_role("heading", name="Drop a video, and get its best moments as clips")
    expect(empty).to_be_visible()
    switcher(desk).click()
    names = desk.get_by_role("menuitemradio")
    expect(names).to_have_count(2)
    first = next(name for name in names.all_inner_texts() if name.strip() != own.name).strip()
    desk.keyboard.press("Escape")
    switch_to(desk, first)
    card = desk.get_by_role("heading", name=project["title"], exact=True)
    expect(card.first).to_be_visible()
    expect(desk.get_by_role("link", name="New project")).to_have_count(0)
    card.first.get_by_role("link").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text(project["title"])
    switch_to(desk, own.name)
    desk.wait_for_url(site.app())
    expect(empty).to_be_visible()
    assert find_serious(desk) == []


def test_a_person_is_invited_joins_gets_a_role_and_is_removed(
    browser: Browser, desk: Page, own: Own, site: Site
) -> None:
    email = f"p{uuid4().hex[:10]}@example.org"
    desk.goto(site.app("organisation/members"))
    desk.get_by_role("button", name="Invite", exact=True).click()
    dialog = desk.get_by_role("dialog", name="Invite somebody")
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_label("Role").select_option("viewer")
    assert find_serious(desk) == []
    dialog.get_by_role("button", name="Send the invitation").click()
    expect(row_of(desk, email)).to_contain_text("Viewer")

    context = open_context(browser)
    guest = context.new_page()
    guest.goto(site.app(f"invitation#code={site.mailed_code(email)}"))
    guest.get_by_label("E-mail").fill(email)
    guest.get_by_label("Your name").fill("Grace")
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_role("button", name="Make the account and join").click()
    guest.wait_for_url(site.app())
    expect(switcher(guest)).to_contain_text(own.name)
    expect(guest.get_by_role("link", name="New project")).to_have_count(0)

    desk.reload()
    desk.get_by_label("Role of Grace").select_option("editor")
    expect(desk.get_by_text("Grace is Editor now")).to_be_visible()
    wait_reloading(guest, guest.get_by_role("link", name="New project"))
    desk.get_by_role("button", name="Remove Grace").click()
    desk.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(desk.get_by_text("Grace is removed")).to_be_visible()
    expect(row_of(desk, email)).to_have_count(0)
    wait_reloading(guest, guest.get_by_role("heading", name="You belong to no organisation yet"))
    context.close()


def wait_reloading(page: Page, wanted: Locator) -> None:
    """Load the page again until it shows what a change brings within seconds, such as another role."""
    for _ in range(COMES_MS // 500):
        page.reload()
        page.get_by_role("heading", level=1).wait_for()
        if wanted.count():
            return
        page.wait_for_timeout(500)
    expect(wanted).to_be_visible()


def test_the_audit_log_is_filtered_and_exported(desk: Page, own: Own, site: Site, tmp_path: Path) -> None:
    email = f"p{uuid4().hex[:10]}@example.org"
    desk.goto(site.app("organisation/members"))
    desk.get_by_role("button", name="Invite", exact=True).click()
    desk.get_by_role("dialog").get_by_label("E-mail").fill(email)
    desk.get_by_role("dialog").get_by_role("button", name="Send the invitation").click()
    desk.get_by_role("button", name=f"Take back the invitation of {email}").click()
    expect(desk.get_by_text("The invitation is taken back")).to_be_visible()

    desk.goto(site.app("organisation/audit"))
    operations = desk.locator("tbody tr td:nth-child(3) code")
    expect(operations.filter(has_text="revokeInvitation").first).to_be_visible()
    desk.get_by_label("What", exact=True).fill("invite")
    desk.get_by_role("button", name="Filter", exact=True).click()
    expect(operations.filter(has_text="revokeInvitation")).to_have_count(0)
    assert set(operations.all_inner_texts()) == {"invite"}
    desk.get_by_label("By", exact=True).select_option("Ada")
    desk.get_by_role("button", name="Filter", exact=True).click()
    expect(operations.first).to_be_visible()
    assert find_serious(desk) == []
    desk.get_by_label("What", exact=True).fill("nothingLikeIt")
    desk.get_by_role("button", name="Filter", exact=True).click()
    expect(desk.get_by_role("heading", name="Nothing was found")).to_be_visible()
    desk.get_by_role("button", name="Clear", exact=True).click()
    sealed = row_of(desk, "revokeInvitation").filter(has_text="Sealed as no.")
    wait_reloading(desk, sealed)  # the export has what is sealed, as everything is within a second

    with desk.expect_download() as download:
        desk.get_by_role("button", name="Export as table").click()
    path = tmp_path / "audit.csv"
    download.value.save_as(path)
    with path.open() as file:
        told = [row["operation"] for row in csv.DictReader(file)]
    assert {"invite", "revokeInvitation"} <= set(told)
    desk.set_viewport_size({"width": 360, "height": 800})
    assert find_cut_off(desk) == []


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


def test_an_archive_is_made_and_fetched(desk: Page, own: Own, site: Site, tmp_path: Path) -> None:
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
