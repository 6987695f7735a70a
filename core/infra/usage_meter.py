"""What a piece of work uses outside of its own process: model calls, bytes, tokens. Counts; prices nothing.

A context variable and no argument: as a trace does, it follows the work into its tasks, so that an adapter which a
stage is given tomorrow is counted as well. Outside of a metered piece of work counting does nothing.
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
"""Seconds of a clock that only goes forward."""


class Meter:
    """What one piece of work used so far."""

    def __init__(self, now: Now = time.monotonic) -> None:
        """Nothing yet."""
        self._now, self._began_s = now, now()
        self.calls: list[InferenceCall] = []
        self.counts: Counter[CostKind] = Counter()
        self.token_money: dict[CostKind, float] = {}
        """Tokens are priced where the model is configured."""

    @property
    def wall_ms(self) -> int:
        """Since it began."""
        return round((self._now() - self._began_s) * 1000)


class Told(msgspec.Struct, kw_only=True):
    """What a model says of its answer; filled in by whoever reads it."""

    weights: str = ""
    compute_ms: int = 0
    gpu_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what is done inside."""
    meter = Meter()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def current() -> Meter | None:
    """The meter of the work under way, if it is metered."""
    return _METER.get()


@contextmanager
def called(model: str) -> Iterator[Told]:
    """One request to a model, answered or not."""
    told, meter = Told(), _METER.get()
    if meter is None:
        yield told
        return
    at_ms, failed = meter.wall_ms, 1
    try:
        yield told
        failed = 0
    finally:
        meter.calls.append(
            InferenceCall(
                model=model, at_ms=at_ms, wall_ms=meter.wall_ms - at_ms, failed=failed, **msgspec.structs.asdict(told)
            )
        )


def count(kind: CostKind, amount: int) -> None:
    """Add to a kind of cost."""
    meter = _METER.get()
    if meter is not None:
        meter.counts[kind] += amount


def count_tokens(tokens_in: int, tokens_out: int, money_in: float, money_out: float) -> None:
    """Add what a model read and wrote, and what that is paid by its own price list (0: it has none)."""
    meter = _METER.get()
    if meter is None:
        return
    for kind, amount, money in (("tokens_in", tokens_in, money_in), ("tokens_out", tokens_out, money_out)):
        meter.counts[kind] += amount  # type: ignore[index] # the two literals are kinds
        if money:
            meter.token_money[kind] = meter.token_money.get(kind, 0.0) + money  # type: ignore[index,call-overload]
