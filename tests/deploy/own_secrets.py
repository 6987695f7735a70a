"""What a deployment must give a process: its own of the guarded settings, all that it needs, and no other."""

from __future__ import annotations

from collections.abc import Collection

from core.settings import PREFIX
from schemas.access.process_settings import GUARDED, RING, SETTINGS_OF, needed_by

LOGIN = frozenset({"kafka_user", "kafka_password"})
"""The product works without a login; what we deploy does not."""


def check_own(process: str, variables: Collection[str]) -> None:
    """Raise AssertionError for a variable too many, or one too few."""
    guarded = {name for name in GUARDED if PREFIX + name.upper() in variables}
    assert guarded <= SETTINGS_OF[process], process
    assert guarded >= needed_by(process) | (SETTINGS_OF[process] & LOGIN), process
    assert bool(guarded & RING) == bool(SETTINGS_OF[process] & RING), process
