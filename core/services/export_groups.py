"""An event of several exports as one event for each of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from schemas import events
from schemas.common import FramedSibling

OneOf = TypeVar("OneOf", bound=events.ClipSelected | events.ExportRequested | events.RenderRequested)


def apart(event: OneOf) -> list[OneOf]:
    """The same event for each of its exports alone, its own first."""
    found = [msgspec.structs.replace(event, siblings=[])]
    for one in event.siblings:
        found.append(msgspec.structs.replace(event, siblings=[], **msgspec.structs.asdict(one)))
    return found


def together(requests: Sequence[events.RenderRequested]) -> events.RenderRequested:
    """One event for all of them; they differ in export, shape and plan only."""
    first, *others = requests
    siblings = [FramedSibling(export_id=one.export_id, aspect=one.aspect, plan=one.plan) for one in others]
    return msgspec.structs.replace(first, siblings=siblings)
