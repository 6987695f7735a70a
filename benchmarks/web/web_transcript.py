"""How an hour's transcript of 10,000 words scrolls and jumps in the web app.

``python -m benchmarks.web.web_transcript [--state-dir DIR] [--rounds N]``, in a real Chromium on the real stack. The
words of a finished project are answered over and over, until they are 10,000. Limits: a frame in 17 ms (60 a second;
median while it scrolls), and the word of a jump in sight within 100 ms (median of five jumps a round). The slowest of
twenty frames (p95) and the share of frames that were dropped, since one took longer, are shown without a limit.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Sequence

from benchmarks.harness.browser import open_browser, sign_in
from benchmarks.harness.claims import Claim, percentile
from benchmarks.harness.rig import Rig, judged
from benchmarks.web.web_vitals import find_finished
from tests.support.long_transcript import FRAMES, JUMP, JUMPS_MS, WORDS, answer_long

FRAME_MS, JUMP_MS = 17.0, 100.0
REFRESH_MS = 1000 / 60


def bench(rig: Rig) -> list[Claim]:
    """Scroll and jump, a few times."""
    with contextlib.closing(rig.client()) as client:
        project_id, _ = find_finished(rig, client)
        answered = {path: client.get(path) for path in _paths(project_id)}
    frames: list[float] = []
    jumps: list[float] = []
    with open_browser() as browser:
        context = browser.new_context(locale="en-GB", storage_state=sign_in(browser, rig))
        page = context.new_page()
        answer_long(page, project_id, answered.__getitem__)
        for _ in range(max(1, rig.rounds)):
            page.goto(f"{rig.stack().api}/app/projects/{project_id}")
            page.locator(".word").first.wait_for()
            took = [page.evaluate(JUMP, ms) for ms in JUMPS_MS]
            jumps += [ms if ms > 0 else math.inf for ms in took]  # a word that never came into sight
            frames += page.evaluate(FRAMES)
        context.close()
    jump_range = (f"{WORDS} words; jumps {min(jumps):.0f} to {max(jumps):.0f} ms (n {len(jumps)})",)
    return [
        Claim(name="a frame while words scroll", measured=statistics.median(frames), unit="ms", limit=FRAME_MS),
        Claim(name="a frame while words scroll, p95", measured=percentile(frames, 0.95), unit="ms"),
        Claim(name="dropped frames", measured=100 * dropped_share(frames), unit="%", where=(f"{len(frames)} drawn",)),
        Claim(name="a jump to a word", measured=statistics.median(jumps), unit="ms", limit=JUMP_MS, where=jump_range),
    ]


def dropped_share(frames: Sequence[float]) -> float:
    """Share of frames, 60 a second, that were not drawn since the one before took too long."""
    dropped = sum(max(0, round(ms / REFRESH_MS) - 1) for ms in frames)
    return dropped / (len(frames) + dropped)


def _paths(project_id: str) -> tuple[str, ...]:
    address = f"/v1/projects/{project_id}"
    return address, f"{address}/transcript", f"{address}/source"


if __name__ == "__main__":
    raise SystemExit(judged(__doc__, bench))
