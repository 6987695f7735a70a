"""Values of features, their evidence, and how features make a sub-score.

What cannot be measured is None.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Evidence

MAX_QUOTE_CHARS = 90
"""Longest quote in evidence."""
MIN_MEASURED_RATIO = 0.15
"""Share of its features from which a sub-score is made: one small feature cannot stand for it."""


@dataclass(frozen=True, kw_only=True)
class FeatureValue:
    """A feature or sub-score 0..1 with its evidence, and how much of it could be measured (0..1)."""

    value: float
    evidence: Sequence[Evidence]
    measured: float = 1.0


def clamp_unit(value: float) -> float:
    """Clamp a value to 0..1."""
    return min(1.0, max(0.0, value))


def round_score(value: float) -> float:
    """Round a score to four digits, so that equal inputs have equal bytes."""
    return round(clamp_unit(value), 4)


def combine_hints(parts: Sequence[float]) -> float:
    """Combine independent hints: ``1 - prod(1 - part)``."""
    return 1.0 - math.prod(1.0 - clamp_unit(part) for part in parts)


def blend_features(parts: Mapping[str, FeatureValue | None], weights: Mapping[str, float]) -> FeatureValue | None:
    """Return the weighted mean of the measured features; each one's evidence has its share."""
    measured = {name: part for name, part in parts.items() if part is not None}
    total = sum(weights[name] for name in measured)
    if total <= 0 or total < MIN_MEASURED_RATIO * sum(weights.values()):
        return None
    shares = {name: weights[name] * part.value / total for name, part in measured.items()}
    value = sum(shares.values())
    evidence = [
        msgspec.structs.replace(
            item, part=name, strength=round(part.value, 4), share=round(shares[name] / value, 4) if value else 0.0
        )
        for name, part in measured.items()
        for item in part.evidence
    ]
    return FeatureValue(value=round_score(value), evidence=evidence, measured=round(total / sum(weights.values()), 4))


def percentile_rank(value: float, ordered: Sequence[float]) -> float:
    """Return the percentile 0..1 of ``value`` in ``ordered`` (ascending), ties counting half."""
    if not ordered:
        raise ValueError("a percentile needs something to compare with")
    return (bisect_left(ordered, value) + bisect_right(ordered, value)) / (2 * len(ordered))


def number_evidence(kind: str, part: TimeRange, value: float, unit: str, text: str = "") -> Evidence:
    """Build evidence that is a number."""
    return Evidence(
        kind=kind, start_ms=part.start_ms, end_ms=part.end_ms, text=text, value=round(float(value), 3), unit=unit
    )


def quote_evidence(
    kind: str, start_ms: int, end_ms: int, text: str, value: float | None = None, unit: str = ""
) -> Evidence:
    """Build evidence that is a quote, cut at a word if it is long."""
    return Evidence(
        kind=kind, start_ms=start_ms, end_ms=end_ms, text=shorten_text(text, MAX_QUOTE_CHARS), value=value, unit=unit
    )


def shorten_text(text: str, limit: int) -> str:
    """Cut ``text`` at a word to at most ``limit`` characters, with an ellipsis if something is left out."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:-–—") + "…"
