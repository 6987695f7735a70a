"""Memory drift and growth of tables, computed from samples. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.soak.readings import MIB, MemorySample, TableSample

WARM_S = 120.0
"""Samples of a process's first two minutes are left out: it loads modules and fills its pools then."""
LEAST_S = 600.0
"""Seconds of samples, all lives of a kind of process together, below which no slope is given."""
HOUR_S = 3600.0


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Memory of one kind of process: median, and the slope within its lives (None: too short to say)."""

    median_mib: float
    slope_mib_per_hour: float | None
    seconds: float

    @property
    def percent_per_hour(self) -> float | None:
        """The slope as a share of the median."""
        return None if self.slope_mib_per_hour is None else 100 * self.slope_mib_per_hour / self.median_mib


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """One table: rows and MiB at the end, and rows for each project in the first and the second half."""

    rows: int
    size_mib: float
    first_half_rows_per_project: float | None
    second_half_rows_per_project: float | None


def kind_of(part: str) -> str:
    """``render-1`` → ``render``."""
    return part.rstrip("0123456789").rstrip("-")


def drifts(samples: Sequence[MemorySample]) -> dict[str, Drift]:
    """Kind of process → its drift: a least-squares slope, with a level for each life of a process."""
    lives: dict[str, dict[tuple[str, int], list[MemorySample]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        lives[kind_of(sample.part)][sample.part, sample.pid].append(sample)
    return {kind: _drift(list(of_kind.values())) for kind, of_kind in sorted(lives.items())}


def _drift(lives: Sequence[Sequence[MemorySample]]) -> Drift:
    levels = sorted(sample.rss_bytes / MIB for life in lives for sample in life)
    products = squares = seconds = 0.0
    for life in lives:
        warm = [sample for sample in life if sample.at_s - life[0].at_s >= WARM_S]
        if len(warm) < 2:
            continue
        seconds += warm[-1].at_s - warm[0].at_s
        mean_s = sum(sample.at_s for sample in warm) / len(warm)
        mean_mib = sum(sample.rss_bytes for sample in warm) / len(warm) / MIB
        products += sum((sample.at_s - mean_s) * (sample.rss_bytes / MIB - mean_mib) for sample in warm)
        squares += sum((sample.at_s - mean_s) ** 2 for sample in warm)
    slope = HOUR_S * products / squares if seconds >= LEAST_S and squares else None
    return Drift(median_mib=levels[len(levels) // 2], slope_mib_per_hour=slope, seconds=seconds)


def growths(samples: Sequence[TableSample]) -> dict[str, Growth]:
    """Table → its growth. Flat for each project means linear; what retention removes lies days away."""
    if not samples:
        return {}
    first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]
    return {
        name: Growth(
            rows=last.rows[name],
            size_mib=last.size_bytes[name] / MIB,
            first_half_rows_per_project=_per_project(first, middle, name),
            second_half_rows_per_project=_per_project(middle, last, name),
        )
        for name in last.rows
    }


def _per_project(before: TableSample, after: TableSample, table: str) -> float | None:
    projects = after.rows["projects"] - before.rows["projects"]
    return (after.rows[table] - before.rows[table]) / projects if projects else None


def within(values: Mapping[str, Drift], limit_percent: float) -> list[str]:
    """Kinds of process whose memory grows by more than the limit each hour."""
    return [name for name, drift in values.items() if (drift.percent_per_hour or 0.0) > limit_percent]
