"""The one error of the stack that a person sees: a line that says what to do. Never carries a traceback."""

from __future__ import annotations


class Problem(Exception):
    """Something outside the code is in the way; the message is one line: what is wrong, and what to do."""
