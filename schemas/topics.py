"""The table of topics: producers, consumers, keys, partitions, retention. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from schemas import events

DAY_MS = 24 * 60 * 60 * 1000
UNLIMITED_MS = -1
PARTITIONS = 12
"""Of each topic, by default: an operator may make topics with more."""
SLOT_COUNT = 1_441_440
"""Places of events before the number of partitions is known: a multiple of 1 … 16, 24, 48 and 96."""
Spread = Literal["project", "ordinal"]


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic; ``spread``: partition by project, or by project and ordinal."""

    name: str
    events: tuple[type, ...]
    spread: Spread
    retention_ms: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    doc: str
    partitions: int = PARTITIONS
    key: str = "the project's id"


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="uploads.v1",
        events=(events.UploadReceived,),
        spread="project",
        retention_ms=7 * DAY_MS,
        producers=("api", "external producers"),
        consumers=("ingest", "sinks"),
        doc="A source to work on. The only topic that holds a title, metadata and a URL, hence its short life.",
    ),
    Topic(
        name="spans.v1",
        events=(events.SpanPlanned,),
        spread="ordinal",
        retention_ms=7 * DAY_MS,
        producers=("ingest", "listen", "look", "sweeper"),
        consumers=("listen", "look", "sinks"),
        doc="Spans of the timeline, at most four of a project outstanding.",
    ),
    Topic(
        name="transcripts.v1",
        events=(
            events.SpansHeard,
            events.TranscriptCompleted,
            events.UnderstandingCompleted,
            events.IntelligenceCompleted,
        ),
        spread="project",
        retention_ms=UNLIMITED_MS,
        producers=("listen", "close", "look", "study", "api", "sweeper"),
        consumers=("close", "study", "detect", "sinks"),
        doc="What is known of a project's words and pictures, and what it is about.",
    ),
    Topic(
        name="moments.v1",
        events=(
            events.MomentsDetected,
            events.ClipSelected,
            events.ClipRequested,
            events.ClipMeasured,
            events.ExportRequested,
        ),
        spread="ordinal",
        retention_ms=UNLIMITED_MS,
        producers=("detect", "api"),
        consumers=("detect", "frame", "sinks"),
        doc="Chosen moments, clips that people choose, and requests for files of them.",
    ),
    Topic(
        name="renders.v1",
        events=(events.RenderRequested, events.ReplayRequested),
        spread="ordinal",
        retention_ms=UNLIMITED_MS,
        producers=("frame", "api"),
        consumers=("render", "sinks"),
        doc="Framed exports to encode, and finished ones to make again and compare.",
    ),
    Topic(
        name="exports.v1",
        events=(events.ExportCompleted, events.ExportFailed, events.ExportCancelled, events.ReplayCompleted),
        spread="project",
        retention_ms=UNLIMITED_MS,
        producers=("render", "frame", "api", "sweeper"),
        consumers=("deliver", "sinks"),
        doc="Finished, failed or cancelled files, and whether they came out the same when made again.",
    ),
    Topic(
        name="previews.v1",
        events=(events.PreviewRequested, events.PreviewPlanned, events.PreviewCompleted, events.PreviewFailed),
        spread="ordinal",
        retention_ms=7 * DAY_MS,
        producers=("api", "frame", "preview"),
        consumers=("frame", "preview", "api", "sinks"),
        doc="Single pictures of clips, as an export would show them.",
    ),
    Topic(
        name="proxies.v1",
        events=(events.ProxyRequested, events.ProxyCompleted, events.ProxyFailed),
        spread="project",
        retention_ms=7 * DAY_MS,
        producers=("api", "transcode"),
        consumers=("transcode", "sinks"),
        doc="Copies of sources for players, where a browser does not play the source itself, or not smoothly.",
    ),
    Topic(
        name="projects.v1",
        events=(
            events.ProjectProgressed,
            events.ProjectCompleted,
            events.ProjectFailed,
            events.ProjectRetried,
            events.ProjectCancelled,
            events.ProjectErased,
            events.ProjectExpiring,
            events.ClipEdited,
            events.ProjectUpdated,
            events.ClipUpdated,
            events.ExportUpdated,
            events.CostIncurred,
        ),
        spread="project",
        retention_ms=UNLIMITED_MS,
        producers=("all stages", "api", "sweeper"),
        consumers=("deliver", "api (SSE)", "sinks", "sweeper"),
        doc="How a project fares, what it cost, how its clips are edited, and that something was renamed.",
    ),
    Topic(
        name="assets.v1",
        events=(events.AssetReceived, events.AssetChecked, events.AssetRefused),
        spread="project",
        retention_ms=UNLIMITED_MS,
        producers=("api", "ingest"),
        consumers=("ingest", "sinks"),
        doc="Files of brand kits: pictures, fonts, clips and music of an organisation.",
    ),
    Topic(
        name="deliveries.v1",
        events=(events.DeliveryDue, events.NoticeDue),
        spread="project",
        retention_ms=7 * DAY_MS,
        producers=("deliver", "api"),
        consumers=("deliver", "sinks"),
        doc="Webhook tries, each due at its time.",
        key="the project's id, or the organisation's where a delivery has no project",
    ),
    Topic(
        name="uploads.refused.v1",
        events=(events.UploadRefused,),
        spread="project",
        retention_ms=7 * DAY_MS,
        producers=("ingest",),
        consumers=("operators", "sinks"),
        doc="Messages on uploads.v1 that made no project, and why, of all organisations. Without text of a message.",
        key="the refusal's id",
    ),
    Topic(
        name="dead.v1",
        events=(events.DeadLetter,),
        spread="project",
        retention_ms=28 * DAY_MS,
        producers=("all stages", "sinks", "sweeper"),
        consumers=("sinks", "sweeper", "operators"),
        doc="What could not be worked on, byte for byte, with the reason.",
        key="the project's id, or the letter's where it has no project",
    ),
)

BY_NAME: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}
_BY_HALVES = (0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11)
"""Distance of each part from its project's first partition, by ordinal, of docs/adr/0012."""
TOPIC_OF: Mapping[type, Topic] = {event: topic for topic in TOPICS for event in topic.events}


def slot_for(topic: Topic, project_id: UUID, ordinal: int = 0) -> int:
    """The slot of an event, independent of the number of partitions: slot mod n is its partition."""
    return (project_id.int + (ordinal if topic.spread == "ordinal" else 0)) % SLOT_COUNT


def partition_for(topic: Topic, project_id: UUID, ordinal: int = 0, partitions: int = PARTITIONS) -> int:
    """Partition of an event, ``(project + ordinal) mod n``: no short video waits behind a long one.

    Workers are assigned by round robin: of n, worker k has the partitions k, k + n, … Neighbouring ordinals, on
    neighbouring partitions, fall to different workers (docs/adr/0023).
    """
    return slot_for(topic, project_id, ordinal) % partitions


def partitions_before(topic: Topic, project_id: UUID, ordinal: int = 0) -> tuple[int, ...]:
    """The partitions by the rules before docs/adr/0023, the latest first, for looking up older events."""
    distances = (_BY_HALVES[ordinal % len(_BY_HALVES)], 7 * ordinal) if topic.spread == "ordinal" else (0,)
    return tuple((project_id.int + distance) % topic.partitions for distance in distances)


def route(event: events.AnyEvent) -> tuple[Topic, UUID, int]:
    """Topic, key and slot of an event."""
    topic = TOPIC_OF[type(event)]
    key = _key_of(event)
    return topic, key, slot_for(topic, key, getattr(event, "ordinal", 0))


def _key_of(event: events.AnyEvent) -> UUID:
    if isinstance(event, events.UploadRefused):
        return event.refusal_id
    return event.project_id or event.dead_id if isinstance(event, events.DeadLetter) else event.project_id
