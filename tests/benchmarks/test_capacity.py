"""The model of capacity: multiplication of measured costs, and which resource breaks first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.load.capacity import capacity_of, parser, render
from benchmarks.load.capacity_inputs import Site, Workload
from benchmarks.load.capacity_model import Capacity, model_capacity
from benchmarks.load.project_amounts import (
    OF_BYTES,
    OF_ROWS,
    Amount,
    Footprint,
    ProjectShape,
    TableFootprint,
    TopicFootprint,
    fit,
)
from benchmarks.load.project_copies import ages_of, copy_statement, read_recorded
from benchmarks.load.scaling_page import PAGE, page_with
from core.domain.estimates import default_rates
from core.domain.retention_rules import RetentionRules
from core.settings import AdmissionRules
from schemas.costs import PriceList

FOOTPRINT = Footprint(
    measured="by hand",
    tables={
        "projects": TableFootprint(rows=Amount(fixed=1), row_bytes=1000),
        "outbox": TableFootprint(rows=Amount(fixed=10, per_span=2), row_bytes=500),
    },
    topics={
        "uploads.v1": TopicFootprint(events=Amount(fixed=1), event_bytes=600),
        "projects.v1": TopicFootprint(events=Amount(per_clip=3), event_bytes=400),
    },
    object_bytes={"exports": Amount(per_clip=5e6)},
    commits=Amount(fixed=8.64),
    parts_cpu_s={"kafka": Amount(fixed=8.64)},
    rest_cpu_share=0.16,
)


def modelled(*, per_day: float = 10_000, site: dict[str, Any] | None = None, **workload: Any) -> Capacity:
    load, there = Workload(projects_per_day=per_day, **workload), Site(**{"partitions": 12} | (site or {}))
    return model_capacity(load, there, default_rates(), FOOTPRINT)


def test_cores_are_processor_time_over_the_day() -> None:
    capacity = modelled()
    listen = next(stage for stage in capacity.stages if stage.stage == "listen")
    assert listen.cpu_s == pytest.approx(1.0 + 0.095 * 1200)
    assert listen.cores == pytest.approx(listen.cpu_s * 10_000 / 86_400)
    assert capacity.parts[0].cores == pytest.approx(1.0)
    assert capacity.core_hours_per_day == pytest.approx(24 * capacity.cores)


def test_twice_the_projects_take_twice_of_everything() -> None:
    one, two = modelled(), modelled(per_day=20_000)
    assert two.cores == pytest.approx(2 * one.cores)
    assert [table.kept_rows for table in two.tables] == pytest.approx([2 * table.kept_rows for table in one.tables])
    assert two.source_bytes_per_day == pytest.approx(2 * one.source_bytes_per_day)


def test_rows_stay_as_long_as_retention_says() -> None:
    tables = {table.table: table for table in modelled().tables}
    assert (tables["projects"].kept_rows, tables["projects"].kept_days) == (3_650_000, None)
    assert (tables["outbox"].rows_per_day, tables["outbox"].kept_rows) == (260_000, 260_000)
    longer = modelled(site={"retention": RetentionRules(outbox_days=2)})
    assert {table.table: table.kept_rows for table in longer.tables}["outbox"] == 520_000


def test_topics_keep_all_copies_for_their_time() -> None:
    topics = {topic.topic: topic for topic in modelled().topics}
    assert topics["uploads.v1"].kept_bytes == 10_000 * 600 * 7 * 3
    assert topics["projects.v1"].kept_bytes == 10_000 * 36 * 400 * 365 * 3


def test_the_first_bound_breaks_first() -> None:
    capacity = modelled()
    assert capacity.bounds[0].name == "partitions, workers of render"
    assert capacity.bounds[0].headroom < 1
    wide = modelled(site={"partitions": 960}, organisations=2)
    assert wide.bounds[0].name == "places in the lane render of 2 organisations"
    wider = modelled(site={"partitions": 960, "windows": AdmissionRules(**dict.fromkeys(
        AdmissionRules.__struct_fields__, 1_000)), "cores": 10})  # fmt: skip
    assert wider.bounds[0].name == "cores"


def test_headroom_is_how_often_the_load_fits() -> None:
    small = modelled(per_day=100)
    assert all(bound.headroom >= 1 for bound in small.bounds)
    bounds = {bound.name: bound for bound in modelled(site={"posts_hz": 35.0}, peak_factor=3.024).bounds}
    assert bounds["POSTs a second"].headroom == pytest.approx(100)


def test_money_needs_a_price() -> None:
    assert modelled().money_per_day is None
    priced = modelled(site={"prices": PriceList(currency="EUR", cpu_hour=0.01), "utilisation": 0.5})
    assert priced.money_per_day == pytest.approx(priced.core_hours_per_day * 0.02)
    assert "EUR a day" in render(priced)
    assert "a project)" in render(modelled())


def test_measured_projects_are_modelled_exactly() -> None:
    shapes = [ProjectShape(media_s=1, spans=spans, clips=clips) for spans, clips in ((1, 1), (2, 1), (2, 4))]
    amount = fit([(shape, 5 + 2 * shape.spans + 3 * shape.clips) for shape in shapes], OF_ROWS)
    assert (amount.fixed, amount.per_span, amount.per_clip) == pytest.approx((5, 2, 3))


def test_an_amount_never_shrinks_with_the_project() -> None:
    shapes = [ProjectShape(media_s=1, spans=spans, clips=clips) for spans, clips in ((1, 1), (2, 1), (2, 4))]
    amount = fit([(shapes[0], 9.0), (shapes[1], 4.0), (shapes[2], 10.0)], OF_BYTES)
    assert min(amount.fixed, amount.per_span, amount.per_clip) >= 0


def test_copies_have_ids_and_times_of_their_own() -> None:
    sql = copy_statement(
        "clips", {"org_id": "uuid", "clip_id": "uuid", "created_at": "timestamp with time zone", "title": "text"}
    )
    assert "select c.org_id, md5(t.clip_id::text || c.n)::uuid, t.created_at + c.moved, t.title" in sql


def test_the_recorded_project_has_rows_in_every_table_with_a_lifetime() -> None:
    recorded = read_recorded()
    ages = ages_of(RetentionRules())
    assert {"outbox", "attempts", "deliveries", "project_events", "idempotency_keys"} <= set(recorded.tables) & set(
        ages
    )
    assert len(recorded.ids("projects", "project_id")) == 1
    assert recorded.ids("exports", "export_id")


def test_the_page_has_the_model_of_today() -> None:
    text = PAGE.read_text()
    assert page_with(text, None) == text, "run `python -m benchmarks.load.scaling_page`"


def test_the_command_line_takes_the_options_of_the_page() -> None:
    asked = parser().parse_args(
        ["--projects-per-day", "500", "--clips", "3", "--cpu-hour", "0.04", "--currency", "EUR"]
    )
    capacity = capacity_of(asked)
    assert (capacity.shape.clips, capacity.workload.projects_per_day) == (3, 500)
    assert msgspec.json.encode(capacity.site.prices)
