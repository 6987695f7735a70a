"""Metrics of the API, in one registry per app. No label has a value that a caller chooses."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ApiMetrics:
    """Counters and gauges of one app."""

    def __init__(self) -> None:
        """Each app has its own registry, so that two in one process (tests) do not collide."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "clipstream_api_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "clipstream_api_request_duration_seconds",
            "Time until the response began",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("clipstream_api_requests_in_flight", "Requests being worked on", registry=self.registry)
        self.replays = Counter(
            "clipstream_api_idempotent_replays", "Answers given again from their record", registry=self.registry
        )
        self.limited = Counter("clipstream_api_rate_limited", "Requests refused with 429", registry=self.registry)
        self.unlogged = Counter(
            "clipstream_api_request_log_dropped",
            "Requests that are missing in the request log, because too many waited to be written",
            registry=self.registry,
        )
        self.streams = Gauge("clipstream_api_event_streams", "Open event streams", registry=self.registry)
        self.part_up = Gauge(
            "clipstream_api_part_up",
            "1 where the part answered the last readiness check",
            ["part"],
            registry=self.registry,
        )

    def page(self) -> bytes:
        """The Prometheus exposition text."""
        return generate_latest(self.registry)
