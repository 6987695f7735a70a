"""The kill series: a load of short videos on a stack whose parts and links are struck.

At the end the stores are read (``stores.py``) and judged (``invariants.py``): each accepted project completed, each
fact, result, webhook and analytics row once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from benchmarks.harness.claims import percentile
from benchmarks.harness.rig import ENDED, SHORT, describe_run, patiently, say, send
from benchmarks.soak.drift import Drift, Growth, drifts, growths
from benchmarks.soak.faults import LINK, OF_LINK, OF_PART, Chaos, Kind, schedule
from benchmarks.soak.invariants import Stores, toll, violations
from benchmarks.soak.readings import Readings
from benchmarks.soak.stack import ProxiedStack
from benchmarks.soak.stores import read
from cli.api.client import Client
from cli.exit_codes import CliError
from cli.output.webhook_receiver import Inbox, Receiver
from local.part_order import MAKERS

VIDEOS = (SHORT, "talking/obama_speech_2faces_9s_240p.mp4", "talking/tears_of_steel_dialogue_9s.mp4")
OPTIONS = {"max_clips": 1, "min_clip_ms": 3000}
KINDS = ("project.completed", "project.failed", "export.completed", "export.failed")
SPARED = ("migrate", "bootstrap")
"""Commands: they have ended."""
SILENT_S = 180.0
"""An API that is away for longer fails the soak."""
DRAIN_S = 420.0
"""How long work may take that is outstanding when the time is over, without further faults."""
SETTLE_S = 90.0
"""How long after the last project webhooks and sinks may come."""


class SeriesResult(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one kill series."""

    about: Mapping[str, object]
    accepted: int
    completed: int
    events: int
    sent_again: int
    """Rows of the outbox beyond one for each event: what the sweeper and the watchdog emitted again."""
    webhooks: int
    kinds: Mapping[str, int]
    struck: Mapping[str, int]
    """``kill render-1`` → how often."""
    skipped: int
    restarts: Mapping[str, int]
    lost: int
    doubled: int
    longest_still_s: float
    takeovers: int
    takeover_p95_s: float | None
    drained_s: float
    """From the last fault's end to the end of the last project."""
    memory: Mapping[str, Drift]
    tables: Mapping[str, Growth]
    violations: Sequence[str]


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
        reported_s = time.monotonic()
        while time.monotonic() < until_s:
            while len(self.outstanding) < self._width and time.monotonic() < until_s:
                self.post()
            time.sleep(1.0)
            self.look()
            if time.monotonic() - reported_s > 60:
                reported_s = time.monotonic()
                say(f"{len(self.accepted)} projects accepted, {len(self.outstanding)} outstanding")

    def drain(self) -> float:
        """Wait for what is outstanding, without further faults; gives the seconds that it took."""
        say(f"{len(self.accepted)} projects accepted; waiting for the last {len(self.outstanding)}")
        begun_s = time.monotonic()
        while self.outstanding and time.monotonic() < begun_s + DRAIN_S:
            time.sleep(1.0)
            self.look()
        return time.monotonic() - begun_s


def targets_of(stack: ProxiedStack) -> dict[str, Sequence[Kind]]:
    """Everything that can be struck, and how."""
    parts = {name: OF_PART for name in stack.read_parts() if name not in SPARED}
    return {**parts, **{f"{LINK}{name}": OF_LINK for name in stack.links}}


def judged(stack: ProxiedStack, client: Client, inbox: Inbox, accepted: Sequence[str]) -> tuple[Stores, list[str]]:
    """The stores and what is wrong with them; what only comes a little later is waited for."""
    until_s = time.monotonic() + SETTLE_S
    while True:
        stores = asyncio.run(read(stack, client, inbox, accepted))
        wrong = violations(stores)
        if not wrong or time.monotonic() > until_s:
            return stores, wrong
        time.sleep(3.0)


def run_series(stack: ProxiedStack, *, minutes: float, seed: int, width: int) -> SeriesResult:
    """All of it."""
    videos = [stack.file(name) for name in VIDEOS]
    info, inbox = stack.stack(), Inbox(now_s=time.time)
    strikes = schedule(targets_of(stack), minutes * 60, seed)
    circumstances = describe_run(stack)
    with contextlib.closing(stack.client()) as client, Receiver(inbox, info.webhook_port) as receiver:
        endpoint = client.post("/v1/webhooks/endpoints", {"url": receiver.url, "events": list(KINDS)})
        inbox.secret = endpoint["secret"]
        load = Load(client, videos, width)
        say(f"{minutes:g} minutes, {len(strikes)} strikes by seed {seed}")
        with Readings(
            stack.superuser(), stack.read_parts, lambda: bool(load.outstanding), frozenset(MAKERS)
        ) as readings:
            with Chaos(strikes, stack.read_parts, stack.links, readings.before_kill) as chaos:
                load.keep_up(time.monotonic() + minutes * 60)
            drained_s = load.drain()
        stores, wrong = judged(stack, client, inbox, load.accepted)
    left_out = len(strikes) - chaos.struck.total() - chaos.skipped
    if left_out > 1:  # the last may fall due just when the time is over
        wrong.append(f"{left_out} of {len(strikes)} strikes did not happen: the soak proves less than it says")
    totals = toll(stores)
    return SeriesResult(
        about=circumstances | {"minutes": minutes, "seed": seed, "width": width},
        accepted=len(load.accepted),
        completed=sum(project.state == "completed" for project in stores.projects.values()),
        events=len(stores.published),
        sent_again=stores.rows_sent - len(stores.published),
        webhooks=len(inbox.deliveries),
        kinds=chaos.by_kind(),
        struck={f"{kind} {target}": count for (kind, target), count in sorted(chaos.struck.items())},
        skipped=chaos.skipped,
        restarts={name: part.restarts for name, part in stack.read_parts().items() if part.restarts},
        lost=totals.lost,
        doubled=totals.doubled,
        longest_still_s=readings.longest_still_s,
        takeovers=len(readings.takeovers_s),
        takeover_p95_s=percentile(readings.takeovers_s, 0.95) if readings.takeovers_s else None,
        drained_s=drained_s,
        memory=drifts(readings.memory),
        tables=growths(readings.tables),
        violations=wrong,
    )
