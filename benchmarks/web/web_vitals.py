"""How soon the web app shows something and answers a person, in a real Chromium on the real stack.

``python -m benchmarks.web.web_vitals [--state-dir DIR] [--rounds N]``. Each round opens each screen in a browser
without a cache: largest contentful paint, and bytes that came over the wire. Then it works as a person does: walks by
keys, opens what opens, types into the first field, opens a dialog, drags on the timeline; and takes the longest time
from an input to the next paint (event timing). Limits: 1.0 s and 200 ms. A page of the API without any script is
measured too, as the floor of this machine.
"""

from __future__ import annotations

import contextlib
import statistics

from playwright.sync_api import Browser, Page

from benchmarks.harness.browser import open_browser, sign_in
from benchmarks.harness.claims import Claim
from benchmarks.harness.rig import Rig, expect_completed, judged, start, wait
from cli.api.client import Client

TALK = "talking/physicsworks_lecture_203s_240p.webm"
SIGN_IN = "sign-in"
PAINT_S, ANSWER_MS = 1.0, 200.0
SETTLED_MS = 1_500
DIALOGS = ("Export", "Share", "Invite", "Keyboard shortcuts")
"""Buttons that open a dialog; the first that a screen has is pressed."""
_OBSERVE = """
window.vitals = { paint: 0, answer: 0 };
new PerformanceObserver((list) => { for (const one of list.getEntries()) vitals.paint = one.startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.interactionId) vitals.answer = Math.max(vitals.answer, one.duration);
}).observe({ type: "event", buffered: true, durationThreshold: 16 });
"""
_BYTES = "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)"


def bench(rig: Rig) -> list[Claim]:
    """All screens, a few times each."""
    with contextlib.closing(rig.client()) as client:
        project_id, clip_id = find_finished(rig, client)
        export_id = _find_export(client, project_id)
    screens = {
        "a page without script": "problems",
        "home": "app/",
        "new project": "app/new",
        "project": f"app/projects/{project_id}",
        "clip editor": f"app/clips/{clip_id}",
        "export": f"app/exports/{export_id}",
        "search": "app/search?q=energy",
        "analytics": "app/analytics",
        "organisation": "app/organisation/members",
        SIGN_IN: "app/sign-in",
    }
    paints: dict[str, list[float]] = {name: [] for name in screens}
    answers: dict[str, list[float]] = {name: [] for name in screens}
    sizes: dict[str, float] = {}
    with open_browser() as browser:
        state = sign_in(browser, rig)
        for _ in range(max(1, rig.rounds)):
            for name, path in screens.items():
                session = None if name == SIGN_IN else state
                paint, answer, size = _visit(browser, session, f"{rig.stack().api}/{path}")
                paints[name].append(paint)
                answers[name].append(answer)
                sizes[name] = size
    return [claim for name in screens for claim in _claims(name, paints[name], answers[name], sizes[name])]


def find_finished(rig: Rig, client: Client) -> tuple[str, str]:
    """A finished project and one of its clips; the stack's own, or the shared talk's."""
    done = client.get("/v1/projects", state="completed", limit=50)["items"]
    for project in done:
        clips = client.get(f"/v1/projects/{project['project_id']}/clips")["items"]
        if clips:
            return project["project_id"], clips[0]["clip_id"]
    project_id = start(client, rig.file(TALK), {"max_clips": 2})
    expect_completed(wait(client, project_id, timeout_s=600))
    return project_id, client.get(f"/v1/projects/{project_id}/clips")["items"][0]["clip_id"]


def _find_export(client: Client, project_id: str) -> str:
    """A file of the project that is made."""
    clips = client.get(f"/v1/projects/{project_id}/clips")["items"]
    exports = [export for clip in clips for export in clip["exports"] if export["state"] == "done"]
    return str(exports[0]["export_id"])


def _visit(browser: Browser, state: dict[str, object] | None, url: str) -> tuple[float, float, float]:
    """Seconds to the largest paint, milliseconds of the slowest answer, bytes of all files."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, storage_state=state)
    page = context.new_page()
    page.add_init_script(_OBSERVE)
    page.goto(url)
    page.wait_for_timeout(SETTLED_MS)
    paint, size = page.evaluate("vitals.paint") / 1000, page.evaluate(_BYTES)
    _use(page)
    answer = page.evaluate("vitals.answer")
    context.close()
    return paint, answer, size


def _use(page: Page) -> None:
    """Do what a person does, where the page has it; nothing is saved, no address of the page is left."""
    for _ in range(6):
        page.keyboard.press("Tab")
    for button in page.get_by_role("button").all()[:6]:
        if button.is_visible() and button.is_enabled():
            button.click(timeout=2_000, no_wait_after=True, force=True)
            page.keyboard.press("Escape")
    _type(page)
    _open_dialog(page)
    _drag(page)
    page.wait_for_timeout(300)


def _type(page: Page) -> None:
    field = page.locator("main :is(input[type=search], input[type=text], input[type=email], input:not([type]))").first
    if field.count() and field.is_visible() and field.is_editable():
        field.click()
        page.keyboard.type("energy of words", delay=30)
        for _ in "energy of words":
            page.keyboard.press("Backspace")


def _open_dialog(page: Page) -> None:
    for name in DIALOGS:
        button = page.get_by_role("button", name=name, exact=True).first
        if button.count() and button.is_visible() and button.is_enabled():
            button.click()
            page.get_by_role("dialog").first.wait_for()
            page.keyboard.press("Escape")
            return


def _drag(page: Page) -> None:
    """Along the timeline of a recording; the range that this marks is taken away at the end."""
    box = page.locator(".timeline-space").first
    place = box.bounding_box() if box.count() else None
    if place is None:
        return
    x, y = place["x"] + 60, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 25):
        page.mouse.move(x + 8 * step, y)
    page.mouse.up()
    page.keyboard.press("Escape")


def _claims(name: str, paints: list[float], answers: list[float], size: float) -> list[Claim]:
    limited = not name.startswith("a page without")
    visits = (f"{len(paints)} visits, {min(paints):.2f} to {max(paints):.2f} s; {size / 1000:.0f} KB over the wire",)
    return [
        Claim(
            name=f"{name}: largest contentful paint",
            measured=statistics.median(paints),
            unit="s",
            limit=PAINT_S if limited else None,
            where=visits,
        ),
        Claim(
            name=f"{name}: slowest answer to an input",
            measured=statistics.median(answers),
            unit="ms",
            limit=ANSWER_MS if limited else None,
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
