"""The states of projects and of exports, and from which to which each may go. Pure.

SQL names states as literals; tests/core/domain/test_project_states.py compares every one of them with these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ProjectState = Literal["queued", "running", "completed", "failed", "cancelled", "erased"]
ExportState = Literal["waiting", "rendering", "done", "failed", "cancelled"]

PROJECT_TRANSITIONS: Mapping[ProjectState, tuple[ProjectState, ...]] = {
    "queued": ("running", "completed", "failed", "cancelled"),
    "running": ("completed", "failed", "cancelled"),
    "completed": ("erased",),
    "failed": ("queued", "running", "erased"),
    "cancelled": ("erased",),
    "erased": (),
}
"""A project that is still at work is cancelled before it is erased, so that its followers see both. A failed one is
taken up again where its owner retries it: queued where its source was not taken in, else running."""
EXPORT_TRANSITIONS: Mapping[ExportState, tuple[ExportState, ...]] = {
    "waiting": ("rendering", "failed", "cancelled"),
    "rendering": ("done", "failed", "cancelled"),
    "done": (),
    "failed": ("waiting", "rendering", "done"),
    "cancelled": (),
}
"""A failed export is taken up again where its owner retries it, or an operator replays its dead letter."""

ACTIVE_PROJECT_STATES = tuple(state for state, targets in PROJECT_TRANSITIONS.items() if "completed" in targets)
"""Work on the project may go on."""
ENDED_PROJECT_STATES = tuple(state for state, targets in PROJECT_TRANSITIONS.items() if "erased" in targets)
"""The work is over, unless it is retried; what it made can be read."""
GONE_PROJECT_STATES: tuple[ProjectState, ...] = ("cancelled", "erased")
"""Nothing more is written about the project."""
REUSABLE_PROJECT_STATES: tuple[ProjectState, ...] = ("queued", "running", "completed")
"""The project can stand for another request of the same source and options."""
ACTIVE_EXPORT_STATES = tuple(state for state, targets in EXPORT_TRANSITIONS.items() if "cancelled" in targets)
"""The export waits, or is being made."""
