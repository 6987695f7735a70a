"""The table of lanes: which events wait in the outbox until their organisation has a place. Pure data.

A lane is the way into one stage, or into two that share an event. All other events are sent as soon as they are due.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args
from uuid import UUID

import msgspec

from schemas import events
from schemas.ids import result_id
from schemas.stages import Stage

LaneName = Literal[
    "asset",
    "ingest",
    "span",
    "close",
    "study",
    "detect",
    "frame",
    "render",
    "preview_framing",
    "preview",
    "transcode",
    "deliver",
]


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One lane; an event holds its place until each of ``stages`` has ended its attempt."""

    name: LaneName
    events: tuple[type, ...]
    stages: tuple[Stage, ...]


LANES: tuple[Lane, ...] = (
    Lane(name="asset", events=(events.AssetReceived,), stages=("ingest",)),
    Lane(name="ingest", events=(events.UploadReceived,), stages=("ingest",)),
    Lane(name="span", events=(events.SpanPlanned,), stages=("listen", "look")),
    Lane(name="close", events=(events.SpansHeard,), stages=("close",)),
    Lane(name="study", events=(events.TranscriptCompleted,), stages=("study",)),
    Lane(name="detect", events=(events.UnderstandingCompleted, events.ClipRequested), stages=("detect",)),
    Lane(name="frame", events=(events.ClipSelected, events.ExportRequested), stages=("frame",)),
    Lane(name="render", events=(events.RenderRequested, events.ReplayRequested), stages=("render",)),
    Lane(name="preview_framing", events=(events.PreviewRequested,), stages=("frame",)),
    Lane(name="preview", events=(events.PreviewPlanned,), stages=("preview",)),
    Lane(name="transcode", events=(events.ProxyRequested,), stages=("transcode",)),
    Lane(name="deliver", events=(events.DeliveryDue, events.NoticeDue), stages=("deliver",)),
)
LANE_NAMES: tuple[LaneName, ...] = get_args(LaneName)
LANE_OF: Mapping[type, Lane] = {event: lane for lane in LANES for event in lane.events}


def attempt_input_id(event: events.AnyEvent, event_id: UUID) -> UUID:
    """Id under which attempts at an event are kept.

    A producer outside chooses its own event ids, so an upload's id is bound to the organisation: no producer can
    take another's.
    """
    if isinstance(event, events.UploadReceived):
        return result_id(event.org_id, "upload", f"{event.project_id}")
    return event_id
