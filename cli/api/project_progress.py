"""Progress of a project from its snapshot and events, and an estimate of the time left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.clock_format import format_clock
from schemas.stages import PROJECT_STAGES, ROW_BY_NAME

SHARES: Mapping[str, float] = {name: ROW_BY_NAME[name].time_share for name in PROJECT_STAGES}
"""Share of a project's time that each stage takes; used until the project's own estimate is known."""
MIN_DONE_SHARE = 0.03
"""Share of the work that must be done before its pace counts; a smaller share gives noise."""
MIN_ELAPSED_S = 2.0
"""Time a project must run before its pace counts."""
MAX_SHOWN_SHARE = 0.9
"""Largest share of a running part that the bars show as done, however long it takes."""
ENDED = frozenset({"completed", "failed", "cancelled", "erased"})


@dataclass
class StageLine:
    """One stage as it is shown."""

    state: str = "waiting"
    percent: int = 0
    elapsed_ms: int | None = None
    cpu_ms: int | None = None
    parts: int = 0
    """Parts in all; 0 while unknown."""
    changed_s: float = 0.0
    """Time of the last change of its state or percent, on the caller's clock."""


@dataclass
class Progress:
    """Progress of a project as this command sees it; ``state`` is the API's."""

    state: str = "queued"
    now_s: Callable[[], float] = time.monotonic
    asked: set[str] = field(default_factory=set)
    """Reasons for which `wants_snapshot` already returned True."""
    estimate_ms: float = 0.0
    """Wall time that the API expects of the whole project; 0 while it does not say."""
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    """Share of the work that each stage is, by the project's own estimate once there is one."""
    stages: dict[str, StageLine] = field(default_factory=lambda: {name: StageLine() for name in PROJECT_STAGES})

    def take_snapshot(self, project: Mapping[str, Any]) -> None:
        """Take over the answer of ``GET /v1/projects/{id}``."""
        self.state = str(project["state"])
        self._take_estimate((project.get("cost") or {}).get("estimate"))
        for stage in project.get("stages", []):
            self._take(str(stage["stage"]), stage)

    def take_event(self, name: str, body: Mapping[str, Any]) -> None:
        """Take over one server-sent event; unknown ones change nothing."""
        if name == "project.progressed":
            self.state = "running" if self.state == "queued" else self.state
            self._take(str(body["stage"]), body)
        elif name == "project.retried":
            self.state = "running"
        elif name.startswith("project.") and name.removeprefix("project.") in ENDED:
            self.state = name.removeprefix("project.")

    def _take_estimate(self, estimate: Mapping[str, Any] | None) -> None:
        if not estimate:
            return
        self.estimate_ms = float(estimate["elapsed_ms"]["expected"])
        work = {stage["stage"]: float(stage["cpu_ms"]["expected"]) for stage in estimate["stages"]}
        total = sum(work.get(name, 0.0) for name in self.stages)
        if total > 0:
            self.shares = {name: work.get(name, 0.0) / total for name in self.stages}

    def _take(self, stage: str, body: Mapping[str, Any]) -> None:
        if stage not in self.stages:
            return
        line = self.stages[stage]
        before = (line.state, line.percent)
        line.state = str(body.get("state", line.state))
        line.percent = 100 if line.state == "done" else int(body.get("percent", line.percent))
        line.elapsed_ms = body.get("elapsed_ms") or line.elapsed_ms
        line.cpu_ms = body.get("cpu_ms") or line.cpu_ms
        line.parts = int(body.get("parts_total") or line.parts)
        if before != (line.state, line.percent):
            line.changed_s = self.now_s()

    def wants_snapshot(self) -> bool:
        """Whether a snapshot would add what events lack: the estimate, a stage's parts.

        True once for each of them."""
        reasons = {name for name, line in self.stages.items() if line.state == "running" and not line.parts}
        if not self.estimate_ms and self.stages["ingest"].state == "done":
            reasons.add("estimate")
        fresh = reasons - self.asked
        self.asked |= fresh
        return bool(fresh) and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the project reached its end."""
        return self.state in ENDED

    @property
    def done(self) -> float:
        """Share of the work that is done, 0 to 1; skipped stages do not count."""
        if self.state == "completed":
            return 1.0
        return self._share({name: line.percent / 100 for name, line in self.stages.items()})

    @property
    def shown_percents(self) -> Mapping[str, float]:
        """Percent of each stage as the bars show it: finished parts, and the running part by the estimate."""
        return {name: self._shown_percent(name, line) for name, line in self.stages.items()}

    def seconds_left(self, elapsed_s: float) -> float | None:
        """Estimate the seconds left; None while too little is known.

        The API's estimate counts first; the measured pace takes over as the done share of the work grows.
        """
        if self.state == "completed":
            return 0.0
        done = self._share({name: percent / 100 for name, percent in self.shown_percents.items()})
        if done >= 1:
            return 0.0
        by_pace = None
        if done >= MIN_DONE_SHARE and elapsed_s >= MIN_ELAPSED_S:
            by_pace = elapsed_s * (1 - done) / done
        if not self.estimate_ms:
            return by_pace
        by_estimate = self.estimate_ms / 1000 * (1 - done)
        return by_estimate if by_pace is None else (1 - done) * by_estimate + done * by_pace

    def _share(self, done: Mapping[str, float]) -> float:
        shares = {name: self.shares.get(name, 0.0) for name, line in self.stages.items() if line.state != "skipped"}
        total = sum(shares.values())
        return sum(share * done[name] for name, share in shares.items()) / total if total else 0.0

    def _shown_percent(self, name: str, line: StageLine) -> float:
        if line.state != "running":
            return float(line.percent)
        part = 100 / line.parts if line.parts else 100.0 - line.percent
        expected_s = self.estimate_ms / 1000 * self.shares.get(name, 0.0) * part / 100
        if expected_s <= 0:
            return float(line.percent)
        worked = 1 - math.exp(-(self.now_s() - line.changed_s) / expected_s)
        return min(99.0, line.percent + MAX_SHOWN_SHARE * part * worked)


def left_text(seconds: float | None) -> str:
    """The time left in words, rounded to what the estimate can tell."""
    if seconds is None:
        return "estimating"
    if seconds < 5:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} s left"
    if seconds < 3300:
        return f"about {max(1, round(seconds / 60))} min left"
    return f"about {seconds / 3600:.1f} h left"


def duration_text(ms: int | None) -> str:
    """``0.4 s``, ``12 s``, ``3:05`` or ``1:02:03``; a dash for nothing."""
    if ms is None:
        return "–"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s" if ms < 10_000 else f"{ms // 1000} s"
    return format_clock(ms)


def size_text(count: int) -> str:
    """Bytes with a decimal unit."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def count_text(count: int, noun: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
