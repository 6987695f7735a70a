"""What every screen has to pass: accessibility by axe, and that nothing is cut off at the edge of a narrow window."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path("web/node_modules/axe-core/axe.min.js")
_SERIOUS = ("serious", "critical")
_WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = "[data-scrolls], .table-box, .visually-hidden";
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > wide + 1 && !one.closest(scrolls))
    .slice(0, 5).map((one) => one.tagName + "." + one.className);
}"""


def find_serious(page: Page) -> list[dict[str, Any]]:
    """Rules of accessibility that the page breaks seriously, with the first elements that do."""
    page.evaluate(AXE.read_text() + ";true")  # by the browser's own console: the page's policy lets no script in
    found = json.loads(page.evaluate("async () => JSON.stringify((await axe.run()).violations)"))
    return [
        {"rule": one["id"], "help": one["help"], "at": [node["html"][:160] for node in one["nodes"][:3]]}
        for one in found
        if one["impact"] in _SERIOUS
    ]


def find_cut_off(page: Page) -> list[str]:
    """Elements that stick out of the window where the page does not scroll sideways."""
    found: list[str] = page.evaluate(_WIDER)
    return found if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth") else []


def wait_until(page: Page, expression: str, *, argument: object = None, timeout: float = 30_000) -> None:
    """Ask the page until the expression holds; ``timeout`` in milliseconds.

    ``Page.wait_for_function`` runs `eval` inside the page, which its content policy refuses.
    """
    deadline = time.monotonic() + timeout / 1000
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, f"not within {timeout / 1000:.0f} s: {expression}"
        page.wait_for_timeout(50)
