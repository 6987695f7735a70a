"""The error of the local stack that a person sees: one line that says what to do."""

from __future__ import annotations


class StackError(Exception):
    """Something outside the code is in the way; the message is one line: what is wrong, and what to do."""
