"""Pure: the steps of a load test, whether a step is held, the knee, and which rate to offer next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

LIMIT_P99_MS = 150.0
"""Of the answers to POST; from the issue that asked for the knee."""
MIN_ACHIEVED_SHARE = 0.98
"""Of what fell due: less means that a queue grows."""
LADDER_HZ = (25.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 700.0, 1000.0)
MAX_BISECTION_STEPS = 2
"""Steps between the last rate that was held and the first that was not."""
MIN_RATE_HZ = 3.0
"""Below it the search ends: a hundred answers would take longer than a step."""


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from the time when a request fell due to the end of its answer."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    count: int


class LoadStep(msgspec.Struct, frozen=True, kw_only=True):
    """One offered rate for some seconds, and what came of it."""

    offered_hz: float
    """POSTs a second, on average; arrivals are random."""
    due_count: int
    """POSTs that fell due in the measured time."""
    achieved_count: int
    """POSTs that were accepted in the measured time."""
    seconds: float
    """Measured time, without the warm-up."""
    posts: Percentiles
    reads: Percentiles
    errors: Mapping[str, int] = {}
    """``POST project: 503`` → how often."""
    cores: Mapping[str, float] = {}
    """Part → processor seconds a second."""
    late_p99_ms: float = 0.0
    """How late the generator itself was at sending, on a free connection. It is part of the latencies."""
    unsent_count: int = 0
    """Events that were due in the outbox at the end of the step, not yet sent."""

    @property
    def achieved_hz(self) -> float:
        """Accepted POSTs a second."""
        return self.achieved_count / self.seconds

    @property
    def achieved_share(self) -> float:
        """Accepted POSTs for each that fell due."""
        return self.achieved_count / self.due_count if self.due_count else 0.0

    @property
    def is_held(self) -> bool:
        """Whether the offered rate was kept up within the limit."""
        return self.achieved_share >= MIN_ACHIEVED_SHARE and self.posts.p99_ms <= LIMIT_P99_MS


def find_knee(steps: Sequence[LoadStep]) -> LoadStep | None:
    """The step with the largest rate that was held, below the first that was not; None without one."""
    broken_hz = _first_broken_hz(steps)
    sustained = [step for step in steps if step.is_held and (broken_hz is None or step.offered_hz < broken_hz)]
    return max(sustained, key=lambda step: step.offered_hz, default=None)


def choose_next_rate(steps: Sequence[LoadStep], ladder: Sequence[float] = LADDER_HZ) -> float | None:
    """The rate to offer next: up the ladder, then between held and broken; None where the search is over."""
    knee, broken_hz = find_knee(steps), _first_broken_hz(steps)
    if broken_hz is None:
        above = [rate for rate in ladder if knee is None or rate > knee.offered_hz]
        return above[0] if above else None
    if knee is None:
        return broken_hz / 2 if broken_hz / 2 >= MIN_RATE_HZ else None
    between = [step for step in steps if step.offered_hz not in ladder]
    if len(between) >= MAX_BISECTION_STEPS:
        return None
    return (knee.offered_hz + broken_hz) / 2


def _first_broken_hz(steps: Sequence[LoadStep]) -> float | None:
    return min((step.offered_hz for step in steps if not step.is_held), default=None)


def name_break(step: LoadStep) -> str:
    """Why a step was not held, in words."""
    reasons = []
    if step.posts.p99_ms > LIMIT_P99_MS:
        reasons.append(f"p99 {step.posts.p99_ms:.0f} ms")
    if step.achieved_share < MIN_ACHIEVED_SHARE:
        reasons.append(f"{100 * step.achieved_share:.0f} % of what fell due")
    busiest = max(step.cores.items(), key=lambda item: item[1], default=("", 0.0))
    busiest_part = f"; busiest: {busiest[0]}, {busiest[1]:.2f} cores" if busiest[0] else ""
    return ", ".join(reasons) + busiest_part
