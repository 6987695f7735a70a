"""The stack under a steady load of short videos while its parts are killed at random.

Nothing may be lost or doubled.

``python -m benchmarks.soak [--minutes 60] [--seed 1] [--width 2]``. A seeded schedule kills −9 one part after the
other: workers, relay, API, sinks, Triton and the stores (a part is struck again only when all others had their turn).
At the end the stores are read (``stores.py``) and judged (``invariants.py``): each accepted project completed,
each fact, result, webhook and analytics row once. Runs on a stack of its own, which is removed; writes
``out/soak/report.json``, and the parts' logs where something is wrong. Ends by itself some minutes after its time; exit
code 1 on a violation.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self
from uuid import uuid4

import msgspec

from benchmarks.harness.rig import ENDED, SHORT, Rig, describe_run, patiently, say, send
from benchmarks.soak.invariants import Stores, violations
from benchmarks.soak.stores import read
from cli.api.client import Client
from cli.exit_codes import CliError
from cli.output.webhook_receiver import Inbox, Receiver

VIDEOS = (SHORT, "talking/obama_speech_2faces_9s_240p.mp4", "talking/tears_of_steel_dialogue_9s.mp4")
OPTIONS = {"max_clips": 1, "min_clip_ms": 3000}
KINDS = ("project.completed", "project.failed", "export.completed", "export.failed")
SPARED = ("migrate", "bootstrap")
"""Commands: they have ended."""
FIRST_S, PAUSE_S = 15.0, (15.0, 45.0)
SILENT_S = 180.0
"""An API that is away for longer fails the soak."""
DRAIN_S = 420.0
"""How long work may take that is outstanding when the time is over, without further faults."""
SETTLE_S = 90.0
"""How long after the last project webhooks and sinks may come."""


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds after the start at which each part is killed."""

    at_s: float
    part: str


def schedule(parts: Sequence[str], seconds: float, seed: int) -> list[Strike]:
    """Strikes until ``seconds``: every part once, in a seeded order, then all again in another."""
    dice = random.Random(seed)
    strikes: list[Strike] = []
    at_s = FIRST_S
    while True:
        for part in dice.sample(sorted(parts), len(parts)):
            if at_s >= seconds:
                return strikes
            strikes.append(Strike(at_s=at_s, part=part))
            at_s += dice.uniform(*PAUSE_S)


class Chaos:
    """Strikes by the schedule in a thread, while entered; ``struck`` lists what happened."""

    def __init__(self, rig: Rig, strikes: Sequence[Strike]) -> None:
        """Nothing is struck yet."""
        self._rig, self._strikes = rig, strikes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.struck: Counter[str] = Counter()
        self.skipped = 0

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """No more strikes."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        begun_s = time.monotonic()
        for strike in self._strikes:
            if self._stop.wait(max(0.0, begun_s + strike.at_s - time.monotonic())):
                return
            part = self._rig.parts()[strike.part]
            if part.state != "ready" or part.pid is None:
                self.skipped += 1  # it is still coming back
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(part.pid, signal.SIGKILL)
                self.struck[strike.part] += 1
                say(f"{time.monotonic() - begun_s:6.0f} s  kill -9 {strike.part} ({part.pid})")


class Load:
    """Keeps ``width`` projects outstanding."""

    def __init__(self, client: Client, videos: Sequence[Path], width: int) -> None:
        """Nothing is posted yet."""
        self._client, self._width = client, width
        self._videos: Iterator[Path] = itertools.cycle(videos)
        self.accepted: list[str] = []
        self.outstanding: set[str] = set()

    def post(self) -> None:
        """One more project, through whatever is down; the same key each time it is tried."""
        path, key = next(self._videos), str(uuid4())
        upload_id = patiently(lambda: send(self._client, path), SILENT_S)
        body = {"upload_id": upload_id, "title": path.stem, "options": OPTIONS}
        project_id = str(patiently(lambda: self._client.post("/v1/projects", body, key=key), SILENT_S)["project_id"])
        self.accepted.append(project_id)
        self.outstanding.add(project_id)

    def look(self) -> None:
        """Take off what has ended."""
        for project_id in sorted(self.outstanding):
            with contextlib.suppress(CliError):
                if self._client.get(f"/v1/projects/{project_id}")["state"] in ENDED:
                    self.outstanding.discard(project_id)

    def keep_up(self, until_s: float) -> None:
        """Post and look until then (monotonic)."""
        told_s = time.monotonic()
        while time.monotonic() < until_s:
            while len(self.outstanding) < self._width and time.monotonic() < until_s:
                self.post()
            time.sleep(1.0)
            self.look()
            if time.monotonic() - told_s > 60:
                told_s = time.monotonic()
                say(f"{len(self.accepted)} projects accepted, {len(self.outstanding)} outstanding")

    def drain(self) -> None:
        """Wait for what is outstanding, without further faults."""
        say(f"{len(self.accepted)} projects accepted; waiting for the last {len(self.outstanding)}")
        until_s = time.monotonic() + DRAIN_S
        while self.outstanding and time.monotonic() < until_s:
            time.sleep(1.0)
            self.look()


def judged(rig: Rig, client: Client, inbox: Inbox, accepted: Sequence[str]) -> tuple[Stores, list[str]]:
    """The stores and what is wrong with them; what only comes a little later is waited for."""
    until_s = time.monotonic() + SETTLE_S
    while True:
        stores = asyncio.run(read(rig, client, inbox, accepted))
        wrong = violations(stores)
        if not wrong or time.monotonic() > until_s:
            return stores, wrong
        time.sleep(3.0)


def soak(rig: Rig, *, minutes: float, seed: int, width: int) -> list[str]:
    """All of it; gives the violations."""
    videos = [rig.file(name) for name in VIDEOS]
    info, inbox = rig.stack(), Inbox(now_s=time.time)
    strikes = schedule([name for name in rig.parts() if name not in SPARED], minutes * 60, seed)
    circumstances = describe_run(rig)
    with contextlib.closing(rig.client()) as client, Receiver(inbox, info.webhook_port) as receiver:
        endpoint = client.post("/v1/webhooks/endpoints", {"url": receiver.url, "events": list(KINDS)})
        inbox.secret = endpoint["secret"]
        load = Load(client, videos, width)
        say(f"{minutes:g} minutes, {len(strikes)} strikes by seed {seed}")
        with Chaos(rig, strikes) as chaos:
            load.keep_up(time.monotonic() + minutes * 60)
        load.drain()
        stores, wrong = judged(rig, client, inbox, load.accepted)
    left_out = len(strikes) - chaos.struck.total() - chaos.skipped
    if left_out > 1:  # the last may fall due just when the time is over
        wrong.append(f"{left_out} of {len(strikes)} strikes did not happen: the soak proves less than it says")
    restarts = {name: part.restarts for name, part in rig.parts().items() if part.restarts}
    found = {
        "about": circumstances | {"minutes": minutes, "seed": seed, "width": width},
        "accepted": len(load.accepted),
        "completed": sum(one.state == "completed" for one in stores.projects.values()),
        "events": len(stores.published),
        "webhooks": len(inbox.deliveries),
        "struck": dict(chaos.struck),
        "skipped": chaos.skipped,
        "restarts": restarts,
        "violations": wrong,
    }
    rig.out.mkdir(parents=True, exist_ok=True)
    (rig.out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    print(
        f"{minutes:g} minutes: {found['accepted']} projects accepted, {found['completed']} completed; "
        f"{chaos.struck.total()} kills of {len(chaos.struck)} parts; {found['events']} events and "
        f"{found['webhooks']} webhooks; {len(wrong)} violations"
    )
    return wrong


def main() -> int:
    """Command line; exit code 1 on a violation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    parser.add_argument("--minutes", type=float, default=60.0, help="how long it is loaded and struck (60)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule of strikes (1)")
    parser.add_argument("--width", type=int, default=2, help="projects outstanding at a time (2)")
    asked = parser.parse_args()
    media, out = asked.media.absolute(), asked.out.absolute()
    with Rig(media=media, out=out, minutes=asked.minutes, rounds=1, quick=False, state=None) as rig:
        wrong = soak(rig, minutes=asked.minutes, seed=asked.seed, width=asked.width)
        if wrong:
            rig.keep_logs()
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
