"""Split an event of several exports into one event for each, and join them again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from schemas import events
from schemas.common import FramedSibling, Sibling

OneOf = TypeVar("OneOf", bound=events.ClipSelected | events.ExportRequested | events.RenderRequested)


def split_exports(event: OneOf) -> list[OneOf]:
    """Split an event into one event for each of its exports, its own export first."""
    return [msgspec.structs.replace(event, siblings=[]), *(_of_sibling(event, sibling) for sibling in event.siblings)]


def _of_sibling(event: OneOf, sibling: Sibling) -> OneOf:
    rendition = msgspec.structs.replace(event.rendition, aspect=sibling.aspect)
    # Siblings have plans of their own only once frame has made them.
    plan = {"plan": sibling.plan} if isinstance(sibling, FramedSibling) else {}
    return msgspec.structs.replace(event, export_id=sibling.export_id, rendition=rendition, siblings=[], **plan)


def join_requests(requests: Sequence[events.RenderRequested]) -> events.RenderRequested:
    """Join render requests of one clip that differ in export, aspect and plan only."""
    first, *following = requests
    siblings = [
        FramedSibling(export_id=request.export_id, aspect=request.rendition.aspect, plan=request.plan)
        for request in following
    ]
    return msgspec.structs.replace(first, siblings=siblings)
