"""Walls around the children of a running stack, as its workers report them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from local.config.state import StackState

TIMEOUT_S = 2.0
ASKED_STATES = ("starting", "ready")


def read_walls(state: StackState) -> dict[str, dict[str, Any]]:
    """Ask each worker's /readyz; by part, those that start children and answer.

    ``policy``; ``walls``, null before the first child; ``missing``: what `strict` misses, empty where nothing.
    """
    walls = {}
    for part in state.parts.values():
        if part.port and part.state in ASKED_STATES:
            with suppress(OSError, ValueError, http.client.HTTPException):
                answer = _read_readiness(part.port)
                if isinstance(answer, dict) and isinstance(answer.get("sandbox"), dict):
                    walls[part.name] = answer["sandbox"]
    return walls


def _read_readiness(port: int) -> object:
    """The answer of /readyz, also where it says no."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def describe_walls(walls: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each set of walls, with the parts that have it."""
    parts_by_line: dict[str, list[str]] = {}
    for part, sandbox in walls.items():
        standing = ", ".join(sandbox["walls"]) if sandbox["walls"] is not None else "not known yet"
        line = f"sandbox ({sandbox['policy']}): {standing}"
        parts_by_line.setdefault(f"{line}. {sandbox['missing']}" if sandbox["missing"] else line, []).append(part)
    for line, parts in parts_by_line.items():
        yield f"{line} · {', '.join(parts)}"
