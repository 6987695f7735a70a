"""Pure: what projects a day take of each resource, by measured costs, and what breaks first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from benchmarks.load.capacity_inputs import Site, Workload
from benchmarks.load.project_amounts import Footprint, ProjectShape
from benchmarks.load.project_copies import ages_of
from core.domain.estimates import EstimatedSource, Rates, clips_of, table_amount
from schemas.costs import GB_BYTES
from schemas.lanes import LANES
from schemas.stages import ROW_BY_NAME, Stage
from schemas.topics import BY_NAME, DAY_MS

DAY_S = 86_400.0
YEAR_DAYS = 365.0


class StageLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One stage."""

    stage: str
    cpu_s: float
    """Of one project, with its children and models."""
    cores: float
    """On average over the day."""
    workers: int
    """Processes, at the utilisation and the concurrency of the stage."""


class PartLoad(msgspec.Struct, frozen=True, kw_only=True):
    """A server, the relay, a sink or the API."""

    part: str
    cores: float


class TableLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One table of Postgres."""

    table: str
    rows_per_day: float
    kept_rows: float
    """After a year."""
    kept_bytes: float
    """After a year, with indexes."""
    kept_days: float | None
    """None: for ever."""


class TopicLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of Kafka."""

    topic: str
    events_per_day: float
    bytes_per_day: float
    """Of one copy, uncompressed."""
    kept_bytes: float
    """After a year, of all copies."""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A resource with an end: what is needed of it and what there is."""

    name: str
    needed: float
    available: float
    remedy: str

    @property
    def headroom(self) -> float:
        """The number of times that the workload would fit."""
        return self.available / self.needed if self.needed else math.inf


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """The whole model."""

    measured: str
    """How the footprint of a project was measured."""
    workload: Workload
    site: Site
    shape: ProjectShape
    stages: Sequence[StageLoad]
    parts: Sequence[PartLoad]
    tables: Sequence[TableLoad]
    topics: Sequence[TopicLoad]
    commits_hz: float | None
    """Transactions of Postgres a second; None: not measured."""
    events_hz: float
    source_bytes_per_day: float
    result_bytes_per_day: float
    bounds: Sequence[Bound]
    """The first breaks first."""

    @property
    def cores(self) -> float:
        """Cores that work on average, of all stages and parts."""
        return sum(stage.cores for stage in self.stages) + sum(part.cores for part in self.parts)

    @property
    def core_hours_per_day(self) -> float:
        """Processor time that is used."""
        return self.cores * 24

    @property
    def money_per_day(self) -> float | None:
        """Price of the cores that must be there and of each day's stored bytes; None without prices."""
        prices = self.site.prices
        if not prices.cpu_hour and not prices.stored_gb:
            return None
        stored_gb = (self.source_bytes_per_day + self.result_bytes_per_day) / GB_BYTES
        return self.core_hours_per_day / self.site.utilisation * prices.cpu_hour + stored_gb * prices.stored_gb


def shape_of(workload: Workload, site: Site, rates: Rates) -> tuple[ProjectShape, EstimatedSource]:
    """Spans and clips of one project."""
    source = EstimatedSource(
        media_ms=round(workload.minutes * 60_000), megapixels=workload.megapixels, options=workload.options
    )
    spans = math.ceil(source.media_ms / site.spans.target_ms)
    return ProjectShape(media_s=source.media_ms / 1000, spans=spans, clips=clips_of(source, rates)), source


def model_capacity(workload: Workload, site: Site, rates: Rates, footprint: Footprint) -> Capacity:
    """Everything, by multiplication."""
    shape, source = shape_of(workload, site, rates)
    per_s = workload.projects_per_day / DAY_S
    stages = [
        _stage_load(stage, table_amount(rate, source, rates) / 1000, per_s, site.utilisation)
        for stage, rate in rates.stages.items()
    ]
    parts = [PartLoad(part=part, cores=amount.at(shape) * per_s) for part, amount in footprint.parts_cpu_s.items()]
    topics = _topics(workload, site, footprint, shape)
    events_hz = sum(topic.events_per_day for topic in topics) / DAY_S
    result_bytes = sum(amount.at(shape) for amount in footprint.object_bytes.values())
    capacity = Capacity(
        measured=footprint.measured,
        workload=workload,
        site=site,
        shape=shape,
        stages=stages,
        parts=sorted(parts, key=lambda part: -part.cores),
        tables=_tables(workload, site, footprint, shape),
        topics=topics,
        commits_hz=footprint.commits.at(shape) * per_s if footprint.commits else None,
        events_hz=events_hz,
        source_bytes_per_day=rates.bytes_per_s * shape.media_s * workload.projects_per_day,
        result_bytes_per_day=result_bytes * workload.projects_per_day,
        bounds=(),
    )
    return msgspec.structs.replace(capacity, bounds=sorted(_bounds(capacity), key=lambda bound: bound.headroom))


def _stage_load(stage: Stage, cpu_s: float, per_s: float, utilisation: float) -> StageLoad:
    cores = cpu_s * per_s
    workers = max(1, math.ceil(cores / utilisation / ROW_BY_NAME[stage].concurrency))
    return StageLoad(stage=stage, cpu_s=cpu_s, cores=cores, workers=workers)


def _tables(workload: Workload, site: Site, footprint: Footprint, shape: ProjectShape) -> list[TableLoad]:
    ages = ages_of(site.retention)
    loads = []
    for table, measured in footprint.tables.items():
        rows_per_day = measured.rows.at(shape) * workload.projects_per_day
        kept_days = ages[table].total_seconds() / DAY_S if table in ages else None
        kept_rows = rows_per_day * min(YEAR_DAYS, YEAR_DAYS if kept_days is None else kept_days)
        loads.append(
            TableLoad(
                table=table, rows_per_day=rows_per_day, kept_rows=kept_rows, kept_bytes=kept_rows * measured.row_bytes,
                kept_days=kept_days,
            )
        )  # fmt: skip
    return sorted(loads, key=lambda table: -table.kept_bytes)


def _topics(workload: Workload, site: Site, footprint: Footprint, shape: ProjectShape) -> list[TopicLoad]:
    loads = []
    for topic, measured in footprint.topics.items():
        events = measured.events.at(shape) * workload.projects_per_day
        retention_ms = BY_NAME[topic].retention_ms
        days = YEAR_DAYS if retention_ms < 0 else retention_ms / DAY_MS
        kept_bytes = events * measured.event_bytes * days * site.kafka_copies
        loads.append(
            TopicLoad(
                topic=topic, events_per_day=events, bytes_per_day=events * measured.event_bytes, kept_bytes=kept_bytes
            )
        )  # fmt: skip
    return sorted(loads, key=lambda topic: -topic.bytes_per_day)


def _bounds(capacity: Capacity) -> list[Bound]:
    site, workload = capacity.site, capacity.workload
    bounds = [
        Bound(
            name=f"partitions, workers of {stage.stage}",
            needed=stage.workers,
            available=site.partitions,
            remedy="`CLIPSTREAM_KAFKA_PARTITIONS`, `--grow-topics`",
        )
        for stage in capacity.stages
    ]
    bounds += _window_bounds(capacity)
    if site.cores is not None:
        cores = capacity.cores / site.utilisation
        bounds.append(Bound(name="cores", needed=cores, available=site.cores, remedy="more machines"))
    if site.posts_hz is not None:
        posts_hz = workload.projects_per_day / DAY_S * workload.peak_factor
        bounds.append(
            Bound(name="POSTs a second", needed=posts_hz, available=site.posts_hz, remedy="more API processes")
        )
    return bounds


def _window_bounds(capacity: Capacity) -> list[Bound]:
    """Places in the lanes of stages with a rate: events in flight are the cores at work (Little's law)."""
    cores = {stage.stage: stage.cores for stage in capacity.stages}
    bounds = []
    for lane in LANES:
        lane_cores = [cores[stage] for stage in lane.stages if stage in cores]
        if not lane_cores or lane.name in ("asset", "preview_framing"):
            continue
        window: int = getattr(capacity.site.windows, lane.name)
        bounds.append(
            Bound(
                name=f"places in the lane {lane.name} of {capacity.workload.organisations} organisations",
                needed=max(lane_cores) / capacity.site.utilisation,
                available=window * capacity.workload.organisations,
                remedy=f"`CLIPSTREAM_ADMISSION_{lane.name.upper()}`",
            )
        )
    return bounds
