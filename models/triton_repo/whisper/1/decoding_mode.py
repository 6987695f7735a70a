"""Resolves the decoding mode and task from the request and the server's setting. Pure."""

from __future__ import annotations

AUTO = "auto"
BEST = "batched"
"""The mode of ``auto``: fewer wrong words and faster than ``sequential`` (the table in README.md)."""
MODES = (AUTO, "batched", "sequential")
"""Modes of the server's setting, the workers' setting and each request."""

TRANSCRIBE = "transcribe"
TASKS = (TRANSCRIBE, "translate")
"""Whisper writes the speech in its own language, or translates it into English."""


def check(mode: str, origin: str) -> str:
    """Return ``mode`` if it exists; else raise ValueError with a line that names its ``origin``."""
    if mode not in MODES:
        raise ValueError(f"{origin} is {mode!r}: give {', '.join(MODES[:-1])} or {MODES[-1]}")
    return mode


def task(requested: str | None) -> str:
    """Return the requested task, by default ``transcribe``. Raises ValueError that names the tasks."""
    if (requested or TRANSCRIBE) not in TASKS:
        raise ValueError(f"task is {requested!r}: give {' or '.join(TASKS)}")
    return requested or TRANSCRIBE


def resolve(requested: str, configured: str) -> str:
    """``batched`` or ``sequential``: the request's, else the server's setting, else ``BEST``."""
    return next(mode for mode in (requested, configured, BEST) if mode != AUTO)
