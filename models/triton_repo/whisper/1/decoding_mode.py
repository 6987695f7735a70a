"""How a recording is decoded: what was asked, what is configured, what that comes to. Pure; decodes nothing."""

from __future__ import annotations

AUTO = "auto"
BEST = "batched"
"""What ``auto`` comes to: fewer wrong words and faster than ``sequential`` (the table in README.md)."""
MODES = (AUTO, "batched", "sequential")
"""For the setting of the server, the setting of the workers and each request alike."""

TRANSCRIBE = "transcribe"
TASKS = (TRANSCRIBE, "translate")
"""Whisper writes what is said in its own language, or in English."""


def check(mode: str, where: str) -> str:
    """``mode`` if there is such a one; else ValueError with a line that names ``where`` it came from."""
    if mode not in MODES:
        raise ValueError(f"{where} is {mode!r}: give {', '.join(MODES[:-1])} or {MODES[-1]}")
    return mode


def task(asked: str | None) -> str:
    """The task that is asked for, ``transcribe`` without one; else ValueError with a line that names the tasks."""
    if (asked or TRANSCRIBE) not in TASKS:
        raise ValueError(f"task is {asked!r}: give {' or '.join(TASKS)}")
    return asked or TRANSCRIBE


def resolve(asked: str, configured: str) -> str:
    """``batched`` or ``sequential``: a request's own word, else the server's setting, else the best known."""
    return next(mode for mode in (asked, configured, BEST) if mode != AUTO)
