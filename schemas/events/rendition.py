"""The rendition of a file, or of one frame, of a clip. Events carry it whole.

Events of the version before had its fields at their top level. They are still read, and still written for workers of
that version (docs/adr/0015): `lift_flat_fields` and `with_flat_fields` translate, and nothing else knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from schemas.common import Aspect, TimeRange, Value
from schemas.events.event_base import Event
from schemas.options.caption_template import DEFAULT_TEMPLATE
from schemas.options.export_options import ExportOptions

FIELD = "rendition"
FLAT_FIELDS = (
    "range", "aspect", "captions", "template", "template_version", "mask_profanity", "options", "transcript_version",
)  # fmt: skip
"""Fields that older events have at their top level. A field that comes later is written in ``rendition`` alone."""


class Rendition(Value, frozen=True, kw_only=True):
    """The content of a file, or of one frame, of a clip, and how it is made."""

    range: TimeRange
    """The part of the source that the clip plays."""
    aspect: Aspect
    captions: bool
    """Whether captions are burned in."""
    template: str = DEFAULT_TEMPLATE
    """Caption template."""
    template_version: int = 1
    """Version of the template when the file was asked for; 1 in events from before templates had versions."""
    mask_profanity: bool = False
    options: ExportOptions = ExportOptions()
    transcript_version: int | None = None
    """Version of the transcript that captions show, whatever is corrected later; 0: there is no transcript.
    None, in older events: the newest."""
    test: bool = False
    """Made with a test key: the picture is marked."""
    watermark: bool = False
    """The plan's mark lies over the picture; a test has its own instead."""


class RenditionOrder(Event, frozen=True, kw_only=True):
    """Base of events that ask for a file or a frame of a clip."""

    clip_id: UUID
    ordinal: int
    rendition: Rendition


class _Form(msgspec.Struct, frozen=True):
    """Just enough of a body to tell its version."""

    rendition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_flat(self) -> bool:
        """Whether the body has no rendition, as in the version before."""
        return self.rendition is msgspec.UNSET


def with_flat_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """The event's body with its rendition's fields at the top level too, for older readers."""
    rendition = body[FIELD]
    return {**body, **{name: rendition[name] for name in FLAT_FIELDS}}


def lift_flat_fields(body: bytes) -> bytes:
    """Body of an event of the version before as one with a rendition; any other body unchanged.

    Raises msgspec.MsgspecError for bytes that are not JSON.
    """
    if not msgspec.json.decode(body, type=_Form).is_flat:
        return body
    fields = msgspec.json.decode(body)
    rendition = {name: fields[name] for name in FLAT_FIELDS if name in fields}
    return msgspec.json.encode({**fields, FIELD: rendition})
