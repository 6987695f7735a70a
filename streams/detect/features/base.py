"""What a feature returns, and how features make a sub-score. What cannot be measured is None, never a number."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Evidence

QUOTE_CHARS = 90
LEAST_MEASURED = 0.15
"""Of less than this share of its features no sub-score is made: one small feature cannot stand for it."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A feature or sub-score 0..1 with what made it, and how much of it could be measured (0..1)."""

    value: float
    evidence: Sequence[Evidence]
    measured: float = 1.0


def clamp(value: float) -> float:
    """``value`` held inside 0..1."""
    return min(1.0, max(0.0, value))


def rounded(value: float) -> float:
    """A sub-score as it is stored: four digits, so that equal inputs have equal bytes."""
    return round(clamp(value), 4)


def any_of(parts: Sequence[float]) -> float:
    """How much at least one of several independent hints says: ``1 - prod(1 - part)``."""
    return 1.0 - math.prod(1.0 - clamp(part) for part in parts)


def blend(parts: Mapping[str, Measured | None], weights: Mapping[str, float]) -> Measured | None:
    """The weighted mean of the features that were measured; each says in its evidence how much it made of it."""
    found = {name: part for name, part in parts.items() if part is not None}
    total = sum(weights[name] for name in found)
    if total <= 0 or total < LEAST_MEASURED * sum(weights.values()):
        return None
    made = {name: weights[name] * part.value / total for name, part in found.items()}
    value = sum(made.values())
    evidence = [
        msgspec.structs.replace(
            one, part=name, strength=round(part.value, 4), share=round(made[name] / value, 4) if value else 0.0
        )
        for name, part in found.items()
        for one in part.evidence
    ]
    return Measured(value=rounded(value), evidence=evidence, measured=round(total / sum(weights.values()), 4))


def rank_in(value: float, ordered: Sequence[float]) -> float:
    """Share of ``ordered`` (ascending) below ``value``, ties counting half: its percentile, 0..1."""
    if not ordered:
        raise ValueError("a percentile needs something to compare with")
    return (bisect_left(ordered, value) + bisect_right(ordered, value)) / (2 * len(ordered))


def number(kind: str, part: TimeRange, value: float, unit: str, text: str = "") -> Evidence:
    """Evidence that is a number."""
    return Evidence(
        kind=kind, start_ms=part.start_ms, end_ms=part.end_ms, text=text, value=round(float(value), 3), unit=unit
    )


def quote(kind: str, start_ms: int, end_ms: int, text: str, value: float | None = None, unit: str = "") -> Evidence:
    """Evidence that is a quote, cut at a word where it is long."""
    return Evidence(
        kind=kind, start_ms=start_ms, end_ms=end_ms, text=shorten(text, QUOTE_CHARS), value=value, unit=unit
    )


def shorten(text: str, limit: int) -> str:
    """``text`` cut at a word to at most ``limit`` characters, with an ellipsis where something is left out."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:-–—") + "…"
