"""Pure: what the model of capacity starts from: what comes in, and what there is to take it."""

from __future__ import annotations

import msgspec

from core.domain.retention_rules import RetentionRules
from core.settings import AdmissionRules, SpanRules
from schemas.costs import PriceList
from schemas.options.project import ProjectOptions

PIXELS_PER_MEGAPIXEL = 1e6


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """The projects of a day, and how large they are."""

    projects_per_day: float = 10_000.0
    minutes: float = 20.0
    megapixels: float = 1920 * 1080 / PIXELS_PER_MEGAPIXEL
    options: ProjectOptions = ProjectOptions()
    organisations: int = 100
    """With equal shares."""
    peak_factor: float = 3.0
    """Rate in the busiest hour, as a multiple of the day's mean; for what must answer at once."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The installation that takes the workload: its limits, rules and prices."""

    partitions: int
    windows: AdmissionRules = AdmissionRules()
    spans: SpanRules = SpanRules()
    retention: RetentionRules = RetentionRules()
    utilisation: float = 0.7
    """Share of a core or worker that work may fill, so that a queue does not grow."""
    kafka_copies: int = 3
    cores: float | None = None
    """None: as many as needed."""
    posts_hz: float | None = None
    """The measured knee of one API process; None: not measured."""
    prices: PriceList = PriceList()
