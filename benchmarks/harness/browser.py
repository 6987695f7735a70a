"""A real Chromium, signed in as the owner of the rig's stack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from benchmarks.harness.rig import Rig
from local import stack as local_stack
from local.sign_in_link import make_sign_in_link

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser of the machine's packages, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def sign_in(browser: Browser, rig: Rig) -> dict[str, object]:
    """The session of a one-time link, as contexts of the browser take it (``storage_state``)."""
    link = make_sign_in_link(local_stack.layout_of(rig.stack().state_dir), os.environ)
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(link.url)
    page.wait_for_url(f"{rig.stack().api}/app/")
    state: dict[str, object] = dict(context.storage_state())
    context.close()
    return state
