"""The events that travel through Kafka: ids, numbers and references to objects, never bulk."""

from __future__ import annotations

from uuid import UUID

from schemas.events.clip_events import (
    ClipEdited,
    ClipMeasured,
    ClipRequested,
    ClipSelected,
    ClipUpdated,
    MomentsDetected,
)
from schemas.events.delivery_events import DeadLetter, DeliveryDue, NoticeDue
from schemas.events.event_base import Event, Labelled, LabelPart
from schemas.events.export_events import (
    ExportCancelled,
    ExportCompleted,
    ExportFailed,
    ExportOrder,
    ExportRequested,
    ExportUpdated,
    RenderRequested,
    ReplayCompleted,
    ReplayRequested,
)
from schemas.events.preview_events import (
    PreviewCompleted,
    PreviewFailed,
    PreviewOrder,
    PreviewPlanned,
    PreviewRequested,
)
from schemas.events.project_events import (
    CostIncurred,
    ProjectCancelled,
    ProjectCompleted,
    ProjectErased,
    ProjectExpiring,
    ProjectFailed,
    ProjectProgressed,
    ProjectRetried,
    ProjectUpdated,
    Stage,
    StageState,
)
from schemas.events.proxy_events import ProxyCompleted, ProxyFailed, ProxyRequested
from schemas.events.rendition import Rendition, RenditionOrder
from schemas.events.source_events import (
    AssetChecked,
    AssetEvent,
    AssetReceived,
    AssetRefused,
    UploadReceived,
    UploadRefused,
)
from schemas.events.transcript_events import (
    IntelligenceCompleted,
    SpanPlanned,
    SpansHeard,
    TranscriptCompleted,
    UnderstandingCompleted,
)

__all__ = [
    "AnyEvent",
    "AssetChecked",
    "AssetEvent",
    "AssetReceived",
    "AssetRefused",
    "ClipEdited",
    "ClipMeasured",
    "ClipRequested",
    "ClipSelected",
    "ClipUpdated",
    "CostIncurred",
    "DeadLetter",
    "DeliveryDue",
    "Event",
    "ExportCancelled",
    "ExportCompleted",
    "ExportFailed",
    "ExportOrder",
    "ExportRequested",
    "ExportUpdated",
    "IntelligenceCompleted",
    "LabelPart",
    "Labelled",
    "MomentsDetected",
    "NoticeDue",
    "PreviewCompleted",
    "PreviewFailed",
    "PreviewOrder",
    "PreviewPlanned",
    "PreviewRequested",
    "ProjectCancelled",
    "ProjectCompleted",
    "ProjectErased",
    "ProjectExpiring",
    "ProjectFailed",
    "ProjectProgressed",
    "ProjectRetried",
    "ProjectUpdated",
    "ProxyCompleted",
    "ProxyFailed",
    "ProxyRequested",
    "RenderRequested",
    "Rendition",
    "RenditionOrder",
    "ReplayCompleted",
    "ReplayRequested",
    "SpanPlanned",
    "SpansHeard",
    "Stage",
    "StageState",
    "TranscriptCompleted",
    "UnderstandingCompleted",
    "UploadReceived",
    "UploadRefused",
    "owner_of",
]

AnyEvent = (
    UploadReceived
    | SpanPlanned
    | SpansHeard
    | TranscriptCompleted
    | UnderstandingCompleted
    | IntelligenceCompleted
    | MomentsDetected
    | ClipSelected
    | ClipRequested
    | ClipMeasured
    | ExportRequested
    | RenderRequested
    | ExportCompleted
    | ExportFailed
    | ExportCancelled
    | PreviewRequested
    | PreviewPlanned
    | PreviewCompleted
    | PreviewFailed
    | ProxyRequested
    | ProxyCompleted
    | ProxyFailed
    | ReplayRequested
    | ReplayCompleted
    | ProjectProgressed
    | ProjectCompleted
    | ProjectFailed
    | ProjectRetried
    | ProjectCancelled
    | ProjectErased
    | ProjectExpiring
    | ClipEdited
    | ProjectUpdated
    | ClipUpdated
    | ExportUpdated
    | CostIncurred
    | AssetReceived
    | AssetChecked
    | AssetRefused
    | DeliveryDue
    | NoticeDue
    | UploadRefused
    | DeadLetter
)


def owner_of(event: AnyEvent) -> tuple[UUID, UUID]:
    """Organisation and project of an event that has both: any but a dead letter."""
    assert event.org_id is not None
    assert event.project_id is not None
    return event.org_id, event.project_id
