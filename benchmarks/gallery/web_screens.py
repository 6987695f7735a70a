"""Pictures of the web app's main screens: for README and docs, and to look at after a change.

``python -m benchmarks.gallery.web_screens --state-dir .clipstream [--docs] [--out out/web-screens]``. The stack of the
state directory must have a finished project (`make demo`, or `clipstream run`). Each screen is taken light and wide,
dark and wide, and on a phone; with ``--docs`` only those that the documentation shows, into `docs/pictures/web`.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from benchmarks.harness.browser import open_browser, sign_in
from benchmarks.harness.rig import Rig, arguments, rig_of, say

SETTLED_MS = 2_500


class Look(NamedTuple):
    """How a screen is looked at."""

    name: str
    width_px: int
    height_px: int
    scheme: str


LOOKS = (Look("light", 1440, 900, "light"), Look("dark", 1440, 900, "dark"), Look("phone", 390, 844, "light"))


SHOWN = frozenset({("home", "light"), ("project", "light"), ("editor", "dark"), ("certificate", "light")})
"""Screens and looks that the documentation shows."""
DOCS = Path("docs/pictures/web")


def take_pictures(rig: Rig, out: Path, *, shown_only: bool = False) -> None:
    """Write ``<screen>-<look>.jpg`` into ``out``; ``shown_only``: those that the documentation shows."""
    out.mkdir(parents=True, exist_ok=True)
    screens = _screens(rig)
    with open_browser() as browser:
        state = sign_in(browser, rig)
        for look in LOOKS:
            page = _open(browser, state, look)
            for name, path in screens.items():
                if shown_only and (name, look.name) not in SHOWN:
                    continue
                page.goto(f"{rig.stack().api}/app/{path}")
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=out / f"{name}-{look.name}.jpg", type="jpeg", quality=85)
                say(f"{name}, {look.name}")
            page.context.close()


def _open(browser: Browser, state: dict[str, object], look: Look) -> Page:
    context = browser.new_context(
        locale="en-GB",
        viewport={"width": look.width_px, "height": look.height_px},
        color_scheme=look.scheme,
        storage_state=state,
    )
    return context.new_page()


def _screens(rig: Rig) -> dict[str, str]:
    """Screens by name, with the newest finished project that has clips."""
    screens = {"home": "", "new": "new"}
    with contextlib.closing(rig.client()) as client:
        for project in client.get("/v1/projects", state="completed", limit=50)["items"]:
            clips = client.get(f"/v1/projects/{project['project_id']}/clips")["items"]
            if clips:
                screens |= {"project": f"projects/{project['project_id']}", "editor": f"clips/{clips[0]['clip_id']}"}
                done = [
                    export["export_id"] for clip in clips for export in clip["exports"] if export["state"] == "done"
                ]
                if done:
                    screens["certificate"] = f"exports/{done[0]}"
                break
    names = ("search", "analytics", "webhooks", "usage", "brand-kits", "shares", "organisation", "account")
    return screens | {name: name for name in names}


def main() -> int:
    """Take all pictures."""
    parser = arguments(__doc__, "out/web-screens")
    parser.add_argument("--docs", action="store_true", help="the pictures of the documentation, into docs/pictures/web")
    options = parser.parse_args()
    with rig_of(options) as rig:
        take_pictures(rig, DOCS if options.docs else options.out, shown_only=options.docs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
