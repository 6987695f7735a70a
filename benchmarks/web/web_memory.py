"""Whether the memory of an open page stays flat while changes come in.

``python -m benchmarks.web.web_memory [--state-dir DIR] [--minutes 60]``, in a real Chromium on the real stack. One
page stands on the first screen, another on a project; each second the project gets another title by the API, and both
pages hear of it as a server-sent event and read it again. Each minute: the heap after a forced collection, and the
nodes of the document. The slope is that of a line through the heaps from the second minute on. Limit: 5 MiB an hour.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from collections.abc import Generator, Sequence
from typing import NamedTuple

from playwright.sync_api import CDPSession, Page

from benchmarks.harness.browser import open_browser, sign_in
from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig, arguments, rig_of, say
from benchmarks.web.web_vitals import find_finished
from cli.api.client import Client

MIB = 2**20
LIMIT_MIB = 5.0
"""By this much a heap may grow in an hour and still count as flat."""
EVERY_S = 1.0
MINUTE_S = 60.0
WARM_COUNT = 1
"""Readings at the beginning that the slope leaves out: what is loaded late and kept."""


class Reading(NamedTuple):
    """A page after a forced collection."""

    minute: float
    heap_mib: float
    nodes: int


class Watched(NamedTuple):
    """A page whose memory is read."""

    name: str
    page: Page
    session: CDPSession
    readings: list[Reading]


def slope_an_hour(readings: Sequence[Reading]) -> float:
    """MiB that the heap grows in an hour, by a line through the readings; NaN for fewer than two."""
    rest = readings[WARM_COUNT:]
    if len(rest) < 2:
        return math.nan
    return (
        statistics.linear_regression([reading.minute for reading in rest], [reading.heap_mib for reading in rest]).slope
        * 60
    )


def table(watched: Sequence[Watched]) -> str:
    """All readings, a line for each minute."""
    head = "minute" + "".join(f"  {page.name + ' MiB':>12}  {'nodes':>6}" for page in watched)
    rows = [
        f"{together[0].minute:6.1f}"
        + "".join(f"  {reading.heap_mib:12.2f}  {reading.nodes:6d}" for reading in together)
        for together in zip(*(page.readings for page in watched), strict=True)
    ]
    return "\n".join([head, *rows])


def watch(rig: Rig, minutes: float) -> tuple[list[Watched], int]:
    """Both pages for some minutes; the readings, and how many changes came."""
    with contextlib.closing(rig.client()) as client, open_browser() as browser:
        project_id, _ = find_finished(rig, client)
        context = browser.new_context(locale="en-GB", storage_state=sign_in(browser, rig))
        watched = []
        for name, path in (("home", ""), ("project", f"projects/{project_id}")):
            page = context.new_page()
            page.goto(f"{rig.stack().api}/app/{path}")
            page.locator("h1").wait_for()
            watched.append(Watched(name, page, context.new_cdp_session(page), []))
        with contextlib.closing(_titles(client, project_id)) as titles:
            changes = _change_and_read(watched, titles, minutes)
        context.close()
    return watched, changes


def _change_and_read(watched: Sequence[Watched], titles: Generator[str], minutes: float) -> int:
    """A change a second, a reading a minute; ends when the last change has come to the pages."""
    began = time.monotonic()
    for changes, title in enumerate(titles, start=1):
        gone_s = time.monotonic() - began
        if gone_s >= len(watched[0].readings) * MINUTE_S:
            _read(watched, gone_s / MINUTE_S)
        if gone_s >= minutes * MINUTE_S:
            for screen in watched:
                screen.page.get_by_role("heading", name=title).first.wait_for()
            return changes
        watched[0].page.wait_for_timeout(max(0.0, changes * EVERY_S - (time.monotonic() - began)) * 1000)
    raise AssertionError("titles come without end")


def _titles(client: Client, project_id: str) -> Generator[str]:
    """Give the project another title at each step, and its own one at the end."""
    path = f"/v1/projects/{project_id}"
    first_title = client.get(path)["title"]
    try:
        number = 0
        while True:
            number += 1
            client.patch(path, {"title": f"{first_title} ({number})"}, etag="*")
            yield f"{first_title} ({number})"
    finally:
        client.patch(path, {"title": first_title}, etag="*")


def _read(watched: Sequence[Watched], minute: float) -> None:
    for screen in watched:
        for _ in range(2):  # the second collects what finalizers of the first let go
            screen.session.send("HeapProfiler.collectGarbage")
        heap_mib = screen.session.send("Runtime.getHeapUsage")["usedSize"] / MIB
        screen.readings.append(Reading(minute, heap_mib, screen.page.evaluate("document.querySelectorAll('*').length")))
    say(f"{minute:.1f} min: " + ", ".join(f"{page.name} {page.readings[-1].heap_mib:.2f} MiB" for page in watched))


def claims_of(watched: Sequence[Watched], changes: int) -> list[Claim]:
    """A claim for each page."""
    return [
        Claim(
            name=f"{screen.name}: growth of the heap in an hour",
            measured=slope_an_hour(screen.readings),
            unit="MiB",
            limit=LIMIT_MIB,
            where=(
                f"{screen.readings[-1].minute:.0f} min, {changes} changes",
                f"{screen.readings[WARM_COUNT].heap_mib:.2f} MiB first, {screen.readings[-1].heap_mib:.2f} at the end",
            ),
        )
        for screen in watched
    ]


def main() -> int:
    """Watch, print the table; 1 where a heap is not flat."""
    parser = arguments(__doc__, "out/bench")
    parser.set_defaults(minutes=60.0)
    options = parser.parse_args()
    with rig_of(options) as rig:
        watched, changes = watch(rig, max(2.0, options.minutes))
    claims = claims_of(watched, changes)
    print(table(watched))
    print("\n".join(map(format_claim, claims)))
    print("flat" if all(claim.met for claim in claims) else "not flat")
    return exit_code(claims, [])


if __name__ == "__main__":
    raise SystemExit(main())
