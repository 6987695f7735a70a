"""Events of moments and clips: found, chosen, measured, edited, renamed."""

from __future__ import annotations

from uuid import UUID

from schemas.common import ObjectRef, Sibling, TimeRange
from schemas.events.event_base import Event, Labelled
from schemas.events.export_events import ExportOrder


class MomentsDetected(Event, frozen=True, kw_only=True):
    """Detect scored the candidates; the list with its evidence is in ``moments``."""

    moments: ObjectRef
    candidate_count: int
    clip_count: int
    nothing_found_reason: str | None = None


class ClipSelected(ExportOrder, frozen=True, kw_only=True):
    """A moment became a clip; its automatic exports come with it."""

    score: float
    confidence: float
    siblings: list[Sibling] = []
    """Automatic exports in addition to the first: the same in other shapes."""


class ClipRequested(ExportOrder, frozen=True, kw_only=True):
    """A person chose a range of the source as a clip. Detect measures it, then asks for its exports."""

    siblings: list[Sibling] = []
    """Exports in addition to the first: the same in other shapes."""


class ClipMeasured(Event, frozen=True, kw_only=True):
    """A clip that a person chose was measured; its words and evidence are in ``facts``.

    It has no ordinal, so it lies in the partition of its project's MomentsDetected and always comes after that.
    """

    clip_id: UUID
    range: TimeRange
    facts: ObjectRef
    score: float | None = None
    """None: the project has nothing to compare the clip with."""
    confidence: float | None = None


class ClipEdited(Event, frozen=True, kw_only=True):
    """A person made the next version of a clip's edit. ``operations`` names the operations in their order."""

    version: int
    clip_id: UUID
    ordinal: int
    edit_version: int
    base_version: int
    transcript_version: int
    operations: list[str]
    segment_count: int
    length_ms: int


class ClipUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of a clip changed."""

    clip_id: UUID
    ordinal: int
