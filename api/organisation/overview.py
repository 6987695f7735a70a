"""The installation at a glance, for its operators: parts, queues, lag, dead letters, versions.

It tells what this process can ask. What it cannot know is said in words, with the place that knows it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from api.health.handlers import PartState, Readiness, probe_all
from api.http.operations import Call, Operation, Reply
from core.errors import Unavailable
from core.infra.kafka.access import kafka_access
from core.infra.kafka.group_lag import read_group_lags
from core.services.watchdog import list_still_projects, show_all
from core.storage.dead_letters import show_unowned
from core.storage.organisation.overview import InstallationCounts, list_lane_counts, list_stage_counts, read_counts
from schemas.access.kafka_acls import SINK_PROCESSES, sink_group, stage_group
from schemas.lanes import LANES
from schemas.stages import STAGES
from schemas.topics import TOPICS
from schemas.version import VERSION

MAX_STUCK = 100
NOT_KNOWN = (
    "Versions of Kafka, object storage, the search engine and Triton: they do not tell them by what the API asks.",
    "Versions and memory of the workers: each tells its own on /metrics.",
    "Dead letters of other organisations: clipstream_dead_letters_total of the workers counts all.",
)


class LagRow(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a topic that a consumer group has not finished with."""

    group: str
    """Consumer group."""
    topic: str
    """Topic."""
    messages: int
    """Number of messages."""


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """Events that wait for a place on their way into a stage."""

    lane: str
    """The way."""
    waiting: int
    """Number of events."""
    oldest_at: dt.datetime | None
    """When the oldest became due; null where none waits."""


class StageRow(msgspec.Struct, frozen=True, kw_only=True):
    """Work of a stage that is not over."""

    stage: str
    running: int
    """Attempts at work."""
    retrying: int
    """Attempts that wait for their next try."""


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are due and that the relay has not sent."""

    waiting: int
    """Number of events."""
    oldest_at: dt.datetime | None
    """When the oldest became due; null where none waits."""


class OpenLetters(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters that were not replayed: the organisation's own, and those without an owner."""

    open: int
    """Number of letters."""
    last_at: dt.datetime | None
    """When the last one came; null without any."""


class ProjectCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Projects of all organisations that are not over."""

    queued: int
    """Projects that have not begun."""
    running: int
    """Projects at work."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The installation at a glance."""

    at: dt.datetime
    """When this was asked."""
    components: dict[str, PartState]
    """State of each part, by name."""
    down: list[str]
    """Names of the parts that do not answer."""
    lag: list[LagRow] | None
    """By group and topic; null where it is not known."""
    lag_unknown: str
    """Why the lag is not known; empty where it is."""
    lanes: list[LaneRow]
    """What waits on the way into each stage, of all organisations: longer queues are there, not in Kafka."""
    stages: list[StageRow]
    """Work of each stage."""
    outbox: Unsent
    """What waits for the relay."""
    projects: ProjectCounts
    """Projects that are not over."""
    dead_letters: OpenLetters
    """What could not be worked on."""
    stuck: int
    """Projects in which nothing moves, at most a hundred."""
    versions: dict[str, str | None]
    """Version of each component; null where the API cannot ask it."""
    not_known: list[str]
    """What the API cannot know, and where to read it."""


def topics_of_groups() -> Mapping[str, Sequence[str]]:
    """What each consumer group of a stage or sink reads, by the table of topics."""
    groups = {stage_group(stage): [topic.name for topic in TOPICS if stage in topic.consumers] for stage in STAGES}
    sunk = [topic.name for topic in TOPICS if "sinks" in topic.consumers]
    return groups | {sink_group(process.removeprefix("sink-")): sunk for process in SINK_PROCESSES}


async def get_overview(call: Call[None, None]) -> Reply:
    """Parts that answer, what waits and where, lag, dead and stuck work, versions."""
    context = call.context
    readiness = await probe_all(context.probes, context.watch.late)
    still = dt.timedelta(seconds=context.settings.still_s)
    async with call.rows() as rows:
        await show_all(rows)
        await show_unowned(rows)
        counts = await read_counts(rows)
        lanes = {lane.lane: LaneRow(**msgspec.structs.asdict(lane)) for lane in await list_lane_counts(rows)}
        stages = {stage.stage: StageRow(**msgspec.structs.asdict(stage)) for stage in await list_stage_counts(rows)}
        stuck = await list_still_projects(rows, still, MAX_STUCK)
    lag, lag_unknown = await _read_lag(call, readiness)
    body = Overview(
        at=call.now,
        components=readiness.parts,
        down=readiness.down,
        lag=lag,
        lag_unknown=lag_unknown,
        lanes=[lanes.get(lane.name) or LaneRow(lane=lane.name, waiting=0, oldest_at=None) for lane in LANES],
        stages=[stages.get(name) or StageRow(stage=name, running=0, retrying=0) for name in STAGES],
        stuck=len(stuck),
        versions=await _versions(call, counts),
        not_known=list(NOT_KNOWN),
        outbox=Unsent(waiting=counts.unsent, oldest_at=counts.unsent_since),
        projects=ProjectCounts(queued=counts.projects_queued, running=counts.projects_running),
        dead_letters=OpenLetters(open=counts.letters, last_at=counts.last_letter_at),
    )
    return Reply(body=body, headers={"Cache-Control": "no-store"})


async def _read_lag(call: Call[None, None], readiness: Readiness) -> tuple[list[LagRow] | None, str]:
    kafka = readiness.parts.get("kafka")
    if kafka is None or not kafka.up:  # not asked: it would take as long as Kafka does not answer
        return None, "Kafka does not answer."
    try:
        lags = await read_group_lags(kafka_access(call.context.settings), topics_of_groups())
    except Unavailable as error:
        return None, f"Kafka did not tell: {str(error)[:200]}"
    return [LagRow(**msgspec.structs.asdict(lag)) for lag in lags], ""


async def _versions(call: Call[None, None], counts: InstallationCounts) -> dict[str, str | None]:
    versions: dict[str, str | None] = {"clipstream": VERSION, "postgres": counts.postgres}
    try:
        rows = await call.context.analytics.query("select version() as version", {})
    except Unavailable:
        rows = []
    versions["clickhouse"] = next((str(row["version"]) for row in rows if "version" in row), None)
    return versions | dict.fromkeys(("kafka", "objects", "search", "triton"))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/admin/overview",
        name="getOverview",
        tag="admin",
        permission="installation:operate",
        summary="See the installation at a glance: parts, queues, lag, dead letters, versions",
        handler=get_overview,
        response=Overview,
    ),
)
