"""Numbers with units in plain text: ``10 s``, ``64 MiB``, ``from 10 s to 180 s``. Pure."""

from __future__ import annotations

from collections.abc import Sequence

UNITS = {"ms": "ms", "bytes": "bytes", "px": "px", "db": "dB", "lufs": "LUFS", "s": "s"}
"""Unit by the last part of a field's name."""
MAX_STATED_VALUE = 2**40
"""Upper bounds above it only keep a number storable, and are not stated."""
HOURS_FROM_MS = 100_000_000
"""Duration from which hours are given: more than a day."""
_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_ROUND = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"))
"""Decimal units, for sizes that are round in them."""


def unit_of(name: str) -> str:
    """The unit of a field by its name; empty without one."""
    return UNITS.get(name.rpartition("_")[2], "") if "_" in name else ""


def format_quantity(number: float, unit: str) -> str:
    """``10000`` ms as ``10 s``, 67108864 bytes as ``64 MiB``; other units as they are."""
    if unit == "ms" and abs(number) >= HOURS_FROM_MS:
        return f"{number / 3_600_000:.4g} h"
    if unit == "ms":
        return f"{number / 1000:.8g} s" if abs(number) >= 100 else f"{number:g} ms"
    if unit == "bytes":
        size, name = next(((size, name) for size, name in _sizes(number) if number >= size), (1, "bytes"))
        return f"{number / size:.4g} {name if number != 1 else 'byte'}"
    return f"{number:.12g} {unit}".strip()


def _sizes(number: float) -> Sequence[tuple[int, str]]:
    return _ROUND if number >= 10**6 and number % 10**6 == 0 and number % 2**20 else _SIZES


def exactly(number: float, unit: str) -> str:
    """``61.2 s (61200 ms)``: in plain text, and as the field has it."""
    text = format_quantity(number, unit)
    return text if text.endswith(f" {unit}") else f"{text} ({number:.15g} {unit})"


def spoken_range(low: float | None, high: float | None, unit: str = "") -> str:
    """``from 10 s to 180 s (10000 to 180000 ms)``, ``at least 1``, ``at most 64 MiB (67108864 bytes)``."""
    if high is not None and high >= MAX_STATED_VALUE and low is not None and unit != "bytes":
        high = None
    exact = unit in ("ms", "bytes")
    if low is not None and high is not None:
        text = f"from {format_quantity(low, unit)} to {format_quantity(high, unit)}"
        return f"{text} ({low:.15g} to {high:.15g} {unit})" if exact else _joint(low, high, unit)
    bound, how = (low, "at least") if low is not None else (high, "at most")
    if bound is None:
        return "a number"
    return f"{how} {format_quantity(bound, unit)}" + (f" ({bound:.15g} {unit})" if exact and bound >= 100 else "")


def past_end(duration_ms: int, given_ms: int) -> str:
    """The sentence for a range that ends after its source."""
    return f"The source ends at {exactly(duration_ms, 'ms')}: `end_ms` is at most that, not {exactly(given_ms, 'ms')}."


def _joint(low: float, high: float, unit: str) -> str:
    """A range that names its unit once."""
    return f"from {low:.12g} to {high:.12g} {unit}".strip()
