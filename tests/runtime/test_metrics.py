"""Metrics as data: each is declared once, none has customer labels, and a page includes Python's own."""

from __future__ import annotations

import pytest

from streams.runtime.metrics import (
    BATCH,
    DEAD,
    EVENTS,
    HOP_S,
    LAG,
    OF_RELAY,
    OF_SINK,
    OF_STAGE,
    OUTBOX_DUE,
    PUBLISH,
    WORK_S,
    Metric,
    ProcessMetrics,
)

ALL = {metric.name: metric for metric in (*OF_STAGE, *OF_RELAY, *OF_SINK)}
LABELS = {"stage", "verdict", "reason", "topic", "sink", "table", "lane", "wall", "outcome", "state", "meter"}
"""Each has a small number of values, all of them ours."""


@pytest.mark.parametrize("metric", ALL.values(), ids=ALL)
def test_a_metric_names_its_kind_and_no_customer(metric: Metric) -> None:
    assert metric.name.startswith("clipstream_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert set(metric.labels) <= LABELS
    assert metric.text


def test_a_name_is_declared_once() -> None:
    assert len({*OF_STAGE, *OF_RELAY, *OF_SINK}) == len(ALL)


@pytest.mark.parametrize("buckets", [WORK_S, HOP_S, BATCH])
def test_buckets_grow(buckets: tuple[float, ...]) -> None:
    assert list(buckets) == sorted(set(buckets))


def test_a_page_shows_our_metrics_and_those_of_python() -> None:
    metrics = ProcessMetrics(OF_STAGE)
    metrics.count(EVENTS, stage="look", verdict="committed")
    metrics.count(DEAD, 2, stage="look", reason="bug")
    lag = [3.0]
    metrics.ask(LAG, lambda: lag[0], stage="look")
    lag[0] = 4.0
    page = metrics.page().decode()
    assert 'clipstream_stage_events_total{stage="look",verdict="committed"} 1.0' in page
    assert 'clipstream_dead_letters_total{reason="bug",stage="look"} 2.0' in page
    assert 'clipstream_stage_lag_messages{stage="look"} 4.0' in page
    assert "python_info" in page
    assert OUTBOX_DUE.name not in page


def test_a_process_cannot_count_an_undeclared_metric() -> None:
    metrics = ProcessMetrics(OF_RELAY)
    metrics.observe(PUBLISH, 0.003)
    metrics.put(OUTBOX_DUE, float("nan"))
    with pytest.raises(KeyError):
        metrics.count(EVENTS, stage="look", verdict="done")
