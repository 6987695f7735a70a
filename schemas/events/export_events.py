"""Events of exports: requested, framed, finished, renamed, made again."""

from __future__ import annotations

from uuid import UUID

from schemas.common import Aspect, FramedSibling, ObjectRef, Sibling
from schemas.documents.quality import Figure, Verdict
from schemas.documents.replay import ReplayOutcome
from schemas.events.event_base import Event, Labelled
from schemas.events.rendition import RenditionOrder


class ExportOrder(RenditionOrder, frozen=True, kw_only=True):
    """Base of events that ask for an export."""

    export_id: UUID


class ExportRequested(ExportOrder, frozen=True, kw_only=True):
    """A person asked for one more file of a clip."""

    edit_version: int
    siblings: list[Sibling] = []
    """Exports of the same request: the same in other shapes."""


class RenderRequested(ExportOrder, frozen=True, kw_only=True):
    """The framing of an export is decided; ``plan`` holds the crops."""

    plan: ObjectRef
    source: ObjectRef
    index: ObjectRef
    edit: ObjectRef | None = None
    """The version of the clip's edit that is played; None: the rendition's range is played as it is."""
    siblings: list[FramedSibling] = []
    """Exports that are made with it: the same in other shapes."""


class ExportCompleted(Event, frozen=True, kw_only=True):
    """One encoded file of a clip is finished."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    aspect: Aspect
    video: ObjectRef
    duration_ms: int
    integrated_lufs: float | None
    warnings: list[str] = []
    verdict: Verdict | None = None
    """Verdict of its certificate; a file that failed its checks can be downloaded all the same."""
    checks: list[Figure] = []
    tries: int = 1
    """2: the first file failed its checks, and a simpler one was made."""
    safer: list[str] = []
    """Parts that were made simpler than the request asked for."""


class ExportFailed(Event, frozen=True, kw_only=True):
    """An export ended without a file, and why."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    reason: str
    detail: str


class ExportCancelled(Event, frozen=True, kw_only=True):
    """An export was stopped before its file was finished; its clip and the clip's other exports go on."""

    clip_id: UUID
    export_id: UUID
    ordinal: int


class ExportUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of an export changed."""

    clip_id: UUID
    export_id: UUID
    ordinal: int


class ReplayRequested(Event, frozen=True, kw_only=True):
    """A person asked whether an export has the same bytes when it is made again."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    replay_id: UUID


class ReplayCompleted(Event, frozen=True, kw_only=True):
    """An export was made again and compared, or could not be; the report is in the table of replays."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    replay_id: UUID
    outcome: ReplayOutcome
    files: list[str] = []
    """Files whose bytes differ."""
    differences: list[str] = []
    """Names of the inputs and tools that differ."""
