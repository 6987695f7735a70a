"""Claims are what a benchmark returns: a figure each, with its limit and where the time went.

Measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

RATIO = "x"
"""Unit of a ratio to a peer or a limit."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. Without a limit it is shown, and neither met nor missed."""

    name: str
    measured: float
    unit: str = RATIO
    limit: float | None = None
    at_least: bool = False
    """The figure must reach the limit, not stay under it."""
    where: tuple[str, ...] = ()
    """Lines for a person: how it was measured, where the time went, what to doubt."""

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None without a limit. A figure that is no number keeps nothing."""
        if self.limit is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark that ended without a figure."""

    name: str
    error: str


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value with at least ``share`` of all at or below it (nearest rank); NaN for none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """p50, p95 and p99 in words."""
    p50, p95, p99 = (percentile(values, share) for share in (0.50, 0.95, 0.99))
    return f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} {unit} (n {len(values)})"


def format_value(value: float, unit: str) -> str:
    """A figure with its unit, as the table writes it."""
    return f"{value:.2f}{unit}" if unit == RATIO else f"{value:.1f} {unit}"


def table(claims: Sequence[Claim], failed: Sequence[Failed] = ()) -> str:
    """All claims as one table of text."""
    rows = [("claim", "measured", "limit", "met?")]
    for claim in claims:
        bound = "≥ " if claim.at_least else "≤ "
        limit = "none" if claim.limit is None else bound + format_value(claim.limit, claim.unit)
        met = {None: "shown", True: "met", False: "MISSED"}[claim.met]
        rows.append((claim.name, format_value(claim.measured, claim.unit), limit, met))
    rows += [(failure.name, "no figure", "", "FAILED") for failure in failed]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {limit:>{widths[2]}}  {met}"
        for name, measured, limit, met in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def format_claim(claim: Claim) -> str:
    """One claim with its where-lines, as a single benchmark prints it."""
    return "\n".join([table([claim]).splitlines()[-1], *(f"    {line}" for line in claim.where)])


def report(claims: Sequence[Claim], failed: Sequence[Failed], circumstances: Mapping[str, object]) -> bytes:
    """The content of report.json."""
    listed = [msgspec.to_builtins(claim) | {"met": claim.met} for claim in claims]
    document = {
        "about": dict(circumstances),
        "claims": listed,
        "failed": [msgspec.to_builtins(failure) for failure in failed],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def exit_code(claims: Sequence[Claim], failed: Sequence[Failed]) -> int:
    """1 where a limit was missed or a benchmark failed."""
    return int(bool(failed) or any(claim.met is False for claim in claims))
