"""Times as people and subtitle files write them. Pure."""

from __future__ import annotations

import datetime as dt


def format_clock(ms: int) -> str:
    """Format a time for people, in whole seconds: ``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def format_timestamp(ms: int, decimal_mark: str = ".") -> str:
    """Format a time for a file, ``hh:mm:ss.mmm``; SRT has a comma as its mark. Times below 0 are 0."""
    seconds, ms = divmod(max(0, ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{decimal_mark}{ms:03d}"


def format_cut_time(ms: int) -> str:
    """Format where an edit cuts, ``1:05.25``: cuts lie between words, to the hundredth of a second."""
    minutes, rest_ms = divmod(ms, 60_000)
    return f"{minutes}:{rest_ms / 1000:05.2f}"


def format_date(at: dt.datetime) -> str:
    """Format a day for people, in UTC: ``2 December 2026``."""
    day = at.astimezone(dt.UTC)
    return f"{day.day} {day:%B %Y}"
