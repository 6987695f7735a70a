"""The metrics of stages, relay, sweeper and sinks, declared as data. No label names a customer.

A label is a stage, a verdict, a reason of ours, a topic, a sink or its table: the number of series is bounded, no
matter what is sent. Every process has a registry of its own, with the metrics of its kind and those of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
WORK_S = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
HOP_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0)
BATCH = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 5_000.0)


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric. ``name`` is what Prometheus shows: a counter's ends in ``_total``."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


EVENTS = Metric(
    name="clipstream_stage_events_total",
    kind="counter",
    text="Messages a stage took to their end, by what became of them",
    labels=("stage", "verdict"),
)
ATTEMPT = Metric(
    name="clipstream_stage_attempt_duration_seconds",
    kind="histogram",
    text="From taking a message that was worked on to its end",
    labels=("stage", "verdict"),
    buckets=WORK_S,
)
IN_FLIGHT = Metric(
    name="clipstream_stage_in_flight_seconds",
    kind="gauge",
    text="How long the attempt in flight has been worked on; 0 without one",
    labels=("stage",),
)
UNMOVED = Metric(
    name="clipstream_stage_unmoved_seconds",
    kind="gauge",
    text="How long ago the counter of the attempt in flight last grew; 0 without one",
    labels=("stage",),
)
LAG = Metric(
    name="clipstream_stage_lag_messages",
    kind="gauge",
    text="Messages assigned to this worker and not acknowledged yet",
    labels=("stage",),
)
WALL = Metric(
    name="clipstream_sandbox_wall",
    kind="gauge",
    text="Whether a wall stood around the latest child that opened media (1) or not (0); NaN before the first",
    labels=("wall",),
)
CHILD_CPU = Metric(
    name="clipstream_stage_child_cpu_seconds_total",
    kind="counter",
    text="Processor time of the child processes that opened media, however they ended",
    labels=("stage",),
)
DEAD = Metric(
    name="clipstream_dead_letters_total",
    kind="counter",
    text="Dead letters written, by stage or sink and reason",
    labels=("stage", "reason"),
)
UNKEPT = Metric(
    name="clipstream_dead_letters_unkept_total",
    kind="counter",
    text="Bad upload messages beyond the letters that are kept of a sender in a minute, by stage or sink and reason",
    labels=("stage", "reason"),
)
OUTBOX_DUE = Metric(name="clipstream_outbox_due_rows", kind="gauge", text="Events that are due and not sent yet")
OUTBOX_AGE = Metric(
    name="clipstream_outbox_oldest_due_seconds", kind="gauge", text="How long the oldest of them has been due"
)
OUTBOX_WAITING = Metric(
    name="clipstream_outbox_waiting_rows",
    kind="gauge",
    text="Events that are due and wait for a place of their organisation",
    labels=("lane",),
)
PUBLISHED = Metric(
    name="clipstream_relay_published_total",
    kind="counter",
    text="Events sent and acknowledged by every replica",
    labels=("topic",),
)
PUBLISH = Metric(
    name="clipstream_relay_publish_latency_seconds",
    kind="histogram",
    text="From when an event was due until Kafka had acknowledged it",
    buckets=HOP_S,
)
UNSENDABLE = Metric(
    name="clipstream_relay_unsendable_total", kind="counter", text="Times an event could not be sent for its own fault"
)
REEMITTED = Metric(
    name="clipstream_sweeper_reemitted_total", kind="counter", text="Attempts whose lease ran out, emitted again"
)
LEFTOVERS = Metric(
    name="clipstream_sweeper_leftovers_removed_total", kind="counter", text="Objects removed that no row named"
)
EXPIRED = Metric(
    name="clipstream_retention_deleted_total",
    kind="counter",
    text="Rows deleted because they were older than the settings keep them",
    labels=("table",),
)
PROJECT_EXPIRY = Metric(
    name="clipstream_project_expiry_total",
    kind="counter",
    text="Ended projects of which the end was announced, withdrawn or done, as their plans say",
    labels=("outcome",),
)
STILL = Metric(
    name="clipstream_projects_still",
    kind="gauge",
    text="Projects at work in which nothing moved for CLIPSTREAM_STILL_S",
)
STILL_AGE = Metric(
    name="clipstream_projects_still_oldest_seconds", kind="gauge", text="How long nothing moved in the stillest of them"
)
WATCHDOG = Metric(
    name="clipstream_watchdog_reemitted_total",
    kind="counter",
    text="Events that were published and never claimed, emitted again",
)
MAILS_SENT = Metric(
    name="clipstream_mails_total", kind="counter", text="Tries to send a mail, by how they ended", labels=("outcome",)
)
MAILS = Metric(
    name="clipstream_mails_held",
    kind="gauge",
    text="Mails that are due, and those that could not be sent",
    labels=("state",),
)
PUSHES_SENT = Metric(
    name="clipstream_pushes_total",
    kind="counter",
    text="Tries to send a web push, by how they ended",
    labels=("outcome",),
)
NOTIFICATIONS_DUE = Metric(
    name="clipstream_notifications_due",
    kind="gauge",
    text="Notifications whose recipients are not chosen yet, and web pushes that are due",
    labels=("state",),
)
SINK_BATCH = Metric(
    name="clipstream_sink_batch_messages",
    kind="histogram",
    text="Messages in a batch that was written",
    labels=("sink",),
    buckets=BATCH,
)
SINK_ROWS = Metric(
    name="clipstream_sink_rows_total",
    kind="counter",
    text="Rows or documents handed to the store, again where a batch came again",
    labels=("sink", "table"),
)
SINK_LAG = Metric(
    name="clipstream_sink_lag_messages",
    kind="gauge",
    text="Messages assigned to this sink and not written yet",
    labels=("sink",),
)
USE_SENT = Metric(
    name="clipstream_metered_use_sent_total",
    kind="counter",
    text="Hours of an organisation's use that the payment service has taken",
    labels=("meter",),
)
USE_DUE = Metric(name="clipstream_metered_use_due_rows", kind="gauge", text="Hours of use that are not sent yet")
USE_AGE = Metric(
    name="clipstream_metered_use_oldest_due_seconds", kind="gauge", text="How long ago the oldest of that use was"
)
USE_HELD = Metric(
    name="clipstream_metered_use_held_rows",
    kind="gauge",
    text="Hours of use that became older than 35 days before the payment service took them: bill them by hand",
)
OF_STAGE = (EVENTS, ATTEMPT, IN_FLIGHT, UNMOVED, LAG, CHILD_CPU, DEAD, UNKEPT, WALL)
OF_RELAY = (
    OUTBOX_DUE,
    OUTBOX_AGE,
    OUTBOX_WAITING,
    PUBLISHED,
    PUBLISH,
    UNSENDABLE,
    REEMITTED,
    LEFTOVERS,
    EXPIRED,
    PROJECT_EXPIRY,
    STILL,
    STILL_AGE,
    WATCHDOG,
    MAILS_SENT,
    MAILS,
    PUSHES_SENT,
    NOTIFICATIONS_DUE,
    USE_SENT,
    USE_DUE,
    USE_AGE,
    USE_HELD,
)
OF_SINK = (SINK_BATCH, SINK_ROWS, SINK_LAG, DEAD, UNKEPT)


class ProcessMetrics:
    """The metrics of one process."""

    def __init__(self, declared: Sequence[Metric]) -> None:
        """Make a registry: two in one process (in tests) must not share one."""
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._made = {metric: self._make(metric) for metric in declared}

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        if metric.kind == "counter":
            return Counter(metric.name, metric.text, metric.labels, registry=self.registry)
        if metric.kind == "gauge":
            return Gauge(metric.name, metric.text, metric.labels, registry=self.registry)
        return Histogram(metric.name, metric.text, metric.labels, buckets=metric.buckets, registry=self.registry)

    def count(self, metric: Metric, by: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        series = self._series(metric, labels)
        assert isinstance(series, Counter)
        series.inc(by)

    def put(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Set a gauge; NaN stands for unknown."""
        series = self._series(metric, labels)
        assert isinstance(series, Gauge)
        series.set(value)

    def ask(self, metric: Metric, value: Callable[[], float], /, **labels: str) -> None:
        """Let a gauge read its value whenever the page is requested."""
        series = self._series(metric, labels)
        assert isinstance(series, Gauge)
        series.set_function(value)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Add to a histogram."""
        series = self._series(metric, labels)
        assert isinstance(series, Histogram)
        series.observe(value)

    def _series(self, metric: Metric, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        series = self._made[metric]
        return series.labels(**labels) if labels else series

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
