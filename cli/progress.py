"""How a project stands, from a snapshot and its events, and how long it may still take. Pure; draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.stages import PROJECT_STAGES

SHARES: Mapping[str, float] = {
    "ingest": 0.03,
    "listen": 0.18,
    "look": 0.06,
    "close": 0.01,
    "study": 0.01,
    "detect": 0.01,
    "frame": 0.13,
    "render": 0.57,
}
"""Share of a project's time that each stage takes, measured on the lecture, two cores; only the estimate uses it."""
MIN_DONE = 0.03
MIN_ELAPSED_S = 2.0
ENDED = frozenset({"completed", "failed", "cancelled", "erased"})


@dataclass
class StageLine:
    """One stage as it is shown."""

    state: str = "waiting"
    percent: int = 0
    elapsed_ms: int | None = None
    cpu_ms: int | None = None


@dataclass
class Progress:
    """A project as far as this command knows. ``state`` is the API's."""

    state: str = "queued"
    stages: dict[str, StageLine] = field(default_factory=lambda: {name: StageLine() for name in PROJECT_STAGES})

    def take_snapshot(self, project: Mapping[str, Any]) -> None:
        """Take over what ``GET /v1/projects/{id}`` said."""
        self.state = str(project["state"])
        for stage in project.get("stages", []):
            self._take(str(stage["stage"]), stage)

    def take_event(self, name: str, body: Mapping[str, Any]) -> None:
        """Take over one server-sent event; unknown ones change nothing."""
        if name == "project.progressed":
            self.state = "running" if self.state == "queued" else self.state
            self._take(str(body["stage"]), body)
        elif name.startswith("project."):
            self.state = name.removeprefix("project.")

    def _take(self, stage: str, body: Mapping[str, Any]) -> None:
        if stage not in self.stages:
            return
        line = self.stages[stage]
        line.state = str(body.get("state", line.state))
        line.percent = 100 if line.state == "done" else int(body.get("percent", line.percent))
        line.elapsed_ms = body.get("elapsed_ms") or line.elapsed_ms
        line.cpu_ms = body.get("cpu_ms") or line.cpu_ms

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED

    @property
    def done(self) -> float:
        """0..1: the weighted share of the work that is done."""
        if self.state == "completed":
            return 1.0
        return sum(SHARES[name] * line.percent / 100 for name, line in self.stages.items())


def seconds_left(done: float, elapsed_s: float) -> float | None:
    """Estimate by proportion; None while too little is known to say anything."""
    if done >= 1:
        return 0.0
    if done < MIN_DONE or elapsed_s < MIN_ELAPSED_S:
        return None
    return elapsed_s * (1 - done) / done


def left_text(seconds: float | None) -> str:
    """The estimate as a person would say it, no more exact than it is."""
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
    return clock(ms)


def clock(ms: int) -> str:
    """``m:ss`` or ``h:mm:ss``."""
    seconds = ms // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def size_text(count: int) -> str:
    """Bytes with a decimal unit."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def counted(count: int, what: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
