"""Bases of events: which organisation and project an event belongs to."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

LabelPart = Literal["title", "metadata", "tags"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event of a project."""

    org_id: UUID
    project_id: UUID


class Labelled(Event, frozen=True, kw_only=True):
    """Base of events that say a title or metadata changed: which of them, without the words.

    Consumers read the words from tables that an erasure empties.
    """

    version: int
    revision: int
    """Counts changes of title and metadata; the first change is 2."""
    changed: list[LabelPart]
    """The parts that differ from before."""
