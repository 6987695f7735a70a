"""Events of the machinery: webhook deliveries that are due, and messages that failed."""

from __future__ import annotations

from uuid import UUID

import msgspec

from schemas.events.event_base import Event


class DeliveryDue(Event, frozen=True, kw_only=True):
    """Try ``attempt`` (from 1) of a webhook delivery is due.

    ``replays``: how often it was replayed; each replay begins with the first try again.
    """

    delivery_id: UUID
    attempt: int
    replays: int = 0


class NoticeDue(msgspec.Struct, frozen=True, kw_only=True):
    """Try ``attempt`` (from 1) of a delivery without a project is due: of a test, of a notice."""

    org_id: UUID
    delivery_id: UUID
    attempt: int
    replays: int = 0

    @property
    def project_id(self) -> UUID:
        """The organisation's own id: it stands in for a project's in keys, attempts and rows."""
        return self.org_id


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no consumer could process. ``payload_base64`` is what arrived, byte for byte."""

    dead_id: UUID
    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    detail: str
    headers: dict[str, str]
    payload_base64: str
    org_id: UUID | None = None
    project_id: UUID | None = None
