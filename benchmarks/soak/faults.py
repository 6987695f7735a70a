"""The seeded schedule of faults, and the thread that strikes parts and links by it.

A part is killed (SIGKILL), terminated (SIGTERM; Postgres: SIGINT, since SIGTERM lets its clients go on) or paused
(SIGSTOP, later SIGCONT). A link is a TCP proxy: its connections are reset, or swallowed by a black hole.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import psutil

from benchmarks.harness.background import Background
from benchmarks.harness.rig import say
from local.config.state import PartStatus
from tests.support.tcp_proxy import TcpProxy

Kind = Literal["kill", "terminate", "pause", "reset", "black-hole"]
OF_PART: tuple[Kind, ...] = ("kill", "terminate", "pause")
OF_LINK: tuple[Kind, ...] = ("reset", "black-hole")
FIRST_S, PAUSE_S = 15.0, (15.0, 45.0)
LASTS_S: Mapping[Kind, float] = {"pause": 30.0, "black-hole": 20.0, "reset": 2.0}
"""A pause ends 20 s past the session timeout of a consumer (10 s); a link refuses connections for 2 s after a reset."""
LINK = "link to "


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: seconds after the start, at what, and how."""

    at_s: float
    target: str
    kind: Kind


def schedule(targets: Mapping[str, Sequence[Kind]], seconds: float, seed: int) -> list[Strike]:
    """Strikes until ``seconds``: each target once, in a seeded order, then all in their next kind."""
    dice = random.Random(seed)
    begin_at = {name: dice.randrange(len(targets[name])) for name in sorted(targets)}
    strikes: list[Strike] = []
    at_s, turn = FIRST_S, 0
    while True:
        for name in dice.sample(sorted(targets), len(targets)):
            if at_s >= seconds:
                return strikes
            kind = targets[name][(begin_at[name] + turn) % len(targets[name])]
            strikes.append(Strike(at_s=at_s, target=name, kind=kind))
            at_s += dice.uniform(*PAUSE_S) + LASTS_S.get(kind, 0.0)
        turn += 1


class Chaos(Background):
    """Strikes by the schedule in a thread, while entered; ``struck`` counts them by kind and target.

    Afterwards what is paused or cut off goes on.
    """

    def __init__(
        self,
        strikes: Sequence[Strike],
        read_parts: Callable[[], Mapping[str, PartStatus]],
        links: Mapping[str, TcpProxy],
        on_kill: Callable[[str, int], None] = lambda _part, _pid: None,
    ) -> None:
        """Nothing is struck yet. ``on_kill`` is called with the part and its pid just before it is killed."""
        super().__init__()
        self._strikes, self._read_parts, self._links, self._on_kill = strikes, read_parts, links, on_kill
        self.struck: Counter[tuple[Kind, str]] = Counter()
        self.skipped = 0

    def by_kind(self) -> dict[str, int]:
        """Kind → how many strikes of it happened."""
        counts: Counter[str] = Counter()
        for (kind, _), count in self.struck.items():
            counts[kind] += count
        return dict(sorted(counts.items()))

    def _run(self) -> None:
        begun_s = time.monotonic()
        for strike in self._strikes:
            if self._stop.wait(max(0.0, begun_s + strike.at_s - time.monotonic())):
                return
            if self._do(strike):
                self.struck[strike.kind, strike.target] += 1
                say(f"{time.monotonic() - begun_s:6.0f} s  {strike.kind} {strike.target}")
            else:
                self.skipped += 1

    def _do(self, strike: Strike) -> bool:
        """Whether it happened: a part that is still coming back is left alone."""
        if strike.kind in OF_LINK:
            self._strike_link(self._links[strike.target.removeprefix(LINK)], strike.kind)
            return True
        part = self._read_parts()[strike.target]
        if part.state != "ready" or part.pid is None:
            return False
        if strike.kind == "pause":
            self._pause(part.pid, LASTS_S["pause"])
            return True
        if strike.kind == "kill":
            with contextlib.suppress(Exception):  # a measurement must not keep the fault from happening
                self._on_kill(strike.target, part.pid)
        polite = signal.SIGINT if strike.target == "postgres" else signal.SIGTERM
        with contextlib.suppress(ProcessLookupError):
            os.kill(part.pid, signal.SIGKILL if strike.kind == "kill" else polite)
            return True
        return False

    def _strike_link(self, link: TcpProxy, kind: Kind) -> None:
        link.mode = "black-hole" if kind == "black-hole" else "refuse"
        if kind == "reset":
            link.cut()
        try:
            self._stop.wait(LASTS_S[kind])
        finally:
            link.mode = "open"

    def _pause(self, pid: int, seconds: float) -> None:
        """The process and all below it stand still."""
        stopped: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(pid)
            stopped = [root, *root.children(recursive=True)]
        try:
            for process in stopped:
                with contextlib.suppress(psutil.Error):
                    process.suspend()
            self._stop.wait(seconds)
        finally:
            for process in reversed(stopped):
                with contextlib.suppress(psutil.Error):
                    process.resume()
