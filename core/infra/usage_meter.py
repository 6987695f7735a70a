"""The use that a piece of work makes of other processes: model calls, bytes, tokens.

Prices are schemas.costs.

A context variable instead of an argument: like a trace it follows the work into its tasks, so that each new adapter
of a stage is counted as well. Outside of metered work counting does nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from schemas.costs import CostKind, InferenceCall

Now = Callable[[], float]
"""A monotonic clock, in seconds."""


class Meter:
    """Usage of one piece of work so far."""

    def __init__(self, now: Now = time.monotonic) -> None:
        """Start at zero."""
        self._now, self._began_s = now, now()
        self.calls: list[InferenceCall] = []
        self.counts: Counter[CostKind] = Counter()
        self.token_money: dict[CostKind, float] = {}
        """Price of the tokens used, by kind: it is configured with the model."""

    @property
    def wall_ms(self) -> int:
        """Milliseconds since the meter was made."""
        return round((self._now() - self._began_s) * 1000)


class ModelReport(msgspec.Struct, kw_only=True):
    """A model's report with its answer; the adapter fills it in."""

    weights: str = ""
    compute_ms: int = 0
    gpu_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count the usage of the body."""
    meter = Meter()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def current() -> Meter | None:
    """The meter of the current work, or None if it is not metered."""
    return _METER.get()


@contextmanager
def meter_call(model: str) -> Iterator[ModelReport]:
    """One request to a model, answered or not."""
    report, meter = ModelReport(), _METER.get()
    if meter is None:
        yield report
        return
    at_ms, failed = meter.wall_ms, 1
    try:
        yield report
        failed = 0
    finally:
        meter.calls.append(
            InferenceCall(
                model=model, at_ms=at_ms, wall_ms=meter.wall_ms - at_ms, failed=failed, **msgspec.structs.asdict(report)
            )
        )


def count(kind: CostKind, amount: int) -> None:
    """Add to a kind of cost."""
    meter = _METER.get()
    if meter is not None:
        meter.counts[kind] += amount


def count_tokens(tokens_in: int, tokens_out: int, money_in: float, money_out: float) -> None:
    """Add the tokens that a model read and wrote, and their price by its own price list (0: it has none)."""
    meter = _METER.get()
    if meter is None:
        return
    for kind, amount, money in (("tokens_in", tokens_in, money_in), ("tokens_out", tokens_out, money_out)):
        meter.counts[kind] += amount  # type: ignore[index] # the two literals are kinds
        if money:
            meter.token_money[kind] = meter.token_money.get(kind, 0.0) + money  # type: ignore[index,call-overload]
