"""The entry that stands in for a decoder: tries everything, and returns what worked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.media.sandbox import file_attacks, kernel_attacks, network_attacks, process_attacks
from tests.core.media.sandbox.attempts import ATTEMPTS

__all__ = ["file_attacks", "kernel_attacks", "network_attacks", "process_attacks"]


def attack(given: dict[str, Any], source: Any, report: Callable[[int], None]) -> dict[str, Any]:
    """Child entry. Returns names, ``worked`` and ``tried``."""
    given |= {"source": source._descriptor, "channel": source._channel, "scratch": str(Path.cwd())}
    worked = []
    for count, (name, one) in enumerate(ATTEMPTS.items()):
        try:
            if one(given):
                worked.append(name)
        except Exception:  # noqa: BLE001 - refused, in whatever way
            continue
        report(count)
    return {"worked": worked, "tried": list(ATTEMPTS)}
