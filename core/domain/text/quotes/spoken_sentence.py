"""A sentence as quotes are taken from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SpokenSentence:
    """A sentence as it is said: whether a full stop ends it, and whether it is English that may be quoted."""

    text: str
    is_ended: bool
    is_quotable: bool
