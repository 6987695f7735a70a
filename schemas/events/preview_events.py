"""Events of previews: one frame of a clip as an export would show it."""

from __future__ import annotations

from uuid import UUID

from schemas.common import ObjectRef
from schemas.events.event_base import Event
from schemas.events.rendition import RenditionOrder


class PreviewOrder(RenditionOrder, frozen=True, kw_only=True):
    """Base of events that ask for one frame of a clip."""

    preview_id: UUID
    edit_version: int
    at_ms: int
    """Time of the frame in the clip as it is played."""


class PreviewRequested(PreviewOrder, frozen=True, kw_only=True):
    """A person asked for one frame of a clip, and the clip is not framed in that shape yet."""


class PreviewPlanned(PreviewOrder, frozen=True, kw_only=True):
    """The framing of a preview is decided; ``plan`` holds the crops."""

    plan: ObjectRef


class PreviewCompleted(Event, frozen=True, kw_only=True):
    """The frame is stored."""

    clip_id: UUID
    preview_id: UUID
    picture: ObjectRef


class PreviewFailed(Event, frozen=True, kw_only=True):
    """The frame could not be made, and why."""

    clip_id: UUID
    preview_id: UUID
    reason: str
    detail: str
