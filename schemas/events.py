"""The facts that travel through Kafka, as frozen structs. Ids, numbers and references to objects; never bulk."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from schemas import stages
from schemas.common import Aspect, FramedSibling, ObjectRef, Sibling, TimeRange
from schemas.costs import CostItem, InferenceCall, Outcome
from schemas.documents.moments import NearMoment
from schemas.documents.quality import Figure, Verdict
from schemas.documents.replay import ReplayOutcome
from schemas.metadata import Metadata
from schemas.options.brand_kit import AssetKind
from schemas.options.caption_template import DEFAULT_TEMPLATE
from schemas.options.export import ExportOptions
from schemas.options.project import ProjectOptions

Stage = stages.Stage
LabelPart = Literal["title", "metadata"]
StageState = stages.StageState


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event: whose it is and which project it speaks of."""

    org_id: UUID
    project_id: UUID


class UploadReceived(Event, frozen=True, kw_only=True):
    """A source is there to be worked on: an object under the org's prefix, or else a URL to fetch."""

    object_key: str | None = None
    source_url: str | None = None
    title: str = ""
    options: ProjectOptions = ProjectOptions()
    metadata: Metadata = {}
    """JSON of the customer's own, kept with the project. No other event holds any."""


class SpanPlanned(Event, frozen=True, kw_only=True):
    """One stretch of the time line is to be heard and seen. ``audio`` covers ``padded``; absent without sound."""

    ordinal: int
    span_count: int
    range: TimeRange
    padded: TimeRange
    source: ObjectRef
    index: ObjectRef
    audio: ObjectRef | None = None
    has_video: bool = True
    language: str | None = None


class SpansHeard(Event, frozen=True, kw_only=True):
    """Every span has been heard or given up; close may merge."""

    version: int = 1


class TranscriptCompleted(Event, frozen=True, kw_only=True):
    """The words of the whole project are on one time line; from version 2 on, as a person corrected them."""

    transcript: ObjectRef
    language: str | None
    word_count: int
    segment_count: int
    speech_ms: int
    version: int = 1


class UnderstandingCompleted(Event, frozen=True, kw_only=True):
    """Close and look have both ended; ``missing`` names the parts that were given up."""

    missing: list[str]


class IntelligenceCompleted(Event, frozen=True, kw_only=True):
    """Study knows what is spoken of; the document is in ``intelligence``, made by ``engine``."""

    intelligence: ObjectRef
    engine: str
    chapter_count: int
    topic_count: int
    entity_count: int
    transcript_version: int = 1


class MomentsDetected(Event, frozen=True, kw_only=True):
    """Detect has weighed the candidates; the list with evidence is in ``moments``."""

    moments: ObjectRef
    candidate_count: int
    clip_count: int
    nothing_found_reason: str | None = None


class RenditionOrder(Event, frozen=True, kw_only=True):
    """Base of what asks for a file or a picture of a clip: of which stretch, in which shape and style."""

    clip_id: UUID
    ordinal: int
    range: TimeRange
    aspect: Aspect
    captions: bool
    template: str = DEFAULT_TEMPLATE
    template_version: int = 1
    """As it was when it was asked for; 1 in older events."""
    mask_profanity: bool = False
    options: ExportOptions = ExportOptions()


class ExportOrder(RenditionOrder, frozen=True, kw_only=True):
    """Base of what asks for an export."""

    export_id: UUID
    transcript_version: int | None = None
    """Whose words are shown, whatever is corrected later; 0: there were none; None, in older events: the newest."""


class PreviewOrder(RenditionOrder, frozen=True, kw_only=True):
    """Base of what asks for one picture of a clip."""

    preview_id: UUID
    edit_version: int
    at_ms: int
    """Of the clip as it is played."""
    transcript_version: int = 0
    """Whose words are shown; 0: there are none."""


class ClipSelected(ExportOrder, frozen=True, kw_only=True):
    """One moment became a clip; its automatic exports come with it."""

    score: float
    confidence: float
    siblings: list[Sibling] = []
    """Automatic exports of it beside the first: the same in other shapes."""


class ClipRequested(ExportOrder, frozen=True, kw_only=True):
    """A person chose a stretch of the project as a clip. Detect measures it, then asks for its exports."""

    siblings: list[Sibling] = []
    """Its exports beside the first: the same in other shapes."""


class ClipMeasured(Event, frozen=True, kw_only=True):
    """A clip that a person chose was measured; its words and evidence are in ``facts``.

    Without an ordinal it lies in the partition of its project's MomentsDetected, so that it always comes after that.
    """

    clip_id: UUID
    range: TimeRange
    facts: ObjectRef
    score: float | None = None
    """None: the project has nothing to compare it with."""
    confidence: float | None = None


class ExportRequested(ExportOrder, frozen=True, kw_only=True):
    """Somebody asked for one more file of a clip."""

    edit_version: int
    siblings: list[Sibling] = []
    """Exports that were asked for with it: the same in other shapes."""


class RenderRequested(ExportOrder, frozen=True, kw_only=True):
    """The framing of an export is decided; ``plan`` holds the crops."""

    plan: ObjectRef
    source: ObjectRef
    index: ObjectRef
    edit: ObjectRef | None = None
    """The version of the clip's edit that is played; without one ``range`` is played as it is."""
    siblings: list[FramedSibling] = []
    """Exports that are made with it: the same in other shapes."""


class ExportCompleted(Event, frozen=True, kw_only=True):
    """One encoded file of a clip is there."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    aspect: Aspect
    video: ObjectRef
    duration_ms: int
    integrated_lufs: float | None
    warnings: list[str] = []
    verdict: Verdict | None = None
    """Of its certificate; a failed one is there to be downloaded all the same."""
    checks: list[Figure] = []
    tries: int = 1
    """2: the first file failed, and a safer one was made."""
    safer: list[str] = []
    """What was made simpler than was asked for."""


class ExportFailed(Event, frozen=True, kw_only=True):
    """An export ended without a file, and why."""

    clip_id: UUID
    export_id: UUID
    ordinal: int
    reason: str
    detail: str


class ExportCancelled(Event, frozen=True, kw_only=True):
    """Somebody stopped an export before its file was there; its clip and its other exports go on."""

    clip_id: UUID
    export_id: UUID
    ordinal: int


class PreviewRequested(PreviewOrder, frozen=True, kw_only=True):
    """Somebody wants to see one picture of a clip, of which it is not known yet how it is framed in that shape."""


class PreviewPlanned(PreviewOrder, frozen=True, kw_only=True):
    """One picture of a clip is to be made; ``plan`` holds the crops."""

    plan: ObjectRef


class PreviewCompleted(Event, frozen=True, kw_only=True):
    """The picture is there."""

    clip_id: UUID
    preview_id: UUID
    picture: ObjectRef


class PreviewFailed(Event, frozen=True, kw_only=True):
    """There is no such picture, and why."""

    clip_id: UUID
    preview_id: UUID
    reason: str
    detail: str


class ReplayRequested(Event, frozen=True, kw_only=True):
    """Somebody asked whether an export comes out the same when it is made again."""

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
    """Those whose bytes differ."""
    differences: list[str] = []
    """Names of what it is made with that differ."""


class ProjectProgressed(Event, frozen=True, kw_only=True):
    """A stage of a project moved. ``version`` grows by one with each event of the project."""

    version: int
    stage: Stage
    state: StageState
    percent: int
    elapsed_ms: int | None = None
    cpu_ms: int | None = None
    media_ms: int | None = None


class ProjectCompleted(Event, frozen=True, kw_only=True):
    """All automatic exports have ended and one worked, or nothing was found and ``nothing_found_reason`` says why."""

    version: int
    clip_count: int
    warnings: list[str] = []
    nothing_found_reason: str | None = None
    nearest: list[NearMoment] = []
    """Without a clip: the moments that came nearest, without their titles."""


class ProjectFailed(Event, frozen=True, kw_only=True):
    """The project ended without a result; ``detail`` is a sentence for a person."""

    version: int
    reason: str
    detail: str


class ProjectCancelled(Event, frozen=True, kw_only=True):
    """Somebody stopped the project."""

    version: int


class ProjectErased(Event, frozen=True, kw_only=True):
    """Everything of the project is to be forgotten; the id stays as a tombstone."""

    version: int


class ClipEdited(Event, frozen=True, kw_only=True):
    """A person made the next version of a clip's edit. ``operations`` names what was asked for, in its order."""

    version: int
    clip_id: UUID
    ordinal: int
    edit_version: int
    base_version: int
    transcript_version: int
    operations: list[str]
    segment_count: int
    length_ms: int


class Labelled(Event, frozen=True, kw_only=True):
    """Base of what is said where a title or metadata was changed: which of them, never the words themselves.

    Whoever may know the words reads them where erasure reaches them.
    """

    version: int
    revision: int
    """Counts the changes of title and metadata; the first is 2."""
    changed: list[LabelPart]
    """What is other than before."""


class ProjectUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of a project was changed."""


class ClipUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of a clip was changed."""

    clip_id: UUID
    ordinal: int


class ExportUpdated(Labelled, frozen=True, kw_only=True):
    """The title or the metadata of an export was changed."""

    clip_id: UUID
    export_id: UUID
    ordinal: int


class CostIncurred(Event, frozen=True, kw_only=True):
    """One try of a stage at one event has ended, and used something. ``attempt`` counts the tries, lost ones too."""

    stage: Stage
    attempt: int
    outcome: Outcome
    wall_ms: int
    items: list[CostItem]
    calls: list[InferenceCall] = []
    """Requests to models, in their order; past a number the rest of each model is one."""
    currency: str = ""


class AssetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is said of a file of an organisation's brand kits. It belongs to no project."""

    org_id: UUID
    asset_id: UUID
    kind: AssetKind

    @property
    def project_id(self) -> UUID:
        """What stands in a project's place in keys, attempts and rows: the asset's own id."""
        return self.asset_id


class AssetReceived(AssetEvent, frozen=True, kw_only=True):
    """A file was uploaded to be used in brand kits; it is to be checked."""


class AssetChecked(AssetEvent, frozen=True, kw_only=True):
    """The file may be used; ``object`` is what is used of it."""

    object: ObjectRef


class AssetRefused(AssetEvent, frozen=True, kw_only=True):
    """The file cannot be used; ``detail`` is a sentence for a person."""

    reason: str
    detail: str


class DeliveryDue(Event, frozen=True, kw_only=True):
    """It is time for try ``attempt`` (from 1) of one webhook delivery."""

    delivery_id: UUID
    attempt: int


class UploadRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A message on ``uploads.v1`` made no project, and why. Every producer reads it: of the message it has ids only."""

    refusal_id: UUID
    partition: int
    """Where the message lies on ``uploads.v1``."""
    offset: int
    reason: str
    detail: str
    """What to do, in a sentence of ours."""
    key_id: str | None = None
    """The producer key that the message names; None where there is none of this id."""
    signed: bool = False
    """Whether the signature holds; without it anybody may have sent the message."""
    message_key: UUID | None = None
    """Key of the message, the project's id; None where it is no UUID."""
    event_id: UUID | None = None
    """CloudEvents id of the message; None where it is no UUID."""
    unlisted: int = 0
    """How many messages of this sender were refused since its last refusal here, and are not told of."""

    @property
    def org_id(self) -> UUID | None:
        """Nobody's: it is on a topic that all producers read."""
        return None

    @property
    def project_id(self) -> UUID | None:
        """There is no project."""
        return None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message nobody could work on. ``payload_base64`` is what arrived, byte for byte."""

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
    | ReplayRequested
    | ReplayCompleted
    | ProjectProgressed
    | ProjectCompleted
    | ProjectFailed
    | ProjectCancelled
    | ProjectErased
    | ClipEdited
    | ProjectUpdated
    | ClipUpdated
    | ExportUpdated
    | CostIncurred
    | AssetReceived
    | AssetChecked
    | AssetRefused
    | DeliveryDue
    | UploadRefused
    | DeadLetter
)


def owner_of(event: AnyEvent) -> tuple[UUID, UUID]:
    """Organisation and project of an event that has both: any but a dead letter."""
    assert event.org_id is not None
    assert event.project_id is not None
    return event.org_id, event.project_id
