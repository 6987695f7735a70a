"""Days and times on the command line, and how answers' times are shown."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentTypeError


def date_or_time(text: str) -> str:
    """A day or a time as the API takes it; in UTC where no other zone is named. Raises ArgumentTypeError."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a day (2026-03-01) nor a time (2026-03-01T12:00:00Z)") from None
    return (time if time.tzinfo is not None else time.replace(tzinfo=dt.UTC)).isoformat()


def shown_time(text: str | None) -> str:
    """A time of an answer, to the second; empty for none."""
    return str(text)[:19].replace("T", " ") if text else ""
